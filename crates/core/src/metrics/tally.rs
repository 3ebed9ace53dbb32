//! What each event means for the figures. It reads no clock and knows no trees, only what is told of them.

use std::collections::BTreeMap;

use metrics::Recorder;
use tokio::time::Instant;

use super::figure;
use super::series::{AllSeries, ChildSeries, Place};
use crate::exit::ExitReason;
use crate::observe::{Event, EventKind, KillCause, StartCause};
use crate::path::{ChildPath, Incarnation};
use crate::restart::DelayCause;

/// The figures of one recorder, and the lives that are not over.
#[derive(Debug)]
pub(super) struct Tally {
    series: AllSeries,
    lives: BTreeMap<LifeKey, LifeSoFar>,
    is_described: bool,
}

/// Which life, of which tree: numbers of lives begin anew in each tree, but no two paths stand in one place.
type LifeKey = (Incarnation, usize);

/// What is known of a life that is not over.
#[derive(Debug)]
struct LifeSoFar {
    /// Kept, so that no other path comes to stand in its place.
    _path: ChildPath,
    place: Place,
    began: Instant,
    up_since: Option<Instant>,
    /// When it was asked to stop, or aborted, whichever was first.
    told_to_end: Option<Instant>,
}

impl Tally {
    pub(super) fn new(max_labels: usize) -> Self {
        Self {
            series: AllSeries::new(max_labels),
            lives: BTreeMap::new(),
            is_described: false,
        }
    }

    /// Takes note of what happened at that time.
    pub(super) fn note(&mut self, event: &Event, now: Instant, recorder: &dyn Recorder) {
        if !std::mem::replace(&mut self.is_described, true) {
            for figure in figure::ALL {
                figure.describe(recorder);
            }
        }
        match &event.kind {
            EventKind::Starting { cause } => self.starting(event, *cause, now, recorder),
            EventKind::Started => self.started(event, now),
            EventKind::Ignored => {
                self.lives.remove(&key(event));
            }
            EventKind::StartFailed { .. } => self.ended(event, None, now, recorder),
            EventKind::Exited { reason } => self.ended(event, Some(reason), now, recorder),
            // Its supervisor goes on without it. What its task says at last, if ever, is of no life any more.
            EventKind::Unresponsive => {
                self.ended(event, Some(&ExitReason::Unresponsive), now, recorder);
            }
            EventKind::StopRequested { .. } => self.told_to_end(event, now),
            // Somebody else has done it.
            EventKind::Killed {
                cause: KillCause::Doomed,
            } => (),
            EventKind::Killed { .. } => {
                self.told_to_end(event, now);
                self.child(event, recorder).kills.increment(1);
            }
            EventKind::Crashed { .. } => self.child(event, recorder).crashes.increment(1),
            EventKind::Dropped => self.child(event, recorder).drops.increment(1),
            // It has no time of its own.
            EventKind::Delayed {
                cause: DelayCause::Dependency,
                ..
            } => (),
            EventKind::Delayed { by, .. } => {
                self.child(event, recorder).restart_delay.record(*by);
            }
            EventKind::Stalled { .. } => self.child(event, recorder).stalls.increment(1),
            EventKind::StallOver { after } => self.child(event, recorder).stall_time.record(*after),
            EventKind::GaveUp { .. } | EventKind::Hopeless { .. } | EventKind::Escalated { .. } => {
                let supervisor = self.series.supervisor(&event.path, recorder);
                supervisor.give_ups.increment(1);
            }
            EventKind::StormPause { .. } => {
                let supervisor = self.series.supervisor(&event.path, recorder);
                supervisor.storm_pauses.increment(1);
            }
            // Stuck is how it ends.
            EventKind::Stuck | EventKind::Recovered | EventKind::ReloadRequested => (),
            EventKind::Satisfied { .. } | EventKind::AutoShutdown { .. } => (),
            EventKind::Paused | EventKind::Replaced { .. } => (),
            EventKind::Retrying { .. } | EventKind::CalledOff => (),
            // Figures are of what is started.
            EventKind::Listed { .. } | EventKind::Added { .. } | EventKind::Removed => (),
        }
    }

    fn starting(
        &mut self,
        event: &Event,
        cause: StartCause,
        now: Instant,
        recorder: &dyn Recorder,
    ) {
        let place = self.series.place(&event.path, recorder);
        let series = self.series.child(place);
        series.starts.increment(1);
        if cause == StartCause::Restart {
            series.restarts.increment(1);
        }
        let life = LifeSoFar {
            _path: event.path.clone(),
            place,
            began: now,
            up_since: None,
            told_to_end: None,
        };
        self.lives.insert(key(event), life);
    }

    fn started(&mut self, event: &Event, now: Instant) {
        // If it is not there it was left behind before.
        if let Some(life) = self.lives.get_mut(&key(event)) {
            life.up_since = Some(now);
            let series = self.series.child(life.place);
            series.start_time.record(now - life.began);
            series.running.increment(1.0);
        }
    }

    fn told_to_end(&mut self, event: &Event, now: Instant) {
        if let Some(life) = self.lives.get_mut(&key(event)) {
            life.told_to_end.get_or_insert(now);
        }
    }

    fn ended(
        &mut self,
        event: &Event,
        reason: Option<&ExitReason>,
        now: Instant,
        recorder: &dyn Recorder,
    ) {
        let Some(life) = self.lives.remove(&key(event)) else {
            return;
        };
        let series = self.series.child(life.place);
        match (life.up_since, reason) {
            (Some(up_since), Some(reason)) => {
                series.exits(reason, recorder).increment(1);
                series.running.decrement(1.0);
                series.uptime.record(now - up_since);
            }
            (None, _) | (_, None) => series.start_failures.increment(1),
        }
        if let Some(told) = life.told_to_end {
            series.stop_time.record(now - told);
        }
    }

    fn child(&mut self, event: &Event, recorder: &dyn Recorder) -> &mut ChildSeries {
        let place = match self.lives.get(&key(event)) {
            Some(life) => life.place,
            None => self.series.place(&event.path, recorder),
        };
        self.series.child(place)
    }
}

fn key(event: &Event) -> LifeKey {
    (event.incarnation, event.path.address())
}
