//! What the tests share.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use perennial_core::{ChildSpec, worker};

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A worker of a user's that knows nothing of tests.
pub(crate) fn plain(id: &str) -> ChildSpec {
    worker(id, |ctx| async move {
        ctx.stopping().await;
        Ok(())
    })
}

/// What a future panics with.
pub(crate) async fn panic_of<T>(future: impl Future<Output = T>) -> String {
    let mut future = std::pin::pin!(future);
    let polled = std::future::poll_fn(|cx| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(cx).map(drop));
        match std::panic::catch_unwind(poll) {
            Ok(poll) => poll.map(|()| None),
            Err(panic) => std::task::Poll::Ready(Some(panic)),
        }
    })
    .await;
    let panic = polled.expect("it panics");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a panic has a text")).to_owned(),
    }
}
