//! A value that is looked at and waited for.

use ::std::ops::Deref;

use shuttle_tokio::sync::watch;
pub use shuttle_tokio::sync::watch::{Receiver, Ref};

/// Sets the value.
#[derive(Debug)]
pub struct Sender<T>(watch::Sender<T>);

impl<T> Sender<T> {
    /// Nobody watches yet.
    pub fn new(first: T) -> Self {
        Self(watch::channel(first).0)
    }
}

impl<T> Deref for Sender<T> {
    type Target = watch::Sender<T>;

    fn deref(&self) -> &watch::Sender<T> {
        &self.0
    }
}
