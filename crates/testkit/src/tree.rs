//! A tree under test: it can be hurt on demand, is listened to, and is judged at the end.

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use perennial_core::{
    Event, EventKind, Incarnation, Report, StartError, Supervisor, SupervisorHandle,
};
use tokio::runtime;
use tokio::time::{Instant, timeout};

use crate::acts::{End, StartAct, StopAct};
use crate::expectation::{Expectation, resolved};
use crate::plan::FaultPlan;
use crate::promises::broken_promises;
use crate::recorder::Recorder;
use crate::shape::assert_shape;
use crate::stand_in::Stage;
use crate::support::{PATIENCE, settle, story};
use crate::verdict::Verdict;

/// How long the stop of a tree may take: more than any sum of graces that a test would wait for.
const STOP: Duration = Duration::from_secs(86_400);
/// How many turns of the runtime a tree has to come to rest before its stop: a slow start may take longer.
const PATIENT_TURNS: usize = 100;
/// How long tasks may outlive a tree.
const LINGER: Duration = Duration::from_secs(1);

/// A tree under test: its workers can be hurt on demand, its events be waited for, and what the test did
/// not expect fails it.
///
/// What that is says [`Verdict`]. A test ends with [`stop`](Self::stop), or is the body of [`run`](Self::run),
/// which stops the tree also when the body panics; a tree that is dropped without either fails its test.
///
/// Meant for the paused clock (`#[tokio::test(start_paused = true)]`), where to wait costs no time. Each worker
/// has a stand-in, which lets it do its work until the test wants something else; supervisors are themselves. To test
/// a dynamic supervisor, put it below a static one.
///
/// Children are named by their path below the root, `storage/database`, or by the whole path,
/// `app/storage/database`. Each expectation looks at what came after the event that the one before has found,
/// the first one from the start of the tree on; what it passes over is not looked at again.
///
/// # Examples
///
/// ```
/// use perennial::{Supervisor, worker};
/// use perennial_test::{Restarted, TestTree};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let database = worker("database", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let indexer = worker("indexer", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let storage = Supervisor::rest_for_one("storage").child(database).child(indexer);
///
/// let tree = TestTree::start(storage).await;
/// tree.crash("database").await;
/// tree.expect(Restarted("database")).await;
/// tree.expect(Restarted("indexer")).await;            // it depends on the database
/// tree.stop().await;                                  // a panic nobody expected would fail the test here
/// # }
/// ```
#[must_use = "a test tree is to be stopped at the end of the test"]
pub struct TestTree {
    handle: SupervisorHandle,
    recorder: Recorder,
    stage: Stage,
    /// How many tasks there were before the start.
    tasks_before: usize,
    tolerance: Mutex<Tolerance>,
    /// It was stopped and judged.
    is_over: bool,
}

/// What the test allows to happen.
#[derive(Default)]
struct Tolerance {
    events: Vec<Box<dyn Expectation + Send>>,
    tasks: usize,
}

impl TestTree {
    /// Starts a tree; on return all its children are up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what was started.
    ///
    /// # Panics
    ///
    /// If the tree does not start. Where that is what is tested, use [`start_with`](Self::start_with), or the
    /// supervisor's own `start`.
    pub async fn start(app: Supervisor) -> Self {
        match Self::start_with(app, FaultPlan::default()).await {
            Ok(tree) => tree,
            Err(error) => panic!("{}", story(&error)),
        }
    }

    /// Starts a tree whose workers meet the faults of a plan.
    ///
    /// # Errors
    ///
    /// [`StartError`]: it did not start; there is nothing to stop.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what was started.
    pub async fn start_with(app: Supervisor, plan: FaultPlan) -> Result<Self, StartError> {
        let tasks_before = alive_tasks();
        let (recorder, stage) = (Recorder::default(), Stage::new(plan));
        let app = stage.set(app).observer(recorder.clone());
        let handle = app.start().await?;
        stage.is_up();
        Ok(Self {
            handle,
            recorder,
            stage,
            tasks_before,
            tolerance: Mutex::default(),
            is_over: false,
        })
    }

