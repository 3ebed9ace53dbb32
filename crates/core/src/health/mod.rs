//! The health of a tree: whether it has started, is ready and is alive, each with the reasons why not.
//!
//! `verdict` reads it off a snapshot; `stream` looks again whenever something has changed.

mod handle;
mod stream;
mod verdict;

pub use stream::HealthStream;
pub use verdict::{Health, HealthReason, HealthTrouble, HealthVerdict};
