//! What static and dynamic supervisors are both made of, and how a root of either kind starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::error::{RunError, StartError};
use super::lives::spawn_root;
use crate::child::{
    Commons, Context, Departure, Family, Fault, Findings, Life, Lint, Outcome, Report, Seat,
    Semantics, SpecError, Supervisable, SupervisorHandle,
};
use crate::meter::{Gauge, Meter, Metering};
use crate::observe::{EventKind, Hub, Observer, StartCause};
use crate::path::{ChildId, ChildPath};
use crate::place::Place;
use crate::restart::{Intensity, StormGuard};
use crate::stall::Detector;

/// How many crashes of each child are kept if nothing else is said.
const CRASH_REPORTS: usize = 3;

/// The settings that static and dynamic supervisors share.
#[derive(Clone)]
pub(crate) struct Blueprint {
    pub(crate) id: ChildId,
    pub(crate) intensity: Intensity,
    pub(crate) storm_guard: Option<StormGuard>,
    pub(crate) abort_grace: Duration,
    pub(crate) stop_budget: Option<Duration>,
    /// How many crashes of each child are kept.
    pub(crate) crash_reports: usize,
    /// `None`: those of the supervisor above.
    pub(crate) semantics: Option<Semantics>,
    /// Where it runs, if it is not the root.
    pub(crate) place: Place,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) busy_time: bool,
    pub(crate) meter: Option<Arc<dyn Meter>>,
    /// How long a poll may last until it is told of, if it is.
    pub(crate) stalls_after: Option<Duration>,
    #[cfg(feature = "test-util")]
    pub(super) stand_ins: crate::child::StandIns,
    /// Where the supervisor sits that is made of this blueprint, at the first place where it runs.
    seat: Arc<Seat>,
}

impl Blueprint {
    pub(crate) fn new(id: ChildId) -> Self {
        Self {
            seat: Seat::new(id.clone()),
            id,
            intensity: Intensity::default(),
            storm_guard: None,
            abort_grace: Duration::from_secs(1),
            stop_budget: None,
            crash_reports: CRASH_REPORTS,
            semantics: None,
            place: Place::Here,
            observers: Vec::new(),
            busy_time: false,
            meter: None,
            stalls_after: None,
            #[cfg(feature = "test-util")]
            stand_ins: crate::child::StandIns::default(),
        }
    }

    pub(crate) fn handle(&self) -> SupervisorHandle {
        SupervisorHandle {
            seat: Arc::clone(&self.seat),
        }
    }

    /// The seat for a supervisor that starts as this child.
    pub(crate) fn seat_for(&self, ctx: &Context) -> Arc<Seat> {
        if let Some(reserved) = ctx.life.seat() {
            return Arc::clone(reserved);
        }
        // That of the row's life before, so that handles stay good; then that of the blueprint.
        let offered = ctx.life.offered_seat();
        for seat in offered.into_iter().chain([&self.seat]) {
            if seat.reserve(ctx.path()).is_some() {
                return Arc::clone(seat);
            }
        }
        let seat = Seat::new(ctx.path().id().clone());
        // It was made just now.
        let _first = seat.reserve(ctx.path());
        seat
    }

    pub(crate) fn semantics_for(&self, ctx: &Context) -> Semantics {
        self.semantics.unwrap_or(ctx.life.family.semantics)
    }

    /// What is wrong with the settings themselves.
    pub(crate) fn findings(&self, path: &ChildPath) -> Findings {
        let mut findings = Findings::default();
        if !self.id.is_valid() {
            findings.faults.push((path.clone(), Fault::InvalidId));
        }
        if self.intensity.period.is_zero() {
            findings.faults.push((path.clone(), Fault::ZeroPeriod));
        }
        if self.storm_guard.is_some_and(|guard| !guard.is_valid()) {
            findings.faults.push((path.clone(), Fault::StormGuard));
        }
        if path.parent().is_none() && !self.place.is_here() {
            findings.faults.push((path.clone(), Fault::PlacedRoot));
        }
        if path.parent().is_some() && !self.observers.is_empty() {
            let path = path.clone();
            findings.lints.push(Lint::UnheardObserver { path });
        }
        if path.parent().is_some() && (self.busy_time || self.meter.is_some()) {
            let path = path.clone();
            findings.lints.push(Lint::UnusedMeter { path });
        }
        if path.parent().is_some() && self.stalls_after.is_some() {
            let path = path.clone();
            findings.lints.push(Lint::UnusedStallDetector { path });
        }
        findings
    }

