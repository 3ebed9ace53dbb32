//! Which messages wait, in what order they are taken, and who may add to them.
//!
//! A message stands in one place: in a lane, with a sender who waits for room, or with whoever took it. It is handed back,
//! not dropped, wherever it is not taken in.

use std::collections::VecDeque;

use super::config::{Lane, Mailbox, Overflow};

/// So many messages of higher lanes go before one of a lower lane that waits.
const IN_A_ROW: usize = 16;

/// At most so many messages are taken together, and never more than a quarter of the room: those that are taken make
/// room for others, and must not make the mailbox much larger than it is said to be.
const BATCH: usize = 64;

/// Which sender it is that waits for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(u64);

/// The messages of one mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Inbox<M> {
    config: Mailbox,
    /// By lane, the highest first.
    lanes: [VecDeque<M>; Lane::COUNT],
    /// Senders who wait for room, in the order in which they came.
    waiting: VecDeque<Waiting<M>>,
    stage: Stage,
    next_ticket: u64,
    /// How many were taken in a row while a lower lane waited.
    in_a_row: usize,
    high_water: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting<M> {
    ticket: Ticket,
    lane: Lane,
    message: M,
}

/// Whether messages are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Open,
    /// What is in it is still worked off.
    Draining,
    Closed,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Offered<M> {
    Taken,
    /// Taken, and the oldest one of the lowest lane was put out for it.
    TakenFor(M),
    /// There is no room, and the newest one is the one to go.
    Dropped(M),
    Full(M),
    Closed(M),
}

/// What became of a sender who waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Waited<M> {
    /// Its message was taken in.
    Admitted,
    /// It waits still.
    Still,
    /// The mailbox has closed.
    Closed(M),
}

impl<M> Inbox<M> {
    pub(crate) fn new(config: Mailbox) -> Self {
        Self {
            config,
            lanes: Default::default(),
            waiting: VecDeque::new(),
            stage: Stage::Open,
            next_ticket: 0,
            in_a_row: 0,
            high_water: 0,
        }
    }

    /// Takes a message in, if there is room.
    pub(crate) fn offer(&mut self, lane: Lane, message: M) -> Offered<M> {
        if self.stage != Stage::Open {
            return Offered::Closed(message);
        }
        // Those who wait come first.
        if self.has_room() && self.waiting.is_empty() {
            self.push(lane, message);
            return Offered::Taken;
        }
        match self.config.overflow {
            Overflow::Wait | Overflow::Reject => Offered::Full(message),
            Overflow::DropNewest => Offered::Dropped(message),
            Overflow::DropOldest => {
                // Nobody gives way to what is less urgent.
                let lowest = self.lanes[lane.index()..].iter_mut().rev();
                let oldest = lowest
                    .filter(|lane| !lane.is_empty())
                    .find_map(VecDeque::pop_front);
                match oldest {
                    Some(oldest) => {
                        self.push(lane, message);
                        Offered::TakenFor(oldest)
                    }
                    None => Offered::Dropped(message),
                }
            }
        }
    }