    /// Runs a test on a tree: starts it, runs `body`, and stops it in order, also when `body` panics.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the tree and fails the test.
    ///
    /// # Panics
    ///
    /// If the tree does not start, if `body` panics, and if something happened that the test did not expect.
    ///
    /// # Examples
    ///
    /// ```
    /// use perennial::Supervisor;
    /// use perennial_test::{Exited, Script, TestTree};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let app = Supervisor::one_for_one("app").child(Script::new("web"));
    /// TestTree::run(app, async |tree| {
    ///     tree.fail("web").await;
    ///     tree.expect(Exited("web")).await;
    /// })
    /// .await;
    /// # }
    /// ```
    pub async fn run<T>(app: Supervisor, body: impl AsyncFnOnce(&TestTree) -> T) -> T {
        let tree = Self::start(app).await;
        let done = caught(body(&tree)).await;
        let verdict = tree.judge().await;
        match done {
            Ok(value) => {
                verdict.execute();
                value
            }
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Runs a tree under a plan of faults for so long, stops it, and fails the test unless it has kept its
    /// promises.
    ///
    /// These are those of [`broken_promises`]; that whoever is asked to stop ends, or is killed, within its
    /// grace; and that nothing else is in the [`Verdict`]. A supervisor may give up, as the plan may be more
    /// than it bears; the tree may end by that.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the tree and fails the test.
    ///
    /// # Panics
    ///
    /// If the tree does not start, or breaks a promise; the message tells the seed of the plan.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use perennial::{Supervisor, worker};
    /// use perennial_test::{FaultPlan, TestTree};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// for seed in 0..10 {
    ///     let web = worker("web", |ctx| async move { ctx.stopping().await; Ok(()) });
    ///     let app = Supervisor::one_for_one("app").child(web);
    ///     TestTree::endure(app, FaultPlan::seeded(seed), Duration::from_secs(600)).await;
    /// }
    /// # }
    /// ```
    pub async fn endure(app: Supervisor, plan: FaultPlan, time: Duration) -> Verdict {
        let seed = plan
            .seed()
            .map_or(String::new(), |seed| format!("with seed {seed}: "));
        let tree = match Self::start_with(app, plan).await {
            Ok(tree) => tree,
            Err(error) => panic!("{seed}{}", story(&error)),
        };
        tree.allow(|event: &Event| {
            let kind = &event.kind;
            matches!(kind, EventKind::GaveUp { .. } | EventKind::Escalated { .. })
        });
        // It ends earlier if the tree does.
        let _over = timeout(time, tree.handle.wait()).await;
        // What happens at this very moment is to be heard of before the stop.
        for _ in 0..PATIENT_TURNS {
            if tree.handle.is_at_rest() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let recorder = tree.recorder.clone();
        let mut verdict = tree.judge().await;
        verdict.broken = recorder.overdue_stops();
        if verdict.events.first().is_none_or(|event| event.number == 1) {
            verdict.broken.extend(broken_promises(&verdict.events));
        }
        assert!(verdict.is_clean(), "{seed}{verdict}");
        verdict
    }

    /// Stops the tree in order, and fails the test if something happened that it did not expect.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the tree and fails the test.
    ///
    /// # Panics
    ///
    /// If the [`Verdict`] is not clean.
    pub async fn stop(self) -> Report {
        self.judge().await.execute()
    }

    /// Stops the tree in order and says what is to be said of it, without failing the test.
    ///
    /// Waits another second for the tasks that children have spawned. Where the test has spawned tasks itself
    /// that still run, see [`allow_tasks`](Self::allow_tasks). Of two trees the one that was started later is to
    /// be stopped first, or the tasks of the other one count as its own.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the tree and fails the test.
    pub async fn judge(mut self) -> Verdict {
        let stopped = timeout(STOP, self.handle.shutdown()).await;
        self.is_over = true;
        let is_stuck = stopped.is_err();
        if is_stuck {
            self.handle.kill();
        }
        let allowed = self.tasks_before + self.tolerance().tasks;
        let deadline = Instant::now() + LINGER;
        settle().await;
        while alive_tasks() > allowed && Instant::now() < deadline {
            settle().await;
        }
        Verdict {
            report: stopped.unwrap_or_default(),
            leaked_tasks: alive_tasks().saturating_sub(allowed),
            is_stuck,
            ..self.verdict()
        }
    }

    /// What is to be said of the tree so far.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict {
            id: self.handle.id().to_string(),
            troubles: self.recorder.troubles(&self.tolerance().events),
            events: self.recorder.events(),
            ..Verdict::default()
        }
    }

    /// The handle of the root.
    #[must_use]
    pub fn handle(&self) -> &SupervisorHandle {
        &self.handle
    }

    /// Fails the test unless the tree prints like that, as [`assert_shape`] compares it.
    ///
    /// # Panics
    ///
    /// If it prints otherwise.
    #[track_caller]
    pub fn assert_shape(&self, expected: &str) {
        assert_shape(&self.handle.snapshot(), expected);
    }

    /// Waits for an event, up to a minute.
    ///
    /// An event that is waited for is an expected one: it does not fail the test.
    ///
    /// # Cancel safety
    ///
    /// Nothing is passed over if the future is dropped.
    ///
    /// # Panics
    ///
    /// If it does not come in time; the message tells what came, and shows the tree.
    #[track_caller]
    pub fn expect(&self, expected: impl Expectation) -> impl Future<Output = Event> {
        self.expect_within(PATIENCE, expected)
    }

    /// Waits for an event, up to that time.
    ///
    /// # Cancel safety
    ///
    /// Nothing is passed over if the future is dropped.
    ///
    /// # Panics
    ///
    /// If it does not come in time; the message tells what came, and shows the tree.
    #[track_caller]
    pub fn expect_within(
        &self,
        time: Duration,
        expected: impl Expectation,
    ) -> impl Future<Output = Event> {
        let caller = Location::caller();
        async move {
            match timeout(time, self.recorder.next(&expected)).await {
                Ok(event) => event,
                Err(_) => {
                    let text = expected.text();
                    let state = self.state();
                    panic!("{caller}: there was no {text} within {time:?}\n{state}")
                }
            }
        }
    }

    /// Lets the tree do all that it can do without the clock, and makes sure that this was not part of it.
    ///
    /// Looks at all that came after the event that was last waited for, and passes over nothing.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    ///
    /// # Panics
    ///
    /// If it has happened.
    #[track_caller]
    pub fn expect_no(&self, unexpected: impl Expectation) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            settle().await;
            if self.recorder.seen_since(&unexpected).is_some() {
                let text = unexpected.text();
                panic!("{caller}: there was a {text}\n{}", self.state());
            }
        }
    }

    /// Lets this happen, whenever it does: it does not fail the test.
    ///
    /// # Examples
    ///
    /// ```
    /// use perennial::{Supervisor, worker};
    /// use perennial_test::{Panicked, TestTree, settle};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let moody = worker("moody", |ctx| async move {
    ///     assert!(ctx.last_exit().is_some(), "not on my first day");
    ///     ctx.stopping().await;
    ///     Ok(())
    /// });
    /// let tree = TestTree::start(Supervisor::one_for_one("app").child(moody)).await;
    /// tree.allow(Panicked("moody"));
    /// settle().await;
    /// tree.stop().await;
    /// # }
    /// ```
    pub fn allow(&self, event: impl Expectation + Send + 'static) {
        self.tolerance().events.push(Box::new(event));
    }

    /// Lets so many tasks outlive the tree: those that the test itself has spawned and that still run then.
    pub fn allow_tasks(&self, tasks: usize) {
        self.tolerance().tasks = tasks;
    }

    /// Makes a worker panic; on return its life is over.
    ///
    /// The test expects that panic, but not what follows from it: a supervisor that gives up is to be waited for.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it panics all the same.
    ///
    /// # Panics
    ///
    /// If there is no such worker that runs.
    pub async fn crash(&self, path: &str) {
        self.end(path, End::Panic).await;
    }

    /// Makes a worker end with an error; on return its life is over.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it fails all the same.
    ///
    /// # Panics
    ///
    /// If there is no such worker that runs.
    pub async fn fail(&self, path: &str) {
        self.end(path, End::Error).await;
    }

    /// Makes a worker do nothing more: it is deaf to a request to stop, until it is [released](Self::release) or killed.
    ///
    /// # Panics
    ///
    /// If there is no such worker that runs.
    pub fn hang(&self, path: &str) {
        self.order(path, End::Hang);
    }

    /// Makes a worker end in that way; on return its life is over. One that is still in its initialization ends
    /// as soon as it runs.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it ends all the same.
    ///
    /// # Panics
    ///
    /// If there is no such worker that runs, or its life is not over within a minute: one that is to
    /// [`hang`](Self::hang) has no end.
    pub async fn end(&self, path: &str, end: End) {
        let life = self.order(path, end);
        self.end_of(path, life).await;
    }

    /// Aborts the task of a child as from outside, also that of a supervisor or of the root; on return it is gone.
    ///
    /// # Cancel safety
    ///
    /// Once polled, it is killed all the same.
    ///
    /// # Panics
    ///
    /// If there is no such child that runs, or it is not gone within a minute.
    pub async fn kill(&self, path: &str) {
        let full = self.resolved(path);
        let snapshot = self.handle.snapshot();
        let life = snapshot.find(&full).and_then(|entry| entry.incarnation);
        let Some(life) = life else { self.refuse(path) };
        let below = full.strip_prefix(self.handle.id().as_str());
        let below = below.unwrap_or_default().trim_start_matches('/');
        let killed = match below.rsplit_once('/') {
            Some((above, id)) => match self.handle.supervisor(above) {
                Ok(supervisor) => supervisor.kill_child(id).await.is_ok(),
                Err(_) => false,
            },
            None if below.is_empty() => {
                self.handle.kill();
                true
            }
            None => self.handle.kill_child(below).await.is_ok(),
        };
        if !killed {
            self.refuse(path)
        }
        self.end_of(path, life).await;
    }

    /// Makes the next start of a worker take so much longer.
    pub fn slow_start(&self, path: &str, time: Duration) {
        self.next_start(path, StartAct::Slow(time));
    }

    /// Sets what the next start of a worker does before its own initialization; said again, the start after that.
    pub fn next_start(&self, path: &str, act: StartAct) {
        self.stage.next_start(self.resolved(path), act);
    }

    /// Sets what a worker does from now on when it is asked to stop, before it hears of that.
    pub fn on_stop(&self, path: &str, act: StopAct) {
        self.stage.on_stop(self.resolved(path), act);
    }

    /// Lets go the present life of a worker that hangs or blocks on demand.
    ///
    /// # Panics
    ///
    /// If it was never started.
    pub fn release(&self, path: &str) {
        if !self.stage.release(&self.resolved(path)) {
            self.refuse(path)
        }
    }

    fn order(&self, path: &str, end: End) -> Incarnation {
        let life = self.stage.end(&self.resolved(path), end);
        life.unwrap_or_else(|| self.refuse(path))
    }

    /// Waits until a life is over.
    async fn end_of(&self, path: &str, life: Incarnation) {
        if timeout(PATIENCE, self.recorder.end_of(life)).await.is_err() {
            let state = self.state();
            panic!("`{path}` was told to end, and did not within {PATIENCE:?}\n{state}");
        }
    }

    /// Fails the test: nothing can be done to what is not there.
    fn refuse(&self, path: &str) -> ! {
        let snapshot = self.handle.snapshot();
        panic!("`{path}` does not run, or was told to end before\nthe tree now:\n{snapshot}")
    }

    fn resolved(&self, path: &str) -> String {
        resolved(self.handle.id().as_str(), path)
    }

    fn tolerance(&self) -> std::sync::MutexGuard<'_, Tolerance> {
        // Nothing in here is left half done by a panic.
        self.tolerance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What came, and how the tree is.
    fn state(&self) -> String {
        let snapshot = self.handle.snapshot();
        if snapshot.entries().is_empty() {
            return format!("{}\nthe tree has ended", self.recorder.story());
        }
        format!("{}\nthe tree now:\n{snapshot}", self.recorder.story())
    }
}

impl Drop for TestTree {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.handle.kill();
        if !std::thread::panicking() {
            let verdict = self.verdict();
            panic!("the tree was not stopped: end the test with `tree.stop().await`\n{verdict}");
        }
    }
}

impl fmt::Debug for TestTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestTree")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

/// How many tasks the runtime has.
fn alive_tasks() -> usize {
    runtime::Handle::current().metrics().num_alive_tasks()
}

/// Runs a future to its end or its panic.
async fn caught<F: Future>(future: F) -> std::thread::Result<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        // What it leaves half done is the test's own; the tree is only stopped after that.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::as_mut(&mut future).poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
