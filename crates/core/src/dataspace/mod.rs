//! The values that the children of a tree publish, and those who wait for them.
//!
//! `table` (with `listener`) decides what is published by whom and what each listener is still to be
//! told; `space` holds the one table of a tree under a lock, outside of which all code of the user's
//! runs: wakers and drops. `published` and `subscription` are what the two sides hold.

mod error;
mod license;
mod listener;
mod name;
mod published;
mod space;
mod subscription;
mod table;
#[cfg(test)]
mod tests;

pub use error::{PublishError, WaitError};
pub(crate) use license::License;
pub(crate) use name::{Name, Publisher};
pub use published::Published;
pub(crate) use space::Value;
pub use space::{Dataspace, Publication};
pub use subscription::{Change, Subscription};
