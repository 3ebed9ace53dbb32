//! What follows when a child has ended by itself: nothing, a restart now or later, or the end of all.

use std::collections::BTreeSet;
use std::time::Duration;

use super::aftermath::Aftermath;
use super::machine::{Goal, Machine};
use super::protocol::{Action, Answer, Cause, End, Exit, Slot};
use super::slot::{Held, State, Then, Wish};
use super::strategy::Strategy;
use crate::clock::Moment;
use crate::restart::Judgment;

impl Machine {
    /// A child could not start.
    pub(super) fn start_failed(
        &mut self,
        now: Moment,
        slot: Slot,
        cause: Cause,
        exit: Exit,
        actions: &mut Vec<Action>,
    ) {
        let at_boot = cause == Cause::Boot || self.booting && self.is_raising(slot);
        self.waiting.answer(slot, Wish::Up, Answer::Failed, actions);
        if cause == Cause::Add {
            self.remove(slot, actions);
        } else if self.is_ending() {
            self.set(slot, State::Idle);
        } else if cause.is_call() {
            self.lay_down(slot, actions);
        } else if at_boot {
            self.set(slot, State::Idle);
            self.end(End::BootFailed(slot), actions);
        } else {
            let traits = self.row(slot).traits;
            let aftermath = traits.aftermath_of_restart(slot, exit);
            let is_absorbed = match aftermath {
                Aftermath::Restart(_) => true,
                Aftermath::Done => !traits.is_final(exit),
                Aftermath::Renewal | Aftermath::Retry | Aftermath::End(_) => false,
            };
            if is_absorbed && self.is_being_cleared(slot) {
                // It is started with its group anyway, or gone with it.
                let then = self.row(slot).when_cleared();
                return self.gone(slot, then, actions);
            }
            if aftermath != Aftermath::Done {
                self.leave_group(slot, actions);
            }
            self.react(now, slot, aftermath, actions);
        }
    }

    /// A child has ended, and nobody had asked it to.
    pub(super) fn follow(
        &mut self,
        now: Moment,
        slot: Slot,
        exit: Exit,
        actions: &mut Vec<Action>,
    ) {
        let aftermath = self.row(slot).traits.aftermath(slot, exit);
        self.react(now, slot, aftermath, actions);
    }

    /// Does what follows an end that nobody had asked for.
    pub(super) fn react(
        &mut self,
        now: Moment,
        slot: Slot,
        aftermath: Aftermath,
        actions: &mut Vec<Action>,
    ) {
        match aftermath {
            Aftermath::Done => self.done(slot, actions),
            Aftermath::Restart(asked) => self.restart(now, slot, asked, actions),
            Aftermath::Renewal => self.begin_restart(now, slot, actions),
            Aftermath::Retry => {
                self.set(slot, State::Retrying);
                actions.push(Action::Retry(slot));
            }
            Aftermath::End(end) => self.end_by(end, slot, actions),
        }
    }

    /// A child has nothing more to do.
    fn done(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        self.stay_down(slot, actions);
        self.be_done(slot);
    }

    /// A child is down and nothing follows but, if it is significant, the end of all.
    fn stay_down(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        let significant = self.row(slot).traits.significant;
        self.set(slot, State::Idle);
        if significant && self.ends_without(self.settings.auto_shutdown) {
            self.end(End::SignificantExited(slot), actions);
        }
        self.lay_down(slot, actions);
    }

    /// Ends all for the sake of this child, which is gone.
    fn end_by(&mut self, end: End, slot: Slot, actions: &mut Vec<Action>) {
        self.give_up_start(slot, actions);
        self.end(end, actions);
        self.lay_down(slot, actions);
    }

