//! Starts that failed, and supervisors that gave up.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{BoxError, ExitReason, Panic};
use crate::clock::Span;
use crate::path::ChildPath;

/// Why a child could not start.
///
/// Cheap to clone. Made by the child itself with [`new`](Self::new) or [`msg`](Self::msg), or by its supervisor when
/// the initialization panicked, took too long or was cut off. For a supervisor it names the
/// descendant that failed, and the [`source`](Error::source) chain goes down to that failure.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::InitializationError;
///
/// fn open() -> Result<std::fs::File, InitializationError> {
///     std::fs::File::open("/no/such/file").map_err(InitializationError::new)
/// }
/// assert!(open().is_err());
/// ```
#[derive(Clone)]
pub struct InitializationError(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Failed {
        source: BoxError,
    },
    Message {
        message: String,
    },
    Panicked {
        panic: Panic,
    },
    TimedOut {
        after: Duration,
    },
    Cut {
        by: ExitReason,
    },
    Child {
        path: ChildPath,
        phase: InitPhase,
        reason: ExitReason,
    },
}

/// At which start of a child its supervisor failed.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Context, InitPhase, InitializationError, StartError, Started};
/// use perennial::{Supervisable, Supervisor, async_trait};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// struct Database;
///
/// #[async_trait]
/// impl Supervisable for Database {
///     fn name(&self) -> &str {
///         "database"
///     }
///
///     async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
///         Err(InitializationError::msg("permission denied"))
///     }
/// }
///
/// let Err(StartError::Initialization { source, .. }) =
///     Supervisor::one_for_one("app").child(Database).start().await
/// else {
///     return Err("it started".into());
/// };
/// assert_eq!(source.phase(), Some(InitPhase::FirstStart));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InitPhase {
    /// The supervisor's own start was not complete.
    FirstStart,
    /// The child had run before and was to be started again.
    Restart,
}

/// Why a supervisor gave up: more restarts than its [`Intensity`](crate::Intensity) bears.
///
/// Carries the child whose restart was one too many, how it last ended, and how the restarts before
/// came about.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{Outcome, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broken = worker("broken", |_| async { Err("no disk".into()) });
/// let app = Supervisor::one_for_one("app").intensity(2, Duration::from_secs(1)).child(broken);
/// let Outcome::Exhausted(why) = app.start().await?.wait().await else {
///     return Err("it still runs".into());
/// };
/// assert_eq!((why.child.to_string(), why.restarts), ("app/broken".to_string(), 2));
/// assert_eq!(why.history.len(), 3);
/// assert_eq!(why.last_exit().to_string(), "no disk");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Exhausted {
    /// The supervisor that gave up.
    pub path: ChildPath,
    /// The child whose restart was one too many.
    pub child: ChildPath,
    /// How many restarts the supervisor bore.
    pub restarts: u32,
    /// Within what time.
    pub period: Duration,
    /// Whether that is the child's own limit, and not its supervisor's intensity.
    pub own_limit: bool,
    /// The exits that led to it, oldest first, the last one at the end; 16 at most.
    pub history: Vec<(ChildPath, ExitReason)>,
}

/// Why a supervisor gave up: one child ended in a way that restarts cannot mend.
///
/// The child said so itself, with [`ExitReason::Permanent`], or its classifier did, with
/// [`ExitVerdict::Escalate`](crate::ExitVerdict). In the first case the supervisor above does not restart
/// this one either, and so on up to the root, unless a classifier on the way says otherwise.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ExitReason, Outcome, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let feed = worker("feed", |_| async { Err("never reached".into()) });
/// let feed = feed.classify(|exit| exit.is_abnormal().then_some(perennial::ExitVerdict::Escalate));
/// let app = Supervisor::one_for_one("app").child(feed);
/// let Outcome::Escalated(why) = app.start().await?.wait().await else {
///     return Err("it still runs".into());
/// };
/// assert_eq!(why.child.to_string(), "app/feed");
/// assert!(matches!(why.exit, ExitReason::Failed(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Escalation {
    /// The supervisor that gave up.
    pub path: ChildPath,
    /// The child because of which it did.
    pub child: ChildPath,
    /// How that child ended.
    pub exit: ExitReason,
}

/// A failed start, told from where it began: `app/storage/database failed to initialize: no such file`.
pub(crate) struct Story<'a>(&'a InitializationError);

/// What a supervisor did that gave up, without its name.
pub(crate) struct Deed<'a>(pub(crate) &'a Exhausted);

/// What a supervisor did that gave up because of one exit, without its name.
pub(crate) struct Surrender<'a>(pub(crate) &'a Escalation);

/// How a child ended, behind its name; what its error says is left to the source.
struct Fate<'a>(&'a ExitReason);

