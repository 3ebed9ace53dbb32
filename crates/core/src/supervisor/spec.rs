//! A supervisor of a spec list, before it runs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::blueprint::{Blueprint, check};
use super::error::{RunError, StartError};
use super::graph::Graph;
use super::strategy::{AutoShutdown, StartMode, StopMode, Strategy};
#[cfg(feature = "test-util")]
use crate::child;
use crate::child::{
    ChildKind, ChildSpec, Fault, Findings, Lint, Report, Semantics, ShutdownStrategy, SpecError,
    SupervisorHandle,
};
use crate::meter::Meter;
use crate::observe::Observer;
#[cfg(feature = "test-util")]
use crate::path::Incarnation;
use crate::path::{ChildId, ChildPath};
use crate::place::Place;
use crate::restart::{Intensity, OnLimit, Restart, StormGuard};

/// A supervisor of a list of children: an inert blueprint, from which supervisors are started.
///
/// Its children start in the order of the list, each after the one before is up, and stop in reverse.
/// It is a [`Supervisable`](crate::Supervisable) child itself, so supervisors nest. Cloning it is cheap. A
/// [`handle`](Self::handle) taken from it, or from a clone, belongs to the first place where it runs.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let database = worker("database", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let web = worker("web", |ctx| async move { ctx.stopping().await; Ok(()) });
///
/// let app = Supervisor::rest_for_one("app")
///     .intensity(5, Duration::from_secs(10))
///     .child(database)
///     .child(web);
/// let handle = app.start().await?;
/// let report = handle.shutdown().await;
/// let stopped: Vec<_> = report.children().iter().map(|child| child.path.to_string()).collect();
/// assert_eq!(stopped, ["app/web", "app/database"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a supervisor is a blueprint: nothing runs until it is started"]
pub struct Supervisor {
    pub(crate) blueprint: Blueprint,
    pub(super) strategy: Strategy,
    pub(super) auto_shutdown: AutoShutdown,
    pub(super) start_mode: StartMode,
    pub(super) stop_mode: StopMode,
    pub(super) children: Vec<ChildSpec>,
}

impl Supervisor {
    /// A supervisor with that strategy and no children yet.
    pub fn new(id: impl Into<ChildId>, strategy: Strategy) -> Self {
        Self {
            blueprint: Blueprint::new(id.into()),
            strategy,
            auto_shutdown: AutoShutdown::default(),
            start_mode: StartMode::default(),
            stop_mode: StopMode::default(),
            children: Vec::new(),
        }
    }

    /// A supervisor that restarts a failed child alone.
    pub fn one_for_one(id: impl Into<ChildId>) -> Self {
        Self::new(id, Strategy::OneForOne)
    }

    /// A supervisor that restarts all children when one fails.
    pub fn one_for_all(id: impl Into<ChildId>) -> Self {
        Self::new(id, Strategy::OneForAll)
    }

    /// A supervisor that restarts a failed child and those after it: what comes later depends on
    /// what comes earlier.
    pub fn rest_for_one(id: impl Into<ChildId>) -> Self {
        Self::new(id, Strategy::RestForOne)
    }

    /// Adds a child at the end of the list.
    pub fn child(mut self, child: impl Into<ChildSpec>) -> Self {
        self.children.push(child.into());
        self
    }

