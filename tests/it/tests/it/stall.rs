//! Children that stay in one poll for too long, and who tells of them. In real time: a blocked thread knows no
//! other, and nothing here waits for more than an event.

use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use perennial::{
    ChildSpec, DynamicSupervisor, Event, EventKind, Lint, ShutdownStrategy, Supervisor,
    SupervisorHandle, worker,
};
use perennial_test::{Script, StartAct};

use crate::support::{ms, on_the_paused_clock};

/// Far more than any step of these tests takes.
const LIMIT: Duration = Duration::from_secs(30);

/// From when on a poll is a stall here.
const THRESHOLD: Duration = ms(20);

/// Blocks threads until its key is dropped, which a test that fails does as well.
#[derive(Clone)]
struct Gate(Arc<Mutex<mpsc::Receiver<()>>>);

/// A tree that runs on threads which are not the test's.
struct Elsewhere {
    handle: SupervisorHandle,
    events: mpsc::Receiver<Event>,
    thread: JoinHandle<()>,
}

impl Gate {
    fn new() -> (mpsc::Sender<()>, Self) {
        let (key, gate) = mpsc::channel();
        (key, Self(Arc::new(Mutex::new(gate))))
    }

    fn pass(&self) {
        let _opened = self.0.lock().unwrap().recv();
    }
}

impl Elsewhere {
    /// All of it on one thread, and on a paused clock.
    fn on_one_thread(app: Supervisor) -> Self {
        Self::on(app, |app| on_the_paused_clock(run(app)))
    }

    fn on_three_threads(app: Supervisor) -> Self {
        Self::on(app, |app| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(3)
                .enable_time()
                .build();
            runtime.unwrap().block_on(run(app));
        })
    }

    fn on(app: Supervisor, run: impl FnOnce(Supervisor) + Send + 'static) -> Self {
        let (teller, events) = mpsc::channel();
        let app = app.observer(move |event: &Event| {
            let _heard = teller.send(event.clone());
        });
        Self {
            handle: app.handle(),
            events,
            thread: thread::spawn(move || run(app)),
        }
    }

    /// The next event of the child that is like this.
    #[track_caller]
    fn expect(&self, path: &str, is_meant: impl Fn(&EventKind) -> bool) -> Event {
        loop {
            let event = self.events.recv_timeout(LIMIT);
            let event = event.expect("it is told within the limit");
            if event.path.to_string() == path && is_meant(&event.kind) {
                return event;
            }
        }
    }

    #[track_caller]
    fn expect_stall(&self, path: &str) -> Duration {
        let event = self.expect(path, |kind| matches!(kind, EventKind::Stalled { .. }));
        match event.kind {
            EventKind::Stalled { so_far } => so_far,
            _ => unreachable!("only a stall is waited for"),
        }
    }

    #[track_caller]
    fn expect_end_of_stall(&self, path: &str) -> Duration {
        let event = self.expect(path, |kind| matches!(kind, EventKind::StallOver { .. }));
        match event.kind {
            EventKind::StallOver { after } => after,
            _ => unreachable!("only the end of a stall is waited for"),
        }
    }

    fn stalled_for(&self, path: &str) -> Option<Duration> {
        let snapshot = self.handle.snapshot();
        snapshot.find(path).expect("it is there").stalled_for
    }

    /// Stops the tree; what it still told.
    fn stop(self) -> Vec<Event> {
        self.handle.request_stop();
        self.thread.join().expect("the tree ran and ended");
        self.events.try_iter().collect()
    }
}

async fn run(app: Supervisor) {
    // A test may stop it before it is up.
    if let Ok(handle) = app.start().await {
        handle.wait().await;
    }
}

/// A child that blocks its thread when it begins to run.
fn blocking(id: &str, gate: &Gate) -> ChildSpec {
    let gate = gate.clone();
    worker(id.to_owned(), move |ctx| {
        let gate = gate.clone();
        async move {
            gate.pass();
            ctx.stopping().await;
            Ok(())
        }
    })
}

fn app() -> Supervisor {
    Supervisor::one_for_one("app").stalls_after(THRESHOLD)
}

