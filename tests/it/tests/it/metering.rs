//! What children use, as the tree measures it, and as a meter is told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use perennial::{
    Busy, ChildPath, ChildSpec, DynamicSupervisor, Lint, Memory, Meter, Snapshot, SnapshotEntry,
    Supervisor, worker,
};
use perennial_test::{End, Script, settle};

use crate::support::started;

const SPIN: Duration = Duration::from_millis(2);

/// A child that keeps its thread for [`SPIN`] when it begins to run.
fn spinning(id: &'static str) -> ChildSpec {
    worker(id, |ctx| async move {
        let began = Instant::now();
        while began.elapsed() < SPIN {
            std::hint::spin_loop();
        }
        ctx.stopping().await;
        Ok(())
    })
}

fn entry(snapshot: &Snapshot, path: &str) -> SnapshotEntry {
    snapshot.find(path).expect("it is there").clone()
}

fn busy(snapshot: &Snapshot, path: &str) -> (Busy, Option<Busy>) {
    let entry = entry(snapshot, path);
    (entry.busy.expect("it is measured"), entry.busy_in_life)
}

/// Notes what it is told, by the paths of the accounts; tells its clones the same.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    paths: Vec<String>,
    closed: Vec<String>,
    entered: Vec<u64>,
    polls: Vec<u64>,
}

impl Meter for Notes {
    fn open(&self, path: &ChildPath) -> u64 {
        let mut noted = self.0.lock().unwrap();
        noted.paths.push(path.to_string());
        noted.polls.push(0);
        noted.paths.len() as u64 - 1
    }

    fn close(&self, account: u64) {
        let mut noted = self.0.lock().unwrap();
        let path = noted.paths[account as usize].clone();
        noted.closed.push(path);
    }

    fn enter(&self, account: u64) -> u64 {
        let mut noted = self.0.lock().unwrap();
        noted.entered.push(account);
        noted.polls[account as usize] += 1;
        noted.entered.len() as u64
    }

    fn leave(&self, account: u64, entered: u64) {
        let mut noted = self.0.lock().unwrap();
        assert_eq!(noted.entered.len() as u64, entered);
        assert_eq!(noted.entered.pop(), Some(account));
    }

