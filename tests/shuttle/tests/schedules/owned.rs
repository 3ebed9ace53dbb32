//! What a life owns, keeps, publishes or yields, when it ends at any moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use perennial_core::{
    Change, ChildError, ChildSpec, ExitReason, Supervisor, TaskError, TaskSupervisor, worker,
};
use tokio::spawn;
use tokio::task::yield_now;

use crate::books::{Books, is_exit, is_start, started, stopped};
use crate::explore::explore;

const PERIOD: Duration = Duration::from_secs(5);

/// Counts what is there of something. No atomic of shuttle's: to count changes nothing.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn one(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        self.clone()
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of those that are counted.
struct One(Count);

impl One {
    fn of(count: &Count) -> Self {
        Self(count.one())
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn patient(books: &Books) -> Supervisor {
    books.watch(Supervisor::one_for_one("app").intensity(100, PERIOD))
}

/// Owns two tasks, one of which ends by itself; and ends when it is asked to.
fn owner(books: &Books, tasks: &Count) -> ChildSpec {
    let (books, tasks) = (books.clone(), tasks.clone());
    worker("owner", move |ctx| {
        let (books, tasks) = (books.clone(), tasks.clone());
        async move {
            let _here = books.enter(&ctx);
            let (short, long) = (One::of(&tasks), One::of(&tasks));
            let _short = ctx.scope().spawn(async move {
                yield_now().await;
                drop(short);
            });
            let _long = ctx.scope().spawn(async move {
                let _long = long;
                std::future::pending::<()>().await;
            });
            ctx.stopping().await;
            Ok(())
        }
    })
}

#[test]
fn no_task_of_a_scope_outlives_its_owner_however_that_ends() {
    explore(|| async {
        let (books, tasks) = (Books::default(), Count::default());
        let (handle, stream) = started(&patient(&books).child(owner(&books, &tasks))).await;
        let killer = handle.clone();
        let killed = spawn(async move { killer.kill_child("owner").await });
        match handle.terminate_child("owner").await {
            Ok(()) => {}
            Err(other) => panic!("{other}"),
        }
        assert_eq!(tasks.get(), 0, "its end was told before those of its tasks");
        // It may have been down by then.
        let _either = killed.await.expect("it does not panic");
        stopped(&books, &handle, stream).await;
        assert_eq!(tasks.get(), 0);
    });
}

#[test]
fn a_stash_goes_from_life_to_life_and_nothing_of_it_is_lost_by_a_kill() {
    explore(|| async {
        let (books, lives) = (Books::default(), Count::default());
        let (inside, begun) = (books.clone(), lives.clone());
        let keeper = worker("keeper", move |ctx| {
            let (books, begun) = (inside.clone(), begun.clone());
            async move {
                let _here = books.enter(&ctx);
                let before = begun.get();
                let stash = ctx.stash::<usize>();
                let found = stash.get().unwrap_or(0);
                assert_eq!(found, before, "what the life before has put");
                // Nothing comes between: a life is ended where it yields.
                begun.one();
                stash.put(found + 1);
                yield_now().await;
                ctx.stopping().await;
                Ok(())
            }
        });
        let (handle, stream) = started(&patient(&books).child(keeper)).await;
        let killers = [0, 1].map(|_| {
            let handle = handle.clone();
            spawn(async move { handle.kill_child("keeper").await })
        });
        for killed in killers {
            match killed.await.expect("it does not panic") {
                Ok(_) | Err(ChildError::Down { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        // The assertions in the child have been seen by the hook if they failed.
        stopped(&books, &handle, stream).await;
    });
}

#[test]
fn what_a_life_publishes_is_withdrawn_before_its_end_is_told() {
    explore(|| async {
        let books = Books::default();
        let inside = books.clone();
        let server = worker("server", move |ctx| {
            let books = inside.clone();
            async move {
                let _here = books.enter(&ctx);
                let life = ctx.incarnation().get();
                ctx.publish("address", life)?.keep();
                yield_now().await;
                ctx.stopping().await;
                Ok(())
            }
        });
        let (handle, stream) = started(&patient(&books).child(server)).await;
        let dataspace = handle.dataspace().expect("it runs");
        let mut changes = dataspace.watch::<u64>("address");
        let waiting = dataspace.clone();
        let waiter = spawn(async move { waiting.wait::<u64>("address").await });
        let killer = handle.clone();
        let killed = spawn(async move { killer.kill_child("server").await });
        handle.terminate_child("server").await.expect("it is known");
        assert_eq!(dataspace.get::<u64>("address"), None, "its life is over");
        let _either = killed.await.expect("it does not panic");
        let published = books.count("app/server", is_start);
        stopped(&books, &handle, stream).await;
        // Each value comes and goes, one after the other; and the tree is over.
        let mut present = None;
        let mut seen = 0;
        while let Some(change) = changes.next().await {
            match change {
                Change::Published { value, .. } => {
                    assert_eq!(present.replace(*value), None, "two at the same time");
                    seen += 1;
                }
                Change::Withdrawn { .. } => assert!(present.take().is_some()),
                _ => {}
            }
        }
        assert_eq!(present, None, "withdrawn with its life");
        assert!(seen <= published, "{seen} of {published}");
        // It has got one, or the tree was over first.
        let _either = waiter.await.expect("it does not panic");
    });
}

#[test]
fn a_task_that_is_killed_when_it_is_done_has_a_result_or_was_stopped() {
    explore(|| async {
        let books = Books::default();
        let tasks = TaskSupervisor::new("tasks");
        let supervisor = patient(&books).child(tasks.clone());
        let (handle, stream) = started(&supervisor).await;
        let work = async {
            yield_now().await;
            7
        };
        let tasks = tasks.handle();
        let task = tasks.spawn("seven", work).await.expect("there is a place");
        let (path, id) = (task.path().to_string(), task.id().clone());
        let killer = tasks.as_supervisor().clone();
        let killed = spawn(async move { killer.kill_child(id).await });
        let result = task.await;
        let _either = killed.await.expect("it does not panic");
        match result {
            Ok(seven) => assert_eq!(seven, 7),
            Err(TaskError::Stopped { exit, .. }) => {
                assert!(matches!(exit, ExitReason::Killed), "{exit}");
            }
            Err(other) => panic!("{other}"),
        }
        stopped(&books, &handle, stream).await;
        assert_eq!(books.count(&path, is_exit), 1);
    });
}
