//! What is to be said of a tree when a test is over.

use std::fmt;

use perennial_core::{Event, Report};

/// What is to be said of a tree when a test is over; what a test did not expect fails it.
///
/// Not expected, unless the test waited for it or [allowed](crate::TestTree::allow) it, are:
///
/// - a panic of a child that the test did not order,
/// - a supervisor that gave up, or ended as it could not bring a child back,
/// - a child that was left behind, as it blocks its thread,
/// - a task of the runtime that outlived the tree; threads of `spawn_blocking` are not seen,
/// - a tree that did not stop.
///
/// Prints what went wrong, one thing a line.
///
/// # Examples
///
/// ```
/// use perennial::{Supervisor, worker};
/// use perennial_test::{TestTree, settle};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let moody = worker("moody", |ctx| async move {
///     assert!(ctx.last_exit().is_some(), "not on my first day");
///     ctx.stopping().await;
///     Ok(())
/// });
/// let tree = TestTree::start(Supervisor::one_for_one("app").child(moody)).await;
/// settle().await;
/// let verdict = tree.judge().await;
/// assert_eq!(
///     verdict.to_string(),
///     "tree app: not expected by this test:\n  6 app/moody exited: panicked: not on my first day",
/// );
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub(crate) id: String,
    pub(crate) report: Report,
    pub(crate) troubles: Vec<Event>,
    pub(crate) leaked_tasks: usize,
    pub(crate) is_stuck: bool,
    pub(crate) broken: Vec<String>,
    pub(crate) events: Vec<Event>,
}

impl Verdict {
    /// Whether nothing happened that the test did not expect.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let troubled = !self.troubles.is_empty() || !self.broken.is_empty();
        !troubled && self.leaked_tasks == 0 && !self.is_stuck
    }

    /// The panics, give-ups and children left behind that the test did not expect.
    #[must_use]
    pub fn troubles(&self) -> &[Event] {
        &self.troubles
    }

    /// How many tasks more there are after the stop than before the start.
    #[must_use]
    pub fn leaked_tasks(&self) -> usize {
        self.leaked_tasks
    }

    /// All events of the tree up to now, or the latest 65,536 of them.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How the children were stopped.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Fails the test unless it is clean.
    pub(crate) fn execute(self) -> Report {
        assert!(self.is_clean(), "{self}");
        self.report
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        if self.is_clean() {
            return write!(f, "tree {id}: nothing unexpected");
        }
        write!(f, "tree {id}: not expected by this test:")?;
        for event in &self.troubles {
            write!(f, "\n  {} {event}", event.number)?;
        }
        for promise in &self.broken {
            write!(f, "\n  {promise}")?;
        }
        match self.leaked_tasks {
            0 => (),
            1 => {
                f.write_str("\n  a task outlived the tree: a child spawned it and left it behind")?
            }
            n => write!(
                f,
                "\n  {n} tasks outlived the tree: children spawned them and left them behind"
            )?,
        }
        if self.is_stuck {
            f.write_str("\n  the tree did not stop: it had to be killed")?;
        }
        Ok(())
    }
}
