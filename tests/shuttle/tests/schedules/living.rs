//! A tree is changed while its children crash, and while it ends.

use std::time::Duration;

use perennial_core::{
    ApplyError, ChildError, ChildSpec, ChildState, Replace, StartChildError, Strategy, Supervisor,
    SupervisorHandle,
};
use tokio::task::yield_now;

use crate::books::{Books, is_exit, is_start, started, stopped};
use crate::children::{crashes, lingers, slow, stays};
use crate::commands::{answer, call};
use crate::explore::explore;

const PERIOD: Duration = Duration::from_secs(5);

/// One that crashes, and another one that does so twice.
fn troubled(books: &Books, strategy: Strategy) -> Supervisor {
    let supervisor = Supervisor::new("app", strategy).intensity(100, PERIOD);
    books
        .watch(supervisor)
        .child(crashes(books, "first", 1))
        .child(crashes(books, "x", 2).version("1"))
}

/// Waits until that child runs, and is there.
async fn running(books: &Books, handle: &SupervisorHandle, id: &str) {
    let path = format!("app/{id}");
    loop {
        let info = handle.which_child(id).await.expect("it is known");
        if info.state == ChildState::Running && books.is_here(&path) {
            return;
        }
        yield_now().await;
    }
}

#[test]
fn a_child_that_is_paused_while_all_crash_rests_until_it_is_resumed() {
    explore(|| rests(Strategy::OneForOne));
    explore(|| rests(Strategy::OneForAll));

    async fn rests(strategy: Strategy) {
        let books = Books::default();
        let (handle, stream) = started(&troubled(&books, strategy)).await;
        let pause = call(&handle, |it| async move { it.pause_child("x").await });
        let resume = call(&handle, |it| async move { it.resume_child("x").await });
        answer(pause).await.expect("it is known");
        match answer(resume).await {
            Ok(_) => {}
            Err(
                ChildError::Running { .. }
                | ChildError::Starting { .. }
                | ChildError::Restarting { .. }
                | ChildError::Stopping { .. },
            ) => {
                let lives = books.count("app/x", is_start);
                for _ in 0..4 {
                    yield_now().await;
                    let info = handle.which_child("x").await.expect("it is known");
                    assert_eq!(info.state, ChildState::Paused);
                }
                assert!(!books.is_here("app/x"));
                assert_eq!(books.count("app/x", is_start), lives, "it woke by itself");
                handle.resume_child("x").await.expect("it rests");
            }
            Err(other) => panic!("{other}"),
        }
        running(&books, &handle, "x").await;
        stopped(&books, &handle, stream).await;
    }
}

#[test]
fn a_child_that_is_replaced_while_all_crash_has_one_life_of_the_latest_spec() {
    explore(|| is_replaced(Strategy::OneForOne));
    explore(|| is_replaced(Strategy::OneForAll));
    explore(|| is_replaced(Strategy::RestForOne));

    async fn is_replaced(strategy: Strategy) {
        let books = Books::default();
        let (handle, stream) = started(&troubled(&books, strategy)).await;
        let (second, third) = (slow(&books, "x"), stays(&books, "x"));
        let now = call(&handle, |it| async move {
            it.replace_child(second.version("2"), Replace::Now).await
        });
        let later = call(&handle, |it| async move {
            let third = third.version("3");
            it.replace_child(third, Replace::AtNextRestart).await
        });
        answer(later).await.expect("it waits for nobody");
        let expected = match answer(now).await {
            // The third may have been taken at once, if it was called for before.
            Ok(_) => ["2", "3"],
            Err(ChildError::Cancelled { .. }) => ["3", "3"],
            Err(other) => panic!("{other}"),
        };
        running(&books, &handle, "x").await;
        let info = handle.which_child("x").await.expect("it is known");
        let version = info.version.expect("each has one");
        assert!(expected.contains(&&*version), "it is of version {version}");
        stopped(&books, &handle, stream).await;
    }
}

#[test]
fn a_child_that_is_replaced_while_its_supervisor_stops_is_gone_and_the_call_is_answered() {
    explore(|| async {
        let books = Books::default();
        let supervisor = troubled(&books, Strategy::OneForOne).child(lingers(&books, "y"));
        let (handle, stream) = started(&supervisor).await;
        let calls = ["x", "y"].map(|id| {
            let new = slow(&books, id);
            call(&handle, |it| async move {
                it.replace_child(new, Replace::Now).await
            })
        });
        let pause = call(&handle, |it| async move { it.pause_child("first").await });
        handle.shutdown().await;
        books.nobody_is_left();
        for call in calls {
            if let Err(error) = answer(call).await {
                assert!(is_of_the_end(&error), "{error}");
            }
        }
        if let Err(error) = answer(pause).await {
            assert!(is_of_the_end(&error), "{error}");
        }
        books.close(stream).await;
    });
}

/// Whether a call is told so when its supervisor ends.
fn is_of_the_end(error: &ChildError) -> bool {
    matches!(
        error,
        ChildError::ShuttingDown
            | ChildError::Cancelled { .. }
            | ChildError::Ended { .. }
            | ChildError::NotRunning { .. }
            | ChildError::Initialization { .. }
    )
}

