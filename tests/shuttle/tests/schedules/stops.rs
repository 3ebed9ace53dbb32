//! A tree is stopped while something else goes on.

use std::time::Duration;

use perennial_core::{EventKind, ExitReason, Restart, StartError, Supervisor};
use tokio::spawn;
use tokio::task::yield_now;

use crate::books::{Books, is_exit, started, stopped};
use crate::children::{crashes, ends, slow, stays};
use crate::explore::explore;

const PERIOD: Duration = Duration::from_secs(5);

#[test]
fn children_stop_in_reverse_order_each_when_the_one_before_is_gone() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "a"))
            .child(slow(&books, "b"))
            .child(stays(&books, "c"));
        let (handle, stream) = started(&supervisor).await;
        let other = handle.clone();
        let second = spawn(async move { other.shutdown().await });
        let report = handle.shutdown().await;
        books.nobody_is_left();
        assert!(report.is_clean(), "{report}");
        let stopping =
            books.ids(|kind| is_exit(kind) || matches!(kind, EventKind::StopRequested { .. }));
        assert_eq!(stopping, ["app", "c", "c", "b", "b", "a", "a", "app"]);
        second.await.expect("it does not panic");
        books.close(stream).await;
    });
}

#[test]
fn a_stop_that_meets_an_exit_is_answered_and_restarts_nobody_for_good() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "stays"))
            .child(ends(&books, "once").restart(Restart::Temporary))
            .child(ends(&books, "always"))
            .intensity(1_000, PERIOD);
        let (handle, stream) = started(&supervisor).await;
        yield_now().await;
        stopped(&books, &handle, stream).await;
        assert_eq!(books.count("app/once", is_exit), 1);
    });
}

#[test]
fn a_stop_that_meets_a_restart_leaves_nobody_behind() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(crashes(&books, "weak", 2))
            .child(stays(&books, "strong"))
            .child(crashes(&books, "weaker", 3))
            .intensity(100, PERIOD);
        let (handle, stream) = started(&supervisor).await;
        yield_now().await;
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn a_stop_that_meets_an_escalation_is_heard_once() {
    explore(|| async {
        let books = Books::default();
        let inner = Supervisor::one_for_one("inner")
            .child(crashes(&books, "weak", 1))
            .child(slow(&books, "slow"))
            .intensity(0, PERIOD);
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "first"))
            .child(inner)
            .intensity(1, PERIOD);
        let stream = supervisor.handle().events();
        match supervisor.start().await {
            Ok(handle) => {
                yield_now().await;
                stopped(&books, &handle, stream).await;
            }
            // It gave up before the whole was up.
            Err(StartError::Initialization { .. }) => books.close(stream).await,
            Err(other) => panic!("{other}"),
        }
        assert!(books.count("app/inner", is_exit) <= 2);
    });
}

#[test]
fn a_child_that_ends_is_killed_and_stopped_at_the_same_time_exits_once() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(ends(&books, "frail").restart(Restart::Transient))
            .child(stays(&books, "strong"))
            .intensity(10, PERIOD);
        let (handle, stream) = started(&supervisor).await;
        let killers = ["frail", "strong", "frail"].map(|id| {
            let handle = handle.clone();
            spawn(async move { handle.kill_child(id).await })
        });
        let other = handle.clone();
        let stopper = spawn(async move { other.request_stop() });
        for killer in killers {
            let _answered = killer.await.expect("it does not panic");
        }
        stopper.await.expect("it does not panic");
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn a_supervisor_that_gives_up_while_it_is_stopped_has_one_end() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "strong"))
            .child(crashes(&books, "weak", 9))
            .intensity(1, PERIOD);
        let (handle, stream) = started(&supervisor).await;
        let other = handle.clone();
        let waiter = spawn(async move { other.wait().await });
        yield_now().await;
        handle.request_stop();
        let outcome = handle.wait().await;
        books.nobody_is_left();
        assert_eq!(
            waiter.await.expect("it does not panic").is_clean(),
            outcome.is_clean()
        );
        books.close(stream).await;
        assert_eq!(books.count("app", is_exit), 1);
        let gave_up = books.count("app", |kind| matches!(kind, EventKind::GaveUp { .. }));
        assert_eq!(gave_up == 0, outcome.is_clean());
        let killed = books.count("app", |kind| {
            matches!(
                kind,
                EventKind::Exited {
                    reason: ExitReason::Killed
                }
            )
        });
        assert_eq!(killed, 0);
    });
}
