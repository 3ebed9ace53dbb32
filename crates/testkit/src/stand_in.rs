//! Who stands in for each worker of a test tree: lets it do its work until the test wants something else.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial_core::{
    ChildKind, ChildPath, Context, ExitReason, Incarnation, InitializationError, RunFuture,
    Started, Supervisable, Supervisor, async_trait,
};
use tokio::sync::{oneshot, watch};

use crate::acts::{End, Latch, StartAct, StopAct, wait_for};
use crate::plan::{Cue, FaultPlan};

/// What the workers of a tree are told to do, by their paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    parts: Mutex<Parts>,
    /// Whether the whole tree was started.
    is_up: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Parts {
    plan: FaultPlan,
    by_path: HashMap<String, Part>,
}

/// What one worker is told.
#[derive(Debug, Default)]
struct Part {
    /// How many lives it had.
    lives: usize,
    /// What its next starts do.
    starts: VecDeque<StartAct>,
    /// How it stops, if the test has said so.
    stop: Option<StopAct>,
    present: Option<Present>,
}

/// The latest life of a worker.
#[derive(Debug)]
struct Present {
    life: Incarnation,
    order: Option<oneshot::Sender<End>>,
    latch: Arc<Latch>,
}

/// The stand-in of a worker for one life.
struct StandIn {
    child: Arc<dyn Supervisable>,
    stage: Stage,
    cue: Cue,
    latch: Arc<Latch>,
    /// Taken when it runs.
    order: Mutex<Option<oneshot::Receiver<End>>>,
}

impl Stage {
    pub(crate) fn new(plan: FaultPlan) -> Self {
        let stage = Self::default();
        stage.lock().plan = plan;
        stage
    }

    /// The tree with a stand-in for each worker.
    pub(crate) fn set(&self, app: Supervisor) -> Supervisor {
        let stage = self.clone();
        app.stand_ins(move |path, life, child| match child.kind() {
            ChildKind::Supervisor => child,
            ChildKind::Worker => Arc::new(stage.cast(path, life, child)),
        })
    }

    /// A life begins.
    fn cast(&self, path: &ChildPath, life: Incarnation, child: Arc<dyn Supervisable>) -> StandIn {
        let (sender, order) = oneshot::channel();
        let latch = Arc::<Latch>::default();
        let mut parts = self.lock();
        let parts = &mut *parts;
        let part = parts.by_path.entry(path.to_string()).or_default();
        part.lives += 1;
        part.present = Some(Present {
            life,
            order: Some(sender),
            latch: Arc::clone(&latch),
        });
        let mut cue = parts.plan.cue(path, part.lives);
        if let Some(act) = part.starts.pop_front() {
            cue.start = act;
        }
        StandIn {
            child,
            stage: self.clone(),
            cue,
            latch,
            order: Mutex::new(Some(order)),
        }
    }

    /// The whole tree was started.
    pub(crate) fn is_up(&self) {
        self.0.is_up.send_replace(true);
    }

    /// Makes the worker at `path` end; which life that is, if one runs that has no such order yet.
    pub(crate) fn end(&self, path: &str, end: End) -> Option<Incarnation> {
        let mut parts = self.lock();
        let present = parts.by_path.get_mut(path)?.present.as_mut()?;
        present.order.take()?.send(end).ok()?;
        Some(present.life)
    }

    /// Lets the present life of a worker go, if it is held.
    pub(crate) fn release(&self, path: &str) -> bool {
        let parts = self.lock();
        let part = parts.by_path.get(path);
        let present = part.and_then(|part| part.present.as_ref());
        present.inspect(|present| present.latch.release()).is_some()
    }

    pub(crate) fn next_start(&self, path: String, act: StartAct) {
        let mut parts = self.lock();
        parts.by_path.entry(path).or_default().starts.push_back(act);
    }

    pub(crate) fn on_stop(&self, path: String, act: StopAct) {
        self.lock().by_path.entry(path).or_default().stop = Some(act);
    }

    /// How the worker is to stop, if the test has said so.
    fn stop_act(&self, ctx: &Context) -> Option<StopAct> {
        let parts = self.lock();
        parts.by_path.get(&ctx.path().to_string())?.stop
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        // Nothing in here is left half done by a panic.
        self.0.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StandIn {
    async fn live(&self, mut child: RunFuture<'_>, ctx: Context) -> Option<ExitReason> {
        let mut order = pin!(self.ordered());
        let mut due = pin!(self.due());
        // The order of the arms is that of their power: who is told something else does no work.
        let end = tokio::select! {
            biased;
            end = &mut order => Some(end),
            end = &mut due => Some(end),
            () = ctx.stopping() => {
                let act = self.stage.stop_act(&ctx).unwrap_or(self.cue.stop);
                act.play(&self.latch).await
            }
            exit = &mut child => return exit,
        };
        let end = match end {
            Some(end) => end,
            None => tokio::select! {
                biased;
                end = &mut order => end,
                exit = &mut child => return exit,
            },
        };
        end.play(&self.latch).await
    }

    async fn ordered(&self) -> End {
        let order = self
            .order
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match order {
            Some(order) => match order.await {
                Ok(end) => end,
                // The tree is no test tree any more.
                Err(_) => pending().await,
            },
            None => pending().await,
        }
    }

    async fn due(&self) -> End {
        match &self.cue.end {
            Some((after, end)) => {
                if self.cue.is_patient {
                    wait_for(&self.stage.0.is_up).await;
                }
                tokio::time::sleep(*after).await;
                end.clone()
            }
            None => pending().await,
        }
    }
}

#[async_trait]
impl Supervisable for StandIn {
    fn name(&self) -> &str {
        self.child.name()
    }

    fn has_initialization(&self) -> bool {
        self.child.has_initialization() || self.cue.start != StartAct::Run
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        if !self.cue.start.play(&self.latch).await? {
            return Ok(Started::Ignore);
        }
        Ok(match self.child.initialize(ctx.clone()).await? {
            Started::Run(child) => Started::run(self.live(child, ctx)),
            Started::Ignore => Started::Ignore,
        })
    }
}
