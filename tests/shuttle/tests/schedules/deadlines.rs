//! Deadlines pass at the very moment at which what they wait for happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use perennial_core::{EventKind, ExitReason, ShutdownStrategy, StartError, Supervisor};
use tokio::spawn;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::advance;

use crate::books::{Books, started};
use crate::children::{lingers, slow, stays};
use crate::explore::explore;

const SECOND: Duration = Duration::from_secs(1);

/// Time goes by until it is stopped.
pub(crate) struct Ticking {
    over: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Ticking {
    pub(crate) fn begin() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let task = spawn(async move {
            while !until.load(Ordering::Relaxed) {
                advance(SECOND).await;
            }
        });
        Self { over, task }
    }

    pub(crate) async fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.task.await.expect("it does not panic");
    }
}

#[test]
fn a_grace_that_is_over_when_the_child_ends_makes_one_exit_and_a_true_report() {
    explore(|| async {
        let books = Books::default();
        let grace = ShutdownStrategy::Graceful(2 * SECOND);
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "prompt").shutdown(grace))
            .child(lingers(&books, "late").shutdown(grace))
            .abort_grace(1_000_000 * SECOND);
        let (handle, stream) = started(&supervisor).await;
        let ticking = Ticking::begin();
        let report = handle.shutdown().await;
        ticking.end().await;
        books.nobody_is_left();
        for child in report.children() {
            let killed = matches!(child.exit, ExitReason::Killed);
            assert_eq!(child.forced, killed, "{report}");
            let told = books.count(&child.path.to_string(), |kind| {
                matches!(kind, EventKind::Killed { .. })
            });
            assert!(told >= usize::from(killed), "{report}");
            assert!(!child.unresponsive);
        }
        books.close(stream).await;
    });
}

#[test]
fn an_initialization_that_is_done_when_its_time_is_over_is_up_or_failed() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "first"))
            .child(slow(&books, "slow").init_timeout(2 * SECOND))
            .abort_grace(1_000_000 * SECOND);
        let stream = supervisor.handle().events();
        let ticking = Ticking::begin();
        match supervisor.start().await {
            Ok(handle) => {
                yield_now().await;
                handle.shutdown().await;
            }
            Err(StartError::Initialization { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        ticking.end().await;
        books.nobody_is_left();
        books.close(stream).await;
    });
}