/// What is wanted in place of those of [`troubled`] and one that is to go.
fn wanted(books: &Books, version: &str) -> [ChildSpec; 3] {
    [
        stays(books, "first"),
        slow(books, "x").version(version),
        slow(books, "new"),
    ]
}

async fn ids(handle: &SupervisorHandle) -> Vec<String> {
    let children = handle.which_children().await.expect("it runs");
    let ids = children.iter().map(|child| child.id.to_string());
    ids.collect()
}

#[test]
fn a_list_that_is_applied_while_all_crash_is_there_afterwards() {
    explore(|| is_there(Strategy::OneForOne));
    explore(|| is_there(Strategy::OneForAll));
    explore(|| is_there(Strategy::RestForOne));

    async fn is_there(strategy: Strategy) {
        let books = Books::default();
        let supervisor = troubled(&books, strategy).child(crashes(&books, "gone", 1));
        let (handle, stream) = started(&supervisor).await;
        let applied = handle.apply(wanted(&books, "2")).await;
        let applied = applied.expect("nothing hinders it");
        assert_eq!(
            applied.to_string(),
            "1 unchanged, removed gone, replaced x, added new"
        );
        let lives = books.count("app/gone", is_start);
        assert_eq!(ids(&handle).await, ["first", "x", "new"]);
        let again = handle.apply(wanted(&books, "2")).await;
        let again = again.expect("nothing hinders it");
        assert_eq!(again.to_string(), "3 unchanged");
        for id in ["first", "x", "new"] {
            running(&books, &handle, id).await;
        }
        assert_eq!(books.count("app/gone", is_start), lives, "it came back");
        assert_eq!(books.count("app/gone", is_exit), lives);
        stopped(&books, &handle, stream).await;
    }
}

#[test]
fn of_two_lists_that_are_applied_at_once_one_is_there_afterwards() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&troubled(&books, Strategy::OneForAll)).await;
        let (one, other) = (wanted(&books, "2"), [stays(&books, "other")]);
        let one = call(&handle, |it| async move { it.apply(one).await });
        let other = call(&handle, |it| async move { it.apply(other).await });
        answer(one).await.expect("nothing hinders it");
        answer(other).await.expect("nothing hinders it");
        let ids = ids(&handle).await;
        assert!(ids == ["first", "x", "new"] || ids == ["other"], "{ids:?}");
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn a_list_that_is_applied_while_the_supervisor_stops_is_answered_and_nobody_is_left() {
    explore(|| async {
        let books = Books::default();
        let supervisor = troubled(&books, Strategy::OneForOne).child(lingers(&books, "gone"));
        let (handle, stream) = started(&supervisor).await;
        let list = wanted(&books, "2");
        let apply = call(&handle, |it| async move { it.apply(list).await });
        handle.shutdown().await;
        books.nobody_is_left();
        match answer(apply).await {
            Ok(applied) => assert_eq!(applied.added.len(), 1),
            Err(ApplyError::Ended { .. } | ApplyError::NotRunning { .. }) => {}
            Err(ApplyError::Incomplete { applied, failed }) => {
                let done = [&applied.removed, &applied.replaced, &applied.added];
                let done: usize = done.iter().map(|ids| ids.len()).sum();
                assert_eq!(done + failed.len(), 3, "{applied}, {failed:?}");
            }
            Err(other) => panic!("{other}"),
        }
        books.close(stream).await;
    });
}

#[test]
fn a_list_is_never_applied_to_one_life_of_a_supervisor_in_part_and_to_the_next_one_in_part() {
    explore(|| async {
        let books = Books::default();
        let inner = Supervisor::one_for_one("inner")
            .intensity(0, PERIOD)
            .child(crashes(&books, "a", 1))
            .child(stays(&books, "b"));
        let desk = inner.handle();
        let app = Supervisor::one_for_one("app").intensity(100, PERIOD);
        let (handle, stream) = started(&books.watch(app).child(inner)).await;
        let list = [stays(&books, "a"), slow(&books, "c"), stays(&books, "d")];
        let applied = desk.apply(list).await;
        while books.count("app/inner", is_start) < 2 {
            yield_now().await;
        }
        let ids = ids(&desk).await;
        let is_whole = ids == ["a", "c", "d"];
        assert!(is_whole || ids == ["a", "b"], "{ids:?}");
        assert!(!is_whole || applied.is_ok(), "{applied:?}");
        if let Err(ApplyError::Incomplete { failed, .. }) = applied {
            assert!(failed.iter().all(|failure| failure.id() != "a"));
        }
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn an_application_that_is_dropped_leaves_whole_children_and_can_be_made_again() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&troubled(&books, Strategy::OneForAll)).await;
        let list = wanted(&books, "2");
        let dropped = call(&handle, |it| async move { it.apply(list).await.is_ok() });
        yield_now().await;
        yield_now().await;
        dropped.abort();
        let _either = dropped.await;
        handle
            .apply(wanted(&books, "2"))
            .await
            .expect("nothing hinders it");
        assert_eq!(ids(&handle).await, ["first", "x", "new"]);
        let added = handle.start_child(stays(&books, "new")).await;
        assert!(matches!(added, Err(StartChildError::AlreadyStarted { .. })));
        stopped(&books, &handle, stream).await;
    });
}
