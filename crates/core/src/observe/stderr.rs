//! Events for those who have no subscriber yet.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use super::event::{Event, EventKind};
use super::hub::Observer;

/// Prints what happens in a tree to stderr, a line an event.
///
/// For programs without a `tracing` subscriber. It leaves out what goes as planned (children that
/// start, run and stop), and a first start that fails, which is the error of
/// [`start`](crate::Supervisor::start); [`verbose`](Self::verbose) prints everything.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{StderrObserver, Supervisor};
///
/// let app = Supervisor::one_for_one("app").observer(StderrObserver::new());
/// # let _: Supervisor = app;
/// ```
#[derive(Debug, Default)]
pub struct StderrObserver {
    verbose: bool,
    /// The tree was up once.
    up: AtomicBool,
}

impl StderrObserver {
    /// Prints exits, restarts, and all trouble.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            verbose: false,
            up: AtomicBool::new(false),
        }
    }

    /// Prints every event.
    #[must_use]
    pub const fn verbose() -> Self {
        Self {
            verbose: true,
            up: AtomicBool::new(true),
        }
    }
}

impl Observer for StderrObserver {
    fn notice(&self, event: &Event) {
        let planned = match &event.kind {
            EventKind::Exited { reason } => reason.is_clean(),
            EventKind::Starting { cause } => *cause != super::StartCause::Restart,
            // The exit that follows says the same.
            EventKind::GaveUp { .. } | EventKind::Escalated { .. } => true,
            EventKind::StallOver { .. } => false,
            kind => !kind.is_trouble(),
        };
        // A start that stalls does not fail.
        let is_stall = matches!(
            event.kind,
            EventKind::Stalled { .. } | EventKind::StallOver { .. }
        );
        // Relaxed: events are told one after the other.
        if matches!(event.kind, EventKind::Started) && event.path.parent().is_none() {
            self.up.store(true, Ordering::Relaxed);
        }
        if self.verbose || (!planned && (is_stall || self.up.load(Ordering::Relaxed))) {
            // Nowhere is left to tell that stderr is gone.
            let _written = writeln!(std::io::stderr().lock(), "perennial: {event}");
        }
    }
}
