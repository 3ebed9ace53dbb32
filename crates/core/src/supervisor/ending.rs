//! What a supervisor says of its own end.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::protocol::End;
use super::rules::Rules;
use crate::child::{Departure, Outcome, Report, Roster};
use crate::exit::{Escalation, Exhausted, ExitReason, InitPhase, InitializationError, let_go};
use crate::observe::EventKind;
use crate::path::ChildPath;
use crate::restart::Intensity;

/// How many exits the error of a supervisor that gave up tells of.
const HISTORY: usize = 16;

/// The latest exits that nobody had asked for.
#[derive(Debug, Default)]
pub(crate) struct History(VecDeque<(ChildPath, ExitReason)>);

/// Why a supervisor ends, with all that is to be told about it.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    /// Its exit, as the supervisor above it sees it.
    pub(crate) exit: ExitReason,
    /// What the tree is told, beside the request to stop that it knows of.
    pub(crate) event: Option<EventKind>,
}

impl History {
    pub(crate) fn push(&mut self, path: ChildPath, reason: ExitReason) {
        if self.0.len() == HISTORY {
            let_go(self.0.pop_front());
        }
        self.0.push_back((path, reason));
    }
}

impl Ending {
    pub(crate) fn new(end: End, roster: &Roster, rules: &Rules, history: &mut History) -> Self {
        match end {
            End::Asked => Self {
                outcome: Outcome::Stopped,
                exit: ExitReason::Shutdown,
                event: None,
            },
            End::BootFailed(slot) => Self::unstartable(roster, slot, InitPhase::FirstStart),
            End::RestartFailed(slot) => Self::unstartable(roster, slot, InitPhase::Restart),
            End::Exhausted(slot) => Self::exhausted(roster, slot, rules, history, None),
            End::LimitReached(slot) => {
                let limit = limit(roster, slot);
                Self::exhausted(roster, slot, rules, history, limit)
            }
            End::Escalated(slot) => {
                let (child, exit) = child(roster, slot);
                let path = roster.path.clone();
                let escalation = Arc::new(Escalation { path, child, exit });
                Self {
                    outcome: Outcome::Escalated(Arc::clone(&escalation)),
                    exit: ExitReason::Escalated(Arc::clone(&escalation)),
                    event: Some(EventKind::Hopeless { escalation }),
                }
            }
            End::Satisfied(slot) => {
                let (child, exit) = child(roster, slot);
                Self {
                    outcome: Outcome::Satisfied {
                        child: child.clone(),
                        exit,
                    },
                    exit: ExitReason::Shutdown,
                    event: Some(EventKind::Satisfied { child }),
                }
            }
            End::SignificantExited(slot) => {
                let (child, exit) = child(roster, slot);
                Self {
                    outcome: Outcome::SignificantExited {
                        child: child.clone(),
                        exit,
                    },
                    exit: ExitReason::Shutdown,
                    event: Some(EventKind::AutoShutdown { child }),
                }
            }
        }
    }

    /// It gives up because of the intensity, or because of that limit of the child's own.
    fn exhausted(
        roster: &Roster,
        slot: usize,
        rules: &Rules,
        history: &mut History,
        own: Option<Intensity>,
    ) -> Self {
        let (child, exit) = child(roster, slot);
        // Others may have ended since the restart was asked for.
        if history.0.back().is_none_or(|(path, _)| *path != child) {
            history.push(child.clone(), exit);
        }
        let limit = own.unwrap_or(rules.intensity);
        let exhausted = Arc::new(Exhausted {
            path: roster.path.clone(),
            child,
            restarts: limit.restarts,
            period: limit.period,
            own_limit: own.is_some(),
            history: std::mem::take(&mut history.0).into(),
        });
        Self {
            outcome: Outcome::Exhausted(Arc::clone(&exhausted)),
            exit: if rules.semantics.clean_exhaustion {
                ExitReason::Shutdown
            } else {
                ExitReason::Exhausted(Arc::clone(&exhausted))
            },
            event: Some(EventKind::GaveUp { exhausted }),
        }
    }

    /// The exit of the supervisor, and how others learn what became of it. With `orphaned` the one
    /// above was killed.
    pub(crate) fn close(
        self,
        orphaned: bool,
        mut report: Report,
        took: Duration,
    ) -> (ExitReason, Departure) {
        let exit = if orphaned {
            ExitReason::Killed
        } else {
            self.exit
        };
        report.took = took;
        let departure = Departure {
            outcome: self.outcome,
            report,
        };
        (exit, departure)
    }

    fn unstartable(roster: &Roster, slot: usize, phase: InitPhase) -> Self {
        let (path, exit) = child(roster, slot);
        let error = InitializationError::of_child(path, phase, exit);
        Self {
            outcome: Outcome::InitializationFailed(error.clone()),
            exit: ExitReason::InitializationFailed(error.clone()),
            event: Some(EventKind::Escalated { error }),
        }
    }
}

/// One by one: two errors that panic when they are dropped would end the OS process.
impl Drop for History {
    fn drop(&mut self) {
        while let Some(exit) = self.0.pop_front() {
            let_go(exit);
        }
    }
}

/// A child and how it last ended.
fn child(roster: &Roster, slot: usize) -> (ChildPath, ExitReason) {
    let state = roster.lock();
    let entry = state
        .get(slot)
        .expect("a row outlasts the decision about it");
    let exit = entry.last_exit.clone().unwrap_or(ExitReason::Killed);
    (entry.path.clone(), exit)
}

/// The limit of the child's own restarts.
fn limit(roster: &Roster, slot: usize) -> Option<Intensity> {
    let state = roster.lock();
    let (limit, _) = state.get(slot)?.spec.settings.limit()?;
    Some(limit)
}
