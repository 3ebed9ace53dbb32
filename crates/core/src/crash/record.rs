//! The latest crashes of one child.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::report::{CrashDecision, CrashPhase, CrashReport};
use crate::exit::let_go;

/// The latest crashes of one child, oldest first.
///
/// A slice of reports that is shared with its supervisor until the next crash: cheap to clone.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{CrashDecision, Restart, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broken = worker("broken", |_| async { Err("no disk".into()) })
///     .classify(|_| Some(perennial::ExitVerdict::Stop));
/// let handle = Supervisor::one_for_one("app").child(broken).start().await?;
/// while handle.which_child("broken").await?.last_exit.is_none() {
///     tokio::task::yield_now().await;
/// }
/// let snapshot = handle.snapshot();
/// let crashes = &snapshot.find("app/broken").ok_or("no such child")?.crashes;
/// assert_eq!(crashes.len(), 1);
/// assert_eq!(crashes[0].decision, CrashDecision::StaysDown);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Crashes(Option<Arc<Kept>>);

/// Oldest first.
#[derive(Clone, Default)]
struct Kept(Vec<CrashReport>);

impl Crashes {
    /// Adds the latest one, which says that it is restarted; so many are kept, but this one in any case. What is too old
    /// is to be dropped by the caller: the errors in it are the user's.
    #[must_use]
    pub(crate) fn push(&mut self, report: CrashReport, keep: usize) -> Option<CrashReport> {
        // Who has a snapshot keeps what it shows.
        let Kept(reports) = Arc::make_mut(self.0.get_or_insert_default());
        let oldest = if reports.len() >= keep.max(1) {
            Some(reports.remove(0))
        } else {
            // Most children that crash do so once.
            reports.reserve_exact(1);
            None
        };
        reports.push(report);
        oldest
    }

    /// Whether it was still to be decided what follows the latest one; it is restarted if nothing else is decided now.
    pub(crate) fn reopen(&mut self) -> bool {
        let is_open = self.last().is_some_and(CrashReport::is_open);
        if is_open && let Some(report) = self.latest_mut() {
            report.decision = CrashDecision::Restarted;
        }
        is_open
    }

    /// What follows the latest one.
    pub(crate) fn decide(&mut self, decision: CrashDecision) -> Option<&mut CrashReport> {
        let report = self.latest_mut()?;
        report.decision = match decision {
            CrashDecision::StaysDown if report.phase == CrashPhase::Stop => CrashDecision::Stopped,
            decision => decision,
        };
        Some(report)
    }

    /// The latest one, if it is still to be decided what follows.
    pub(crate) fn open(&self) -> Option<Arc<CrashReport>> {
        let open = self.last().filter(|report| report.is_open());
        open.cloned().map(Arc::new)
    }

    /// Takes in what was told of a crash, in the place of what is known of it; so many are kept, but this one in any
    /// case as long as it is to be decided what follows.
    pub(crate) fn note(&mut self, told: &CrashReport, keep: usize) {
        let Kept(reports) = Arc::make_mut(self.0.get_or_insert_default());
        let is_meant = |known: &&mut CrashReport| known.incarnation == told.incarnation;
        match reports.iter_mut().find(is_meant) {
            Some(known) => let_go(std::mem::replace(known, told.clone())),
            None => reports.push(told.clone()),
        }
        let keep = keep.max(usize::from(told.is_open()));
        let too_many = reports.len().saturating_sub(keep);
        for old in reports.drain(..too_many) {
            let_go(old);
        }
    }

    fn latest_mut(&mut self) -> Option<&mut CrashReport> {
        Arc::make_mut(self.0.as_mut()?).0.last_mut()
    }
}

impl Deref for Crashes {
    type Target = [CrashReport];

    fn deref(&self) -> &[CrashReport] {
        self.0.as_ref().map_or(&[], |kept| &kept.0)
    }
}

impl<'a> IntoIterator for &'a Crashes {
    type Item = &'a CrashReport;
    type IntoIter = std::slice::Iter<'a, CrashReport>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Crashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&**self).finish()
    }
}

/// One by one: two errors that panic when they are dropped would end the OS process.
impl Drop for Kept {
    fn drop(&mut self) {
        for report in self.0.drain(..) {
            let_go(report);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::exit::ExitReason;
    use crate::path::{ChildPath, Incarnation};

    fn report(life: u64) -> CrashReport {
        CrashReport {
            path: ChildPath::root("app"),
            incarnation: Incarnation(NonZeroU64::new(life).expect("lives begin at 1")),
            phase: CrashPhase::Run,
            exit: ExitReason::Killed,
            uptime: None,
            restarts: 0,
            decision: CrashDecision::Restarted,
            siblings: None,
        }
    }

    fn lives(crashes: &Crashes) -> Vec<u64> {
        let lives = crashes.iter().map(|report| report.incarnation.0.get());
        lives.collect()
    }

    #[test]
    fn the_latest_are_kept_and_who_has_a_copy_keeps_what_it_shows() {
        let mut crashes = Crashes::default();
        assert!(crashes.push(report(1), 2).is_none());
        assert!(crashes.push(report(2), 2).is_none());
        let before = crashes.clone();
        let oldest = crashes.push(report(3), 2).map(|report| report.incarnation);
        assert_eq!(oldest.map(|life| life.0.get()), Some(1));
        assert!(crashes.decide(CrashDecision::Dropped).is_some());
        assert_eq!(lives(&crashes), [2, 3]);
        assert_eq!(lives(&before), [1, 2]);
        assert_eq!(before[1].decision, CrashDecision::Restarted);
    }

    #[test]
    fn one_is_kept_also_if_none_is_to_be_so_that_it_can_be_decided_on() {
        let mut crashes = Crashes::default();
        assert!(crashes.push(report(1), 0).is_none());
        assert!(crashes.push(report(2), 0).is_some());
        assert_eq!(lives(&crashes), [2]);
    }
}
