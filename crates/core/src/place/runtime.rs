//! Runtimes that are made for one child.

use snafu::ResultExt;
use tokio::runtime::{Builder, Runtime};

use super::error::{PlaceError, RuntimeSnafu};
use super::thread::thread_name;
use crate::exit::catch;
use crate::path::ChildPath;

/// A runtime with that many threads of its own; `None` is for one that lives in the thread that drives it.
pub(crate) fn build_runtime(
    path: &ChildPath,
    threads: Option<usize>,
) -> Result<Runtime, PlaceError> {
    let mut builder = match threads {
        Some(threads) => {
            let mut builder = Builder::new_multi_thread();
            // At zero it would panic; a check has refused that before.
            builder.worker_threads(threads.max(1));
            builder
        }
        None => Builder::new_current_thread(),
    };
    builder.enable_all().thread_name(thread_name(path));
    match catch(|| builder.build()) {
        Ok(built) => built.context(RuntimeSnafu),
        Err(panic) => Err(PlaceError::RuntimePanicked { panic }),
    }
}
