//! What many tests share.

use std::time::Duration;

use perennial::{Event, Outcome, StartError, Supervisor, SupervisorHandle};
use perennial_test::{Events, broken_promises};
pub(crate) use perennial_test::{in_a_thread, on_the_paused_clock, paths, story as chain};

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

/// All events of a tree tell that it kept its promises.
#[track_caller]
pub(crate) fn keeps_promises(events: &[Event]) {
    assert_eq!(broken_promises(events), Vec::<String>::new());
}
