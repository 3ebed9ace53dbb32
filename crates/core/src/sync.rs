//! What tasks share beside channels: from std, or from a stand-in whose every use is a point where another task may go
//! on, so that tests can try one order after the other.

#[cfg(not(perennial_shuttle))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, OnceLock, atomic},
    thread,
};
// For the tests in `tests/shuttle`, which build this crate with a tokio of their own.
#[cfg(perennial_shuttle)]
pub(crate) use tokio::std::{
    sync::{Mutex, MutexGuard, OnceLock, atomic},
    thread,
};
