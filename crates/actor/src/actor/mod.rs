//! Actors: what they are, what they are given, and how they run as children.

mod context;
mod contract;
mod driver;
mod spec;
mod start;

pub use context::ActorContext;
pub use contract::{Actor, Dispatch};
pub use spec::ActorSpec;