    /// A sender waits for room with its message, behind those who wait already.
    pub(crate) fn queue_up(&mut self, lane: Lane, message: M) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.waiting.push_back(Waiting {
            ticket,
            lane,
            message,
        });
        ticket
    }

    /// What became of a sender who waits, whose message goes with it if the mailbox is closed.
    pub(crate) fn ask(&mut self, ticket: Ticket) -> Waited<M> {
        let Some(at) = self.place_of(ticket) else {
            return Waited::Admitted;
        };
        if self.stage == Stage::Open {
            return Waited::Still;
        }
        let given_back = self.waiting.remove(at).map(|waiting| waiting.message);
        given_back.map_or(Waited::Admitted, Waited::Closed)
    }

    /// A sender waits no more; its message, if that was not taken in.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) -> Option<M> {
        let at = self.place_of(ticket)?;
        self.waiting.remove(at).map(|waiting| waiting.message)
    }

    /// Moves the next messages to `batch`, which is empty, all of the lane that this returns, and lets senders in who wait
    /// for the room that this makes: these are told to `admitted`.
    pub(crate) fn take(
        &mut self,
        batch: &mut VecDeque<M>,
        mut admitted: impl FnMut(Ticket),
    ) -> Option<Lane> {
        self.admit(&mut admitted);
        let Some((lane, most)) = self.next_lane() else {
            give_back_room(batch);
            return None;
        };
        let queue = &mut self.lanes[lane.index()];
        if queue.len() <= most {
            // The room of one goes to the other, so that nothing is allocated anew.
            std::mem::swap(batch, queue);
            give_back_room(queue);
        } else {
            batch.extend(queue.drain(..most));
        }
        self.admit(&mut admitted);
        Some(lane)
    }

    /// Puts back what was taken and not handled: it goes first again.
    pub(crate) fn put_back(&mut self, lane: Lane, batch: &mut VecDeque<M>) {
        let lane = &mut self.lanes[lane.index()];
        while let Some(message) = batch.pop_back() {
            lane.push_front(message);
        }
    }

    /// Takes nothing in any more; what is in it may still be taken out.
    pub(crate) fn drain(&mut self) {
        if self.stage == Stage::Open {
            self.stage = Stage::Draining;
        }
    }

    /// Takes nothing in any more, and gives out what is left.
    pub(crate) fn close(&mut self) -> Vec<M> {
        self.stage = Stage::Closed;
        self.lanes.iter_mut().flat_map(std::mem::take).collect()
    }

    /// Takes messages in again, if it was closed.
    pub(crate) fn reopen(&mut self) {
        if self.stage == Stage::Closed {
            self.stage = Stage::Open;
        }
    }

    /// What it is like from now on; what is in it stays.
    pub(crate) fn configure(&mut self, config: Mailbox) {
        self.config = config;
    }

    /// Whether senders are to wait for room.
    pub(crate) fn lets_wait(&self) -> bool {
        self.config.overflow == Overflow::Wait
    }

    /// How many messages are in it.
    pub(crate) fn depth(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }

    /// The most that were in it.
    pub(crate) fn high_water(&self) -> usize {
        self.high_water
    }

    fn has_room(&self) -> bool {
        self.depth() < self.config.capacity
    }

    /// Lets those in who wait, as far as there is room.
    fn admit(&mut self, admitted: &mut impl FnMut(Ticket)) {
        while self.has_room()
            && self.stage == Stage::Open
            && let Some(waiting) = self.waiting.pop_front()
        {
            self.push(waiting.lane, waiting.message);
            admitted(waiting.ticket);
        }
    }

    fn push(&mut self, lane: Lane, message: M) {
        self.lanes[lane.index()].push_back(message);
        self.high_water = self.high_water.max(self.depth());
    }

    /// The lane whose turn it is, and how many of it may be taken: it is the highest, but now and then one below it.
    fn next_lane(&mut self) -> Option<(Lane, usize)> {
        let most = BATCH.min(self.config.capacity.div_ceil(4));
        let mut taken = Lane::ALL
            .into_iter()
            .filter(|lane| !self.lanes[lane.index()].is_empty());
        let (highest, below) = (taken.next()?, taken.next());
        let Some(below) = below else {
            self.in_a_row = 0;
            return Some((highest, most));
        };
        if self.in_a_row >= IN_A_ROW {
            self.in_a_row = 0;
            return Some((below, 1));
        }
        let most = most.min(IN_A_ROW - self.in_a_row);
        self.in_a_row += most.min(self.lanes[highest.index()].len());
        Some((highest, most))
    }

    fn place_of(&self, ticket: Ticket) -> Option<usize> {
        // In order, as they came.
        self.waiting
            .binary_search_by_key(&ticket, |waiting| waiting.ticket)
            .ok()
    }
}

/// A burst is over: what it needed is given back.
fn give_back_room<M>(empty: &mut VecDeque<M>) {
    if empty.capacity() > 4 * BATCH {
        *empty = VecDeque::new();
    }
}

#[cfg(test)]
impl<M> Inbox<M> {
    /// For how many messages it holds memory.
    pub(super) fn room(&self) -> usize {
        self.lanes.iter().map(VecDeque::capacity).sum()
    }
}
