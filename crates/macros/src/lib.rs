//! The macros of `perennial`, supervision trees for Rust on tokio. Use them through that crate.
