//! The events of a tree as a stream that never grows without bound.

use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::event::Event;

/// How many events wait for a slow reader before it loses the oldest.
const CAPACITY: usize = 1024;

/// The events of a tree, from the moment of [`events`](crate::SupervisorHandle::events) on.
///
/// Holds the latest 1,024 events for its reader; one that is slower is told how many it lost.
/// Dropping it ends nothing but the listening.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{EventKind, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = Supervisor::one_for_one("app")
///     .child(worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) }));
/// let mut events = app.handle().events();
/// let handle = app.start().await?;
///
/// let first = events.next().await.expect("the tree runs")?;
/// assert_eq!((first.number, first.path.to_string()), (1, "app".to_string()));
/// assert!(matches!(first.kind, EventKind::Starting { .. }));
/// handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct EventStream(broadcast::Receiver<Arc<Event>>);

/// Its reader was too slow: so many events were lost.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::LostEvents;
///
/// let lost = LostEvents(3);                                // what `EventStream::next` says to a slow reader
/// assert_eq!(lost.to_string(), "3 events were lost: the reader was too slow");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostEvents(pub u64);

/// The other end of an [`EventStream`].
pub(crate) struct EventSink(broadcast::Sender<Arc<Event>>);

impl EventStream {
    pub(crate) fn new() -> (EventSink, Self) {
        let (sender, receiver) = broadcast::channel(CAPACITY);
        (EventSink(sender), Self(receiver))
    }

    /// Waits for the next event; `None` when the tree is over and all was read.
    ///
    /// # Errors
    ///
    /// [`LostEvents`] says how many events were lost because this reader was too slow; the next call
    /// goes on with the oldest that is still there.
    ///
    /// # Cancel safety
    ///
    /// No event is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Event, LostEvents>> {
        match self.0.recv().await {
            Ok(event) => Some(Ok(Event::clone(&event))),
            Err(RecvError::Lagged(lost)) => Some(Err(LostEvents(lost))),
            Err(RecvError::Closed) => None,
        }
    }
}

impl EventSink {
    /// Whether somebody reads.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Adds an event; `false` if nobody reads any more.
    pub(crate) fn push(&self, event: &Arc<Event>) -> bool {
        self.0.send(Arc::clone(event)).is_ok()
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("waiting", &self.0.len())
            .finish()
    }
}

impl fmt::Display for LostEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events were lost: the reader was too slow", self.0)
    }
}

impl std::error::Error for LostEvents {}
