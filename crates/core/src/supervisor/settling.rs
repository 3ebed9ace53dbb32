//! How the end of a life goes into the books of its supervisor.

use std::time::Duration;

use tokio::time::Instant;

use super::judge::{judge, was_killed};
use super::lives::Lives;
use super::protocol::{Exit, Slot};
use crate::child::{ChildReport, Life};
use crate::crash::{CrashDecision, CrashPhase, CrashReport};
use crate::exit::{ExitReason, let_go};
use crate::path::Incarnation;
use crate::restart::Restart;
use crate::tree::ChildState;

impl Lives {
    /// Takes a life out of the books, if it is the one that the child has now; `None` means that one, which is left
    /// behind. Tells what the user says to its end, if that is heeded.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        slot: Slot,
        meant: Option<Incarnation>,
        reason: ExitReason,
        heeds: bool,
    ) -> Option<Option<Exit>> {
        let unresponsive = meant.is_none();
        let mut state = self.roster.lock();
        let entry = state.get_mut(slot);
        let entry = entry.filter(|entry| meant.is_none() || meant == entry.present());
        let Some((life, entry)) = entry.and_then(|entry| Some((entry.life.take()?, entry))) else {
            drop(state);
            let_go(reason);
            return None;
        };
        entry.state = ChildState::Idle;
        entry.latest = Some(life.incarnation);
        if life.has_started() {
            entry.ran = entry.latest;
        }
        let inherited = std::mem::replace(&mut entry.legacy, life.legacy(unresponsive));
        let since = entry.since.take();
        let told = entry.told.take();
        // It may have ended in order just when its grace was over.
        let forced = entry.forced && (unresponsive || was_killed(&reason));
        let restart = entry.spec.settings.restart;
        let followed = restart.follows(reason.is_abnormal());
        // Unless its supervisor ends.
        let comes_again = restart != Restart::Temporary && self.report.is_none();
        let before = entry.last_exit.replace(reason.clone());
        let extras = entry.spec.settings.extras.clone();
        let phase = CrashPhase::of(&reason, told.is_some());
        let too_old = phase.and_then(|phase| {
            let uptime = since.map(|since| now.saturating_duration_since(since));
            let report = report_of(&life, phase, &reason, uptime, entry.restarts);
            entry.crashes.push(report, self.crash_reports)
        });
        self.crash = phase.map(|_| slot);
        drop(state);
        let judged = extras
            .filter(|_| heeds)
            .and_then(|extras| judge(&extras, &reason));
        self.deadlines.clear(slot);
        if let Some(report) = &mut self.report {
            if let Some(departure) = life.departure() {
                report.push_all(&departure.report);
            }
            report.push(ChildReport {
                path: life.path.clone(),
                took: told.map_or(Duration::ZERO, |told| now.saturating_duration_since(told)),
                forced,
                unresponsive,
                exit: reason.clone(),
            });
        }
        if told.is_none() && followed {
            self.history.push(life.path.clone(), reason);
        } else {
            let_go(reason);
        }
        // The user's own errors may be in there.
        let_go(before);
        self.spares.keep(life, comes_again);
        if too_old.is_some() {
            let_go(too_old);
        }
        let_go(inherited);
        Some(judged)
    }
}

/// The story of a crash, as far as it is known before the machine has decided what follows.
fn report_of(
    life: &Life,
    phase: CrashPhase,
    exit: &ExitReason,
    uptime: Option<Duration>,
    restarts: u32,
) -> CrashReport {
    CrashReport {
        path: life.path.clone(),
        incarnation: life.incarnation,
        phase,
        exit: exit.clone(),
        uptime,
        restarts: u64::from(restarts),
        // Unless it decides on something else, in a moment.
        decision: CrashDecision::Restarted,
        siblings: None,
    }
}
