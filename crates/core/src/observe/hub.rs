//! Where all events of a tree come together and get their numbers.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::event::{About, Event, EventKind};
use super::pulse::PulseSink;
use super::stream::EventSink;
use super::trace;
use crate::path::{ChildPath, Incarnation};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::thread::ThreadId;
use crate::sync::{Mutex, MutexGuard, thread};

/// Somebody who is told each event of a tree at the moment it happens, in the order of their numbers.
///
/// It is called by whoever makes the event, so it must be quick and must not block. It may use a
/// handle; what happens in the tree through that is told after this event. A panic in it is caught and
/// dropped. For all else use [`events`](crate::SupervisorHandle::events).
///
/// Every `Fn(&Event)` is an observer.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Event, Supervisor};
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

/// Where something of a tree is passed on to.
pub(crate) enum Sink {
    Events(EventSink),
    Pulse(PulseSink),
}

/// Numbers the events of one tree and passes them on.
pub(crate) struct Hub {
    /// The number of the next event.
    next: AtomicU64,
    /// Whether anybody listens: then numbers are given in turn, so that the order in which events are
    /// passed on is that of their numbers.
    watched: AtomicBool,
    /// Whether anybody wants to know of every change, told or not.
    pulsed: AtomicBool,
    observers: Vec<Arc<dyn Observer>>,
    /// Held by who passes an event on, while the observers look at it.
    turn: Mutex<()>,
    /// Held for moments only.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sinks: Vec<EventSink>,
    pulses: Vec<PulseSink>,
    closed: bool,
    /// Whose turn it is.
    teller: Option<ThreadId>,
    /// What observers have caused, to be told when they have all looked at what comes before.
    caused: VecDeque<Untold>,
}

/// An event without its number.
type Untold = (ChildPath, Incarnation, Option<Incarnation>, EventKind);

impl Hub {
    pub(crate) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            next: AtomicU64::new(1),
            watched: AtomicBool::new(!observers.is_empty()),
            pulsed: AtomicBool::new(false),
            observers,
            turn: Mutex::default(),
            state: Mutex::default(),
        }
    }

    /// The number of the latest event. What is read afterwards of a row shows all that was told of it up to
    /// that number: who tells of a change has shown it before.
    pub(crate) fn latest(&self) -> u64 {
        // Acquire pairs with the releases in `number`.
        self.next.load(Ordering::Acquire) - 1
    }

    /// Tells an event to all who listen. What it tells of must be shown by now.
    pub(crate) fn tell(&self, about: About<'_>, kind: EventKind) {
        self.tell_if(about, kind, || true);
    }

    /// The same of an event that costs something to make, and is made only if somebody hears it.
    #[inline]
    pub(crate) fn tell_with(&self, about: About<'_>, kind: impl FnOnce() -> EventKind) {
        if self.is_watched() || trace::is_on() {
            self.tell(about, kind());
        } else {
            self.pass();
        }
    }

    /// The same of a small step.
    #[inline]
    pub(crate) fn tell_detail(&self, about: About<'_>, kind: impl FnOnce() -> EventKind) {
        if self.hears_details() {
            self.tell(about, kind());
        } else {
            self.pass();
        }
    }

    /// Tells an event to all who listen if `act` says so, which is done while nobody else can tell
    /// anything: what it makes others tell comes afterwards.
    pub(crate) fn tell_if(&self, about: About<'_>, kind: EventKind, act: impl FnOnce() -> bool) {
        let About {
            path,
            incarnation,
            supervisor,
        } = about;
        // What a subscriber or the user's own error does must not become the tree's bug.
        let _traced = catch_unwind(AssertUnwindSafe(|| trace::event(path, incarnation, &kind)));
        if !self.is_watched() {
            if act() {
                self.pass();
            }
            return;
        }
        let untold = (path.clone(), incarnation, supervisor, kind);
        let me = thread::current().id();
        if self.state().teller == Some(me) {
            // An observer has caused it, on this thread, which must not wait for itself.
            if act() {
                self.state().caused.push_back(untold);
            }
            return;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if !act() {
            return;
        }
        self.state().teller = Some(me);
        let mut next = Some(untold);
        while let Some(untold) = next {
            next = self.pass_on(untold);
        }
    }

    /// Whether anybody would hear of a small step.
    pub(crate) fn hears_details(&self) -> bool {
        self.is_watched() || trace::hears_details()
    }

    /// Whether anybody would hear of a crash; else it is enough to [`pass`](Self::pass) over it.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_watched() || trace::hears_crashes()
    }

    /// Something happens that nobody hears of: it takes a number all the same.
    pub(crate) fn pass(&self) {
        let _unheard = self.number();
    }

    /// The number of an event that is told now.
    fn number(&self) -> u64 {
        // Release pairs with the acquire in `latest`: who knows of the number sees what it is about.
        self.next.fetch_add(1, Ordering::Release)
    }

    fn is_watched(&self) -> bool {
        // Relaxed: who begins to listen now may miss what happens now. The number is unique either way, so
        // that the gap is seen.
        self.watched.load(Ordering::Relaxed)
    }

    /// Passes one event on; the next one that observers have caused.
    fn pass_on(&self, (path, incarnation, supervisor, kind): Untold) -> Option<Untold> {
        let event = Arc::new(Event {
            number: self.number(),
            path,
            incarnation,
            supervisor,
            kind,
        });
        for observer in &self.observers {
            // A note-taker's bug must not become the tree's; the panic hook has told of it.
            let _told = catch_unwind(AssertUnwindSafe(|| observer.notice(&event)));
        }
        let mut state = self.state();
        state.sinks.retain(|sink| sink.push(&event));
        let watched = !self.observers.is_empty() || !state.sinks.is_empty();
        self.watched.store(watched, Ordering::Relaxed);
        let next = state.caused.pop_front();
        if next.is_none() {
            state.teller = None;
        }
        drop(state);
        // It may hold the last reference to an error of the user's, whose drop may panic.
        let _dropped = catch_unwind(AssertUnwindSafe(|| drop(event)));
        next
    }

    /// Passes on to `sink` from now on what it is for, as long as somebody hears that.
    pub(crate) fn attach(&self, sink: Sink) {
        let mut state = self.state();
        match sink {
            _ if state.closed => (),
            Sink::Events(sink) => {
                state.sinks.push(sink);
                self.watched.store(true, Ordering::Relaxed);
            }
            Sink::Pulse(sink) => {
                state.pulses.push(sink);
                self.pulsed.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Something has changed that can be looked at, and is shown by now.
    #[inline]
    pub(crate) fn beat(&self) {
        // Relaxed: who begins to watch looks afterwards, and the lock of what it looks at makes sure that
        // it sees the change, or that the change sees this.
        if self.pulsed.load(Ordering::Relaxed) {
            self.beat_all();
        }
    }

    fn beat_all(&self) {
        let mut state = self.state();
        state.pulses.retain(PulseSink::beat);
        self.pulsed
            .store(!state.pulses.is_empty(), Ordering::Relaxed);
    }

    /// The tree is over: the streams end.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.sinks.clear();
        state.pulses.clear();
        state.closed = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    /// Whether somebody hears it.
    pub(crate) fn is_heard(&self) -> bool {
        match self {
            Self::Events(sink) => sink.is_heard(),
            Self::Pulse(sink) => sink.is_heard(),
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}
