//! The stories of crashes: each is completed when its machine has decided what follows.

use std::sync::Arc;

use super::decide::Decide;
use super::driver::{Driver, Stage};
use super::lives::Lives;
use super::protocol::{Action, End, Input, Slot};
use super::slot::{State, Then};
use super::strategy::Strategy;
use crate::child::Among;
use crate::crash::{CrashDecision, CrashPhase, NAMED, Siblings};
use crate::observe::{About, EventKind};

impl<M: Decide> Driver<M> {
    /// Notes whether the machine is about to hear of a crash whose group is being stopped already: nobody is stopped
    /// because of it.
    #[inline]
    pub(super) fn look_at_crash(&mut self) {
        if let Some(slot) = self.lives.crash {
            self.lives.crash_joins = self.machine.is_being_cleared(slot);
        }
    }

    /// What the machine has just decided of a crash, if the input was one: now, or as soon as its
    /// actions are carried out.
    #[inline]
    pub(super) fn crash_decision(
        &mut self,
        input: Input,
        actions: &[Action],
    ) -> Option<CrashDecision> {
        match input {
            Input::Exited(slot, _) if self.lives.crash.is_some() => {
                Some(self.decided(slot, actions))
            }
            Input::Retry(slot) if self.lives.reopen(slot) => Some(self.decided(slot, actions)),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn report_crash(&mut self, decision: Option<CrashDecision>) {
        if let Some(slot) = self.lives.crash.take() {
            self.complete(slot, decision.unwrap_or(CrashDecision::Stopped));
        }
    }

    fn decided(&self, slot: Slot, actions: &[Action]) -> CrashDecision {
        let state = self.machine.state(slot);
        let mut decision = None;
        for action in actions {
            match *action {
                Action::Ending(end) => return of_end(end),
                Action::Delay(delayed, cause, by) if delayed == slot => {
                    decision = Some(CrashDecision::Delayed { by, cause });
                }
                Action::Dropped(dropped) if dropped == slot => {
                    decision = Some(CrashDecision::Dropped);
                }
                _ => (),
            }
        }
        decision.unwrap_or(match state {
            Some(State::Retrying) => CrashDecision::Retried,
            Some(State::Due(_) | State::Starting(..) | State::Running(_)) => {
                CrashDecision::Restarted
            }
            Some(State::Stopping(Then::Due(_) | Then::Failed | Then::Replace, _)) => {
                CrashDecision::Restarted
            }
            Some(State::Delayed(_)) => CrashDecision::Restarted,
            Some(State::Stopping(Then::Idle | Then::Remove | Then::Pause, _)) => self.down(),
            Some(State::Idle | State::Paused) | None => self.down(),
        })
    }

    /// What is decided of a child that is down.
    fn down(&self) -> CrashDecision {
        match self.stage {
            Stage::Ending(..) | Stage::Over(_) => CrashDecision::Stopped,
            Stage::Booting | Stage::Up => CrashDecision::StaysDown,
        }
    }

    fn complete(&mut self, slot: Slot, decision: CrashDecision) {
        let siblings = self.siblings(slot, decision);
        let hub = &self.lives.family.commons.hub;
        let is_told = decision != CrashDecision::Retried;
        let is_kept = !is_told || self.lives.crash_reports > 0;
        let is_as_noted = decision == CrashDecision::Restarted && siblings.is_none();
        if is_as_noted && is_kept && !hub.is_heard() {
            return hub.pass();
        }
        let mut state = self.lives.roster.lock();
        let row = state.get_mut(slot);
        let Some(report) = row.and_then(|row| row.crashes.decide(decision)) else {
            return;
        };
        if report.phase != CrashPhase::Stop {
            report.siblings = siblings;
        }
        let told = (is_told && hub.is_heard()).then(|| Arc::new(report.clone()));
        let unkept = (!is_kept).then(|| {
            state
                .get_mut(slot)
                .map(|row| std::mem::take(&mut row.crashes))
        });
        drop(state);
        if let Some(report) = told {
            let path = report.path.clone();
            let about = About {
                path: &path,
                incarnation: report.incarnation,
                supervisor: self.lives.family.of,
            };
            hub.tell(about, EventKind::Crashed { report });
        } else if is_told {
            hub.pass();
        }
        drop(unkept);
    }

    /// Who is stopped because of a crash.
    fn siblings(&self, slot: Slot, decision: CrashDecision) -> Option<Arc<Siblings>> {
        let among = match (decision, self.desk.rules.strategy) {
            (decision, _) if decision.ends_supervisor() => Among::All,
            _ if self.lives.crash_joins => return None,
            (CrashDecision::Restarted, Strategy::OneForAll) => Among::All,
            (CrashDecision::Restarted, Strategy::RestForOne) => {
                let dependents = self.machine.dependents(slot);
                dependents.map_or(Among::Behind, Among::These)
            }
            _ => return None,
        };
        let state = self.lives.roster.lock();
        let (names, count) = state.siblings(slot, &among, NAMED);
        drop(state);
        (count > 0).then(|| Arc::new(Siblings { names, count }))
    }
}

impl Lives {
    /// Whether the machine is about to decide on a crash of the child that it had put off.
    fn reopen(&mut self, slot: Slot) -> bool {
        let mut state = self.roster.lock();
        let is_open = state.get_mut(slot).is_some_and(|row| row.crashes.reopen());
        drop(state);
        self.crash = is_open.then_some(slot);
        is_open
    }
}

fn of_end(end: End) -> CrashDecision {
    match end {
        End::Asked => CrashDecision::Stopped,
        End::BootFailed(_) | End::RestartFailed(_) => CrashDecision::Unstartable,
        End::Exhausted(_) => CrashDecision::GaveUp { own_limit: false },
        End::LimitReached(_) => CrashDecision::GaveUp { own_limit: true },
        End::Escalated(_) => CrashDecision::Escalated,
        End::Satisfied(_) => CrashDecision::Satisfied,
        End::SignificantExited(_) => CrashDecision::AutoShutdown,
    }
}
