//! What follows when a child has used up its own limit, when the user judges its exit, and for what restarts wait.

use std::fmt;
use std::time::Duration;

/// What follows when a child has been restarted more often than its own limit bears.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::{Intensity, OnLimit, worker};
///
/// let feed = worker("feed", |ctx| async move { ctx.stopping().await; Ok(()) })
///     .limit(Intensity::new(5, Duration::from_secs(60)), OnLimit::Quarantine(Duration::from_secs(600)));
/// # let _: perennial_core::ChildSpec = feed;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnLimit {
    /// Its supervisor gives up, as if its own intensity were used up.
    #[default]
    Escalate,
    /// It stays down for that time and is then started again; its siblings live on.
    Quarantine(Duration),
    /// It stays down; its siblings live on, but those that need it are not started without it. Its spec stays, unless it is
    /// temporary.
    Drop,
}

/// What the user says to an exit, in place of the child's restart type.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::{ExitReason, ExitVerdict, worker};
///
/// let feed = worker("feed", |ctx| async move { ctx.stopping().await; Ok(()) })
///     .classify(|exit: &ExitReason| match exit {
///         ExitReason::Failed(error) if error.to_string() == "too many requests" => {
///             Some(ExitVerdict::RestartAfter(Duration::from_secs(60)))
///         }
///         _ => None,                                       // as its restart type says
///     });
/// # let _: perennial_core::ChildSpec = feed;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitVerdict {
    /// Restart it: counted, and after its backoff.
    Restart,
    /// Restart it after that time in place of its backoff: counted.
    RestartAfter(Duration),
    /// Leave it down, as a child that has done its work.
    Stop,
    /// Its supervisor gives up, and tells why.
    Escalate,
}

/// For what a restart waits.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{DelayCause, Event, EventKind, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let app = Supervisor::one_for_one("app").child(clock).observer(|event: &Event| {
///     if let EventKind::Delayed { by, cause: DelayCause::Quarantine } = event.kind {
///         println!("{} is left alone for {by:?}", event.path);
///     }
/// });
/// app.start().await?.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DelayCause {
    /// Its [`Backoff`](crate::Backoff).
    Backoff {
        /// Which restart it is since it was last stable; the first has 1.
        attempt: u32,
    },
    /// Its classifier has said so, with [`ExitVerdict::RestartAfter`](crate::ExitVerdict).
    Verdict,
    /// The [`StormGuard`](crate::StormGuard) of its supervisor.
    Storm,
    /// It has used up its own limit of restarts; see [`OnLimit::Quarantine`](crate::OnLimit).
    Quarantine,
    /// A sibling that it needs does not run; see [`ChildSpec::after`](crate::ChildSpec::after). It has no time of its own: it ends when that
    /// one runs.
    Dependency,
}

impl fmt::Display for DelayCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backoff { .. } => "backoff",
            Self::Verdict => "as its exit was judged",
            Self::Storm => "too much has failed",
            Self::Quarantine => "quarantine",
            Self::Dependency => "a sibling that it needs does not run",
        })
    }
}
