//! The mailbox beside a simple one, and its rules one by one.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::machine::{Inbox, Offered, Ticket, Waited};
use super::{Lane, Mailbox, Overflow};

/// A message: which sender, which lane, the how manieth of both.
type Message = (usize, Lane, u32);

const SENDERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Offer(usize, Lane),
    /// The sender waits for room, or gives up waiting.
    Wait(usize, Lane),
    GiveUp(usize),
    Take,
    /// So many are handled, and the others put back.
    PutBack(usize),
    Close,
    Reopen,
}

fn lane() -> impl Strategy<Value = Lane> {
    prop_oneof![Just(Lane::High), Just(Lane::Normal), Just(Lane::Low)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..SENDERS, lane()).prop_map(|(sender, lane)| Step::Offer(sender, lane)),
        3 => (0..SENDERS, lane()).prop_map(|(sender, lane)| Step::Wait(sender, lane)),
        1 => (0..SENDERS).prop_map(Step::GiveUp),
        4 => Just(Step::Take),
        2 => (0..4_usize).prop_map(Step::PutBack),
        1 => Just(Step::Close),
        1 => Just(Step::Reopen),
    ]
}

fn config() -> impl Strategy<Value = Mailbox> {
    let overflow = prop_oneof![
        Just(Overflow::Wait),
        Just(Overflow::Reject),
        Just(Overflow::DropNewest),
        Just(Overflow::DropOldest),
    ];
    (1..20_usize, overflow)
        .prop_map(|(capacity, overflow)| Mailbox::bounded(capacity).overflow(overflow))
}

/// What was sent and where it went.
#[derive(Default)]
struct Books {
    sent: Vec<Message>,
    handled: Vec<Message>,
    given_back: Vec<Message>,
    waiting: [Option<Ticket>; SENDERS],
    next: u32,
}

impl Books {
    fn message(&mut self, sender: usize, lane: Lane) -> Message {
        self.next += 1;
        let message = (sender, lane, self.next);
        self.sent.push(message);
        message
    }

    fn settle(&mut self, offered: &Offered<Message>) {
        match *offered {
            Offered::Taken => (),
            Offered::TakenFor(message)
            | Offered::Dropped(message)
            | Offered::Full(message)
            | Offered::Closed(message) => self.given_back.push(message),
        }
    }

    fn handle(&mut self, batch: &mut VecDeque<Message>, most: usize) {
        let most = most.min(batch.len());
        self.handled.extend(batch.drain(..most));
    }
}

proptest! {
    #[test]
    fn no_message_is_lost_doubled_or_passed_by_a_later_one_of_its_sender_and_lane(
        config in config(),
        steps in prop::collection::vec(step(), 0..200),
    ) {
        let (mut inbox, mut books) = (Inbox::new(config), Books::default());
        let (mut batch, mut lane) = (VecDeque::new(), Lane::Normal);
        for step in steps {
            match step {
                Step::Offer(sender, lane) if books.waiting[sender].is_none() => {
                    let message = books.message(sender, lane);
                    let offered = inbox.offer(lane, message);
                    books.settle(&offered);
                }
                Step::Wait(sender, lane) if books.waiting[sender].is_none() && inbox.lets_wait() => {
                    let message = books.message(sender, lane);
                    match inbox.offer(lane, message) {
                        Offered::Full(message) => {
                            books.waiting[sender] = Some(inbox.queue_up(lane, message));
                        }
                        offered => books.settle(&offered),
                    }
                }
                Step::Offer(..) | Step::Wait(..) => (),
                Step::GiveUp(sender) => {
                    if let Some(ticket) = books.waiting[sender].take() {
                        books.given_back.extend(inbox.withdraw(ticket));
                    }
                }
                Step::Take => {
                    books.handle(&mut batch, usize::MAX);
                    let mut admitted = Vec::new();
                    if let Some(taken) = inbox.take(&mut batch, |ticket| admitted.push(ticket)) {
                        lane = taken;
                        prop_assert!(!batch.is_empty());
                        prop_assert!(batch.iter().all(|message| message.1 == lane));
                    }
                    for ticket in admitted {
                        prop_assert_eq!(inbox.ask(ticket), Waited::Admitted);
                    }
                }
                Step::PutBack(handled) => {
                    books.handle(&mut batch, handled);
                    inbox.put_back(lane, &mut batch);
                }
                Step::Close => {
                    books.given_back.extend(inbox.close());
                    prop_assert_eq!(inbox.depth(), 0);
                }
                Step::Reopen => inbox.reopen(),
            }
            for waiting in &mut books.waiting {
                let Some(ticket) = *waiting else { continue };
                match inbox.ask(ticket) {
                    Waited::Still => continue,
                    Waited::Admitted => (),
                    Waited::Closed(message) => books.given_back.push(message),
                }
                *waiting = None;
            }
            // What was taken may come back, a quarter of the room at most.
            prop_assert!(inbox.depth() <= config.capacity() + config.capacity().div_ceil(4));
        }
        books.handle(&mut batch, usize::MAX);
        while inbox.take(&mut batch, |_| ()).is_some() {
            books.handle(&mut batch, usize::MAX);
        }
        for ticket in books.waiting.into_iter().flatten() {
            books.given_back.extend(inbox.withdraw(ticket));
        }
        let mut found: Vec<Message> = books.handled.iter().chain(&books.given_back).copied().collect();
        found.sort_by_key(|message| message.2);
        prop_assert_eq!(found, books.sent);
        for sender in 0..SENDERS {
            for lane in [Lane::High, Lane::Normal, Lane::Low] {
                let of_both = books.handled.iter().filter(|message| (message.0, message.1) == (sender, lane));
                prop_assert!(of_both.map(|message| message.2).is_sorted());
            }
        }
    }
}

