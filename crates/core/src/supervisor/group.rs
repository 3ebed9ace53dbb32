//! How a group of children is restarted, and how all of them are stopped.

use std::collections::BTreeSet;

use super::machine::{Goal, Machine};
use super::protocol::{Action, Cause, Slot};
use super::slot::State;
use crate::clock::Moment;

impl Machine {
    /// Begins to restart the rows from `group` on, among them `slot`, which failed.
    pub(super) fn restart_from(&mut self, group: Slot, slot: Slot, now: Moment) {
        self.set(slot, State::Due(Cause::Restart));
        let below = self.rows.end();
        self.goal = match self.goal {
            // The group has this row already.
            Goal::Clear { from, .. } if from.is_some_and(|from| self.rows.reaches(from, group)) => {
                self.goal
            }
            // What a call has started since may need one of those that are to be stopped now.
            Goal::Clear { .. } => Goal::Clear {
                from: Some(group),
                below,
            },
            Goal::Raise { busy, next } => Goal::Clear {
                from: Some(self.rows.earlier(busy.or(next), group)),
                below,
            },
            Goal::Run => Goal::Clear {
                from: Some(group),
                below,
            },
            other @ (Goal::Convoy | Goal::End | Goal::Over) => other,
        };
        self.bearing.window.stop_clock(now);
    }

    /// Whether all are down that are to be; if not, the last one of them is told to end.
    pub(super) fn all_down(&mut self, actions: &mut Vec<Action>) -> bool {
        while let Some(slot) = self.last_to_end() {
            if !self.bring_down(slot, actions) {
                return false;
            }
        }
        true
    }

    /// What is to end comes down: a wait at once, a child when it has ended. Whether it is down.
    pub(super) fn bring_down(&mut self, slot: Slot, actions: &mut Vec<Action>) -> bool {
        let row = self.row(slot);
        match row.state {
            State::Retrying | State::Delayed(_) if self.is_ending() => {
                self.give_up_start(slot, actions);
                true
            }
            State::Retrying | State::Delayed(_) => {
                self.set(slot, State::Due(Cause::Restart));
                true
            }
            State::Starting(..) | State::Running(_) => {
                let then = if self.is_ending() {
                    row.when_terminated()
                } else {
                    row.when_cleared()
                };
                self.tell_to_end(slot, then, actions);
                false
            }
            State::Stopping(..) | State::Idle | State::Due(_) | State::Paused => false,
        }
    }

    /// The next row to bring down, from the back.
    fn last_to_end(&mut self) -> Option<Slot> {
        match &mut self.goal {
            Goal::Clear { from, below } => {
                let slot = self.rows.last_live(*below)?;
                *below = self.rows.row(slot).rank + 1;
                from.is_some_and(|from| self.rows.reaches(from, slot))
                    .then_some(slot)
            }
            Goal::End => self.rows.last_live(self.rows.end()),
            Goal::Run | Goal::Raise { .. } | Goal::Convoy | Goal::Over => None,
        }
    }

    /// Starts the next row of the group, once the one before has settled.
    pub(super) fn raise(&mut self, actions: &mut Vec<Action>) {
        while let Goal::Raise { busy, next } = self.goal {
            if busy.is_some_and(|slot| self.state(slot).is_some_and(State::is_unsettled)) {
                return;
            }
            let Some(slot) = next else {
                self.goal = Goal::Run;
                self.left.clear();
                if self.booting {
                    self.booting = false;
                    actions.push(Action::Up);
                }
                return;
            };
            let held = self.held.remove(&slot);
            let cause = match self.row(slot).state {
                State::Due(cause) => Some(cause),
                State::Idle if !held => Some(Cause::Restart),
                _ => None,
            };
            self.goal = Goal::Raise {
                busy: cause.map(|_| slot),
                next: self.rows.after(slot),
            };
            if let Some(cause) = cause {
                self.start_or_wait(slot, cause, actions);
            }
        }
    }

    /// If a group waits for this start, those behind it stay down; its next start takes them along.
    pub(super) fn leave_group(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        if !self.is_raising(slot) {
            return;
        }
        let left = if self.goal == Goal::Convoy {
            self.leave_behind(slot, actions)
        } else {
            self.goal = Goal::Run;
            let mut left = std::mem::take(&mut self.left);
            left.append(&mut self.leave_down(actions));
            left
        };
        self.missed.insert(slot, left);
    }

    /// The rows that wait for their group are not started with it; those that stay.
    pub(super) fn leave_down(&mut self, actions: &mut Vec<Action>) -> BTreeSet<Slot> {
        let mut left = BTreeSet::new();
        while let Some(slot) = self.rows.last_due() {
            left.extend(self.leave(slot, actions));
        }
        self.held.clear();
        left
    }

    /// A row that waits for its group is not started with it. Tells who stays so: the row, and those that were left down
    /// for its own sake before.
    pub(super) fn leave(&mut self, slot: Slot, actions: &mut Vec<Action>) -> BTreeSet<Slot> {
        let added = self.row(slot).state == State::Due(Cause::Add);
        self.give_up_start(slot, actions);
        let mut left = self.missed.remove(&slot).unwrap_or_default();
        if added {
            // The call that brought it has failed, so it leaves no row.
            self.remove(slot, actions);
        } else {
            left.insert(slot);
        }
        left
    }

    /// Whether the row is one of a group that is being stopped to be started again.
    pub(super) fn is_being_cleared(&self, slot: Slot) -> bool {
        match self.goal {
            Goal::Clear {
                from: Some(from), ..
            } => self.rows.reaches(from, slot),
            Goal::Convoy => self.convoy.clears(slot),
            _ => false,
        }
    }

    /// Whether the row is one of such a group that is still to be told to end; one that a call has started
    /// since is not.
    pub(super) fn is_to_be_cleared(&self, slot: Slot) -> bool {
        match self.goal {
            Goal::Clear { below, .. } => self.is_being_cleared(slot) && self.row(slot).rank < below,
            Goal::Convoy => self.convoy.is_to_clear(slot),
            Goal::Run | Goal::Raise { .. } | Goal::End | Goal::Over => false,
        }
    }

    /// Whether the row's group is being restarted and has yet to come to it.
    pub(super) fn is_ahead(&self, slot: Slot) -> bool {
        match self.goal {
            Goal::Raise { next, .. } => next.is_some_and(|next| self.rows.reaches(next, slot)),
            Goal::Convoy if self.row(slot).state.is_due() => true,
            _ => self.is_being_cleared(slot),
        }
    }

    /// Whether the row does not run, and will be started with its group.
    pub(super) fn is_due(&self, slot: Slot) -> bool {
        match self.row(slot).state {
            State::Due(_) => true,
            State::Idle => self.is_ahead(slot) && !self.held.contains(&slot),
            State::Starting(..) | State::Running(_) | State::Stopping(..) => false,
            State::Retrying | State::Delayed(_) | State::Paused => false,
        }
    }

    /// Whether the group waits for this child's start.
    pub(super) fn is_raising(&self, slot: Slot) -> bool {
        match self.goal {
            Goal::Raise { busy, .. } => busy == Some(slot),
            Goal::Convoy => self.convoy.raises(slot),
            Goal::Run | Goal::Clear { .. } | Goal::End | Goal::Over => false,
        }
    }
}
