//! The only place that knows `tracing`: events with fixed targets, and the span of a life.

use std::task::Poll;

use tracing::Level;
pub(crate) use tracing::Span;

use super::event::EventKind;
use crate::exit::{Panic, catch};
use crate::path::{ChildPath, Incarnation};

/// Starts, exits and stops.
const PROGRESS: &str = "perennial::progress";
/// Failures of children and what supervisors decide about them; the whole stories at `DEBUG`.
const CRASH: &str = "perennial::crash";

/// Whole trees, printed because somebody asked.
#[cfg(feature = "signals")]
const TREE: &str = "perennial::tree";

/// The span in which a life of a child runs, if anybody wants to know.
pub(crate) fn span(path: &ChildPath, incarnation: Incarnation) -> Option<Span> {
    let incarnation = incarnation.get();
    let span = tracing::info_span!(target: "perennial", "child", %path, incarnation);
    (!span.is_none()).then_some(span)
}

/// Polls in a span, and catches a panic close to where it happens.
#[inline]
pub(crate) fn caught<T>(
    span: Option<&Span>,
    poll: impl FnOnce() -> Poll<T>,
) -> Poll<Result<T, Panic>> {
    let _in_span = span.map(|span| span.enter());
    match catch(poll) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Passes an event on to the subscriber, if there is one that wants it.
pub(crate) fn event(path: &ChildPath, incarnation: Incarnation, kind: &EventKind) {
    let incarnation = incarnation.get();
    if let EventKind::Crashed { report } = kind {
        return tracing::event!(target: CRASH, Level::DEBUG, %path, incarnation, "{report}");
    }
    match level(kind) {
        Level::ERROR => {
            tracing::event!(target: CRASH, Level::ERROR, %path, incarnation, "{path} {kind}");
        }
        Level::WARN => {
            tracing::event!(target: CRASH, Level::WARN, %path, incarnation, "{path} {kind}");
        }
        Level::INFO => {
            tracing::event!(target: PROGRESS, Level::INFO, %path, incarnation, "{path} {kind}");
        }
        _ => tracing::event!(target: PROGRESS, Level::DEBUG, %path, incarnation, "{path} {kind}"),
    }
}

/// Whether a subscriber wants the stories of crashes.
pub(crate) fn hears_crashes() -> bool {
    tracing::enabled!(target: CRASH, Level::DEBUG)
}

/// Whether there is a subscriber that wants anything at all.
pub(crate) fn is_on() -> bool {
    tracing::level_filters::LevelFilter::current() != tracing::level_filters::LevelFilter::OFF
}

/// Whether a subscriber wants each small step.
pub(crate) fn hears_details() -> bool {
    tracing::enabled!(target: PROGRESS, Level::DEBUG)
}

/// Passes a printed tree on to the subscriber; `false` if there is none that wants it.
#[cfg(feature = "signals")]
pub(crate) fn tree(printed: &str) -> bool {
    let is_wanted = tracing::enabled!(target: TREE, Level::INFO);
    if is_wanted {
        tracing::event!(target: TREE, Level::INFO, "{printed}");
    }
    is_wanted
}

/// Passes on that a reload has failed; `false` if there is no subscriber that wants it.
#[cfg(feature = "signals")]
pub(crate) fn failed_reload(story: &str) -> bool {
    let is_wanted = tracing::enabled!(target: CRASH, Level::ERROR);
    if is_wanted {
        tracing::event!(target: CRASH, Level::ERROR, "{story}");
    }
    is_wanted
}

fn level(kind: &EventKind) -> Level {
    match kind {
        EventKind::GaveUp { .. } | EventKind::Escalated { .. } => Level::ERROR,
        EventKind::Hopeless { .. } | EventKind::Dropped => Level::ERROR,
        EventKind::StartFailed { .. } | EventKind::Unresponsive => Level::ERROR,
        kind if kind.is_trouble() => Level::WARN,
        EventKind::Starting { .. } | EventKind::StopRequested { .. } => Level::DEBUG,
        EventKind::Listed { .. } | EventKind::Added { .. } | EventKind::Removed => Level::DEBUG,
        EventKind::Retrying { .. } | EventKind::CalledOff => Level::DEBUG,
        _ => Level::INFO,
    }
}