/// A mailbox with these messages.
fn with(config: Mailbox, messages: impl IntoIterator<Item = (Lane, u32)>) -> Inbox<u32> {
    let mut inbox = Inbox::new(config);
    for (lane, message) in messages {
        assert_eq!(inbox.offer(lane, message), Offered::Taken);
    }
    inbox
}

fn taken(inbox: &mut Inbox<u32>) -> Vec<u32> {
    let mut batch = VecDeque::new();
    let _lane = inbox.take(&mut batch, |_| ());
    batch.into()
}

#[test]
fn what_follows_when_there_is_no_room() {
    let full = |overflow| {
        with(
            Mailbox::bounded(2).overflow(overflow),
            [(Lane::Normal, 1), (Lane::Normal, 2)],
        )
    };
    let offered = |overflow| full(overflow).offer(Lane::Normal, 3);
    assert_eq!(offered(Overflow::Wait), Offered::Full(3));
    assert_eq!(offered(Overflow::Reject), Offered::Full(3));
    assert_eq!(offered(Overflow::DropNewest), Offered::Dropped(3));
    assert_eq!(offered(Overflow::DropOldest), Offered::TakenFor(1));
    // Nobody gives way to what is less urgent.
    assert_eq!(
        full(Overflow::DropOldest).offer(Lane::Low, 3),
        Offered::Dropped(3)
    );
}

#[test]
fn while_urgent_messages_never_end_each_seventeenth_is_another_one() {
    let mut inbox = with(Mailbox::unbounded(), [(Lane::Low, 100), (Lane::Low, 101)]);
    let mut order = Vec::new();
    let mut next = 0;
    while order.len() < 34 {
        while inbox.depth() < 40 {
            assert_eq!(inbox.offer(Lane::High, next), Offered::Taken);
            next += 1;
        }
        order.extend(taken(&mut inbox));
    }
    let others: Vec<usize> = (0..34).filter(|&at| order[at] >= 100).collect();
    assert_eq!(others, [16, 33]);
}

#[test]
fn who_waits_comes_before_who_comes_later() {
    let mut inbox = with(Mailbox::bounded(1), [(Lane::Normal, 1)]);
    let ticket = inbox.queue_up(Lane::Normal, 2);
    assert_eq!(inbox.ask(ticket), Waited::Still);
    assert_eq!(taken(&mut inbox), [1]);
    assert_eq!(inbox.ask(ticket), Waited::Admitted);
    assert_eq!(inbox.offer(Lane::High, 3), Offered::Full(3));
    assert_eq!(taken(&mut inbox), [2]);
}

#[test]
fn who_waits_is_let_in_also_when_nothing_else_is_there() {
    let mut inbox = with(Mailbox::bounded(1), [(Lane::Normal, 1)]);
    let ticket = inbox.queue_up(Lane::Normal, 2);
    assert_eq!(inbox.close(), [1]);
    inbox.reopen();
    assert_eq!(inbox.ask(ticket), Waited::Still);
    assert_eq!(taken(&mut inbox), [2]);
}

#[test]
fn one_that_is_drained_takes_nothing_in_and_gives_out_what_it_has() {
    let mut inbox = with(Mailbox::bounded(4), [(Lane::Normal, 1)]);
    inbox.drain();
    assert_eq!(inbox.offer(Lane::Normal, 2), Offered::Closed(2));
    assert_eq!(taken(&mut inbox), [1]);
    // A restart does not take that back.
    inbox.reopen();
    assert_eq!(inbox.offer(Lane::Normal, 2), Offered::Closed(2));
}

#[test]
fn memory_is_given_back_after_a_burst() {
    let mut inbox = with(
        Mailbox::unbounded(),
        (0..100_000).map(|number| (Lane::Normal, number)),
    );
    let mut batch = VecDeque::new();
    let mut handled = 0;
    while inbox.take(&mut batch, |_| ()).is_some() {
        handled += batch.len();
        batch.clear();
    }
    assert_eq!((handled, inbox.high_water()), (100_000, 100_000));
    assert!(
        inbox.room() + batch.capacity() <= 1024,
        "{} and {}",
        inbox.room(),
        batch.capacity()
    );
}