    /// Starts `root`, which is made of this blueprint, and waits until it is up.
    pub(crate) async fn start(
        &self,
        root: impl Supervisable,
    ) -> Result<SupervisorHandle, StartError> {
        let id = &self.id;
        check(&root, id).map_err(|source| StartError::Spec {
            id: id.clone(),
            source,
        })?;
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(StartError::NoRuntime { id: id.clone() });
        }
        let hub = Arc::new(Hub::new(self.observers.clone()));
        // It ends with the root's life, which begins before anything is awaited.
        let detector = self.detector(&hub)?;
        let path = ChildPath::root(id);
        let (seat, before) = match self.seat.reserve(&path) {
            Some(before) => (Arc::clone(&self.seat), before),
            None => {
                let seat = Seat::new(id.clone());
                let before = seat.reserve(&path).unwrap_or_default();
                (seat, before)
            }
        };
        let handle = SupervisorHandle {
            seat: Arc::clone(&seat),
        };
        let metering = Metering::new(self.busy_time, self.meter.clone());
        let commons = Commons::new(hub, metering, detector);
        #[cfg(feature = "test-util")]
        // The tree was made just now.
        let _first = commons.stand_ins.set(self.stand_ins.clone());
        let family = Arc::new(Family {
            supervisor: handle.clone(),
            of: None,
            inbox: None,
            commons: Arc::clone(&commons),
            semantics: Semantics::default(),
        });
        let life = Life::new(path, 0, None, &family);
        if let Some(metering) = &commons.metering {
            life.set_gauge(Gauge::new(metering.open(&life.path)));
        }
        life.set_seat(Arc::clone(&seat));
        seat.welcome(&commons.hub);
        let starting = EventKind::Starting {
            cause: StartCause::FirstStart,
        };
        life.arrive(starting, || seat.arrive(&life));
        spawn_root(root, &life);
        let mut guard = KillOnDrop(Some(&life));
        let up = seat.up(before).await;
        guard.0 = None;
        match up {
            Ok(()) => Ok(handle),
            Err(departure) => Err(self.not_up(&departure)),
        }
    }

    /// Who finds polls that last too long, if that is asked for.
    fn detector(&self, hub: &Arc<Hub>) -> Result<Option<Arc<Detector>>, StartError> {
        let Some(threshold) = self.stalls_after else {
            return Ok(None);
        };
        match Detector::spawn(threshold, Arc::clone(hub)) {
            Ok(detector) => Ok(Some(detector)),
            Err(error) => Err(StartError::StallDetector {
                id: self.id.clone(),
                source: Arc::new(error),
            }),
        }
    }

    fn not_up(&self, departure: &Departure) -> StartError {
        let id = self.id.clone();
        match departure.outcome.clone() {
            Outcome::InitializationFailed(source) => StartError::Initialization { id, source },
            Outcome::Exhausted(source) => StartError::Exhausted { id, source },
            Outcome::Escalated(source) => StartError::Escalated { id, source },
            Outcome::Stopped
            | Outcome::SignificantExited { .. }
            | Outcome::Satisfied { .. }
            | Outcome::Killed => StartError::Stopped { id },
        }
    }

    /// Runs a tree that is up until `signal` resolves or it ends by itself.
    pub(crate) async fn run_until(
        &self,
        handle: &SupervisorHandle,
        signal: impl Future,
    ) -> Result<Report, RunError> {
        let end = handle.seat.next_end();
        let occupant = handle.occupant();
        let mut guard = KillOnDrop(occupant.as_ref().map(|occupant| &occupant.life));
        let departure = tokio::select! {
            biased;
            departure = end => departure,
            _ = signal => {
                let end = handle.seat.next_end();
                handle.request_stop();
                end.await
            }
        };
        guard.0 = None;
        let id = self.id.clone();
        match departure.outcome.clone() {
            Outcome::Stopped | Outcome::SignificantExited { .. } | Outcome::Satisfied { .. } => {
                Ok(departure.report.clone())
            }
            Outcome::Exhausted(source) => Err(RunError::Exhausted { id, source }),
            Outcome::Escalated(source) => Err(RunError::Escalated { id, source }),
            Outcome::InitializationFailed(source) => Err(RunError::Initialization { id, source }),
            Outcome::Killed => Err(RunError::Killed { id }),
        }
    }
}

/// Kills a tree whose starter has lost interest.
struct KillOnDrop<'a>(Option<&'a Arc<Life>>);

impl Drop for KillOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(life) = self.0 {
            life.abort();
        }
    }
}

impl fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blueprint")
            .field("id", &self.id)
            .field("intensity", &self.intensity)
            .field("abort_grace", &self.abort_grace)
            .field("semantics", &self.semantics)
            .finish_non_exhaustive()
    }
}

/// All that is wrong with a tree, or what is to be said of it.
pub(crate) fn check(root: &dyn Supervisable, id: &ChildId) -> Result<Vec<Lint>, SpecError> {
    let mut findings = Findings::default();
    findings.add_below(root, ChildPath::root(id));
    findings.verdict()
}
