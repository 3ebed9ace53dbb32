//! Why a task has no result.

use snafu::Snafu;

use crate::child::StartChildError;
use crate::exit::{ExitReason, Panic};
use crate::path::ChildId;

/// Why a task has no result.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{TaskError, TaskSupervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = TaskSupervisor::new("tasks").start().await?;
/// let sum = tasks.run("sum", async { [1_u8, 255].iter().sum::<u8>() }).await;
/// match sum {
///     Err(TaskError::Panicked { id, panic, .. }) => println!("{id}: {}", panic.message()),
///     other => panic!("{other:?}"),
/// }
/// assert_eq!(tasks.run("length", async { "it goes on".len() }).await?, 10);
/// # tasks.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked.
    #[snafu(display("task {id} panicked: {panic}"))]
    Panicked {
        /// The task.
        id: ChildId,
        /// What it said, and where.
        panic: Panic,
    },
    /// It was stopped or killed before it was done: by a call, or with its supervisor.
    #[snafu(display("task {id} was stopped before it was done: {exit}"))]
    Stopped {
        /// The task.
        id: ChildId,
        /// How it ended.
        exit: ExitReason,
    },
    /// It was not started.
    #[snafu(display("task {id} was not started"))]
    NotStarted {
        /// The name of the task, without a number.
        id: ChildId,
        /// Why.
        source: StartChildError,
    },
}

impl TaskError {
    /// Of a task that ended like this and left no result.
    pub(super) fn of(id: ChildId, exit: ExitReason) -> Self {
        match exit {
            ExitReason::Panicked(panic) => Self::Panicked { id, panic },
            exit => Self::Stopped { id, exit },
        }
    }
}
