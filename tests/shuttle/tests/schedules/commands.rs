//! Commands meet each other, and what happens by itself.

use std::time::Duration;

use perennial_core::{
    ChildError, ChildState, Restart, StartChildError, Supervisor, SupervisorHandle,
};
use tokio::spawn;
use tokio::task::{JoinHandle, yield_now};

use crate::books::{Books, is_exit, is_start, started, stopped};
use crate::children::{crashes, ends, slow, stays};
use crate::explore::explore;

const PERIOD: Duration = Duration::from_secs(5);

/// Makes a call in a task of its own.
pub(crate) fn call<T, F>(
    handle: &SupervisorHandle,
    make: impl FnOnce(SupervisorHandle) -> F,
) -> JoinHandle<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    spawn(make(handle.clone()))
}

/// The answer: each call has one.
pub(crate) async fn answer<T>(call: JoinHandle<T>) -> T {
    call.await.expect("a call does not panic")
}

fn plain(books: &Books) -> Supervisor {
    let supervisor = Supervisor::one_for_one("app").intensity(100, PERIOD);
    books.watch(supervisor).child(stays(books, "first"))
}

#[test]
fn a_crash_that_meets_terminate_delete_and_restart_leaves_one_life_or_none() {
    explore(|| async {
        let books = Books::default();
        let supervisor = plain(&books).child(crashes(&books, "x", 2));
        let (handle, stream) = started(&supervisor).await;
        let terminated = call(&handle, |it| async move { it.terminate_child("x").await });
        let deleted = call(&handle, |it| async move { it.delete_child("x").await });
        let restarted = call(&handle, |it| async move { it.restart_child("x").await });
        let terminated = answer(terminated).await;
        let deleted = answer(deleted).await;
        let restarted = answer(restarted).await;
        match handle.which_child("x").await {
            Ok(_) => assert!(deleted.is_err(), "it was deleted, and is there"),
            Err(_) => assert!(deleted.is_ok(), "nobody deleted it, and it is not there"),
        }
        if let Err(error) = &terminated {
            assert!(matches!(error, ChildError::NotFound { .. }), "{error}");
            assert!(deleted.is_ok());
        }
        if restarted.is_ok() {
            // It was restarted after it was terminated, or was terminated afterwards.
            assert!(books.count("app/x", is_start) >= 2);
        }
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn a_child_that_is_started_while_its_supervisor_stops_is_refused_or_stopped() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&plain(&books)).await;
        let starts = ["quick", "late"].map(|id| {
            let child = if id == "late" {
                slow(&books, id)
            } else {
                stays(&books, id)
            };
            call(&handle, |it| async move { it.start_child(child).await })
        });
        handle.shutdown().await;
        books.nobody_is_left();
        for (start, path) in starts.into_iter().zip(["app/quick", "app/late"]) {
            match answer(start).await {
                Ok(_) => assert_eq!(books.count(path, is_exit), 1, "{path}"),
                Err(
                    StartChildError::ShuttingDown
                    | StartChildError::Ended { .. }
                    | StartChildError::NotRunning { .. }
                    | StartChildError::Cancelled
                    | StartChildError::Initialization { .. },
                ) => {}
                Err(other) => panic!("{path}: {other}"),
            }
        }
        books.close(stream).await;
    });
}

