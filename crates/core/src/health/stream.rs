//! The health of a tree as it changes.

use super::verdict::Health;
use crate::child::SupervisorHandle;
use crate::observe::Pulse;

/// The health of a tree, and each change of it: see
/// [`watch_health`](crate::SupervisorHandle::watch_health).
///
/// A reader that is slower than the tree gets the latest state, not each one in between.
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
/// let mut health = handle.watch_health();
/// assert!(health.next().await.is_some_and(|now| now.ready.is_ok()));
///
/// handle.request_stop();
/// assert!(health.next().await.is_some_and(|now| !now.ready.is_ok()));
/// while let Some(now) = health.next().await {
///     println!("{now}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HealthStream {
    handle: SupervisorHandle,
    pulse: Pulse,
    /// What was told last.
    told: Option<Health>,
}

impl HealthStream {
    pub(crate) fn new(handle: SupervisorHandle, pulse: Pulse) -> Self {
        Self {
            handle,
            pulse,
            told: None,
        }
    }

    /// The health now, at the first call; afterwards waits until it is another one. `None` when the tree is over.
    ///
    /// # Cancel safety
    ///
    /// No change is lost if the future is dropped: the next call tells it.
    pub async fn next(&mut self) -> Option<Health> {
        loop {
            let goes_on = self.told.is_none() || self.pulse.next().await;
            let health = self.handle.health();
            if self.told.as_ref() != Some(&health) {
                self.told = Some(health.clone());
                return Some(health);
            }
            if !goes_on {
                return None;
            }
        }
    }
}
