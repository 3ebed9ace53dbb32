//! The workers of a played tree: they do what their script says.

use std::future::pending;
use std::panic;
use std::sync::Once;

use perennial::{
    BoxError, Context, ExitReason, InitializationError, IntoExit, Started, Supervisable,
    async_trait,
};
use tokio::sync::oneshot;

use crate::names::trace_path;
use crate::spec::{ExitOrder, Script, StartAct, StopAct};
use crate::stage::{Cue, Presence, Stage};

/// What a scripted crash says.
const CRASH: &str = "scripted crash";

/// What a scripted failure to start says.
pub(crate) const INIT_ERROR: &str = "scripted error";

/// A worker that starts, ends and stops as told.
#[derive(Clone, Debug)]
pub(crate) struct ScriptedWorker {
    id: String,
    script: Script,
    stage: Stage,
}

impl ScriptedWorker {
    pub(crate) fn new(id: String, script: Script, stage: Stage) -> Self {
        Self { id, script, stage }
    }

    fn run(&self, ctx: Context) -> Started<'static> {
        let (presence, orders) = self.stage.enter(trace_path(ctx.path()));
        Started::run(live(ctx, presence, orders, self.script.stop.clone()))
    }
}

/// Keeps the panics that scripts tell workers to have off standard error; all others are shown.
pub fn silence_scripted_crashes() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            if text.or(payload.downcast_ref::<&str>().copied()) != Some(CRASH) {
                before(info);
            }
        }));
    });
}

#[async_trait]
impl Supervisable for ScriptedWorker {
    fn name(&self) -> &str {
        &self.id
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let act = match self
            .stage
            .attempt(&trace_path(ctx.path()), &self.script.starts)
        {
            Cue::Act(act) => act,
            // Nobody will tell any more only when the scenario is over.
            Cue::Held(told) => told.await.unwrap_or(StartAct::Error),
        };
        match act {
            StartAct::Ok => Ok(self.run(ctx)),
            StartAct::Ignore => Ok(Started::Ignore),
            StartAct::Error => Err(InitializationError::msg(INIT_ERROR)),
            StartAct::Crash => panic!("{CRASH}"),
            StartAct::Slow(time) => {
                tokio::time::sleep(time).await;
                Ok(self.run(ctx))
            }
            StartAct::SlowError(time) => {
                tokio::time::sleep(time).await;
                Err(InitializationError::msg(INIT_ERROR))
            }
        }
    }
}

/// How the run of a worker ends: in each of the ways in which a run can say so.
enum End {
    /// It is done, without a word about it.
    Done,
    /// It failed.
    Failed,
    /// It gives a reason of its own.
    Reason(ExitReason),
}

impl IntoExit for End {
    fn into_exit(self) -> Option<ExitReason> {
        match self {
            Self::Done => Ok::<(), BoxError>(()).into_exit(),
            Self::Failed => Err::<(), BoxError>("scripted failure".into()).into_exit(),
            Self::Reason(reason) => reason.into_exit(),
        }
    }
}

/// The life of a worker: until it is told to end, or asked to stop.
async fn live(
    ctx: Context,
    _presence: Presence,
    orders: oneshot::Receiver<ExitOrder>,
    stop: StopAct,
) -> End {
    tokio::select! {
        biased;
        // The other end is gone only when the scenario is over.
        Ok(order) = orders => obey(order).await,
        () = ctx.stopping() => match stop {
            StopAct::Ok => End::Done,
            StopAct::Slow(time) => {
                tokio::time::sleep(time).await;
                End::Done
            }
            StopAct::Hang => pending().await,
            StopAct::Exit(order) => obey(order).await,
        },
    }
}

async fn obey(order: ExitOrder) -> End {
    match order {
        ExitOrder::Normal => End::Reason(ExitReason::Normal),
        ExitOrder::Shutdown => End::Reason(ExitReason::Shutdown),
        ExitOrder::ShutdownWith(reason) => End::Reason(ExitReason::shutdown_with(reason)),
        ExitOrder::Error => End::Failed,
        // A kill comes from outside, so nobody gives this order; it could not be obeyed here.
        ExitOrder::Kill => pending().await,
    }
}
