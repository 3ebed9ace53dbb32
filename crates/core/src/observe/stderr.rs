//! Events for those who have no subscriber yet.

use std::io::Write;

use super::event::{Event, EventKind};
use super::hub::Observer;

/// Prints what happens in a tree to stderr, a line an event.
///
/// For programs without a `tracing` subscriber. By default it leaves out what goes as planned
/// (children that start, run and stop); [`verbose`](Self::verbose) prints everything.
///
/// # Examples
///
/// ```
/// use perennial_core::{StderrObserver, Supervisor};
///
/// let app = Supervisor::one_for_one("app").observer(StderrObserver::new());
/// # let _: Supervisor = app;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct StderrObserver {
    verbose: bool,
}

impl StderrObserver {
    /// Prints exits, restarts, and all trouble.
    #[must_use]
    pub const fn new() -> Self {
        Self { verbose: false }
    }

    /// Prints every event.
    #[must_use]
    pub const fn verbose() -> Self {
        Self { verbose: true }
    }
}

impl Observer for StderrObserver {
    fn notice(&self, event: &Event) {
        let planned = match &event.kind {
            EventKind::Exited { reason } => reason.is_clean(),
            EventKind::Starting { cause } => *cause != super::StartCause::Restart,
            kind => !kind.is_trouble(),
        };
        if self.verbose || !planned {
            // Nowhere is left to tell that stderr is gone.
            let _written = writeln!(std::io::stderr().lock(), "perennial: {event}");
        }
    }
}
