//! A tree as a list that is kept up to date: a snapshot, and the events after it.

mod follow;
mod handle;
#[cfg(feature = "serde")]
mod json;
mod stream;

#[cfg(feature = "serde")]
pub use json::{JsonLines, TREE_SCHEMA};
pub use stream::{TreeNews, TreeStream};
