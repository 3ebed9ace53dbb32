//! How a child ended, and the errors that tell why.

mod error;
mod panic;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Span;

pub(crate) use error::{Chain, Deed, Surrender};
pub use error::{Escalation, Exhausted, InitPhase, InitializationError};
pub use panic::catch;
pub(crate) use panic::let_go;
pub use panic::{Panic, install_panic_hook};

/// Any error of a user's, boxed.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{BoxError, worker};
///
/// async fn import() -> Result<(), BoxError> {
///     let rows: u32 = "12".parse()?;                       // any error passes through
///     println!("{rows} rows");
///     Ok(())
/// }
/// let spec = worker("import", |_| import());
/// assert_eq!(spec.settings().id, "import");
/// ```
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// How a child ended.
///
/// *Clean* are the first four, *abnormal* all others; a [`Restart::Transient`](crate::Restart)
/// child is restarted after abnormal exits only. Cheap to clone.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::ExitReason;
///
/// assert!(ExitReason::Normal.is_clean());
/// assert!(ExitReason::shutdown_with("moved to another node").is_clean());
///
/// let failed = ExitReason::failed("connection refused");
/// assert!(failed.is_abnormal());
/// assert_eq!(failed.to_string(), "connection refused");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ExitReason {
    /// It had done its work.
    Normal,
    /// It ended because it was asked to.
    Shutdown,
    /// It ended in good order for the reason given.
    ShutdownWith(Arc<str>),
    /// It ended in good order to be replaced: it is started again, unless it is temporary, and nothing counts. In the first
    /// second of its life that is a restart as any other: it counts, and waits for its backoff.
    Planned,
    /// It returned an error.
    Failed(Arc<dyn Error + Send + Sync + 'static>),
    /// It returned an error that no restart can mend: it is not restarted, and its supervisor gives up.
    Permanent(Arc<dyn Error + Send + Sync + 'static>),
    /// It panicked after its initialization.
    Panicked(Panic),
    /// Its task was aborted: by its supervisor, or by [`kill_child`](crate::SupervisorHandle::kill_child).
    Killed,
    /// It did not end although its task was aborted: it blocks its thread. It may still run.
    Unresponsive,
    /// It did not call [`Context::progress`](crate::Context::progress) within that time, as its watchdog asks, and
    /// was ended for that.
    Stuck(Duration),
    /// It could not start: its initialization failed, panicked, or took too long.
    InitializationFailed(InitializationError),
    /// A supervisor gave up: more restarts than its intensity bears.
    Exhausted(Arc<Exhausted>),
    /// A supervisor gave up because of the exit of one child.
    Escalated(Arc<Escalation>),
}

/// What the future of a worker may yield, and which [`ExitReason`] is made of it.
///
/// Implemented for `()`, for `Result<(), E>` of any error, for [`ExitReason`], and for an `Option` of it.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ExitReason, IntoExit};
///
/// assert!(().into_exit().is_none());                       // the work is done: normal, or shutdown
/// let failed: Result<(), &str> = Err("connection refused");
/// assert!(matches!(failed.into_exit(), Some(ExitReason::Failed(_))));
/// ```
#[diagnostic::on_unimplemented(
    message = "a child cannot end with `{Self}`",
    label = "it yields `{Self}`",
    note = "a child yields `()`, `Result<(), Error>`, `ExitReason` or `Option<ExitReason>`",
    note = "`Error` is `std::error::Error + Send + Sync`, or a text"
)]
pub trait IntoExit {
    /// The reason that was given, or `None` if there is none but that the work is done: then the
    /// exit is [`ExitReason::Shutdown`] after a request to stop, and [`ExitReason::Normal`] otherwise.
    fn into_exit(self) -> Option<ExitReason>;
}

impl ExitReason {
    /// An exit with an error.
    #[must_use]
    pub fn failed(error: impl Into<BoxError>) -> Self {
        Self::Failed(Arc::from(error.into()))
    }

    /// An exit with an error that no restart can mend.
    #[must_use]
    pub fn permanent(error: impl Into<BoxError>) -> Self {
        Self::Permanent(Arc::from(error.into()))
    }

    /// A clean exit with a reason of its own.
    #[must_use]
    pub fn shutdown_with(reason: impl Into<Arc<str>>) -> Self {
        Self::ShutdownWith(reason.into())
    }

    /// Whether it is one of normal, shutdown, shutdown with a reason, and planned.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(
            self,
            Self::Normal | Self::Shutdown | Self::ShutdownWith(_) | Self::Planned
        )
    }

    /// Whether it is [`Permanent`](Self::Permanent), or that of a supervisor that gave up because of such an exit.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        let mut at = self;
        while let Self::Escalated(escalation) = at {
            at = &escalation.exit;
        }
        matches!(at, Self::Permanent(_))
    }

    /// Whether it is not clean.
    #[must_use]
    pub fn is_abnormal(&self) -> bool {
        !self.is_clean()
    }

    /// Whether the child itself panicked, in its initialization or later.
    pub(crate) fn is_panic(&self) -> bool {
        match self {
            Self::Panicked(_) => true,
            Self::InitializationFailed(error) => error.panic().is_some(),
            Self::Normal | Self::Shutdown | Self::ShutdownWith(_) | Self::Planned => false,
            Self::Failed(_) | Self::Permanent(_) | Self::Killed | Self::Unresponsive => false,
            Self::Stuck(_) | Self::Exhausted(_) | Self::Escalated(_) => false,
        }
    }

    /// The error behind it, if there is one.
    #[must_use]
    pub fn error(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) | Self::Permanent(error) => Some(error.as_ref()),
            Self::InitializationFailed(error) => Some(error),
            Self::Exhausted(exhausted) => Some(exhausted.as_ref()),
            Self::Escalated(escalation) => Some(escalation.as_ref()),
            Self::Normal | Self::Shutdown | Self::ShutdownWith(_) | Self::Planned => None,
            Self::Panicked(_) | Self::Killed | Self::Unresponsive | Self::Stuck(_) => None,
        }
    }
}

/// Prints the whole story: of an error also what caused it.
impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::ShutdownWith(reason) => write!(f, "shutdown: {reason}"),
            Self::Planned => f.write_str("planned"),
            Self::Failed(error) => Chain(error.as_ref()).fmt(f),
            Self::Permanent(error) => write!(f, "failed for good: {}", Chain(error.as_ref())),
            Self::Panicked(panic) => write!(f, "panicked: {panic}"),
            Self::Killed => f.write_str("killed"),
            Self::Unresponsive => f.write_str("unresponsive"),
            Self::Stuck(time) => write!(f, "stuck: no progress within {}", Span(*time)),
            Self::InitializationFailed(error) => Chain(error).fmt(f),
            Self::Exhausted(exhausted) => Chain(exhausted.as_ref()).fmt(f),
            Self::Escalated(escalation) => Chain(escalation.as_ref()).fmt(f),
        }
    }
}

impl IntoExit for () {
    fn into_exit(self) -> Option<ExitReason> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> IntoExit for Result<(), E> {
    fn into_exit(self) -> Option<ExitReason> {
        self.err().map(ExitReason::failed)
    }
}

impl IntoExit for ExitReason {
    fn into_exit(self) -> Option<ExitReason> {
        Some(self)
    }
}

impl IntoExit for Option<ExitReason> {
    fn into_exit(self) -> Option<ExitReason> {
        self
    }
}
