//! Why a place could not be had.

use std::io;

use snafu::Snafu;

use crate::exit::Panic;

/// Why a child did not come to its place.
#[derive(Debug, Snafu)]
#[snafu(visibility(pub(crate)))]
pub(crate) enum PlaceError {
    /// The operating system gave no thread.
    #[snafu(display("no thread could be made for it"))]
    Thread { source: io::Error },
    /// The runtime could not be made.
    #[snafu(display("no runtime could be made for it"))]
    Runtime { source: io::Error },
    /// The runtime panicked while it was made: it does so when it gets no threads.
    #[snafu(display("no runtime could be made for it: {panic}"))]
    RuntimePanicked { panic: Panic },
    /// The runtime of a handle was shut down.
    #[snafu(display("the runtime of its place was shut down"))]
    Gone,
}
