//! A child that does what it is told, and tells what was done to it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial_core::{
    ChildSpec, Context, ExitReason, InitializationError, Started, Supervisable, async_trait,
};
use tokio::sync::oneshot;

use crate::acts::{End, Latch, StartAct, StopAct};
use crate::journal::Journal;

/// A child that starts, ends and stops as told; a clone is the same child seen from the test.
///
/// Without a word it starts at once, runs until it is asked to stop, and then obeys. What becomes of
/// it stands in its [`Journal`]: `starts`, `runs`, `is to stop`, `ends`, and `is cut off` if it is dropped
/// in its initialization.
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_test::{End, Events, Script, StartAct};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let child = Script::new("a").start(2, StartAct::Ignore);
/// let app = Supervisor::one_for_one("app").child(child.clone());
/// let mut events = Events::of(&app.handle());
/// let handle = app.start().await?;
///
/// child.end(End::Error);
/// events.expect("app/a declined to start").await;
/// assert_eq!(child.starts(), 2);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    id: String,
    /// By the number of the start.
    starts: Vec<Option<StartAct>>,
    otherwise: StartAct,
    stop: StopAct,
    shared: Arc<Shared>,
}

/// What the child and the test share.
#[derive(Debug, Default)]
struct Shared {
    journal: Mutex<Journal>,
    starts: AtomicUsize,
    alive: AtomicUsize,
    polls: AtomicUsize,
    order: Mutex<Option<oneshot::Sender<End>>>,
    context: Mutex<Option<Context>>,
    latch: Latch,
}

/// Counts a life as long as something of it is there.
struct Presence {
    id: String,
    shared: Arc<Shared>,
    last_word: &'static str,
}

impl Script {
    /// A child of that id.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            starts: Vec::new(),
            otherwise: StartAct::Run,
            stop: StopAct::Obey,
            shared: Arc::default(),
        }
    }

    /// Sets what its n-th start does; the first one is 1.
    #[must_use]
    pub fn start(mut self, nth: usize, act: StartAct) -> Self {
        if self.starts.len() <= nth {
            self.starts.resize(nth + 1, None);
        }
        self.starts[nth] = Some(act);
        self
    }

    /// Sets what every start does for which nothing else is set.
    #[must_use]
    pub fn starts_with(mut self, act: StartAct) -> Self {
        self.otherwise = act;
        self
    }

    /// Sets what it does when it is asked to stop.
    #[must_use]
    pub fn stop(mut self, act: StopAct) -> Self {
        self.stop = act;
        self
    }

    /// Lets it write to this journal.
    #[must_use]
    pub fn noting(self, journal: &Journal) -> Self {
        *lock(&self.shared.journal) = journal.clone();
        self
    }

    /// Its spec with the settings of any worker.
    pub fn spec(&self) -> ChildSpec {
        ChildSpec::new(self.clone())
    }

    /// Makes its present life end.
    ///
    /// # Panics
    ///
    /// If it does not run, or was told to end before.
    #[track_caller]
    pub fn end(&self, end: End) {
        assert!(self.try_end(end), "{} does not run", self.id);
    }

    /// Makes its present life end, if it has one that was not told to end before.
    #[must_use]
    pub fn try_end(&self, end: End) -> bool {
        let order = lock(&self.shared.order).take();
        order.is_some_and(|order| order.send(end).is_ok())
    }

    /// Lets go what hangs or blocks, now and from now on.
    pub fn release(&self) {
        self.shared.latch.release();
    }

    /// How often its initialization was called.
    #[must_use]
    pub fn starts(&self) -> usize {
        self.shared.starts.load(Ordering::SeqCst)
    }

    /// How many lives of it are there, those in initialization included; not what others say, but
    /// what has not been dropped.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.shared.alive.load(Ordering::SeqCst)
    }

    /// How often its lives were polled after their initialization.
    #[must_use]
    pub fn polls(&self) -> usize {
        self.shared.polls.load(Ordering::SeqCst)
    }

    /// What it was given at its latest start.
    ///
    /// # Panics
    ///
    /// If it was never started.
    #[must_use]
    #[track_caller]
    pub fn context(&self) -> Context {
        let context = lock(&self.shared.context).clone();
        context.unwrap_or_else(|| panic!("{} was never started", self.id))
    }

    fn note(&self, what: &str) {
        self.shared.note(&self.id, what);
    }

    /// Waits until it blocks its thread, for the first time.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn blocks(&self) {
        self.shared.latch.blocks().await;
    }

    async fn live(self, ctx: Context, order: oneshot::Receiver<End>) -> End {
        tokio::select! {
            biased;
            Ok(end) = order => end,
            () = ctx.stopping() => {
                self.note("is to stop");
                self.stop.play(&self.shared.latch).await.unwrap_or(End::Done)
            }
        }
    }

    async fn run(
        self,
        ctx: Context,
        order: oneshot::Receiver<End>,
        _presence: Presence,
    ) -> Option<ExitReason> {
        let shared = Arc::clone(&self.shared);
        let mut life = pin!(self.live(ctx, order));
        let end = poll_fn(|cx| {
            shared.polls.fetch_add(1, Ordering::SeqCst);
            life.as_mut().poll(cx)
        });
        end.await.play(&shared.latch).await
    }
}

#[async_trait]
impl Supervisable for Script {
    fn name(&self) -> &str {
        &self.id
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let nth = self.shared.starts.fetch_add(1, Ordering::SeqCst) + 1;
        *lock(&self.shared.context) = Some(ctx.clone());
        self.note("starts");
        let mut presence = Presence::new(self);
        let act = self.starts.get(nth).copied().flatten();
        let act = act.unwrap_or(self.otherwise);
        match act.play(&self.shared.latch).await {
            Ok(true) => (),
            Ok(false) => return presence.says(Ok(Started::Ignore)),
            Err(error) => return presence.says(Err(error)),
        }
        self.note("runs");
        presence.last_word = "ends";
        let (order, orders) = oneshot::channel();
        *lock(&self.shared.order) = Some(order);
        Ok(Started::run(self.clone().run(ctx, orders, presence)))
    }
}

impl Shared {
    fn note(&self, id: &str, what: &str) {
        let journal = lock(&self.journal).clone();
        journal.note(format!("{id} {what}"));
    }
}

impl Presence {
    fn new(script: &Script) -> Self {
        script.shared.alive.fetch_add(1, Ordering::SeqCst);
        Self {
            id: script.id.clone(),
            shared: Arc::clone(&script.shared),
            last_word: "is cut off",
        }
    }

    /// The initialization comes to its own end, which is no life.
    fn says<T>(mut self, result: Result<T, InitializationError>) -> Result<T, InitializationError> {
        self.last_word = match result {
            Ok(_) => "declines",
            Err(_) => "fails",
        };
        result
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.shared.alive.fetch_sub(1, Ordering::SeqCst);
        self.shared.note(&self.id, self.last_word);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here is left half done by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
