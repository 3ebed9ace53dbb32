//! As much of tokio as core uses, on shuttle's scheduler: that of shuttle-tokio, and what it lacks.
//!
//! | here | why |
//! |---|---|
//! | [`spawn`] | counts the tasks, so that a test can wait until none is left |
//! | [`sync::watch`] | a sender without a receiver |
//! | [`sync::broadcast`] | a stub there; here it is that of tokio, with points where others may go on |
//! | [`task::coop`] | a task whose budget is used up, which may be so at any time |
//! | [`time`] | sleeps there end at once; here no time goes by, unless a test lets it |
//! | [`std`] | locks, atomics and threads for core's own code |

mod alive;

pub mod std;
pub mod sync;
pub mod task;
pub mod time;

pub use alive::all_tasks_ended;
pub use shuttle_tokio::{pin, runtime, select};
pub use task::spawn;

/// A point where another task may go on.
fn point() {
    // The use of anything that is shared is one.
    shuttle::sync::atomic::AtomicBool::new(false).load(::std::sync::atomic::Ordering::SeqCst);
}