fn stalls_of(events: &[Event], path: &str) -> usize {
    let is_stall = |event: &&Event| matches!(event.kind, EventKind::Stalled { .. });
    let all = events.iter().filter(is_stall);
    all.filter(|event| event.path.to_string() == path).count()
}

#[test]
fn a_child_that_blocks_the_only_thread_is_told_of_while_no_task_can_run() {
    let (key, gate) = Gate::new();
    let storage = Supervisor::one_for_one("storage").child(blocking("disk", &gate));
    let tree = Elsewhere::on_one_thread(app().child(Script::new("idle")).child(storage));
    let so_far = tree.expect_stall("app/storage/disk");
    assert!(so_far >= THRESHOLD);

    let snapshot = tree.handle.snapshot();
    let stalled = |path| snapshot.find(path).and_then(|entry| entry.stalled_for);
    let by_then = stalled("app/storage/disk").expect("it is in that poll");
    assert!(by_then >= so_far);
    assert!(snapshot.to_string().contains("  in one poll for "));
    for path in ["app", "app/idle", "app/storage"] {
        assert_eq!(stalled(path), None, "{path} keeps nobody");
    }
    let below = tree.handle.supervisor("storage").unwrap().snapshot();
    assert!(below.find("app/storage/disk").unwrap().stalled_for >= Some(by_then));

    drop(key);
    assert!(tree.expect_end_of_stall("app/storage/disk") >= by_then);
    assert_eq!(tree.stalled_for("app/storage/disk"), None);
    tree.stop();
}

#[test]
fn nobody_looks_unless_that_is_asked_for() {
    let (key, gate) = Gate::new();
    let blocking = blocking("disk", &gate);
    let tree = Elsewhere::on_one_thread(Supervisor::one_for_one("app").child(blocking));
    tree.expect("app/disk", |kind| matches!(kind, EventKind::Started));
    assert_eq!(tree.stalled_for("app/disk"), None);
    drop(key);
    let events = tree.stop();
    assert_eq!(stalls_of(&events, "app/disk"), 0);
}

#[test]
fn a_stall_is_told_once_however_long_it_lasts() {
    let (key, gate) = Gate::new();
    let (late_key, late_gate) = Gate::new();
    let tree = Elsewhere::on_three_threads(app().child(blocking("disk", &gate)));
    tree.expect_stall("app/disk");
    // It is found by a later look, which finds the first one too.
    let late = tree.handle.start_child(blocking("late", &late_gate));
    on_the_paused_clock(late).unwrap();
    let mut events = Vec::new();
    while stalls_of(&events, "app/late") == 0 {
        events.push(tree.events.recv_timeout(LIMIT).unwrap());
    }
    drop((key, late_key));
    events.extend(tree.stop());
    assert_eq!(stalls_of(&events, "app/disk"), 0, "it was told before");
    assert_eq!(stalls_of(&events, "app/late"), 1);
}

#[test]
fn a_stall_and_its_end_are_told_before_the_exit_also_by_a_panic() {
    let (key, gate) = Gate::new();
    let key = Mutex::new(Some(key));
    let faulty = worker("faulty", move |ctx| {
        let gate = gate.clone();
        async move {
            gate.pass();
            assert!(ctx.last_exit().is_some(), "only once");
            ctx.stopping().await;
            Ok(())
        }
    });
    let tree = Elsewhere::on_one_thread(app().child(faulty));
    tree.expect_stall("app/faulty");
    drop(key.lock().unwrap().take());
    let next = tree.events.recv_timeout(LIMIT).unwrap();
    assert!(matches!(next.kind, EventKind::StallOver { .. }), "{next}");
    let next = tree.events.recv_timeout(LIMIT).unwrap();
    assert!(matches!(next.kind, EventKind::Exited { .. }), "{next}");
    tree.expect("app/faulty", |kind| matches!(kind, EventKind::Started));
    tree.stop();
}