    fn memory(&self, account: u64) -> Option<Memory> {
        let mut memory = Memory::default();
        memory.live_bytes = account;
        Some(memory)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_measured_unless_that_is_asked_for() {
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spinning("a"))).await;
    settle().await;
    for entry in handle.snapshot().entries() {
        assert_eq!((entry.busy, entry.busy_in_life), (None, None));
        assert_eq!(entry.memory, None);
    }
    assert!(!handle.snapshot().to_string().contains("busy"));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_poll_is_busy_time_also_on_a_paused_clock() {
    let storage = Supervisor::one_for_one("storage").child(spinning("a"));
    let app = Supervisor::one_for_one("app").busy_time(true);
    let (handle, _events) = started(&app.child(storage)).await;
    settle().await;
    let snapshot = handle.snapshot();
    let (all, life) = busy(&snapshot, "app/storage/a");
    assert!(all.longest_poll >= SPIN && all.time >= all.longest_poll);
    assert!(all.polls >= 1);
    assert_eq!(Some(all), life);
    let (root, _) = busy(&snapshot, "app");
    assert!(root.polls >= 1, "{root:?}");
    assert!(snapshot.to_string().contains("busy"), "{snapshot}");
}

#[tokio::test(start_paused = true)]
async fn the_polls_of_the_tasks_of_its_scope_are_busy_time_of_the_child() {
    let child = worker("a", |ctx| async move {
        ctx.scope().spawn(async {
            let began = Instant::now();
            while began.elapsed() < SPIN {
                std::hint::spin_loop();
            }
        });
        ctx.stopping().await;
        Ok(())
    });
    let notes = Notes::default();
    let app = Supervisor::one_for_one("app")
        .busy_time(true)
        .meter(notes.clone());
    let (handle, _events) = started(&app.child(child)).await;
    settle().await;
    let (all, life) = busy(&handle.snapshot(), "app/a");
    assert!(all.longest_poll >= SPIN, "{all:?}");
    assert_eq!(Some(all), life);
    let polls = {
        let noted = notes.0.lock().unwrap();
        let account = noted.paths.iter().position(|path| path == "app/a");
        noted.polls[account.unwrap()]
    };
    assert_eq!(polls, all.polls);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_the_busy_time_and_begins_that_of_a_new_life() {
    let app = Supervisor::one_for_one("app").busy_time(true);
    let (handle, _events) = started(&app.child(spinning("a"))).await;
    settle().await;
    let (before, _) = busy(&handle.snapshot(), "app/a");
    handle.kill_child("a").await.unwrap();
    settle().await;
    let (all, life) = busy(&handle.snapshot(), "app/a");
    let life = life.expect("it runs");
    assert!(
        all.time >= before.time + life.time,
        "{before:?} {all:?} {life:?}"
    );
    assert_eq!(all.polls, before.polls + life.polls);
    handle.terminate_child("a").await.unwrap();
    let (all, life) = busy(&handle.snapshot(), "app/a");
    assert!(all.polls > before.polls && life.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_polls_of_a_child_are_told_to_the_meter_and_each_is_left_also_by_a_panic() {
    let notes = Notes::default();
    let script = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .meter(notes.clone())
        .child(script.clone());
    let (handle, _events) = started(&app).await;
    script.end(End::Panic);
    settle().await;
    let snapshot = handle.snapshot();
    assert_eq!(entry(&snapshot, "app/a").restarts, 1);
    let noted = notes.0.lock().unwrap();
    assert_eq!(noted.paths, ["app", "app/a"]);
    assert!(noted.polls.iter().all(|&polls| polls >= 2), "{noted:?}");
    assert!(noted.entered.is_empty() && noted.closed.is_empty());
    let live = |path| {
        entry(&snapshot, path)
            .memory
            .map(|memory| memory.live_bytes)
    };
    assert_eq!((live("app"), live("app/a")), (Some(0), Some(1)));
}

#[tokio::test(start_paused = true)]
async fn the_account_of_a_child_is_closed_when_nothing_of_it_is_left() {
    let notes = Notes::default();
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job"));
    let open = jobs.handle();
    let app = Supervisor::one_for_one("app")
        .meter(notes.clone())
        .child(spinning("a"))
        .child(jobs);
    let (handle, events) = started(&app).await;
    let closed = || notes.0.lock().unwrap().closed.clone();
    let job = open.start_child(()).await.unwrap();
    open.terminate_child(job.id().clone()).await.unwrap();
    settle().await;
    assert_eq!(closed(), ["app/jobs/job#1"]);
    handle.terminate_child("a").await.unwrap();
    assert_eq!(closed().len(), 1, "its spec stays");
    handle.delete_child("a").await.unwrap();
    settle().await;
    assert_eq!(closed()[1..], ["app/a"]);
    handle.shutdown().await;
    drop((handle, events, open, app));
    settle().await;
    let mut all = closed();
    all.sort();
    assert_eq!(all, ["app", "app/a", "app/jobs", "app/jobs/job#1"]);
}

#[tokio::test(start_paused = true)]
async fn a_meter_that_panics_hurts_nobody() {
    struct Faulty;
    impl Meter for Faulty {
        fn open(&self, path: &ChildPath) -> u64 {
            assert!(path.parent().is_none(), "no account for children");
            0
        }
        fn close(&self, _account: u64) {
            panic!("it cannot be closed");
        }
        fn enter(&self, _account: u64) -> u64 {
            panic!("it cannot be entered");
        }
        fn leave(&self, _account: u64, _entered: u64) {
            panic!("it cannot be left");
        }
        fn memory(&self, _account: u64) -> Option<Memory> {
            panic!("it cannot be read");
        }
    }
    let app = Supervisor::one_for_one("app").meter(Faulty);
    let (handle, _events) = started(&app.child(Script::new("a"))).await;
    settle().await;
    for entry in handle.snapshot().entries() {
        assert_eq!((entry.memory, entry.restarts), (None, 0));
    }
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_meter_may_look_at_the_tree_that_asks_it() {
    struct Nosy(perennial::SupervisorHandle);
    impl Nosy {
        fn look(&self) -> u64 {
            let below = self.0.supervisor("storage");
            u64::from(below.is_ok_and(|below| below.path().is_some()))
        }
    }
    impl Meter for Nosy {
        fn open(&self, _path: &ChildPath) -> u64 {
            self.look()
        }
        fn enter(&self, _account: u64) -> u64 {
            self.look()
        }
        fn leave(&self, _account: u64, _entered: u64) {
            self.look();
        }
        fn memory(&self, _account: u64) -> Option<Memory> {
            self.look();
            None
        }
    }
    let app = Supervisor::one_for_one("app");
    let nosy = Nosy(app.handle());
    let storage = Supervisor::one_for_one("storage").child(Script::new("a"));
    let (handle, _events) = started(&app.meter(nosy).child(storage)).await;
    let storage = handle.supervisor("storage").unwrap();
    assert_eq!(storage.snapshot().entries().len(), 2);
    assert!(handle.shutdown().await.is_clean());
}

#[test]
fn a_meter_below_the_root_is_never_asked_and_worth_a_word() {
    let deep = Supervisor::one_for_one("deep").meter(Notes::default());
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job")).busy_time(true);
    let app = Supervisor::one_for_one("app").busy_time(true);
    let lints = app.child(deep).child(jobs).check().unwrap();
    let paths = lints.iter().map(|lint| match lint {
        Lint::UnusedMeter { path } => path.to_string(),
        other => panic!("{other}"),
    });
    let paths: Vec<_> = paths.collect();
    assert_eq!(paths, ["app/deep", "app/jobs"]);
}