    /// Sets how many restarts within what time it bears: 3 in 5 seconds by default.
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.blueprint.intensity = Intensity::new(restarts, period);
        self
    }

    /// Bears any number of restarts: [`Intensity::unlimited`]. What keeps failing is then slowed down by
    /// [`ChildSpec::backoff`] and [`storm_guard`](Self::storm_guard).
    pub fn unlimited_intensity(mut self) -> Self {
        self.blueprint.intensity = Intensity::unlimited();
        self
    }

    /// Holds restarts back when too much fails at once: by default nothing does.
    pub fn storm_guard(mut self, guard: StormGuard) -> Self {
        self.blueprint.storm_guard = Some(guard);
        self
    }

    /// Sets whether it ends by itself when its significant children have ended: it does not by default.
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = auto_shutdown;
        self
    }

    /// Sets who starts side by side: by default nobody.
    pub fn start_mode(mut self, mode: StartMode) -> Self {
        self.start_mode = mode;
        self
    }

    /// Sets who stops side by side: by default nobody.
    pub fn stop_mode(mut self, mode: StopMode) -> Self {
        self.stop_mode = mode;
        self
    }

    /// Sets how long it waits for a child whose task was aborted before it declares it unresponsive
    /// and goes on: 1 second by default.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.blueprint.abort_grace = grace;
        self
    }

    /// Sets how long its stop may take in all: by default as long as its children's shutdown strategies add up to.
    ///
    /// A child gets what its own strategy says, but no more than what is left; a nested supervisor gets what is
    /// left less a reserve of a twentieth, at least 10 ms, in which it can report. When nothing is left, those who still
    /// run are killed, one after the other if that is the order. `abort_grace` comes on top for each who does not react to that.
    pub fn stop_budget(mut self, budget: Duration) -> Self {
        self.blueprint.stop_budget = Some(budget);
        self
    }

    /// Gives it, and all below it, a runtime of its own with that many threads: [`Place::OwnRuntime`].
    ///
    /// What blocks there blocks nobody outside. Not for the root of a tree, which runs where it is started:
    /// [`check`](Self::check) says so.
    pub fn with_dedicated_runtime(mut self, threads: usize) -> Self {
        self.blueprint.place = Place::OwnRuntime { threads };
        self
    }

    /// Sets how many crashes of each child a [`Snapshot`](crate::Snapshot) tells of: the latest 3 by default. A
    /// [`CrashReport`](crate::CrashReport) holds the error of the crash, which lives that long.
    pub fn crash_reports(mut self, count: usize) -> Self {
        self.blueprint.crash_reports = count;
        self
    }

    /// Sets how literally it, and all below it, follow OTP.
    pub fn semantics(mut self, semantics: Semantics) -> Self {
        self.blueprint.semantics = Some(semantics);
        self
    }

    /// Follows OTP to the letter: [`Semantics::otp_exact`].
    pub fn otp_exact(self) -> Self {
        self.semantics(Semantics::otp_exact())
    }

    /// Tells `observer` each event of the tree; only that of the root is asked.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.blueprint.observers.push(Arc::new(observer));
        self
    }

    /// Sets whether the time of each child's polls is measured, which reads the clock twice a poll; it
    /// is not by default. Only that of the root is asked. A snapshot shows it: [`Busy`](crate::Busy).
    pub fn busy_time(mut self, on: bool) -> Self {
        self.blueprint.busy_time = on;
        self
    }

    /// Tells `meter` when each child of the tree is polled, in place of any meter before; only that of
    /// the root is asked.
    pub fn meter(mut self, meter: impl Meter) -> Self {
        self.blueprint.meter = Some(Arc::new(meter));
        self
    }

    /// Tells of polls that last at least so long: a child that keeps a thread of the runtime.
    ///
    /// By default nobody looks. Only that of the root is asked.
    ///
    /// A thread of the operating system looks at all children of the tree, four times in that time, but at
    /// least every second and at most every 5 ms. What it finds it tells itself, once a poll:
    /// [`EventKind::Stalled`](crate::EventKind::Stalled) reaches observers, streams and logs also while no
    /// thread of the runtime is free, and a [`Snapshot`](crate::Snapshot) shows it as
    /// [`stalled_for`](crate::SnapshotEntry::stalled_for). [`StallOver`](crate::EventKind::StallOver) follows
    /// when the poll ends, before the exit of the child. Nothing else is done about it: a thread cannot be freed from outside.
    ///
    /// Looked at are the polls of a child's `initialize` and `run` and of the tasks of its
    /// [`Scope`](crate::Scope), not those of tasks that it spawns elsewhere, and not the drop of its values. A poll
    /// in `block_in_place` counts although it keeps nobody waiting. The time is that of the machine, also where tokio's
    /// clock is paused.
    ///
    /// While it is on, a poll costs about 160 instructions more, most of them one look at the clock, and a restart
    /// about 1,350, beside 8,900 for all else. Off, it costs nothing.
    pub fn stalls_after(mut self, threshold: Duration) -> Self {
        self.blueprint.stalls_after = Some(threshold);
        self
    }

    /// Lets `choose` say who is started in the place of each child below it, at each of its starts; only
    /// that of the root is asked. For tests, and not covered by semantic versioning.
    ///
    /// Who stands in is asked only for `initialize` and, in the place of a worker, for `has_initialization`:
    /// all else is as the child's spec has it.
    #[cfg(feature = "test-util")]
    pub fn stand_ins<F>(mut self, choose: F) -> Self
    where
        F: Fn(
                &ChildPath,
                Incarnation,
                Arc<dyn child::Supervisable>,
            ) -> Arc<dyn child::Supervisable>
            + Send
            + Sync
            + 'static,
    {
        self.blueprint.stand_ins = child::StandIns::new(Arc::new(choose));
        self
    }

    /// The handle of the supervisor that is made of this blueprint, or a clone of it, at the first place where it runs;
    /// good before that starts.
    #[must_use]
    pub fn handle(&self) -> SupervisorHandle {
        self.blueprint.handle()
    }

    /// Looks for mistakes in the whole tree, and starts nothing.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names all faults of the tree, each with its place. Otherwise the result is what
    /// is allowed but probably not meant.
    pub fn check(&self) -> Result<Vec<Lint>, SpecError> {
        check(self, &self.blueprint.id)
    }

    /// Starts the tree and waits until every child is up.
    ///
    /// # Errors
    ///
    /// [`StartError`]: the tree is faulty; or a child could not start: then all are down again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what was started.
    pub async fn start(&self) -> Result<SupervisorHandle, StartError> {
        self.blueprint.start(self.clone()).await
    }

    /// Starts the tree, runs it until `signal` resolves, and stops it.
    ///
    /// Returns earlier if the tree ends by itself.
    ///
    /// # Errors
    ///
    /// [`RunError`]: it did not start, or ended with a failure.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the tree: nothing is stopped in order.
    pub async fn run_until(&self, signal: impl Future) -> Result<Report, RunError> {
        let handle = self.start().await?;
        self.blueprint.run_until(&handle, signal).await
    }

    /// The id of the supervisor.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        &self.blueprint.id
    }

    /// What is to be said of its settings and of its children's specs.
    pub(super) fn own_findings(&self, path: &ChildPath) -> Findings {
        let mut findings = self.blueprint.findings(path);
        let mut ids = HashSet::new();
        for spec in &self.children {
            let id = &spec.settings.id;
            // An only child has its id to itself.
            let is_double = self.children.len() > 1 && !ids.insert(id);
            let double = is_double.then_some(Fault::DuplicateId);
            let faults = faults_of(spec, self.auto_shutdown != AutoShutdown::Never);
            for fault in double.into_iter().chain(faults) {
                findings.faults.push((path.join(id), fault));
            }
        }
        if self.has_needs()
            && let Err(cycle) = self.graph(&mut |spec, id| {
                let at = path.join(&spec.settings.id);
                let id = id.clone();
                findings.faults.push((at, Fault::UnknownDependency { id }));
            })
        {
            let id = |&slot: &usize| self.children[slot].settings.id.clone();
            let cycle: Vec<ChildId> = cycle.iter().map(id).collect();
            if let Some(first) = cycle.first() {
                let at = path.join(first);
                findings.faults.push((at, Fault::DependencyCycle { cycle }));
            }
        }
        for spec in &self.children {
            let path = path.join(&spec.settings.id);
            findings.lints.extend(self.lints_of(spec, &path));
        }
        let period = self.blueprint.intensity.period;
        if self.strategy != Strategy::OneForOne
            && let Some(stop) = self.longest_stop()
            && stop > period
        {
            findings.lints.push(Lint::StopOutlastsPeriod {
                path: path.clone(),
                stop,
                period,
            });
        }
        findings
    }

    /// Whether any child needs another one.
    pub(super) fn has_needs(&self) -> bool {
        let needs = |spec: &ChildSpec| !spec.settings.after().is_empty();
        self.children.iter().any(needs)
    }

    /// Who needs whom among the children; `unknown` is told of ids that nobody has.
    pub(super) fn graph(
        &self,
        unknown: &mut dyn FnMut(&ChildSpec, &ChildId),
    ) -> Result<Graph, Vec<usize>> {
        let slots: HashMap<&ChildId, usize> = self
            .children
            .iter()
            .enumerate()
            .map(|(slot, spec)| (&spec.settings.id, slot))
            .collect();
        let mut needs = Vec::with_capacity(self.children.len());
        for spec in &self.children {
            let mut found = Vec::new();
            for id in spec.settings.after() {
                match slots.get(id) {
                    Some(&slot) => found.push(slot),
                    None => unknown(spec, id),
                }
            }
            needs.push(found);
        }
        Graph::new(needs)
    }

    /// What is doubtful about a child of it.
    fn lints_of(&self, spec: &ChildSpec, path: &ChildPath) -> Vec<Lint> {
        let settings = &spec.settings;
        let intensity = self.blueprint.intensity;
        let path = || path.clone();
        let mut lints = Vec::new();
        let is_temporary = settings.restart == Restart::Temporary;
        match (settings.backoff(), settings.limit()) {
            (None, None) if is_temporary => (),
            _ if is_temporary => lints.push(Lint::NeverRestarted { path: path() }),
            (None, None)
                if intensity.is_unlimited()
                    && self.blueprint.storm_guard.is_none()
                    && settings.kind == ChildKind::Worker
                    && !settings.is_judged() =>
            {
                lints.push(Lint::HotRestarts { path: path() });
            }
            (Some(backoff), _) if backoff.is_first_at_once() && intensity.restarts <= 1 => {
                let restarts = intensity.restarts;
                let path = path();
                lints.push(Lint::IdleBackoff { path, restarts });
            }
            _ => (),
        }
        if let Some((limit, OnLimit::Quarantine(quarantine))) = settings.limit()
            && quarantine < limit.period
            && !is_temporary
        {
            lints.push(Lint::ShortQuarantine {
                path: path(),
                quarantine,
                period: limit.period,
            });
        }
        if settings.significant
            && self.auto_shutdown == AutoShutdown::AllSignificant
            && settings.kind == ChildKind::Supervisor
            // One that is temporary has ended when it gave up.
            && !is_temporary
            && !spec.child.children().iter().any(|child| child.settings.can_end_supervisor())
        {
            lints.push(Lint::EndlessSignificant { path: path() });
        }
        lints
    }

    /// How long a stop of all children may take, if that has a limit.
    fn longest_stop(&self) -> Option<Duration> {
        let mut longest = Duration::ZERO;
        for spec in &self.children {
            let grace = match spec.settings.shutdown {
                ShutdownStrategy::Graceful(grace) => grace,
                ShutdownStrategy::Brutal => Duration::ZERO,
                ShutdownStrategy::Infinite => return None,
            };
            longest = longest.saturating_add(grace);
        }
        Some(longest)
    }
}

