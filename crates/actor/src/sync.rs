//! What tasks share beside channels.

pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock, atomic};
