//! Where all events of a tree come together and get their numbers.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::event::{Event, EventKind};
use super::stream::EventSink;
use super::trace;
use crate::path::{ChildPath, Incarnation};

/// Somebody who is told each event of a tree at the moment it happens, in the order of their numbers.
///
/// It is called by whoever makes the event, so it must be quick, must not block, and must not call
/// back into the tree. A panic in it is caught and dropped. For all else use
/// [`events`](crate::SupervisorHandle::events).
///
/// Every `Fn(&Event)` is an observer.
///
/// # Examples
///
/// ```
/// use perennial_core::{Event, Supervisor};
///
/// let app = Supervisor::one_for_one("app").observer(|event: &Event| eprintln!("{event}"));
/// # let _: Supervisor = app;
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an event.
    fn notice(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> Observer for F {
    fn notice(&self, event: &Event) {
        self(event);
    }
}

/// Numbers the events of one tree and passes them on.
pub(crate) struct Hub {
    /// The number of the next event while nobody listens; under `listeners` otherwise.
    next: AtomicU64,
    /// Whether anybody listens: then numbers are given under the lock, so that the order in which
    /// events are passed on is that of their numbers.
    watched: AtomicBool,
    listeners: Mutex<Listeners>,
}

struct Listeners {
    observers: Vec<Arc<dyn Observer>>,
    sinks: Vec<EventSink>,
    closed: bool,
}

impl Hub {
    pub(crate) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            next: AtomicU64::new(1),
            watched: AtomicBool::new(!observers.is_empty()),
            listeners: Mutex::new(Listeners {
                observers,
                sinks: Vec::new(),
                closed: false,
            }),
        }
    }

    /// Tells an event to all who listen.
    pub(crate) fn tell(&self, path: &ChildPath, incarnation: Incarnation, kind: EventKind) {
        trace::event(path, incarnation, &kind);
        // Relaxed: who begins to listen now may miss what happens now; the number is unique either way.
        if !self.watched.load(Ordering::Relaxed) {
            self.next.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut listeners = self.lock();
        let event = Arc::new(Event {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            path: path.clone(),
            incarnation,
            kind,
        });
        for observer in &listeners.observers {
            // A note-taker's bug must not become the tree's; the panic hook has told of it.
            let _told = catch_unwind(AssertUnwindSafe(|| observer.notice(&event)));
        }
        listeners.sinks.retain(|sink| sink.push(&event));
        let watched = !listeners.observers.is_empty() || !listeners.sinks.is_empty();
        self.watched.store(watched, Ordering::Relaxed);
    }

    /// Passes events on to `sink` from now on, as long as its stream is there.
    pub(crate) fn attach(&self, sink: EventSink) {
        let mut listeners = self.lock();
        if !listeners.closed {
            listeners.sinks.push(sink);
            self.watched.store(true, Ordering::Relaxed);
        }
    }

    /// The tree is over: the streams end.
    pub(crate) fn close(&self) {
        let mut listeners = self.lock();
        listeners.sinks.clear();
        listeners.closed = true;
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        // Nothing in here is left half done by a panic.
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
