//! Tasks.

pub use shuttle_tokio::task::{AbortHandle, JoinHandle, yield_now};

use crate::alive::Counted;

/// Spawns a task, which [`all_tasks_ended`](crate::all_tasks_ended) waits for.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    shuttle_tokio::spawn(Counted::new(future))
}

/// Tasks that let others have their turn.
pub mod coop {
    use ::std::task::{Context, Poll, ready};

    use shuttle::rand::{Rng, thread_rng};

    /// One unit of the budget.
    #[derive(Debug)]
    pub struct RestoreOnPending(());

    /// Takes a unit of the budget, which may be used up at any time: here chance decides.
    pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
        if thread_rng().gen_ratio(1, 8) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(RestoreOnPending(()))
    }

    impl RestoreOnPending {
        /// The unit was made use of.
        pub fn made_progress(&self) {}
    }

    /// Lets others have their turn if the budget is used up.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn consume_budget() {
        ::std::future::poll_fn(|cx| {
            ready!(poll_proceed(cx)).made_progress();
            Poll::Ready(())
        })
        .await;
    }
}
