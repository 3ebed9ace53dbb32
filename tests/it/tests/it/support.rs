//! What many tests share.

use std::time::Duration;

use perennial::{Outcome, Report, StartError, Supervisor, SupervisorHandle};
use perennial_test::Events;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Starts a tree, listening from its first event on.
pub(crate) async fn started(app: &Supervisor) -> (SupervisorHandle, Events) {
    let events = Events::of(&app.handle());
    let handle = app
        .start()
        .await
        .unwrap_or_else(|error| panic!("{}", chain(&error)));
    (handle, events)
}

/// The paths of a report, in its order.
pub(crate) fn paths(report: &Report) -> Vec<String> {
    report
        .children()
        .iter()
        .map(|child| child.path.to_string())
        .collect()
}

/// An error with all that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What kept a tree from starting.
pub(crate) fn init_error(error: StartError) -> perennial::InitializationError {
    match error {
        StartError::Initialization { source, .. } => source,
        other => panic!("not an initialization failure: {other:?}"),
    }
}

/// Why a tree gave up.
pub(crate) fn exhausted(outcome: Outcome) -> std::sync::Arc<perennial::Exhausted> {
    match outcome {
        Outcome::Exhausted(exhausted) => exhausted,
        other => panic!("did not give up: {other}"),
    }
}