#[test]
fn an_initialization_that_blocks_is_told_of_before_the_tree_is_up() {
    let slow = Script::new("slow").starts_with(StartAct::Block);
    let tree = Elsewhere::on_one_thread(app().child(slow.clone()));
    tree.expect_stall("app/slow");
    assert!(tree.stalled_for("app/slow").is_some());
    slow.release();
    tree.expect_end_of_stall("app/slow");
    tree.expect("app", |kind| matches!(kind, EventKind::Started));
    tree.stop();
}

#[test]
fn a_task_of_a_scope_is_told_of_in_the_name_of_its_child() {
    let (key, gate) = Gate::new();
    let bakery = worker("bakery", move |ctx| {
        let gate = gate.clone();
        async move {
            ctx.scope().spawn(async move { gate.pass() });
            ctx.stopping().await;
            Ok(())
        }
    });
    let tree = Elsewhere::on_three_threads(app().child(bakery));
    let so_far = tree.expect_stall("app/bakery");
    assert!(tree.stalled_for("app/bakery") >= Some(so_far));
    drop(key);
    assert!(tree.expect_end_of_stall("app/bakery") >= so_far);
    tree.stop();
}

#[test]
fn a_life_that_is_left_behind_is_no_longer_shown_and_the_end_of_its_stall_is_told() {
    let (key, gate) = Gate::new();
    let stuck = blocking("stuck", &gate).shutdown(ShutdownStrategy::Brutal);
    let tree = Elsewhere::on_three_threads(app().abort_grace(ms(1)).child(stuck));
    tree.expect_stall("app/stuck");
    assert!(tree.stalled_for("app/stuck").is_some());
    on_the_paused_clock(tree.handle.terminate_child("stuck")).unwrap();
    let is_left = |kind: &EventKind| matches!(kind, EventKind::Unresponsive);
    tree.expect("app/stuck", is_left);
    assert_eq!(tree.stalled_for("app/stuck"), None);
    drop(key);
    tree.expect_end_of_stall("app/stuck");
    tree.stop();
}

#[test]
fn the_root_can_be_a_dynamic_supervisor() {
    let (key, gate) = Gate::new();
    let (teller, stalls) = mpsc::channel();
    let jobs = DynamicSupervisor::new("jobs", move |(): ()| blocking("job", &gate));
    let jobs = jobs.stalls_after(THRESHOLD).observer(move |event: &Event| {
        if let EventKind::Stalled { .. } = event.kind {
            teller.send(event.path.to_string()).unwrap();
        }
    });
    let thread = thread::spawn(move || {
        on_the_paused_clock(async move {
            let handle = jobs.start().await.unwrap();
            handle.start_child(()).await.unwrap();
            handle.shutdown().await;
        });
    });
    assert_eq!(stalls.recv_timeout(LIMIT).as_deref(), Ok("jobs/job#1"));
    drop(key);
    thread.join().unwrap();
}

#[test]
fn the_thread_that_looks_ends_with_its_tree_however_that_ends() {
    for end in ["shutdown", "kill", "runtime"] {
        // The thread holds what holds the observers, and they hold this.
        let (alive, is_alive) = mpsc::channel::<()>();
        let app = app()
            .child(Script::new("idle"))
            .observer(move |_event: &Event| {
                let _alive = &alive;
            });
        on_the_paused_clock(async move {
            let handle = app.start().await.unwrap();
            match end {
                "shutdown" => drop(handle.shutdown().await),
                "kill" => {
                    handle.kill();
                    handle.wait().await;
                }
                _ => (),
            }
        });
        let gone = Err(mpsc::RecvTimeoutError::Disconnected);
        assert_eq!(is_alive.recv_timeout(LIMIT), gone, "{end}");
    }
}

#[test]
fn a_detector_below_the_root_is_worth_a_word() {
    let deep = Supervisor::one_for_one("deep").stalls_after(THRESHOLD);
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job")).stalls_after(THRESHOLD);
    let lints = app().child(deep).child(jobs).check().unwrap();
    let paths = lints.iter().map(|lint| match lint {
        Lint::UnusedStallDetector { path } => path.to_string(),
        other => panic!("{other}"),
    });
    assert_eq!(paths.collect::<Vec<_>>(), ["app/deep", "app/jobs"]);
}