#[test]
fn callers_that_go_away_leave_whole_children_or_none() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&plain(&books)).await;
        let (quick, late) = (stays(&books, "quick"), slow(&books, "late"));
        let first = call(
            &handle,
            |it| async move { it.start_child(quick).await.is_ok() },
        );
        let second = call(
            &handle,
            |it| async move { it.start_child(late).await.is_ok() },
        );
        let third = call(&handle, |it| async move {
            it.terminate_child("first").await.is_ok()
        });
        yield_now().await;
        for given_up in [&first, &second, &third] {
            given_up.abort();
        }
        let heard = [first.await, second.await, third.await].map(|heard| heard.unwrap_or(false));
        // Calls are answered in turn, so that by this answer those before have been decided.
        let probe = handle.terminate_child("nobody").await;
        assert!(matches!(probe, Err(ChildError::NotFound { .. })));
        for (id, was_answered) in ["quick", "late"].into_iter().zip(heard) {
            match handle.which_child(id).await {
                // It is kept, although nobody heard so.
                Ok(_) => {}
                Err(_) => assert!(!was_answered, "{id} was started and is not there"),
            }
        }
        if heard[2] {
            assert!(!books.is_here("app/first"));
        }
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn of_two_who_start_or_delete_the_same_child_one_succeeds() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&plain(&books)).await;
        let starts = [0, 1].map(|_| {
            let child = slow(&books, "x");
            call(&handle, |it| async move { it.start_child(child).await })
        });
        let [one, other] = starts;
        let both = [answer(one).await, answer(other).await];
        assert_eq!(both.iter().filter(|it| it.is_ok()).count(), 1, "{both:?}");
        let refusal = both.into_iter().find_map(Result::err);
        assert!(
            matches!(refusal, Some(StartChildError::AlreadyStarted { .. })),
            "{refusal:?}"
        );
        assert!(books.is_here("app/x"));
        let terminations =
            [0, 1].map(|_| call(&handle, |it| async move { it.terminate_child("x").await }));
        for termination in terminations {
            answer(termination).await.expect("it is known");
            assert!(!books.is_here("app/x"));
        }
        let [one, other] =
            [0, 1].map(|_| call(&handle, |it| async move { it.delete_child("x").await }));
        let both = [answer(one).await, answer(other).await];
        assert_eq!(both.iter().filter(|it| it.is_ok()).count(), 1, "{both:?}");
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn of_two_who_restart_a_child_that_is_down_one_succeeds() {
    explore(|| async {
        let books = Books::default();
        let once = ends(&books, "x").restart(Restart::Transient);
        let (handle, stream) = started(&plain(&books).child(once)).await;
        // Its supervisor hears of its end a little later than the books.
        while handle.which_child("x").await.expect("it is known").state != ChildState::Idle {
            yield_now().await;
        }
        let [one, other] =
            [0, 1].map(|_| call(&handle, |it| async move { it.restart_child("x").await }));
        let both = [answer(one).await, answer(other).await];
        let lives = both.iter().filter(|it| it.is_ok()).count();
        assert!(lives >= 1, "{both:?}");
        for refusal in both.into_iter().filter_map(Result::err) {
            assert!(matches!(refusal, ChildError::Running { .. }), "{refusal}");
        }
        stopped(&books, &handle, stream).await;
        assert_eq!(books.count("app/x", is_start), 1 + lives);
    });
}

#[test]
fn what_is_read_while_things_change_is_some_state_that_was() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&plain(&books).child(crashes(&books, "weak", 2))).await;
        let child = slow(&books, "new");
        let start = call(&handle, |it| async move { it.start_child(child).await });
        let stop = call(&handle, |it| async move { it.shutdown().await });
        loop {
            let snapshot = handle.snapshot();
            let Ok(counts) = handle.count_children().await else {
                break;
            };
            assert!(
                counts.active <= counts.specs && counts.specs <= 3,
                "{counts:?}"
            );
            assert!(snapshot.entries().len() <= 4);
            yield_now().await;
        }
        let _either = answer(start).await;
        answer(stop).await;
        books.nobody_is_left();
        books.close(stream).await;
    });
}

#[test]
fn calls_that_meet_the_end_of_the_supervisor_are_answered() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&plain(&books)).await;
        let callers = [0, 1].map(|_| {
            call(&handle, |it| async move {
                loop {
                    match it.delete_child("nobody").await {
                        Err(ChildError::NotFound { .. }) => {}
                        answer => break answer,
                    }
                }
            })
        });
        handle.shutdown().await;
        books.nobody_is_left();
        for caller in callers {
            match answer(caller).await {
                Err(
                    ChildError::ShuttingDown
                    | ChildError::Ended { .. }
                    | ChildError::NotRunning { .. },
                ) => {}
                other => panic!("{other:?}"),
            }
        }
        books.close(stream).await;
    });
}
