//! A tree as a list that is kept up to date: a snapshot, and the events after it.

mod follow;
mod handle;
mod stream;

pub use stream::{TreeNews, TreeStream};
