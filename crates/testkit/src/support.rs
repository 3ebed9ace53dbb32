//! Small things that many tests need.

use std::error::Error;
use std::panic::{self, resume_unwind};
use std::sync::Once;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use perennial_core::Report;

use crate::acts::PANIC;

/// How long an event is waited for; on the paused clock this costs no time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How long a test in a thread may take: far more than such a test takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Lets every task run until none can go on; moves the paused clock by a millisecond.
///
/// The clock of a paused runtime moves only when there is nothing else to do, so this is no guess.
/// It needs the paused clock.
///
/// # Cancel safety
///
/// It changes nothing.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// Runs a test on a runtime of its own, of one thread and with a paused clock.
///
/// For tests that are no `#[tokio::test(start_paused = true)]`: in a thread, in an example, under proptest.
///
/// # Panics
///
/// If it is called inside of a runtime, and if the test panics.
///
/// # Examples
///
/// ```
/// use perennial_test::{on_the_paused_clock, settle};
///
/// on_the_paused_clock(settle());
/// ```
pub fn on_the_paused_clock<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    // It opens no files and makes no threads.
    let runtime = runtime.expect("a runtime of one thread can be made");
    runtime.block_on(test)
}

/// Runs a test in a thread of its own, so that one which blocks its thread for ever fails and keeps nobody.
///
/// # Panics
///
/// If the test panics, or is not over within 20 seconds.
pub fn in_a_thread(test: impl FnOnce() + Send + 'static) {
    let (running, over) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let _running = running;
        test();
    });
    if over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
        panic!("the test blocks its thread");
    }
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}

/// Keeps the panics that tests order off standard error, for the rest of the process; all others are shown.
///
/// Calls the panic hook that was there before; to call it again does nothing.
pub fn silence_scripted_panics() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            if text.or(payload.downcast_ref::<&str>().copied()) != Some(PANIC) {
                before(info);
            }
        }));
    });
}

/// An error with all that caused it, on one line.
#[must_use]
pub fn story(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The paths of a report, in its order.
#[must_use]
pub fn paths(report: &Report) -> Vec<String> {
    let children = report.children().iter();
    children.map(|child| child.path.to_string()).collect()
}
