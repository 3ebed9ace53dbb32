//! Code of the user's where nobody calls it: the drops of what a spec captured and of what an error
//! holds, and how an error prints. It may look at the tree, and it may panic.

use std::error::Error;
use std::fmt;

use perennial::{
    ChildSpec, Context, DynamicHandle, DynamicSupervisor, Event, EventKind, ExitReason,
    InitializationError, Outcome, Restart, Started, Supervisable, Supervisor, SupervisorHandle,
    async_trait,
};
use perennial_test::{End, Events, Journal, Script, settle};
use tokio::time::timeout;

use crate::support::{in_a_thread, on_the_paused_clock, secs};

/// Does something when it is dropped; as an error too.
struct OnDrop(Box<dyn Fn() + Send + Sync>);

impl OnDrop {
    fn new(act: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Box::new(act))
    }

    /// Looks at the tree.
    fn looking(handle: &SupervisorHandle, drops: &Journal) -> Self {
        let (handle, drops) = (handle.clone(), drops.clone());
        Self::new(move || drops.note(handle.snapshot().to_string()))
    }

    /// Panics, unless it is dropped by a panic.
    fn panicking(drops: &Journal) -> Self {
        let drops = drops.clone();
        Self::new(move || {
            drops.note("drops");
            assert!(std::thread::panicking(), "scripted panic in a drop");
        })
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl fmt::Debug for OnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDrop")
    }
}

impl fmt::Display for OnDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scripted failure")
    }
}

impl Error for OnDrop {}

/// A child that keeps something as long as its spec is there.
struct Keeper {
    starts: bool,
    _kept: OnDrop,
}

#[async_trait]
impl Supervisable for Keeper {
    fn name(&self) -> &str {
        "keeper"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        if !self.starts {
            return Err(InitializationError::msg("scripted failure"));
        }
        Ok(Started::run(async move { ctx.stopping().await }))
    }
}

/// How a supervisor comes to let go of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Deleted,
    TemporaryTerminated,
    TemporaryKilled,
    NotStarted,
    Refused,
    DynamicTerminated,
}

const WAYS: [Way; 6] = [
    Way::Deleted,
    Way::TemporaryTerminated,
    Way::TemporaryKilled,
    Way::NotStarted,
    Way::Refused,
    Way::DynamicTerminated,
];

/// A tree of a child that nothing must happen to, and of a dynamic supervisor.
struct Tree {
    handle: SupervisorHandle,
    jobs: DynamicHandle<ChildSpec>,
    other: Script,
}

impl Tree {
    /// Nobody listens to it: an event would keep what it tells of.
    async fn start() -> Self {
        let other = Script::new("other");
        let jobs = DynamicSupervisor::new("jobs", |spec: ChildSpec| spec);
        let open = jobs.handle();
        let app = Supervisor::one_for_one("app")
            .child(other.clone())
            .child(jobs);
        Self {
            handle: app.start().await.unwrap(),
            jobs: open,
            other,
        }
    }

    /// Takes in a spec that captured this, and lets go of it.
    async fn lose(&self, way: Way, kept: OnDrop) {
        let Self { handle, jobs, .. } = self;
        let spec = ChildSpec::new(Keeper {
            starts: way != Way::NotStarted,
            _kept: kept,
        });
        match way {
            Way::Deleted => {
                handle.start_child(spec).await.unwrap();
                handle.terminate_child("keeper").await.unwrap();
                handle.delete_child("keeper").await.unwrap();
            }
            Way::TemporaryTerminated => {
                let spec = spec.restart(Restart::Temporary);
                handle.start_child(spec).await.unwrap();
                handle.terminate_child("keeper").await.unwrap();
            }
            Way::TemporaryKilled => {
                let spec = spec.restart(Restart::Temporary);
                handle.start_child(spec).await.unwrap();
                handle.kill_child("keeper").await.unwrap();
            }
            Way::NotStarted => {
                handle.start_child(spec).await.unwrap_err();
            }
            Way::Refused => {
                handle.start_child(spec.id("other")).await.unwrap_err();
            }
            Way::DynamicTerminated => {
                let job = jobs.start_child(spec).await.unwrap();
                jobs.terminate_child(job.id()).await.unwrap();
            }
        }
        settle().await;
    }