/// An error with what caused it, on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl InitializationError {
    /// A failure with its cause.
    #[must_use]
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(Arc::new(Kind::Failed {
            source: source.into(),
        }))
    }

    /// A failure told in a sentence.
    #[must_use]
    pub fn msg(message: impl Into<String>) -> Self {
        Self(Arc::new(Kind::Message {
            message: message.into(),
        }))
    }

    pub(crate) fn panicked(panic: Panic) -> Self {
        Self(Arc::new(Kind::Panicked { panic }))
    }

    pub(crate) fn timed_out(after: Duration) -> Self {
        Self(Arc::new(Kind::TimedOut { after }))
    }

    /// The initialization was ended from outside: killed, or stopped before it was done.
    pub(crate) fn cut(by: ExitReason) -> Self {
        Self(Arc::new(Kind::Cut { by }))
    }

    /// A supervisor could not start because of a child of its own.
    pub(crate) fn of_child(path: ChildPath, phase: InitPhase, reason: ExitReason) -> Self {
        Self(Arc::new(Kind::Child {
            path,
            phase,
            reason,
        }))
    }

    /// Whether the initialization panicked.
    #[must_use]
    pub fn panic(&self) -> Option<&Panic> {
        match &*self.0 {
            Kind::Panicked { panic } => Some(panic),
            _ => None,
        }
    }

    /// After what time the initialization was given up, if it took too long.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        match &*self.0 {
            Kind::TimedOut { after } => Some(*after),
            _ => None,
        }
    }

    /// Whether it was ended from outside, by a request to stop or a kill, and did not fail by itself.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(*self.0, Kind::Cut { .. })
    }

    /// Whether somebody aborted the child's task while it initialized.
    pub(crate) fn was_killed(&self) -> bool {
        matches!(
            *self.0,
            Kind::Cut {
                by: ExitReason::Killed
            }
        )
    }

    /// The child of the failing supervisor that could not start, if this is a supervisor's failure.
    #[must_use]
    pub fn child(&self) -> Option<&ChildPath> {
        match &*self.0 {
            Kind::Child { path, .. } => Some(path),
            _ => None,
        }
    }

    /// At which start its child failed, if this is a supervisor's failure.
    #[must_use]
    pub fn phase(&self) -> Option<InitPhase> {
        match &*self.0 {
            Kind::Child { phase, .. } => Some(*phase),
            _ => None,
        }
    }

    /// Whether the tree ran when it happened.
    fn is_restart(&self) -> bool {
        let mut at = self;
        while let Kind::Child { phase, reason, .. } = &*at.0 {
            match (phase, reason) {
                (InitPhase::Restart, _) => return true,
                (InitPhase::FirstStart, ExitReason::InitializationFailed(inner)) => at = inner,
                (InitPhase::FirstStart, _) => return false,
            }
        }
        false
    }

    /// The failure in one line, named by the deepest descendant that failed.
    pub(crate) fn story(&self) -> Story<'_> {
        Story(self)
    }

    /// The deepest descendant that failed and what it failed with; `None` if the child itself failed.
    #[must_use]
    pub fn origin(&self) -> Option<(&ChildPath, &ExitReason)> {
        let mut found = None;
        let mut at = self;
        while let Kind::Child { path, reason, .. } = &*at.0 {
            found = Some((path, reason));
            match reason {
                ExitReason::InitializationFailed(inner) => at = inner,
                _ => break,
            }
        }
        found
    }
}

impl fmt::Display for InitializationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            // The user's own words are this level's words: a wrapper would only say "failed" again.
            Kind::Failed { source } => write!(f, "{source}"),
            Kind::Message { message } => f.write_str(message),
            Kind::Panicked { panic } => write!(f, "panicked: {panic}"),
            Kind::TimedOut { after } => {
                write!(f, "initialization took longer than {}", Span(*after))
            }
            Kind::Cut { by } => write!(f, "initialization was ended: {by}"),
            Kind::Child { path, .. } => write!(f, "{path} failed to initialize"),
        }
    }
}

impl fmt::Debug for InitializationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for InitializationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &*self.0 {
            Kind::Failed { source } => source.source(),
            Kind::Child { reason, .. } => reason.error(),
            Kind::Message { .. } | Kind::Panicked { .. } => None,
            Kind::TimedOut { .. } | Kind::Cut { .. } => None,
        }
    }
}

impl Exhausted {
    /// How the child last ended.
    #[must_use]
    pub fn last_exit(&self) -> &ExitReason {
        match self.history.last() {
            Some((_, reason)) => reason,
            None => &ExitReason::Killed,
        }
    }
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, Surrender(self))
    }
}

impl fmt::Display for Surrender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Escalation { child, exit, .. } = self.0;
        write!(f, "gave up: {child}{}", Fate(exit))
    }
}

impl Error for Escalation {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.exit.error()
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, Deed(self))
    }
}

impl fmt::Display for Deed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exhausted {
            child,
            restarts,
            period,
            ..
        } = self.0;
        let s = if *restarts == 1 { "" } else { "s" };
        let period = Span(*period);
        write!(
            f,
            "gave up after {restarts} restart{s} in {period}: {child}"
        )?;
        Fate(self.0.last_exit()).fmt(f)
    }
}

impl fmt::Display for Fate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ExitReason::Panicked(panic) => write!(f, " panicked: {panic}"),
            ExitReason::Killed => f.write_str(" was killed"),
            ExitReason::Unresponsive => f.write_str(" was unresponsive"),
            // What follows is their source.
            ExitReason::InitializationFailed(_) => f.write_str(" failed to initialize"),
            ExitReason::Failed(_) => f.write_str(" failed"),
            ExitReason::Permanent(_) => f.write_str(" failed for good"),
            ExitReason::Exhausted(_) | ExitReason::Escalated(_) => f.write_str(" gave up"),
            reason => write!(f, " exited: {reason}"),
        }
    }
}

impl Error for Exhausted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.last_exit().error()
    }
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.origin() {
            Some((path, reason)) => {
                let again = if self.0.is_restart() {
                    " at a restart"
                } else {
                    ""
                };
                write!(f, "{path} failed to initialize{again}: {reason}")
            }
            None => Chain(self.0).fmt(f),
        }
    }
}

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
