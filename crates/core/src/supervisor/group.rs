//! How a group of children is restarted, and how all of them are stopped.

use super::machine::{Goal, Machine};
use super::protocol::{Action, Cause, Slot};
use super::slot::State;
use crate::clock::Moment;

impl Machine {
    /// Begins to restart the rows from `group` on, among them `slot`, which failed.
    pub(super) fn restart_from(&mut self, group: Slot, slot: Slot, now: Moment) {
        self.set(slot, State::Due(Cause::Restart));
        self.goal = match self.goal {
            Goal::Clear { from, cursor } => Goal::Clear {
                from: Some(self.rows.earlier(from, group)),
                cursor,
            },
            Goal::Raise { busy, next } => Goal::Clear {
                from: Some(self.rows.earlier(busy.or(next), group)),
                cursor: self.rows.last_live(),
            },
            Goal::Run => Goal::Clear {
                from: Some(group),
                cursor: self.rows.last_live(),
            },
            over @ (Goal::End { .. } | Goal::Over) => over,
        };
        self.window.stop_clock(now);
    }

    /// Whether every child from `from` on is down; if not, the last one that lives is told to end.
    pub(super) fn all_down(&mut self, from: Option<Slot>, actions: &mut Vec<Action>) -> bool {
        let ending = self.is_ending();
        loop {
            let (Goal::Clear { cursor, .. } | Goal::End { cursor }) = self.goal else {
                return true;
            };
            let (Some(slot), Some(from)) = (cursor, from) else {
                return true;
            };
            if !self.rows.reaches(from, slot) {
                return true;
            }
            match self.row(slot).state {
                State::Starting(..) | State::Running(_) => {
                    let then = if ending {
                        self.row(slot).when_terminated()
                    } else {
                        self.row(slot).when_cleared()
                    };
                    self.tell_to_end(slot, then, actions);
                    return false;
                }
                State::Stopping(..) => return false,
                State::Idle | State::Due(_) | State::Retrying if ending => {
                    self.give_up_start(slot, actions);
                }
                State::Retrying => self.set(slot, State::Due(Cause::Restart)),
                State::Idle | State::Due(_) => self.move_cursor(slot),
            }
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
                self.held.clear();
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
                self.start(slot, cause, actions);
            }
        }
    }

    /// The rows behind `slot` that waited for their group are not started with it.
    pub(super) fn leave_down_after(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        let mut at = self.rows.live_after(slot);
        while let Some(slot) = at {
            at = self.rows.live_after(slot);
            if matches!(self.row(slot).state, State::Due(_)) {
                self.give_up_start(slot, actions);
            }
        }
        self.held.clear();
    }

    /// A cursor that stands on `slot` goes one back.
    pub(super) fn move_cursor(&mut self, slot: Slot) {
        let before = self.rows.live_before(slot);
        if let Goal::Clear { cursor, .. } | Goal::End { cursor } = &mut self.goal
            && *cursor == Some(slot)
        {
            *cursor = before;
        }
    }

    /// Whether the row is one of a group that is being stopped to be started again.
    pub(super) fn is_being_cleared(&self, slot: Slot) -> bool {
        match self.goal {
            Goal::Clear {
                from: Some(from), ..
            } => self.rows.reaches(from, slot),
            _ => false,
        }
    }

    /// Whether the row's group is being restarted and has yet to come to it.
    pub(super) fn is_ahead(&self, slot: Slot) -> bool {
        match self.goal {
            Goal::Raise { next, .. } => next.is_some_and(|next| self.rows.reaches(next, slot)),
            _ => self.is_being_cleared(slot),
        }
    }

    /// Whether the row does not run, and will be started with its group.
    pub(super) fn is_due(&self, slot: Slot) -> bool {
        match self.row(slot).state {
            State::Due(_) => true,
            State::Idle => self.is_ahead(slot) && !self.held.contains(&slot),
            State::Starting(..) | State::Running(_) | State::Retrying | State::Stopping(..) => false,
        }
    }

    /// Whether the group waits for this child's start.
    pub(super) fn is_raising(&self, slot: Slot) -> bool {
        matches!(self.goal, Goal::Raise { busy: Some(busy), .. } if busy == slot)
    }
}