    /// Counts a restart of `slot`, `asked` time from now if somebody says so, and begins it, puts it off, or gives up.
    pub(super) fn restart(
        &mut self,
        now: Moment,
        slot: Slot,
        asked: Option<Duration>,
        actions: &mut Vec<Action>,
    ) {
        let tolerance = self.settings.tolerance();
        let pace = self.paces.get(slot);
        let (judgment, pause) = self.bearing.judge(&tolerance, pace, asked, now);
        actions.extend(pause.map(Action::Storm));
        match judgment {
            Judgment::Now => self.begin_restart(now, slot, actions),
            Judgment::Later(cause, time) => {
                self.set(slot, State::Delayed(Held::by(cause)));
                actions.push(Action::Delay(slot, cause, time));
            }
            Judgment::Drop => {
                actions.push(Action::Dropped(slot));
                self.waiting
                    .answer(slot, Wish::Up, Answer::Cancelled, actions);
                if let Some(left) = self.missed.remove(&slot) {
                    self.go_on_without(slot, left);
                }
                self.stay_down(slot, actions);
            }
            Judgment::TooMany(own) => {
                self.end_by(End::of_limit(slot, own), slot, actions);
            }
        }
    }

    /// The group of a child whose start has failed, and that is not tried again, is started without it, and so are
    /// those that were left down for its sake.
    pub(super) fn go_on_without(&mut self, slot: Slot, mut left: BTreeSet<Slot>) {
        if self.settings.strategy == Strategy::OneForOne {
            return;
        }
        if self.goes_in_convoy() {
            return self.raise_without(slot, left);
        }
        // If the line does not get that far, whoever keeps it from that takes them along.
        self.left.append(&mut left);
        self.hold(slot);
        let behind = self.rows.after(slot);
        self.goal = match (self.goal, behind) {
            (Goal::Run, next) => Goal::Raise { busy: None, next },
            (Goal::Raise { busy, next }, Some(behind)) => Goal::Raise {
                busy,
                next: Some(self.rows.earlier(next, behind)),
            },
            (Goal::Clear { from, below }, Some(behind)) => Goal::Clear {
                from: Some(self.rows.earlier(from, behind)),
                below,
            },
            (other, _) => other,
        };
    }

    /// Whether groups go by lanes. A group that goes in line comes to its end first, as the first
    /// child that needs others may have been added meanwhile.
    pub(super) fn goes_in_convoy(&self) -> bool {
        self.lanes.is_some() && !matches!(self.goal, Goal::Clear { .. } | Goal::Raise { .. })
    }

    /// Restarts the child, with its group.
    pub(super) fn begin_restart(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        let first = match self.settings.strategy {
            Strategy::OneForOne => return self.start(slot, Cause::Restart, actions),
            Strategy::OneForAll => self.rows.first().unwrap_or(slot),
            Strategy::RestForOne => slot,
        };
        self.leave_line();
        if self.goes_in_convoy() {
            self.restart_group(slot, now);
        } else {
            self.restart_from(first, slot, now);
        }
    }

    /// The time of a running child has come: it has recovered, or does not get on.
    pub(super) fn look_after(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        if self.is_ending() || self.is_to_be_cleared(slot) {
            // Its turn to end will come.
            return;
        }
        let Some(pace) = self.paces.get(slot) else {
            return;
        };
        if pace.recover(now) {
            actions.push(Action::Recovered(slot));
        }
        if pace.is_stuck(now) {
            actions.push(Action::Stuck(slot));
            return self.tell_to_end(slot, Then::Failed, actions);
        }
        if let Some(time) = pace.next_look(now) {
            actions.push(Action::Watch(slot, time));
        }
    }

    /// The child has said at that moment that it gets on.
    pub(super) fn progressed(
        &mut self,
        now: Moment,
        slot: Slot,
        at: Moment,
        actions: &mut Vec<Action>,
    ) {
        if self.state(slot) == Some(State::Running(false))
            && let Some(pace) = self.paces.get(slot)
        {
            pace.progress(at);
            // Its time may be over all the same.
            self.look_after(now, slot, actions);
        }
    }
}
