//! Whether and when a child may be restarted: its own plan, its supervisor's intensity and a storm together.

use std::collections::BTreeMap;
use std::time::Duration;

use super::backoff::{Backoff, Dice};
use super::intensity::{Intensity, Window};
use super::limit::{DelayCause, OnLimit};
use super::storm::{Storm, StormGuard};
use crate::clock::Moment;

/// What the spec of a child says of its restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    pub(crate) backoff: Option<Backoff>,
    pub(crate) limit: Option<(Intensity, OnLimit)>,
    /// Within what time the child has to say again and again that it gets on.
    pub(crate) watchdog: Option<Duration>,
    /// Where chance begins.
    pub(crate) seed: u64,
}

/// How far a child with a plan has come with its restarts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pace {
    plan: Plan,
    window: Window,
    /// Restarts since it last was stable.
    attempts: u32,
    dice: Dice,
    /// When it will have recovered.
    stable_at: Option<Moment>,
    /// By when it has to say that it gets on.
    progress_by: Option<Moment>,
}

/// Those of the rows whose specs say anything of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Paces(BTreeMap<usize, Pace>);

/// What a supervisor bears of all its children together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tolerance {
    pub(crate) intensity: Intensity,
    pub(crate) storm_guard: Option<StormGuard>,
    pub(crate) whole_seconds: bool,
}

/// What it has borne.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bearing {
    pub(crate) window: Window,
    storm: Storm,
}

/// What is to become of a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Judgment {
    Now,
    Later(DelayCause, Duration),
    /// It stays down.
    Drop,
    /// One too many; `true` if the limit is the child's own.
    TooMany(bool),
}

impl Plan {
    /// Whether it says anything at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.backoff.is_none() && self.limit.is_none() && self.watchdog.is_none()
    }
}

impl Pace {
    /// For the child at that place among its siblings: those of one seed have chances of their own.
    fn new(plan: Plan, place: usize) -> Self {
        Self {
            dice: Dice::new(plan.seed, place),
            plan,
            window: Window::default(),
            attempts: 0,
            stable_at: None,
            progress_by: None,
        }
    }

    /// The child is up; in what time it is to be looked after.
    pub(crate) fn up(&mut self, now: Moment) -> Option<Duration> {
        let backoff = self.plan.backoff.filter(|_| self.attempts > 0);
        self.stable_at = backoff.map(|backoff| now.plus(backoff.recovers_after()));
        self.progress(now);
        self.next_look(now)
    }

    /// The child has said at that moment that it gets on.
    pub(crate) fn progress(&mut self, at: Moment) {
        // It may have said so last before it was up.
        let by = self.plan.watchdog.map(|time| at.plus(time));
        self.progress_by = self.progress_by.max(by);
    }

    /// In what time the child is to be looked after next.
    pub(crate) fn next_look(&self, now: Moment) -> Option<Duration> {
        let looks = self.stable_at.into_iter().chain(self.progress_by);
        looks.min().map(|at| at.since(now))
    }

    /// Whether the child has just recovered: it was up long enough.
    pub(crate) fn recover(&mut self, now: Moment) -> bool {
        let is_stable = self.stable_at.is_some_and(|at| at <= now);
        if is_stable {
            self.stable_at = None;
            self.attempts = 0;
        }
        is_stable
    }

    /// Whether it has not said for too long that it gets on.
    pub(crate) fn is_stuck(&self, now: Moment) -> bool {
        self.progress_by.is_some_and(|by| by <= now)
    }

    /// What its own limit says to a restart.
    fn is_within_limit(&mut self, now: Moment) -> Result<(), OnLimit> {
        match self.plan.limit {
            Some((limit, then)) if !self.window.admit(limit, false, now) => Err(then),
            _ => Ok(()),
        }
    }

