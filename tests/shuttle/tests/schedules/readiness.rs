//! Children that say themselves when they are ready, wait for those that they need, or wait for their restart.

use std::time::Duration;

use perennial_core::{
    Backoff, ChildError, ChildSpec, EventKind, Jitter, StartError, StartMode, StopMode, Supervisor,
    worker,
};
use tokio::spawn;
use tokio::task::yield_now;

use crate::books::{Books, is_exit, is_start, started, stopped};
use crate::children::{crashes, slow, stays};
use crate::deadlines::Ticking;
use crate::explore::explore;

const SECOND: Duration = Duration::from_secs(1);

/// Another task of it says that it is ready.
fn says(books: &Books, id: &str) -> ChildSpec {
    let books = books.clone();
    let child = worker(id, move |ctx| {
        let books = books.clone();
        async move {
            let _here = books.enter(&ctx);
            let said = ctx.clone();
            let _saying = ctx.scope().spawn(async move {
                yield_now().await;
                said.ready();
            });
            ctx.stopping().await;
            Ok(())
        }
    });
    child.explicit_readiness(2 * SECOND)
}

#[test]
fn a_child_that_is_ready_when_its_time_is_over_is_up_or_failed() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "first"))
            .child(says(&books, "late"))
            .abort_grace(1_000_000 * SECOND);
        let stream = supervisor.handle().events();
        let ticking = Ticking::begin();
        let up = supervisor.start().await;
        // Who has said so a moment too late was up for that moment.
        assert!(up.is_err() || books.count("app/late", is_start) == 1);
        match up {
            Ok(handle) => {
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

#[test]
fn a_child_that_is_ready_when_it_is_to_stop_is_stopped_once() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(says(&books, "late"))
            .child(stays(&books, "next"));
        let (stream, other) = (supervisor.handle().events(), supervisor.handle());
        let stopper = spawn(async move {
            yield_now().await;
            yield_now().await;
            other.request_stop();
        });
        match supervisor.start().await {
            Ok(handle) => {
                assert_eq!(books.count("app/late", is_start), 1);
                handle.shutdown().await;
            }
            Err(StartError::Stopped { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        stopper.await.expect("it does not panic");
        books.nobody_is_left();
        books.close(stream).await;
    });
}

#[test]
fn who_is_needed_starts_before_and_stops_after_also_when_the_stop_meets_the_start() {
    explore(|| async {
        let books = Books::default();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .start_mode(StartMode::Concurrent)
            .stop_mode(StopMode::Concurrent)
            .child(slow(&books, "web").after(["cache", "store"]))
            .child(slow(&books, "cache").after(["store"]))
            .child(slow(&books, "clock"))
            .child(slow(&books, "store"));
        let (stream, other) = (supervisor.handle().events(), supervisor.handle());
        let stopper = spawn(async move {
            for _ in 0..3 {
                yield_now().await;
            }
            other.request_stop();
        });
        match supervisor.start().await {
            Ok(handle) => {
                handle.shutdown().await;
            }
            Err(StartError::Stopped { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        stopper.await.expect("it does not panic");
        books.nobody_is_left();
        for (by, need) in [("web", "cache"), ("web", "store"), ("cache", "store")] {
            let number = |id: &str, kind| books.number(&format!("app/{id}"), kind);
            if let Some(starts) = number(by, |kind| matches!(kind, EventKind::Starting { .. })) {
                let ready = number(need, is_start);
                assert!(
                    ready.is_some_and(|ready| ready < starts),
                    "{by} before {need}"
                );
            }
            let asked = number(need, |kind| matches!(kind, EventKind::StopRequested { .. }));
            let ended = number(by, |kind| {
                is_exit(kind) || matches!(kind, EventKind::StartFailed { .. })
            });
            if let (Some(asked), Some(ended)) = (asked, ended) {
                assert!(ended < asked, "{need} is stopped before {by} is gone");
            }
        }
        books.close(stream).await;
    });
}

#[test]
fn a_kill_and_a_call_that_meet_a_delayed_restart_leave_one_life() {
    explore(|| async {
        let books = Books::default();
        let backoff = Backoff::constant(SECOND).jitter(Jitter::None).not_at_once();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(crashes(&books, "x", 1).backoff(backoff))
            .intensity(100, SECOND)
            .abort_grace(1_000_000 * SECOND);
        let (handle, stream) = started(&supervisor).await;
        let ticking = Ticking::begin();
        let (one, other) = (handle.clone(), handle.clone());
        let killed = spawn(async move { one.kill_child("x").await });
        let called = spawn(async move { other.restart_child("x").await });
        match killed.await.expect("it does not panic") {
            Ok(_) | Err(ChildError::Down { .. }) => {}
            Err(other) => panic!("{other}"),
        }
        match called.await.expect("it does not panic") {
            // It skips the wait.
            Ok(_) => assert!(books.count("app/x", is_start) >= 2),
            Err(
                ChildError::Running { .. }
                | ChildError::Starting { .. }
                | ChildError::Restarting { .. },
            ) => {}
            Err(other) => panic!("{other}"),
        }
        // Whatever they have done, it comes back.
        while !books.is_here("app/x") || books.count("app/x", is_start) < 2 {
            yield_now().await;
        }
        handle.shutdown().await;
        ticking.end().await;
        books.nobody_is_left();
        books.close(stream).await;
    });
}

#[test]
fn a_stop_that_meets_a_delayed_restart_starts_nobody() {
    explore(|| async {
        let books = Books::default();
        let backoff = Backoff::constant(SECOND).jitter(Jitter::None).not_at_once();
        let supervisor = books
            .watch(Supervisor::one_for_one("app"))
            .child(stays(&books, "first"))
            .child(crashes(&books, "x", 1).backoff(backoff))
            .intensity(100, SECOND)
            .abort_grace(1_000_000 * SECOND);
        let (handle, stream) = started(&supervisor).await;
        let ticking = Ticking::begin();
        yield_now().await;
        handle.shutdown().await;
        let lives = books.count("app/x", is_start);
        ticking.end().await;
        assert_eq!(books.count("app/x", is_start), lives, "after the stop");
        stopped(&books, &handle, stream).await;
    });
}
