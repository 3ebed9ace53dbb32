//! How a stop went, and what became of a supervision.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::exit::{Escalation, Exhausted, ExitReason, InitializationError};
use crate::path::ChildPath;

/// How a tree was stopped: each child that ran, in the order of their ends.
///
/// Prints as a line a child.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// let report = handle.shutdown().await;
/// for child in report.children() {
///     println!("{} took {:?}", child.path, child.took);
/// }
/// assert!(report.is_clean(), "{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Report {
    /// Shared, so that a deep tree does not write each line down again on each level.
    lists: Option<Arc<Lists>>,
    /// All of it in one list, made when somebody looks.
    whole: OnceLock<Arc<[ChildReport]>>,
    pub(crate) took: Duration,
    pub(crate) restarts: u64,
    pub(crate) storm_pauses: u32,
}

#[derive(Clone, Default)]
struct Lists {
    /// The supervisor's own children.
    own: Vec<ChildReport>,
    /// What is below them, each before the child of `own` at that place.
    below: Vec<(usize, Report)>,
}

/// How one child was stopped.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{ShutdownStrategy, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let deaf = worker("deaf", |_| std::future::pending())
///     .shutdown(ShutdownStrategy::Graceful(Duration::from_millis(10)));
/// let report = Supervisor::one_for_one("app").child(deaf).start().await?.shutdown().await;
/// let child = &report.children()[0];
/// assert_eq!(child.path.to_string(), "app/deaf");
/// assert!(child.forced && !child.unresponsive);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildReport {
    /// Which child.
    pub path: ChildPath,
    /// How it ended.
    pub exit: ExitReason,
    /// How long it took from the request to its end.
    pub took: Duration,
    /// Whether it overran its grace and had to be killed.
    pub forced: bool,
    /// Whether it did not end even then. It may still run.
    pub unresponsive: bool,
}

/// What became of a supervision that ended.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Outcome, Supervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handle = Supervisor::one_for_one("app").start().await?;
/// handle.request_stop();
/// match handle.wait().await {
///     Outcome::Stopped => println!("as asked"),
///     Outcome::Exhausted(why) => return Err(why.into()),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It was asked to stop, and did.
    Stopped,
    /// Its significant children had ended, as its auto shutdown says.
    SignificantExited {
        /// The one that ended last.
        child: ChildPath,
        /// How it ended.
        exit: ExitReason,
    },
    /// A child ended in the way that its [`stop_when`](crate::ChildSpec::stop_when) waits for.
    Satisfied {
        /// Which child.
        child: ChildPath,
        /// How it ended.
        exit: ExitReason,
    },
    /// More restarts than its intensity bears.
    Exhausted(Arc<Exhausted>),
    /// A child ended in a way that restarts cannot mend.
    Escalated(Arc<Escalation>),
    /// A child could not start, or could not start again.
    InitializationFailed(InitializationError),
    /// Its task was aborted, or its runtime has ended.
    Killed,
}

impl Report {
    /// The children in the order of their ends.
    #[must_use]
    pub fn children(&self) -> &[ChildReport] {
        if self.below().is_empty() {
            return self.own();
        }
        self.whole.get_or_init(|| self.flatten())
    }

    /// How long the whole stop took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// How many restarts of its own children the supervisor has begun in its life; one of a group counts for each member.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// How often its [`StormGuard`](crate::StormGuard) has made its restarts pause.
    #[must_use]
    pub fn storm_pauses(&self) -> u32 {
        self.storm_pauses
    }

    /// Whether every child ended in good order: none had to be forced, and none ended with an error.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.children().iter().all(ChildReport::is_clean)
    }

    /// An empty one that is to take up so many children.
    pub(crate) fn with_room(count: usize) -> Self {
        let mut report = Self::default();
        report.lists_mut().own.reserve_exact(count);
        report
    }

    /// Adds the next child that ended.
    pub(crate) fn push(&mut self, child: ChildReport) {
        self.lists_mut().own.push(child);
    }

    /// Adds all children of a supervisor that is itself added next.
    pub(crate) fn push_all(&mut self, below: &Self) {
        if below.own().is_empty() {
            return;
        }
        let lists = self.lists_mut();
        if lists.below.is_empty() {
            // Many have no other.
            lists.below.reserve_exact(1);
        }
        lists.below.push((lists.own.len(), below.clone()));
    }

    fn lists_mut(&mut self) -> &mut Lists {
        Arc::make_mut(self.lists.get_or_insert_default())
    }

    fn own(&self) -> &[ChildReport] {
        self.lists.as_ref().map_or(&[], |lists| &lists.own)
    }

    fn below(&self) -> &[(usize, Self)] {
        self.lists.as_ref().map_or(&[], |lists| &lists.below)
    }

    /// What is below, if nobody else holds it.
    fn take_below(&mut self) -> Vec<(usize, Self)> {
        let lists = self.lists.take().and_then(Arc::into_inner);
        lists.unwrap_or_default().below
    }

    /// Without recursion: trees may be deep.
    fn flatten(&self) -> Arc<[ChildReport]> {
        let mut whole = Vec::new();
        // Of each report the next child and the next part below.
        let mut open = vec![(self, 0, 0)];
        while let Some((report, child, part)) = open.pop() {
            if let Some((place, below)) = report.below().get(part)
                && *place == child
            {
                open.push((report, child, part + 1));
                open.push((below, 0, 0));
            } else if let Some(line) = report.own().get(child) {
                whole.push(line.clone());
                open.push((report, child + 1, part));
            }
        }
        whole.into()
    }
}

/// Without recursion: trees may be deep.
impl Drop for Report {
    fn drop(&mut self) {
        let mut open = self.take_below();
        while let Some((_, mut part)) = open.pop() {
            open.append(&mut part.take_below());
        }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("children", &self.children())
            .field("took", &self.took)
            .finish()
    }
}

impl ChildReport {
    /// Whether it ended in good order; a child that is killed without asking, as its spec says, did,
    /// and so did one whose initialization was dropped by the stop.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let in_order = match &self.exit {
            ExitReason::Killed => true,
            ExitReason::InitializationFailed(error) => error.is_cancelled(),
            exit => exit.is_clean(),
        };
        in_order && !self.forced && !self.unresponsive
    }
}

impl Outcome {
    /// Whether it ended as planned: it was stopped, its significant children had done their work, or what it
    /// waited for has come.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::SignificantExited { .. } | Self::Satisfied { .. }
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .children()
            .iter()
            .map(|child| child.path.to_string().len());
        let width = width.max().unwrap_or(0);
        for (index, child) in self.children().iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let path = child.path.to_string();
            let took = child.took.as_millis();
            write!(f, "{path:width$}  {} after {took} ms", child.exit)?;
            match (child.unresponsive, child.forced) {
                (true, _) => f.write_str(", does not react: it may still run")?,
                (false, true) => f.write_str(", had to be killed")?,
                (false, false) => (),
            }
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::SignificantExited { child, .. } => write!(f, "ended, as {child} has ended"),
            Self::Satisfied { child, exit } => {
                write!(f, "ended satisfied: {child} exited: {exit}")
            }
            Self::Escalated(escalation) => crate::exit::Chain(escalation.as_ref()).fmt(f),
            Self::Exhausted(exhausted) => crate::exit::Chain(exhausted.as_ref()).fmt(f),
            Self::InitializationFailed(error) => error.story().fmt(f),
            Self::Killed => f.write_str("killed"),
        }
    }
}
