//! What many tests share.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
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

/// Runs a test in a thread of its own, so that one which blocks its thread for ever fails and keeps nobody.
pub(crate) fn in_a_thread(test: impl FnOnce() + Send + 'static) {
    let (running, over) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let _running = running;
        test();
    });
    // Far more than such a test takes.
    let limit = Duration::from_secs(20);
    if over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        panic!("the test blocks its thread");
    }
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// Runs a test on the paused clock.
pub(crate) fn on_the_paused_clock(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(test);
}
