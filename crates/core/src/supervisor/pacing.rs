//! What the running children of a supervisor show of their pace: waits, recoveries, whether they get on, rests and new specs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::lives::Lives;
use super::protocol::{Action, Input, Slot};
use super::slot::State;
use crate::child::{Delay, Life};
use crate::clock::Moment;
use crate::exit::let_go;
use crate::observe::{About, EventKind};
use crate::path::{ChildPath, Incarnation};
use crate::restart::DelayCause;
use crate::tree::ChildState;

impl Lives {
    /// Does what a machine says of the pace of a child.
    pub(super) fn pace(&mut self, now: Instant, action: Action) {
        match action {
            Action::Delay(slot, cause, time) => self.delay(now, slot, cause, time),
            Action::Watch(slot, time) => {
                self.limit(now, slot, Some(time));
            }
            Action::Recovered(slot) => self.remark(slot, EventKind::Recovered),
            Action::Dropped(slot) => {
                self.put_down(slot, ChildState::Idle);
                self.remark(slot, EventKind::Dropped);
            }
            Action::Paused(slot) => {
                self.put_down(slot, ChildState::Paused);
                self.remark(slot, EventKind::Paused);
            }
            Action::Stuck(slot) => {
                if let Some(life) = self.life(slot) {
                    life.set_stuck();
                }
                self.remark(slot, EventKind::Stuck);
            }
            Action::Storm(pause) => {
                self.storm_pauses += 1;
                self.supervisor.tell(EventKind::StormPause { pause });
            }
            _ => debug_assert!(false, "it is of the pace of no child: {action:?}"),
        }
    }

    fn delay(&mut self, now: Instant, slot: Slot, cause: DelayCause, time: Duration) {
        let until = self.limit(now, slot, Some(time));
        if let Some(entry) = self.roster.lock().get_mut(slot) {
            entry.delay = Some(Box::new(Delay { until, cause }));
            entry.state = ChildState::waiting(cause);
        }
        self.remark(slot, EventKind::Delayed { by: time, cause });
    }

    /// It waits for nothing any more.
    fn put_down(&self, slot: Slot, state: ChildState) {
        if let Some(entry) = self.roster.lock().get_mut(slot) {
            entry.state = state;
            entry.delay = None;
        }
    }

    /// The row has the spec that was kept for it, from now on.
    pub(super) fn renew(&mut self, slot: Slot) {
        let mut state = self.roster.lock();
        let before = state.renew(slot);
        let outline = state
            .get(slot)
            .map(|entry| entry.outline(&self.roster.manner));
        drop(state);
        if let Some(outline) = outline {
            let child = Arc::new(outline);
            self.remark(slot, EventKind::Replaced { child });
        }
        let_go(before);
    }

    /// Tells something of a child that may have no life just now: then of the latest.
    fn remark(&self, slot: Slot, kind: EventKind) {
        let state = self.roster.lock();
        let Some(entry) = state.get(slot) else {
            return;
        };
        let life = entry.present().or(entry.latest);
        let path = entry.path.clone();
        drop(state);
        let hub = &self.family.commons.hub;
        hub.tell(self.about(&path, life), kind);
    }

    /// A child and the life of it that something is told of; if it never had any, the supervisor's.
    pub(super) fn about<'a>(&self, path: &'a ChildPath, life: Option<Incarnation>) -> About<'a> {
        About {
            path,
            incarnation: life.unwrap_or(self.supervisor.incarnation),
            supervisor: self.family.of,
        }
    }

    /// The time of a child in this state has come; that of one that runs only if it has not said since then
    /// that it gets on. A child that starts or ends has no more time for saying so.
    pub(super) fn overdue(&self, slot: Slot, state: Option<State>, began: Instant) -> Input {
        let running = match state {
            Some(State::Running(false)) => self.life(slot),
            _ => None,
        };
        match running.and_then(|life| life.take_progress()) {
            Some(at) => Input::Progressed(slot, Moment(at.saturating_duration_since(began))),
            None => Input::Overdue(slot),
        }
    }

    pub(super) fn life(&self, slot: Slot) -> Option<Arc<Life>> {
        let state = self.roster.lock();
        state.get(slot)?.life.clone()
    }
}
