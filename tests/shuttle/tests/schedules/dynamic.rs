//! Children of a template come and go.

use std::time::Duration;

use perennial_core::{
    ChildError, DynamicHandle, DynamicSupervisor, Restart, StartChildError, Supervisor,
};
use tokio::spawn;
use tokio::task::yield_now;

use crate::books::{Books, is_exit, is_start, started, stopped};
use crate::children::{crashes, ends, slow, stays};
use crate::explore::explore;

const PERIOD: Duration = Duration::from_secs(5);

/// What a child of the pool does.
#[derive(Clone, Copy)]
enum Kind {
    Stays,
    Slow,
    Crashes,
    Ends,
}

fn pool(books: &Books, most: usize) -> (Supervisor, DynamicHandle<Kind>) {
    let inside = books.clone();
    let pool = DynamicSupervisor::new("pool", move |kind| match kind {
        Kind::Stays => stays(&inside, "it"),
        Kind::Slow => slow(&inside, "it"),
        Kind::Crashes => crashes(&inside, "it", 1),
        Kind::Ends => ends(&inside, "it").restart(Restart::Temporary),
    })
    .max_children(most)
    .intensity(100, PERIOD);
    let handle = pool.handle();
    (
        books.watch(Supervisor::one_for_one("app")).child(pool),
        handle,
    )
}

#[test]
fn children_that_are_started_while_the_pool_stops_are_refused_or_stopped() {
    explore(|| async {
        let books = Books::default();
        let (supervisor, pool) = pool(&books, 10);
        let (handle, stream) = started(&supervisor).await;
        let starts = [Kind::Stays, Kind::Slow, Kind::Crashes, Kind::Ends].map(|kind| {
            let pool = pool.clone();
            spawn(async move { pool.start_child(kind).await })
        });
        yield_now().await;
        handle.shutdown().await;
        books.nobody_is_left();
        for start in starts {
            match start.await.expect("it does not panic") {
                Ok(child) => {
                    let path = child.path().to_string();
                    assert!(books.count(&path, is_exit) >= 1, "{path}");
                }
                Err(
                    StartChildError::ShuttingDown
                    | StartChildError::Ended { .. }
                    | StartChildError::NotRunning { .. }
                    | StartChildError::Cancelled
                    | StartChildError::Initialization { .. },
                ) => {}
                Err(other) => panic!("{other}"),
            }
        }
        books.close(stream).await;
    });
}

#[test]
fn never_are_there_more_children_than_the_pool_may_have() {
    explore(|| async {
        let books = Books::default();
        let (supervisor, pool) = pool(&books, 2);
        let (handle, stream) = started(&supervisor).await;
        let starts = [Kind::Stays, Kind::Slow, Kind::Stays].map(|kind| {
            let pool = pool.clone();
            spawn(async move { pool.start_child(kind).await })
        });
        let mut refused = 0;
        for start in starts {
            match start.await.expect("it does not panic") {
                Ok(_) => {}
                Err(StartChildError::MaxChildren { max: 2 }) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(refused, 1);
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn a_child_that_ends_or_is_killed_while_it_is_terminated_is_gone_afterwards() {
    explore(|| async {
        let books = Books::default();
        let (supervisor, pool) = pool(&books, 10);
        let (handle, stream) = started(&supervisor).await;
        let jobs = [Kind::Ends, Kind::Stays, Kind::Slow].map(|kind| {
            let (pool, books) = (pool.clone(), books.clone());
            spawn(async move {
                let child = pool.start_child(kind).await.expect("nothing hinders it");
                let (id, path) = (child.id().clone(), child.path().to_string());
                let (killer, name) = (pool.clone(), id.clone());
                let killed = spawn(async move { killer.kill_child(name).await });
                match pool.terminate_child(id).await {
                    Ok(()) | Err(ChildError::NotFound { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
                assert!(!books.is_here(&path));
                let _either = killed.await.expect("it does not panic");
                (books.count(&path, is_start), books.count(&path, is_exit))
            })
        });
        for job in jobs {
            let (starts, exits) = job.await.expect("it does not panic");
            assert_eq!(starts, exits);
        }
        assert_eq!(pool.count_children().await.expect("it runs").workers, 0);
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn the_life_that_was_meant_is_over_when_it_is_terminated_although_the_child_crashes() {
    explore(|| async {
        let books = Books::default();
        let (supervisor, pool) = pool(&books, 10);
        let (handle, stream) = started(&supervisor).await;
        let child = pool
            .start_child(Kind::Crashes)
            .await
            .expect("nothing hinders it");
        let path = child.path().to_string();
        pool.terminate_child(child.id().clone())
            .await
            .expect("it is known");
        assert!(books.count(&path, is_exit) >= 1);
        stopped(&books, &handle, stream).await;
        assert!(books.count(&path, is_start) <= 2);
    });
}