/// What is wrong with a child spec as such, below a supervisor with or without auto shutdown.
pub(crate) fn faults_of(spec: &ChildSpec, auto_shutdown: bool) -> Vec<Fault> {
    let settings = &spec.settings;
    let mut faults = Vec::new();
    if !settings.id.is_valid() {
        faults.push(Fault::InvalidId);
    }
    if settings.significant && settings.restart == Restart::Permanent {
        faults.push(Fault::SignificantPermanent);
    }
    if settings.significant && !auto_shutdown {
        faults.push(Fault::SignificantWithoutAutoShutdown);
    }
    if settings
        .backoff()
        .is_some_and(|backoff| !backoff.is_valid())
    {
        faults.push(Fault::Backoff);
    }
    if settings
        .limit()
        .is_some_and(|(limit, _)| limit.period.is_zero())
    {
        faults.push(Fault::ZeroLimitPeriod);
    }
    let speaks = settings.ready_within().is_some() || settings.watchdog().is_some();
    if speaks && settings.kind == ChildKind::Supervisor {
        faults.push(Fault::SaysNothing);
    }
    if settings
        .ready_within()
        .is_some_and(|within| within.is_zero())
    {
        faults.push(Fault::NoTimeToBeReady);
    }
    if settings.placed_apart() == Some(&Place::OwnRuntime { threads: 0 }) {
        faults.push(Fault::NoThreads);
    }
    if settings.watchdog().is_some_and(|within| within.is_zero()) {
        faults.push(Fault::ZeroWatchdog);
    }
    faults
}
