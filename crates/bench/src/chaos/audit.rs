//! What must be the same before and after: tasks, threads, values, and about the same memory.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use perennial::{ChildKind, ChildState, SupervisorHandle};
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::hands::revive;
use super::world::{Kind, World};
use crate::measure::rss_kib;

/// How often it is looked whether all is as it should be.
const LOOK: Duration = Duration::from_millis(50);
/// How long the tree has to recover when nothing befalls it any more.
const RECOVERY: Duration = Duration::from_secs(30);
/// How many children are restarted by a call at a time while it does.
const REVIVED: usize = 1_000;

/// What the process has besides the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Base {
    tasks: usize,
    threads: usize,
}

/// A tree at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) workers: usize,
    pub(super) rss_kib: u64,
}

impl Base {
    /// As it is now.
    pub(super) fn now() -> Self {
        Self {
            tasks: Handle::current().metrics().num_alive_tasks(),
            threads: threads(),
        }
    }

    /// What is too much now; nothing, once all that the tree had is gone.
    fn too_much(self, now: Self, alive: &[(Kind, i64)]) -> Vec<String> {
        let mut wrong = Vec::new();
        if now.tasks > self.tasks {
            let left = now.tasks - self.tasks;
            wrong.push(format!("tasks that outlived the tree: {left}"));
        }
        if now.threads > self.threads {
            let left = now.threads - self.threads;
            wrong.push(format!("threads that outlived the tree: {left}"));
        }
        let left = alive.iter().filter(|(_, count)| *count != 0);
        wrong.extend(left.map(|(kind, count)| format!("values of kind {kind:?} left: {count}")));
        wrong
    }

    /// Waits until nothing is too much, for at most that time.
    pub(super) async fn is_restored(self, world: &World, within: Duration) -> Vec<String> {
        let began = Instant::now();
        loop {
            let alive = Kind::ALL.map(|kind| (kind, world.alive(kind)));
            let wrong = self.too_much(Self::now(), &alive);
            if wrong.is_empty() || began.elapsed() > within {
                return wrong;
            }
            sleep(LOOK).await;
        }
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} workers, {} MiB", self.workers, self.rss_kib / 1024)
    }
}

/// Waits until every child runs, and nothing runs beside them.
pub(super) async fn recovered(root: &SupervisorHandle, world: &World) -> Result<Rest, String> {
    let began = Instant::now();
    loop {
        is_there(root).await?;
        revive(root, REVIVED).await;
        match at_rest(root, world) {
            Ok(rest) => return Ok(rest),
            Err(why) if began.elapsed() > RECOVERY => {
                return Err(format!(
                    "not recovered {RECOVERY:?} after the last fault: {why}"
                ));
            }
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Nothing that befalls a tree ends its root.
pub(super) async fn is_there(root: &SupervisorHandle) -> Result<(), String> {
    match root.path() {
        Some(_) => Ok(()),
        None => Err(format!(
            "the tree has ended by itself: {}",
            root.wait().await
        )),
    }
}

fn at_rest(root: &SupervisorHandle, world: &World) -> Result<Rest, String> {
    let snapshot = root.snapshot();
    let mut down = snapshot
        .entries()
        .iter()
        .filter(|entry| entry.state != ChildState::Running);
    if let Some(entry) = down.next() {
        let (path, state, more) = (&entry.path, entry.state, down.count());
        return Err(format!("{path} is {state:?}, and {more} others do not run"));
    }
    let workers = snapshot.entries().iter();
    let workers = workers
        .filter(|entry| entry.kind == ChildKind::Worker)
        .count();
    let alive = world.alive(Kind::Run) + world.alive(Kind::Errand);
    if i64::try_from(workers) != Ok(alive) {
        return Err(format!(
            "{alive} workers are alive, and {workers} are known"
        ));
    }
    Ok(Rest {
        workers,
        rss_kib: rss_kib(),
    })
}

/// Whether the memory of a tree at rest has grown by more than chance and fragments explain: by more
/// than 16 MiB and a quarter. A leak of a life's size shows in this as soon as there were some 20,000 lives.
pub(super) fn growth(before: Rest, after: Rest) -> Option<String> {
    let most = before.rss_kib + before.rss_kib / 4 + 16 * 1024;
    let (from, to) = (before.rss_kib / 1024, after.rss_kib / 1024);
    (after.rss_kib > most).then(|| format!("the memory has grown from {from} MiB to {to} MiB"))
}

/// How many threads this process has; 0 where the system does not tell.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_a_thread_and_a_value_that_are_left_are_found() {
        let (before, after) = (
            Base {
                tasks: 1,
                threads: 5,
            },
            Base {
                tasks: 3,
                threads: 6,
            },
        );
        let wrong = before.too_much(after, &[(Kind::Run, 0), (Kind::Stashed, 2)]);
        assert_eq!(
            wrong,
            [
                "tasks that outlived the tree: 2",
                "threads that outlived the tree: 1",
                "values of kind Stashed left: 2",
            ]
        );
        assert!(before.too_much(before, &[]).is_empty());
    }

    #[test]
    fn memory_that_grows_by_more_than_a_quarter_and_some_is_found() {
        let rest = |mib: u64| Rest {
            workers: 1_000,
            rss_kib: mib * 1024,
        };
        assert_eq!(growth(rest(40), rest(66)), None);
        assert!(growth(rest(40), rest(67)).is_some());
    }
}
