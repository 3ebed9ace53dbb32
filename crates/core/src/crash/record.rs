//! The latest crashes of one child.

use std::collections::VecDeque;

use super::report::{CrashDecision, CrashPhase, CrashReport};
use crate::exit::let_go;

/// The latest crashes of one child, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crashes(VecDeque<CrashReport>);

impl Crashes {
    /// Adds the latest one, which says that it is restarted; so many are kept, but this one in any case. What is too old
    /// is to be dropped by the caller: the errors in it are the user's.
    #[must_use]
    pub(crate) fn push(&mut self, report: CrashReport, keep: usize) -> Option<CrashReport> {
        let oldest = if self.0.len() >= keep.max(1) {
            self.0.pop_front()
        } else {
            // Most children that crash do so once.
            self.0.reserve_exact(1);
            None
        };
        self.0.push_back(report);
        oldest
    }

    /// Whether it was still to be decided what follows the latest one; it is restarted if nothing else is decided now.
    pub(crate) fn reopen(&mut self) -> bool {
        let latest = self.0.back_mut();
        let open = latest.filter(|report| report.decision == CrashDecision::Retried);
        open.map(|report| report.decision = CrashDecision::Restarted)
            .is_some()
    }

    /// What follows the latest one.
    pub(crate) fn decide(&mut self, decision: CrashDecision) -> Option<&mut CrashReport> {
        let report = self.0.back_mut()?;
        report.decision = match decision {
            CrashDecision::StaysDown if report.phase == CrashPhase::Stop => CrashDecision::Stopped,
            decision => decision,
        };
        Some(report)
    }

    pub(crate) fn to_vec(&self) -> Vec<CrashReport> {
        self.0.iter().cloned().collect()
    }
}

/// One by one: two errors that panic when they are dropped would end the OS process.
impl Drop for Crashes {
    fn drop(&mut self) {
        while let Some(report) = self.0.pop_front() {
            let_go(report);
        }
    }
}
