//! In which order a supervisor hears what is in its inbox.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop::{self, RestoreOnPending};

use crate::child::{Inbox, Message};

/// After so many messages in a row the deadlines have their turn, so that no flood holds them off.
const IN_A_ROW: u32 = 64;

/// So many messages are taken out of the inbox with the first one. A request to stop waits for no more.
const BATCH: usize = 3;

/// The inbox of a supervisor, and what it has taken out of it and not heard yet.
#[derive(Debug)]
pub(super) struct Ear {
    inbox: Arc<Inbox>,
    /// What was taken out together.
    batch: VecDeque<Message>,
    /// How many go there with the first one: none before the supervisor hears them without a break.
    most: usize,
    /// What has arrived and must wait, in order.
    deferred: VecDeque<Message>,
    in_a_row: u32,
}

impl Ear {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            inbox,
            batch: VecDeque::new(),
            most: 0,
            deferred: VecDeque::new(),
            in_a_row: 0,
        }
    }

    /// From now on several messages are taken out together. The supervisor must not rest before it has
    /// heard them all.
    pub(super) fn listen_closely(&mut self) {
        self.most = BATCH;
    }

    /// The first message that may be heard now; those that may not keep their order.
    pub(super) fn poll(
        &mut self,
        waker: &Waker,
        may_be_heard: impl Fn(&Message) -> bool,
    ) -> Poll<Message> {
        if !self.deferred.is_empty()
            && let Some(at) = self.deferred.iter().position(&may_be_heard)
            && let Some(message) = self.deferred.remove(at)
        {
            return Poll::Ready(message);
        }
        loop {
            let message = match self.batch.pop_front() {
                Some(message) => message,
                None => ready!(self.inbox.poll(waker, self.most, &mut self.batch)),
            };
            if may_be_heard(&message) {
                self.in_a_row += 1;
                return Poll::Ready(message);
            }
            self.deferred.push_back(message);
        }
    }

    /// Bounded work in each turn: other tasks get theirs.
    pub(super) fn poll_budget(&self, cx: &mut Context<'_>) -> Poll<Option<RestoreOnPending>> {
        if self.has_more() {
            return Poll::Ready(None);
        }
        coop::poll_proceed(cx).map(Some)
    }

    /// Whether something was taken out that was not looked at yet. It must be heard before the
    /// supervisor lets others have their turn: to them it would be neither here nor there.
    pub(super) fn has_more(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Whether the deadlines have waited long enough.
    pub(super) fn is_tired(&mut self) -> bool {
        let tired = self.in_a_row >= IN_A_ROW;
        if tired {
            self.in_a_row = 0;
        }
        tired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(ear: &mut Ear, may_be_heard: impl Fn(&Message) -> bool) -> Option<usize> {
        match ear.poll(Waker::noop(), may_be_heard) {
            Poll::Ready(Message::Retry(slot)) => Some(slot),
            _ => None,
        }
    }

    #[test]
    fn what_may_not_be_heard_yet_keeps_its_order() {
        let inbox = Inbox::new(false);
        let mut ear = Ear::new(Arc::clone(&inbox));
        ear.listen_closely();
        for slot in 0..4 {
            inbox.push(Message::Retry(slot));
        }
        let even = |message: &Message| matches!(message, Message::Retry(slot) if slot % 2 == 0);
        assert_eq!(heard(&mut ear, even), Some(0));
        assert_eq!(heard(&mut ear, even), Some(2));
        assert_eq!(heard(&mut ear, even), None);
        inbox.push(Message::Retry(4));
        let order: Vec<_> = std::iter::from_fn(|| heard(&mut ear, |_| true)).collect();
        assert_eq!(order, [1, 3, 4]);
    }

    #[test]
    fn a_flood_of_messages_does_not_hold_off_the_deadlines() {
        let inbox = Inbox::new(false);
        let mut ear = Ear::new(Arc::clone(&inbox));
        ear.listen_closely();
        for slot in 0..200 {
            inbox.push(Message::Retry(slot));
        }
        let mut turns = Vec::new();
        for message in 0..200 {
            if ear.is_tired() {
                turns.push(message);
            }
            assert_eq!(heard(&mut ear, |_| true), Some(message));
        }
        assert_eq!(turns, [64, 128, 192]);
    }
}
