//! The request to stop, as a child waits for it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::life::Life;
use super::stop::Key;

/// Resolves when the child is asked to stop.
///
/// From [`Context::stopping`](super::Context::stopping); may be cloned, kept and waited for anywhere,
/// also after it has resolved. Dropping it loses nothing.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::worker;
///
/// let mailer = worker("mailer", |ctx| async move {
///     let stop = ctx.stopping();
///     tokio::spawn(async move {
///         stop.await;
///         println!("no more mail today");
///     });
///     ctx.stopping().await;
///     Ok(())
/// });
/// # let _: perennial_core::ChildSpec = mailer;
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct StopSignal {
    life: Arc<Life>,
    /// Where its waker stands among those of the cell.
    key: Option<Key>,
}

impl StopSignal {
    pub(crate) fn new(life: Arc<Life>) -> Self {
        Self { life, key: None }
    }

    /// Whether the stop was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.life.stop.is_requested()
    }
}

impl Future for StopSignal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.life.stop.poll(&mut this.key, cx.waker()) {
            this.key = None;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Clone for StopSignal {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.life))
    }
}

impl Drop for StopSignal {
    fn drop(&mut self) {
        if let Some(key) = self.key
            && !self.is_requested()
        {
            self.life.stop.forget(key);
        }
    }
}

impl fmt::Debug for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopSignal")
            .field("requested", &self.is_requested())
            .finish_non_exhaustive()
    }
}
