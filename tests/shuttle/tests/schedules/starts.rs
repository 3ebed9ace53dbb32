//! A tree is started while somebody wants something else.

use std::time::Duration;

use perennial_core::{EventKind, StartError, Supervisor};
use tokio::task::yield_now;
use tokio::{all_tasks_ended, spawn};

use crate::books::{Books, is_exit, is_start, started, stopped};
use crate::children::{crashes, slow, stays};
use crate::explore::explore;

const PERIOD: Duration = Duration::from_secs(5);

fn tree(books: &Books) -> Supervisor {
    let inner = Supervisor::one_for_one("inner").child(slow(books, "deep"));
    books
        .watch(Supervisor::one_for_one("app"))
        .child(stays(books, "first"))
        .child(slow(books, "slow"))
        .child(inner)
}

#[test]
fn a_start_that_meets_a_request_to_stop_ends_either_way_with_nothing_left() {
    explore(|| async {
        let books = Books::default();
        let supervisor = tree(&books);
        let stream = supervisor.handle().events();
        let other = supervisor.handle();
        let stopper = spawn(async move {
            yield_now().await;
            other.request_stop();
        });
        match supervisor.start().await {
            // The request came before there was anybody to hear it, or after the start.
            Ok(handle) => stopped(&books, &handle, stream).await,
            Err(StartError::Stopped { .. }) => {
                books.nobody_is_left();
                books.close(stream).await;
            }
            Err(other) => panic!("{other}"),
        }
        stopper.await.expect("it does not panic");
    });
}

#[test]
fn a_start_whose_caller_loses_interest_leaves_nothing() {
    explore(|| async {
        let books = Books::default();
        let supervisor = tree(&books);
        let (stream, handle) = (supervisor.handle().events(), supervisor.handle());
        let starter = spawn(async move { supervisor.start().await.is_ok() });
        yield_now().await;
        yield_now().await;
        starter.abort();
        if matches!(starter.await, Ok(true)) {
            return stopped(&books, &handle, stream).await;
        }
        if books.ids(|_| true).is_empty() {
            // Nothing had begun, so that the stream waits for the next start.
            return all_tasks_ended().await;
        }
        books.close(stream).await;
    });
}

#[test]
fn a_tree_whose_child_crashes_while_it_starts_is_up_all_the_same() {
    explore(|| async {
        let books = Books::default();
        let supervisor = tree(&books)
            .child(crashes(&books, "weak", 2))
            .child(slow(&books, "last"))
            .intensity(2, PERIOD);
        let (handle, stream) = started(&supervisor).await;
        while books.count("app/weak", is_start) < 3 || !books.is_here("app/last") {
            yield_now().await;
        }
        let counts = handle.count_children().await.expect("it runs");
        assert_eq!(counts.active, 5);
        stopped(&books, &handle, stream).await;
        assert_eq!(books.count("app/weak", is_exit), 3);
    });
}

#[test]
fn a_killed_tree_ends_in_whatever_it_is() {
    explore(|| async {
        let books = Books::default();
        let supervisor = tree(&books)
            .child(crashes(&books, "weak", 1))
            .intensity(2, PERIOD);
        let (stream, handle) = (supervisor.handle().events(), supervisor.handle());
        let killer = spawn(async move {
            yield_now().await;
            yield_now().await;
            handle.kill();
            handle
        });
        let up = supervisor.start().await;
        let handle = killer.await.expect("it does not panic");
        if let Ok(tree) = up {
            // It may have been up before, so that nothing was killed.
            tree.kill();
        }
        handle.wait().await;
        books.close(stream).await;
        let gone = books.ids(is_exit);
        assert!(
            gone.len()
                <= books
                    .ids(|kind| matches!(kind, EventKind::Starting { .. }))
                    .len()
        );
    });
}