    /// The wait that its backoff asks for.
    fn back_off(&mut self) -> (u32, Duration) {
        let Some(backoff) = self.plan.backoff else {
            return (0, Duration::ZERO);
        };
        let wait = backoff.wait(self.attempts, &mut self.dice);
        self.attempts = self.attempts.saturating_add(1);
        (self.attempts, wait)
    }

    /// Its life is over.
    fn down(&mut self, now: Moment) {
        // The look may come after the exit.
        self.recover(now);
        (self.stable_at, self.progress_by) = (None, None);
    }
}

impl Paces {
    pub(crate) fn plan(&mut self, slot: usize, plan: Plan) {
        self.0.insert(slot, Pace::new(plan, slot));
    }

    pub(crate) fn get(&mut self, slot: usize) -> Option<&mut Pace> {
        self.0.get_mut(&slot)
    }

    /// The child has another plan, of which it knows nothing yet, unless it is the same.
    pub(crate) fn replan(&mut self, slot: usize, plan: Option<Plan>) {
        match plan {
            None => self.remove(slot),
            Some(plan) if self.0.get(&slot).is_some_and(|pace| pace.plan == plan) => (),
            Some(plan) => self.plan(slot, plan),
        }
    }

    pub(crate) fn remove(&mut self, slot: usize) {
        self.0.remove(&slot);
    }
}

impl Bearing {
    /// What is to become of a restart, in `asked` time if the user says so; and the pause of a storm
    /// that begins with it.
    pub(crate) fn judge(
        &mut self,
        tolerance: &Tolerance,
        mut pace: Option<&mut Pace>,
        asked: Option<Duration>,
        now: Moment,
    ) -> (Judgment, Option<Duration>) {
        if let Some(pace) = &mut pace {
            pace.down(now);
            match pace.is_within_limit(now) {
                Ok(()) => (),
                Err(OnLimit::Escalate) => return (Judgment::TooMany(true), None),
                Err(OnLimit::Drop) => return (Judgment::Drop, None),
                Err(OnLimit::Quarantine(time)) => {
                    return (Judgment::Later(DelayCause::Quarantine, time), None);
                }
            }
        }
        let intensity = tolerance.intensity;
        if !self.window.admit(intensity, tolerance.whole_seconds, now) {
            return (Judgment::TooMany(false), None);
        }
        let own = match (asked, pace) {
            (Some(time), _) => Some((DelayCause::Verdict, time)),
            (None, Some(pace)) => {
                let (attempt, wait) = pace.back_off();
                Some((DelayCause::Backoff { attempt }, wait))
            }
            (None, None) => None,
        };
        let guard = tolerance.storm_guard.as_ref();
        let hold = guard.map(|guard| self.storm.strike(guard, now));
        let (held, pause) = hold.map_or((Duration::ZERO, None), |hold| (hold.wait, hold.pause));
        let longest = own.filter(|&(_, wait)| wait >= held);
        let (why, wait) = longest.unwrap_or((DelayCause::Storm, held));
        if wait.is_zero() {
            return (Judgment::Now, pause);
        }
        (Judgment::Later(why, wait), pause)
    }
}

#[cfg(test)]
mod tests {
    use super::super::backoff::Jitter;
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn backoff() -> Backoff {
        Backoff::exponential(100 * MS, 1_000 * MS).jitter(Jitter::None)
    }

    fn pace(plan: Plan) -> Pace {
        Pace::new(plan, 0)
    }

    fn at(millis: u32) -> Moment {
        Moment(MS * millis)
    }

    fn tolerance(storm_guard: Option<StormGuard>) -> Tolerance {
        Tolerance {
            intensity: Intensity::unlimited(),
            storm_guard,
            whole_seconds: false,
        }
    }

