//! The mailbox of an actor under its lock, for as long as its child spec lives: who sends, who waits for room, and the life
//! that takes messages out.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use perennial_core::ExitReason;
use tokio::sync::Notify;

use crate::call::{CallError, Deadlines};
use crate::mailbox::{Inbox, Lane, Mailbox, Offered, Ticket, Waited};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// What is told to an actor beside its messages. The bits stand in one word, which it looks at between two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Stop = 1,
    Drain = 2,
    Kill = 4,
}

/// A message of the highest lane waits.
const URGENT: u32 = 8;

/// The mailbox, and what becomes of the actor.
pub(crate) struct Post<M> {
    name: Box<str>,
    orders: AtomicU32,
    state: Mutex<State<M>>,
    closed: Notify,
    pub(crate) deadlines: Deadlines,
}

struct State<M> {
    inbox: Inbox<M>,
    /// The task of the life that there is.
    task: Option<Waker>,
    /// It waits for a message.
    is_parked: bool,
    /// Senders who wait for room.
    senders: BTreeMap<Ticket, Waker>,
    /// How it ended, as long as it is closed.
    end: Option<ExitReason>,
}

impl<M> Post<M> {
    pub(crate) fn new(name: &str, config: Mailbox) -> Self {
        Self {
            name: name.into(),
            orders: AtomicU32::new(0),
            state: Mutex::new(State {
                inbox: Inbox::new(config),
                task: None,
                is_parked: false,
                senders: BTreeMap::new(),
                end: None,
            }),
            closed: Notify::new(),
            deadlines: Deadlines::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Hands a message in, if there is room.
    pub(crate) fn offer(&self, lane: Lane, message: M) -> Offered<M> {
        let mut state = self.lock();
        let offered = state.inbox.offer(lane, message);
        self.announce(state, lane, &offered);
        offered
    }

    /// Hands a message in, or waits for room with it.
    pub(crate) fn offer_or_wait(&self, lane: Lane, message: M) -> Result<Offered<M>, Ticket> {
        let mut state = self.lock();
        match state.inbox.offer(lane, message) {
            Offered::Full(message) if state.inbox.lets_wait() => {
                Err(state.inbox.queue_up(lane, message))
            }
            offered => {
                self.announce(state, lane, &offered);
                Ok(offered)
            }
        }
    }

    /// Wakes the actor if it waits for a message and one has been taken in.
    fn announce(&self, mut state: MutexGuard<'_, State<M>>, lane: Lane, offered: &Offered<M>) {
        if !matches!(offered, Offered::Taken | Offered::TakenFor(_)) {
            return;
        }
        if lane == Lane::High {
            // Release pairs with the acquire in `orders`.
            self.orders.fetch_or(URGENT, Ordering::Release);
        }
        let reader = state.unpark();
        drop(state);
        wake(reader);
    }

    /// What became of a sender who waits; if it waits still, it is woken when that changes.
    pub(crate) fn poll_room(&self, ticket: Ticket, cx: &Context<'_>) -> Poll<Waited<M>> {
        let mut state = self.lock();
        match state.inbox.ask(ticket) {
            Waited::Still => {
                state.senders.insert(ticket, cx.waker().clone());
                Poll::Pending
            }
            done => {
                let waker = state.senders.remove(&ticket);
                drop(state);
                drop(waker);
                Poll::Ready(done)
            }
        }
    }

    /// A sender waits no more; its message, if that was not taken in.
    pub(crate) fn withdraw(&self, ticket: Ticket) -> Option<M> {
        let mut state = self.lock();
        let withdrawn = (state.inbox.withdraw(ticket), state.senders.remove(&ticket));
        drop(state);
        withdrawn.0
    }

    /// The next messages, which are moved to `batch`, and their lane; if there are none, the actor is woken by the next.
    ///
    /// An order wakes it whether it waits or not, so that none can come between a look at the orders and this.
    pub(crate) fn poll_next(&self, batch: &mut VecDeque<M>, cx: &Context<'_>) -> Poll<Lane> {
        let mut woken = Vec::new();
        let mut state = self.lock();
        // What is taken now is of the highest lane that has any.
        self.orders.fetch_and(!URGENT, Ordering::Relaxed);
        let State { inbox, senders, .. } = &mut *state;
        let lane = inbox.take(batch, |ticket| woken.extend(senders.remove(&ticket)));
        if let Some(lane) = lane {
            drop(state);
            woken.into_iter().for_each(Waker::wake);
            return Poll::Ready(lane);
        }
        state.is_parked = true;
        state.note_task(cx);
        Poll::Pending
    }

    /// Puts back what was taken and not handled.
    pub(crate) fn put_back(&self, lane: Lane, batch: &mut VecDeque<M>) {
        if !batch.is_empty() {
            self.lock().inbox.put_back(lane, batch);
        }
    }

    /// A life begins. The one before was killed, not this one.
    pub(crate) fn begin(&self, cx: &Context<'_>) {
        let mut state = self.lock();
        state.inbox.reopen();
        let before = state.end.take();
        state.note_task(cx);
        self.orders
            .fetch_and(!(Order::Kill as u32), Ordering::Relaxed);
        drop(state);
        drop(before);
    }

    /// What the mailbox is like from now on.
    pub(crate) fn configure(&self, config: Mailbox) {
        self.lock().inbox.configure(config);
    }

    /// A life is over.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_parked = false;
        let task = state.task.take();
        drop(state);
        drop(task);
    }

    /// Takes nothing in any more, also of those who wait for room.
    pub(crate) fn drain(&self) {
        let mut state = self.lock();
        state.inbox.drain();
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        senders.into_values().for_each(Waker::wake);
    }

    /// Takes nothing in any more, and tells all who wait; what was in it.
    #[must_use]
    pub(crate) fn close(&self, end: ExitReason) -> Vec<M> {
        let mut state = self.lock();
        let left = state.inbox.close();
        let before = state.end.replace(end);
        // They are carried out.
        self.orders.store(0, Ordering::Relaxed);
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        drop(before);
        senders.into_values().for_each(Waker::wake);
        self.closed.notify_waiters();
        left
    }

    /// How the actor ended, if it did.
    pub(crate) fn closed(&self) -> Option<ExitReason> {
        self.lock().end.clone()
    }

    /// Why a message is not taken in.
    pub(crate) fn why_closed(&self) -> CallError {
        // One that is drained has yet to end.
        let reason = self.closed().unwrap_or(ExitReason::Shutdown);
        CallError::Closed { reason }
    }

    /// Waits for its end.
    pub(crate) async fn until_closed(&self) -> ExitReason {
        loop {
            let notified = self.closed.notified();
            if let Some(end) = self.closed() {
                return end;
            }
            notified.await;
        }
    }

    /// Tells the actor something beside its messages, of the life that it has now.
    pub(crate) fn order(&self, order: Order) {
        let state = self.lock();
        // Release pairs with the acquire in `orders`.
        self.orders.fetch_or(order as u32, Ordering::Release);
        let task = state.task.clone();
        drop(state);
        wake(task);
    }

    /// Whether the actor was told this.
    pub(crate) fn has(&self, order: Order) -> bool {
        self.orders() & order as u32 != 0
    }

    /// Whether messages of the highest lane may wait.
    pub(crate) fn is_urgent(&self) -> bool {
        self.orders() & URGENT != 0
    }

    /// How many messages wait in it.
    pub(crate) fn depth(&self) -> usize {
        self.lock().inbox.depth()
    }

    /// The most messages that have waited in it.
    pub(crate) fn high_water(&self) -> usize {
        self.lock().inbox.high_water()
    }

    fn orders(&self) -> u32 {
        // Acquire pairs with the releases in `offer` and `order`.
        self.orders.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> State<M> {
    /// Who is to be woken as there is a message, if the actor waits for one.
    fn unpark(&mut self) -> Option<Waker> {
        if std::mem::take(&mut self.is_parked) {
            self.task.clone()
        } else {
            None
        }
    }

    fn note_task(&mut self, cx: &Context<'_>) {
        match &mut self.task {
            Some(task) => task.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }
}

impl<M> fmt::Debug for Post<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("name", &self.name)
            .field("depth", &self.depth())
            .finish_non_exhaustive()
    }
}

/// Outside of the lock: who is woken may run at once.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
