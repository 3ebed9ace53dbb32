//! Kills at the wrong moment: of a life that is being born, and amid all else. On several threads, and
//! therefore in real time.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use perennial::{
    Event, EventKind, Incarnation, Observer, Outcome, Restart, StartCause, StartError, Strategy,
    Supervisor, SupervisorHandle,
};
use perennial_test::{End, Events, Script, broken_lives};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::support::{secs, started};

/// Far more than any step of these tests takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Far more than a healthy child needs to end, and less than what is waited for events.
const ABORT_GRACE: Duration = Duration::from_secs(5);

const ROUNDS: usize = 300;

/// Holds up whoever makes the first event that fits, until it is dropped.
struct Gate {
    reached: mpsc::Receiver<()>,
    _closed: mpsc::Sender<()>,
}

impl Gate {
    fn at(fits: impl Fn(&Event) -> bool + Send + Sync + 'static) -> (Self, impl Observer) {
        let (is_reached, reached) = mpsc::channel();
        let (closed, opens) = mpsc::channel::<()>();
        let once = Mutex::new(Some((is_reached, opens)));
        let observer = move |event: &Event| {
            if !fits(event) {
                return;
            }
            let first = once.lock().unwrap().take();
            if let Some((is_reached, opens)) = first {
                is_reached.send(()).unwrap();
                // A test that fails must not keep this thread.
                let _opened = opens.recv_timeout(LIMIT);
            }
        };
        let gate = Self {
            reached,
            _closed: closed,
        };
        (gate, observer)
    }

    /// Waits until somebody is held up. The thread of the test is none of the runtime's.
    fn is_reached(&self) {
        self.reached.recv_timeout(LIMIT).unwrap();
    }
}

fn is_born(event: &Event, id: &str, cause: StartCause) -> bool {
    let born = matches!(event.kind, EventKind::Starting { cause: told } if told == cause);
    born && event.path.id() == id
}

/// The event that ends this life, or says that it does not end.
async fn end_of(events: &mut Events, life: Option<Incarnation>) -> Event {
    let ends = |event: &Event| {
        let over = matches!(
            event.kind,
            EventKind::Exited { .. } | EventKind::StartFailed { .. } | EventKind::Unresponsive
        );
        over && Some(event.incarnation) == life
    };
    events.until("the end of the killed life", ends).await
}

fn is_unresponsive(event: &Event) -> bool {
    matches!(event.kind, EventKind::Unresponsive)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_child_that_is_killed_between_its_birth_and_its_task_is_killed_and_restarted() {
    let (gate, observer) = Gate::at(|event| is_born(event, "a", StartCause::Restart));
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .abort_grace(ABORT_GRACE)
        .observer(observer)
        .child(child.clone());
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    gate.is_reached();
    handle.kill_child("a").await.unwrap();
    let born = handle.which_child("a").await.unwrap().incarnation;
    drop(gate);
    let end = end_of(&mut events, born).await;
    assert!(!is_unresponsive(&end), "{end}");
    let next = events.expect("app/a runs").await;
    assert!(Some(next.incarnation) > born);
    assert!(handle.shutdown().await.is_clean());
    assert!(!events.rest().await.iter().any(is_unresponsive));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_temporary_child_that_is_killed_between_its_birth_and_its_task_is_gone() {
    let (gate, observer) = Gate::at(|event| is_born(event, "a", StartCause::Added));
    let app = Supervisor::one_for_one("app")
        .abort_grace(ABORT_GRACE)
        .observer(observer);
    let (handle, mut events) = started(&app).await;
    let child = Script::new("a");
    let start = tokio::spawn({
        let (handle, spec) = (handle.clone(), child.spec().restart(Restart::Temporary));
        async move { handle.start_child(spec).await }
    });
    gate.is_reached();
    handle.kill_child("a").await.unwrap();
    let born = handle.which_child("a").await.unwrap().incarnation;
    drop(gate);
    let end = end_of(&mut events, born).await;
    assert!(!is_unresponsive(&end), "{end}");
    // It may have been up for a moment, so the answer is one or the other.
    let _answer = timeout(LIMIT, start).await.unwrap().unwrap();
    // Returns when it is gone; it may be gone already.
    let _gone = handle.terminate_child("a").await;
    assert!(handle.which_children().await.unwrap().is_empty());
    assert_eq!(child.alive(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_root_that_is_killed_between_its_birth_and_its_task_is_killed() {
    let (gate, observer) = Gate::at(|event| is_born(event, "app", StartCause::FirstStart));
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .observer(observer)
        .child(child.clone());
    let handle = app.handle();
    let mut events = Events::of(&handle);
    let start = tokio::spawn(async move { app.start().await });
    gate.is_reached();
    handle.kill();
    drop(gate);
    let started = timeout(LIMIT, start).await.unwrap().unwrap();
    assert!(
        matches!(started, Err(StartError::Stopped { .. })),
        "{started:?}"
    );
    assert!(matches!(handle.wait().await, Outcome::Killed));
    assert_eq!(broken_lives(&events.rest().await), Vec::<String>::new());
    assert_eq!(child.alive(), 0);
}

/// How a tree of the stress test ends.
#[derive(Clone, Copy, Debug)]
enum Way {
    Stopped,
    Killed,
}

async fn feed(handle: SupervisorHandle) {
    for number in 0..3 {
        let new = Script::new(format!("new{number}"));
        // The supervisor may end first.
        let _answer = handle.start_child(new).await;
    }
}

async fn kill(handle: SupervisorHandle) {
    for id in ["a", "new0", "b", "new1", "a", "new2", "b", "new0"] {
        // It may be down, not there yet, or there no more.
        let _answer = handle.kill_child(id).await;
        yield_now().await;
    }
}

async fn end(handle: SupervisorHandle, way: Way, after: usize) {
    for _ in 0..after {
        yield_now().await;
    }
    match way {
        Way::Stopped => handle.request_stop(),
        Way::Killed => handle.kill(),
    }
}

async fn a_round(round: usize, way: Way) {
    let groups = [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ];
    let app = Supervisor::new("app", groups[round % groups.len()])
        .intensity(u32::MAX, secs(1))
        // A kill that is lost holds the tree up for longer than the limit.
        .abort_grace(LIMIT * 2)
        .child(Script::new("a"))
        .child(Script::new("b"));
    let (handle, mut events) = started(&app).await;
    let whole = async {
        let feed = tokio::spawn(feed(handle.clone()));
        let kill = tokio::spawn(kill(handle.clone()));
        let end = tokio::spawn(end(handle.clone(), way, round % 16));
        let outcome = handle.wait().await;
        for task in [feed, kill, end] {
            task.await.unwrap();
        }
        (outcome, events.rest().await)
    };
    let (outcome, events) = timeout(LIMIT, whole)
        .await
        .unwrap_or_else(|_| panic!("round {round} does not end:\n{}", handle.snapshot()));
    let as_told = match way {
        Way::Stopped => matches!(outcome, Outcome::Stopped),
        Way::Killed => matches!(outcome, Outcome::Killed),
    };
    assert!(as_told, "round {round}, {way:?}: {outcome}");
    assert_eq!(broken_lives(&events), Vec::<String>::new());
    assert!(!events.iter().any(is_unresponsive), "round {round}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tree_that_is_fed_killed_and_stopped_at_once_ends_and_each_life_has_one_end() {
    for round in 0..ROUNDS {
        a_round(round, Way::Stopped).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tree_whose_children_and_root_are_killed_at_once_ends_and_each_life_has_one_end() {
    for round in 0..ROUNDS {
        a_round(round, Way::Killed).await;
    }
}
