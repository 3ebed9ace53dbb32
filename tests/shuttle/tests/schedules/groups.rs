//! Groups are restarted while others of them crash.

use std::time::Duration;

use perennial_core::{Strategy, Supervisor};
use tokio::spawn;
use tokio::task::yield_now;

use crate::books::{Books, is_exit, is_start, started, stopped};
use crate::children::{crashes, slow, stays};
use crate::explore::explore;

const PERIOD: Duration = Duration::from_secs(5);

/// Two that crash, one of them again, and two that do not.
fn group(books: &Books, strategy: Strategy) -> Supervisor {
    books
        .watch(Supervisor::new("app", strategy))
        .child(stays(books, "a"))
        .child(crashes(books, "b", 1))
        .child(slow(books, "c"))
        .child(crashes(books, "d", 2))
        .intensity(100, PERIOD)
}

/// Waits until those that crash have done so, and all are there again.
async fn settled(books: &Books) {
    let all = ["app/a", "app/b", "app/c", "app/d"];
    while books.count("app/b", is_start) < 2
        || books.count("app/d", is_start) < 3
        || !all.iter().all(|path| books.is_here(path))
    {
        yield_now().await;
    }
}

#[test]
fn rest_for_one_restarts_the_later_ones_and_leaves_the_earlier_alone() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&group(&books, Strategy::RestForOne)).await;
        settled(&books).await;
        assert_eq!(books.count("app/a", is_exit), 0);
        assert_eq!(books.count("app/b", is_exit), 1);
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn one_for_all_restarts_all_with_whoever_crashes() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&group(&books, Strategy::OneForAll)).await;
        settled(&books).await;
        let lives = ["app/a", "app/b", "app/c", "app/d"].map(|path| books.count(path, is_start));
        assert!(lives[0] >= 2, "{lives:?}");
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn a_group_that_is_restarted_can_be_stopped_at_any_moment() {
    for strategy in [rest_for_one, one_for_all] {
        strategy();
    }

    fn rest_for_one() {
        explore(|| stop_amid(Strategy::RestForOne));
    }

    fn one_for_all() {
        explore(|| stop_amid(Strategy::OneForAll));
    }

    async fn stop_amid(strategy: Strategy) {
        let books = Books::default();
        let (handle, stream) = started(&group(&books, strategy)).await;
        for _ in 0..3 {
            yield_now().await;
        }
        stopped(&books, &handle, stream).await;
    }
}

#[test]
fn commands_in_the_midst_of_a_group_restart_are_answered() {
    explore(|| async {
        let books = Books::default();
        let (handle, stream) = started(&group(&books, Strategy::RestForOne)).await;
        let (one, other, third) = (handle.clone(), handle.clone(), handle.clone());
        let new = stays(&books, "e");
        let terminated = spawn(async move { one.terminate_child("c").await });
        let killed = spawn(async move { other.kill_child("a").await });
        let added = spawn(async move { third.start_child(new).await });
        terminated.await.expect("no panic").expect("it is known");
        let _either = killed.await.expect("no panic");
        added
            .await
            .expect("no panic")
            .expect("a new child starts at once");
        stopped(&books, &handle, stream).await;
        assert_eq!(
            books.count("app/e", is_exit),
            books.count("app/e", is_start)
        );
    });
}
