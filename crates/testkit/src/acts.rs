//! What a child can be told to do: at its start, when it is asked to stop, and in between.
//!
//! By a [`Script`](crate::Script) itself, or by the stand-in of another worker in a [`TestTree`](crate::TestTree).

use std::future::pending;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use perennial_core::{ExitReason, InitializationError, IntoExit, Panic};
use tokio::sync::watch;

/// How long a blocked thread waits for its release, so that a test that fails ends.
const BLOCKED: Duration = Duration::from_secs(30);

/// What a failure says that was asked for.
const FAILURE: &str = "scripted failure";
/// What a panic says that was asked for.
pub(crate) const PANIC: &str = "scripted panic";

/// What a child does in an initialization.
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_test::{Script, StartAct, on_the_paused_clock};
///
/// let broken = Script::new("web").starts_with(StartAct::Fail);
/// let app = Supervisor::one_for_one("app").child(broken);
/// assert!(on_the_paused_clock(app.start()).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAct {
    /// Runs.
    Run,
    /// Runs after this time.
    Slow(Duration),
    /// Runs when it is released, by [`Script::release`](crate::Script::release) or [`TestTree::release`](crate::TestTree::release).
    Hang,
    /// Runs when it is released, and blocks its thread until then.
    Block,
    /// Fails: `scripted failure`.
    Fail,
    /// Fails after this time.
    SlowFail(Duration),
    /// Panics: `scripted panic`.
    Panic,
    /// Declines to run.
    Ignore,
}

/// What a child does when it is asked to stop.
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_test::{Script, StopAct, TestTree, on_the_paused_clock};
///
/// let app = Supervisor::one_for_one("app").child(Script::new("web"));
/// let report = on_the_paused_clock(async {
///     let tree = TestTree::start(app).await;
///     tree.on_stop("web", StopAct::Hang);
///     tree.stop().await
/// });
/// assert!(report.children()[0].forced, "it was killed when its grace was over");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopAct {
    /// Ends.
    Obey,
    /// Ends after this time.
    Slow(Duration),
    /// Ends when it is released.
    Hang,
    /// Ends when it is released, and blocks its thread until then.
    Block,
    /// Ends with an error.
    Fail,
}

/// How a child ends when the test says so.
///
/// # Examples
///
/// ```
/// use perennial::{ExitReason, Supervisor};
/// use perennial_test::{End, Script, TestTree};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let tree = TestTree::start(Supervisor::one_for_one("app").child(Script::new("web"))).await;
/// let reason = ExitReason::shutdown_with("moved to another node");
/// tree.end("web", End::With(reason)).await;
/// tree.expect("app/web exited: shutdown: moved to another node").await;
/// tree.stop().await;
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum End {
    /// Its work is done.
    Done,
    /// With an error: `scripted failure`.
    Error,
    /// With a panic: `scripted panic`.
    Panic,
    /// With a reason of its own.
    With(ExitReason),
    /// Not before it is released: it does nothing, and is deaf to a request to stop.
    Hang,
    /// Not before it is released: it blocks its thread.
    Block,
}

/// Holds a child until it is released.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    released: watch::Sender<bool>,
    /// Whether a thread was ever blocked.
    blocks: watch::Sender<bool>,
    unblocked: Mutex<bool>,
    unblock: Condvar,
}

impl StartAct {
    /// Does it; whether the child is to run.
    pub(crate) async fn play(self, latch: &Latch) -> Result<bool, InitializationError> {
        match self {
            Self::Run => (),
            Self::Slow(time) => tokio::time::sleep(time).await,
            Self::Hang => latch.released().await,
            Self::Block => latch.block(),
            Self::Fail => return Err(InitializationError::msg(FAILURE)),
            Self::SlowFail(time) => {
                tokio::time::sleep(time).await;
                return Err(InitializationError::msg(FAILURE));
            }
            Self::Panic => panic!("{PANIC}"),
            Self::Ignore => return Ok(false),
        }
        Ok(true)
    }
}

impl StopAct {
    /// Does what comes before the end; how the child ends, if not by obeying.
    pub(crate) async fn play(self, latch: &Latch) -> Option<End> {
        match self {
            Self::Obey => None,
            Self::Slow(time) => {
                tokio::time::sleep(time).await;
                None
            }
            Self::Hang => {
                latch.released().await;
                None
            }
            Self::Block => {
                latch.block();
                None
            }
            Self::Fail => Some(End::Error),
        }
    }
}

impl End {
    /// Does it.
    pub(crate) async fn play(self, latch: &Latch) -> Option<ExitReason> {
        match self {
            Self::Done => None,
            Self::Error => Err::<(), _>(FAILURE).into_exit(),
            Self::Panic => panic!("{PANIC}"),
            Self::With(reason) => Some(reason),
            Self::Hang => {
                latch.released().await;
                None
            }
            Self::Block => {
                latch.block();
                None
            }
        }
    }
}

impl Latch {
    /// Lets go what is held, now and from now on.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
        *self
            .unblocked
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.unblock.notify_all();
    }

    /// Waits until a thread is blocked, for the first time.
    pub(crate) async fn blocks(&self) {
        wait_for(&self.blocks).await;
    }

    async fn released(&self) {
        wait_for(&self.released).await;
    }

    fn block(&self) {
        self.blocks.send_replace(true);
        let released = self
            .unblocked
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let wait = self
            .unblock
            .wait_timeout_while(released, BLOCKED, |released| !*released);
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Whether a test asked for that panic.
pub(crate) fn is_scripted(panic: &Panic) -> bool {
    panic.message() == PANIC
}

/// Waits until the switch is on.
pub(crate) async fn wait_for(switch: &watch::Sender<bool>) {
    if switch.subscribe().wait_for(|on| *on).await.is_err() {
        // The sender is there as long as this is polled.
        pending::<()>().await;
    }
}
