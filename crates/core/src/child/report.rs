//! How a stop went, and what became of a supervision.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::exit::{Exhausted, ExitReason, InitializationError};
use crate::path::ChildPath;

/// How a tree was stopped: each child that ran, in the order of their ends.
///
/// Prints as a line a child.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub(crate) children: Vec<ChildReport>,
    pub(crate) took: Duration,
}

/// How one child was stopped.
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
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It was asked to stop, and did.
    Stopped,
    /// Its significant children had ended, as its auto shutdown says.
    SignificantExited {
        /// The one that ended last.
        child: ChildPath,
    },
    /// More restarts than its intensity bears.
    Exhausted(Arc<Exhausted>),
    /// A child could not start, or could not start again.
    InitializationFailed(InitializationError),
    /// Its task was aborted, or its runtime has ended.
    Killed,
}

impl Report {
    /// The children in the order of their ends.
    #[must_use]
    pub fn children(&self) -> &[ChildReport] {
        &self.children
    }

    /// How long the whole stop took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Whether every child ended in good order: none had to be forced, and none ended with an error.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.children.iter().all(ChildReport::is_clean)
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
    /// Whether it ended as planned: it was stopped, or its significant children had done their work.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Stopped | Self::SignificantExited { .. })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .children
            .iter()
            .map(|child| child.path.to_string().len());
        let width = width.max().unwrap_or(0);
        for (index, child) in self.children.iter().enumerate() {
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
            Self::SignificantExited { child } => write!(f, "ended, as {child} has ended"),
            Self::Exhausted(exhausted) => crate::exit::Chain(exhausted.as_ref()).fmt(f),
            Self::InitializationFailed(error) => error.story().fmt(f),
            Self::Killed => f.write_str("killed"),
        }
    }
}
