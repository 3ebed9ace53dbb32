//! Why a tree did not start, and why it ended before it was asked to.

use std::io;
use std::sync::Arc;

use snafu::Snafu;

use crate::child::SpecError;
use crate::exit::{Escalation, Exhausted, InitializationError};
use crate::path::ChildId;

/// Why a tree did not start. Nothing of it runs then, but what was declared unresponsive.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{StartError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mailer = worker("mailer", |_| async { Ok(()) });
/// let app = Supervisor::one_for_one("app").child(mailer.clone()).child(mailer);
/// match app.start().await {
///     Err(StartError::Spec { source, .. }) => assert_eq!(source.faults().count(), 1),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum StartError {
    /// The tree is faulty; nothing was started.
    #[snafu(display("{id} has a faulty spec"))]
    Spec {
        /// The root.
        id: ChildId,
        /// All that is wrong with it.
        source: SpecError,
    },
    /// A child could not start; those before it were stopped again, in reverse order.
    #[snafu(display("{id} could not start"))]
    Initialization {
        /// The root.
        id: ChildId,
        /// Which child, and why.
        source: InitializationError,
    },
    /// It was called outside of a tokio runtime.
    #[snafu(display("{id} was started outside of a tokio runtime"))]
    NoRuntime {
        /// The root.
        id: ChildId,
    },
    /// The thread of its stall detector could not be spawned: the operating system has no more.
    #[snafu(display("{id} has no thread for its stall detector"))]
    StallDetector {
        /// The root.
        id: ChildId,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// A child ended in a way that restarts cannot mend, before all its children had started.
    #[snafu(display("{id} gave up before it was up"))]
    Escalated {
        /// The root.
        id: ChildId,
        /// Which child, and how it ended.
        source: Arc<Escalation>,
    },
    /// It gave up before all its children had started.
    #[snafu(display("{id} gave up before it was up"))]
    Exhausted {
        /// The root.
        id: ChildId,
        /// Which child, and its exits.
        source: Arc<Exhausted>,
    },
    /// It was stopped before all its children had started.
    #[snafu(display("{id} was stopped before it was up"))]
    Stopped {
        /// The root.
        id: ChildId,
    },
}

/// Why [`run_until`](crate::Supervisor::run_until) ended without being asked to.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{RunError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broken = worker("broken", |_| async { Err("no disk".into()) });
/// let app = Supervisor::one_for_one("app").intensity(0, Duration::from_secs(1)).child(broken);
/// match app.run_until(std::future::pending::<()>()).await {
///     Err(RunError::Exhausted { source, .. }) => {
///         assert_eq!(source.last_exit().to_string(), "no disk");
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum RunError {
    /// The tree did not start.
    #[snafu(transparent)]
    Start {
        /// Why.
        source: StartError,
    },
    /// It gave up.
    #[snafu(display("{id} gave up"))]
    Exhausted {
        /// The root.
        id: ChildId,
        /// Which child, and its exits.
        source: Arc<Exhausted>,
    },
    /// A child ended in a way that restarts cannot mend.
    #[snafu(display("{id} gave up"))]
    Escalated {
        /// The root.
        id: ChildId,
        /// Which child, and how it ended.
        source: Arc<Escalation>,
    },
    /// A child could not start again.
    #[snafu(display("{id} ended, as a child could not start again"))]
    Initialization {
        /// The root.
        id: ChildId,
        /// Which child, and why.
        source: InitializationError,
    },
    /// Its task was aborted.
    #[snafu(display("{id} was killed"))]
    Killed {
        /// The root.
        id: ChildId,
    },
}
