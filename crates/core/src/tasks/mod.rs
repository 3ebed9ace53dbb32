//! Supervisors of tasks that run once and have a result.
//!
//! `spec` is what users write: a dynamic supervisor whose children are temporary. `once` is such a child, which hands
//! its result to the [`Task`] that stands for it.

mod error;
mod handle;
mod once;
mod place;
mod spec;
mod task;

pub use error::TaskError;
pub use handle::TaskSupervisorHandle;
pub use place::TaskPlace;
pub use spec::TaskSupervisor;
pub use task::Task;