    #[test]
    fn a_child_that_was_up_long_enough_begins_anew() {
        let mut pace = pace(Plan {
            backoff: Some(backoff().stable_after(500 * MS)),
            ..Plan::default()
        });
        let mut bearing = Bearing::default();
        let mut judge =
            |pace: &mut Pace, now| bearing.judge(&tolerance(None), Some(pace), None, at(now)).0;
        assert_eq!(judge(&mut pace, 0), Judgment::Now);
        assert_eq!(pace.up(at(0)), Some(500 * MS));
        let first = Judgment::Later(DelayCause::Backoff { attempt: 2 }, 100 * MS);
        assert_eq!(judge(&mut pace, 499), first);
        assert_eq!(pace.up(at(600)), Some(500 * MS));
        assert!(!pace.recover(at(1_099)));
        assert!(pace.recover(at(1_100)));
        assert!(!pace.recover(at(1_101)), "it recovers once");
        assert_eq!(judge(&mut pace, 2_000), Judgment::Now);
        // Also when nobody came to look in time.
        pace.up(at(2_000));
        assert_eq!(judge(&mut pace, 2_500), Judgment::Now);
    }

    #[test]
    fn each_way_of_its_own_limit_is_taken_before_the_intensity_counts() {
        let limit = Intensity::new(1, 1_000 * MS);
        for (then, expected) in [
            (OnLimit::Escalate, Judgment::TooMany(true)),
            (OnLimit::Drop, Judgment::Drop),
            (
                OnLimit::Quarantine(7 * MS),
                Judgment::Later(DelayCause::Quarantine, 7 * MS),
            ),
        ] {
            let mut pace = pace(Plan {
                limit: Some((limit, then)),
                ..Plan::default()
            });
            let mut bearing = Bearing::default();
            let tolerance = Tolerance {
                intensity: Intensity::new(1, 1_000 * MS),
                ..tolerance(None)
            };
            let mut judge = |now| bearing.judge(&tolerance, Some(&mut pace), None, at(now)).0;
            assert_eq!(judge(0), Judgment::Now);
            assert_eq!(judge(0), expected);
            assert_eq!(judge(1_000), Judgment::Now, "the window of both is over");
        }
    }

    #[test]
    fn the_longer_of_backoff_and_storm_is_waited_for() {
        let guard = StormGuard::new(1).pause(150 * MS).spacing(1_000 * MS);
        let mut pace = pace(Plan {
            backoff: Some(backoff()),
            ..Plan::default()
        });
        let mut bearing = Bearing::default();
        let tolerance = tolerance(Some(guard));
        let mut judge = || bearing.judge(&tolerance, Some(&mut pace), None, at(0));
        assert_eq!(judge(), (Judgment::Now, None));
        let (judgment, pause) = judge();
        assert_eq!(judgment, Judgment::Later(DelayCause::Storm, 150 * MS));
        assert_eq!(pause, Some(150 * MS));
        assert_eq!(
            judge(),
            (Judgment::Later(DelayCause::Storm, 1_150 * MS), None)
        );
    }

    #[test]
    fn what_the_user_asks_for_takes_the_place_of_the_backoff() {
        let mut pace = pace(Plan {
            backoff: Some(backoff().not_at_once()),
            ..Plan::default()
        });
        let mut bearing = Bearing::default();
        let judged = bearing.judge(&tolerance(None), Some(&mut pace), Some(7 * MS), at(0));
        assert_eq!(judged.0, Judgment::Later(DelayCause::Verdict, 7 * MS));
        let judged = bearing.judge(&tolerance(None), Some(&mut pace), None, at(0));
        assert_eq!(
            judged.0,
            Judgment::Later(DelayCause::Backoff { attempt: 1 }, 100 * MS)
        );
    }

    #[test]
    fn a_child_that_gets_on_is_looked_after_again_and_one_that_does_not_is_stuck() {
        let mut pace = pace(Plan {
            watchdog: Some(50 * MS),
            ..Plan::default()
        });
        assert_eq!(pace.up(at(0)), Some(50 * MS));
        assert!(!pace.is_stuck(at(49)));
        pace.progress(at(40));
        assert_eq!(pace.next_look(at(60)), Some(30 * MS));
        assert!(!pace.is_stuck(at(89)));
        assert!(pace.is_stuck(at(90)));
    }
}
