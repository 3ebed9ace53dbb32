//! Channels and semaphores.

pub mod broadcast;
pub mod watch;

pub use shuttle_tokio::sync::{
    AcquireError, Notify, OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot,
};