    /// It goes on as if nothing had happened.
    async fn goes_on(self, way: &str) {
        let Self {
            handle,
            jobs,
            other,
        } = self;
        assert_eq!((other.starts(), other.alive()), (1, 1), "{way}");
        let jobs = jobs.count_children().await.unwrap();
        assert_eq!((jobs.active, jobs.workers), (0, 0), "{way}");
        let restarts = handle.which_child("jobs").await.unwrap().restarts;
        assert_eq!(restarts, 0, "{way}");
        assert!(handle.shutdown().await.is_clean(), "{way}");
        assert!(matches!(handle.wait().await, Outcome::Stopped), "{way}");
    }
}

#[test]
fn what_a_spec_captured_may_look_at_the_tree_when_it_is_dropped() {
    for way in WAYS {
        in_a_thread(move || {
            on_the_paused_clock(async move {
                let (tree, drops) = (Tree::start().await, Journal::default());
                tree.lose(way, OnDrop::looking(&tree.handle, &drops)).await;
                let seen = drops.take();
                assert_eq!(seen.len(), 1, "{way:?}");
                assert!(seen[0].contains("other"), "{way:?}: {}", seen[0]);
                tree.goes_on(&format!("{way:?}")).await;
            });
        });
    }
}

#[test]
fn what_a_spec_captured_may_panic_when_it_is_dropped() {
    for way in WAYS {
        in_a_thread(move || {
            on_the_paused_clock(async move {
                let (tree, drops) = (Tree::start().await, Journal::default());
                tree.lose(way, OnDrop::panicking(&drops)).await;
                assert_eq!(drops.take(), ["drops"], "{way:?}");
                tree.goes_on(&format!("{way:?}")).await;
            });
        });
    }
}

/// More failures than any history keeps, each with an error of its own; returns when the errors of
/// the first ones are gone.
async fn fail_again_and_again(error: impl Fn(&SupervisorHandle, &Journal) -> OnDrop) {
    let (child, other, drops) = (Script::new("a"), Script::new("other"), Journal::default());
    let app = Supervisor::one_for_one("app")
        .intensity(u32::MAX, secs(1))
        .child(child.clone())
        .child(other.clone());
    let handle = app.start().await.unwrap();
    for _ in 0..40 {
        let error = ExitReason::failed(error(&handle, &drops));
        child.end(End::With(error));
        settle().await;
    }
    assert!(!drops.take().is_empty());
    // The script keeps the context of its latest life, and with it the error of the one before.
    child.end(End::Error);
    settle().await;
    assert_eq!((child.starts(), child.alive()), (42, 1));
    assert_eq!((other.starts(), other.alive()), (1, 1));
    assert!(handle.shutdown().await.is_clean());
    assert!(matches!(handle.wait().await, Outcome::Stopped));
}

#[test]
fn an_error_may_look_at_the_tree_when_it_is_dropped() {
    in_a_thread(|| on_the_paused_clock(fail_again_and_again(OnDrop::looking)));
}

#[test]
fn an_error_may_panic_when_it_is_dropped() {
    in_a_thread(|| {
        on_the_paused_clock(fail_again_and_again(|_, drops| OnDrop::panicking(drops)));
    });
}

/// An error that cannot be printed.
#[derive(Debug)]
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("scripted panic in a print");
    }
}

impl Error for Unprintable {}

#[tokio::test(start_paused = true)]
async fn an_error_whose_display_panics_takes_no_last_word_from_its_child_nor_from_the_root() {
    let (child, printed) = (Script::new("a"), Journal::default());
    let lines = printed.clone();
    let app = Supervisor::one_for_one("app")
        .intensity(1, secs(5))
        .observer(move |event: &Event| lines.note(event.to_string()))
        .child(child.clone());
    let mut events = Events::of(&app.handle());
    let handle = app.start().await.unwrap();
    child.end(End::With(ExitReason::failed(Unprintable)));
    // The child, the root, and the child again.
    for _ in 0..3 {
        let runs = |event: &Event| matches!(event.kind, EventKind::Started);
        events.until("a start", runs).await;
    }
    settle().await;
    assert_eq!((child.starts(), child.alive()), (2, 1));
    child.end(End::With(ExitReason::failed(Unprintable)));
    let outcome = timeout(secs(60), handle.wait()).await;
    assert!(matches!(outcome, Ok(Outcome::Exhausted(_))));
    let told = printed.take();
    assert_eq!(told.iter().filter(|line| *line == "app/a runs").count(), 2);
}
