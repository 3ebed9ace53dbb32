//! A dynamic supervisor, before it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::handle::{DynamicHandle, Template};
use crate::child::{ChildSpec, Lint, Report, Semantics, SpecError};
use crate::meter::Meter;
use crate::observe::Observer;
use crate::path::ChildId;
use crate::place::Place;
use crate::restart::{Intensity, StormGuard};
use crate::supervisor::{Blueprint, RunError, StartError, check};

/// A supervisor of any number of children that are made from one template at run time.
///
/// Starts with no children. Each is restarted alone, and all stop at the same time. The id of a child
/// is that of its spec with a number: `session#17`. Auto shutdown and significant children are refused.
///
/// Like [`Supervisor`](crate::Supervisor) it is an inert blueprint and a [`Supervisable`](crate::Supervisable) child.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{DynamicSupervisor, Restart, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = DynamicSupervisor::new("sessions", |peer: String| {
///     worker("session", move |ctx| {
///         let peer = peer.clone();
///         async move {
///             println!("hello {peer}");
///             ctx.stopping().await;
///             Ok(())
///         }
///     })
///     .restart(Restart::Temporary)
/// })
/// .max_children(10_000);
/// let open = sessions.handle();
/// let handle = Supervisor::one_for_one("app").child(sessions).start().await?;
///
/// let session = open.start_child("alice".to_string()).await?;
/// assert_eq!(session.path().to_string(), "app/sessions/session#1");
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a supervisor is a blueprint: nothing runs until it is started"]
pub struct DynamicSupervisor<A> {
    pub(super) blueprint: Blueprint,
    pub(super) max_children: usize,
    template: Template<A>,
}

impl<A: Send + 'static> DynamicSupervisor<A> {
    /// A supervisor whose children are made by `template`.
    pub fn new<F, C>(id: impl Into<ChildId>, template: F) -> Self
    where
        F: Fn(A) -> C + Send + Sync + 'static,
        C: Into<ChildSpec>,
    {
        Self {
            blueprint: Blueprint::new(id.into()),
            max_children: usize::MAX,
            template: Arc::new(move |args| template(args).into()),
        }
    }

    /// Sets how many children it may have, those in restart included; by default any number.
    pub fn max_children(mut self, max: usize) -> Self {
        self.max_children = max;
        self
    }

    /// Sets how many restarts within what time it bears, of all children together: 3 in 5 seconds by default.
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.blueprint.intensity = Intensity::new(restarts, period);
        self
    }

    /// Bears any number of restarts: [`Intensity::unlimited`].
    pub fn unlimited_intensity(mut self) -> Self {
        self.blueprint.intensity = Intensity::unlimited();
        self
    }

    /// Holds restarts back when too much fails at once: by default nothing does.
    pub fn storm_guard(mut self, guard: StormGuard) -> Self {
        self.blueprint.storm_guard = Some(guard);
        self
    }

    /// Sets how long its stop may take in all: by default as long as its children's shutdown strategies add up to.
    ///
    /// A child gets what its own strategy says, but no more than what is left; a nested supervisor gets what is
    /// left less a reserve of a twentieth, at least 10 ms, in which it can report. When nothing is left, those who still
    /// run are killed. `abort_grace` comes on top for whoever does not react to that.
    pub fn stop_budget(mut self, budget: Duration) -> Self {
        self.blueprint.stop_budget = Some(budget);
        self
    }

    /// Sets how long it waits for a child whose task was aborted: 1 second by default.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.blueprint.abort_grace = grace;
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

    /// Tells of polls that last at least so long, in the whole tree: see
    /// [`Supervisor::stalls_after`](crate::Supervisor::stalls_after).
    pub fn stalls_after(mut self, threshold: Duration) -> Self {
        self.blueprint.stalls_after = Some(threshold);
        self
    }

    /// The handle of the supervisor that is made of this blueprint, or a clone of it, at the first place where it runs;
    /// good before that starts.
    #[must_use]
    pub fn handle(&self) -> DynamicHandle<A> {
        DynamicHandle::new(self.blueprint.handle(), Arc::clone(&self.template))
    }

    /// Looks for mistakes, and starts nothing.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names all faults. What the template makes is looked at when it is made.
    pub fn check(&self) -> Result<Vec<Lint>, SpecError> {
        check(self, &self.blueprint.id)
    }

    /// Starts it as the root of a tree.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what was started.
    pub async fn start(&self) -> Result<DynamicHandle<A>, StartError> {
        let handle = self.blueprint.start(self.clone()).await?;
        Ok(DynamicHandle::new(handle, Arc::clone(&self.template)))
    }

    /// Starts it as the root of a tree, runs it until `signal` resolves, and stops it.
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
        self.blueprint
            .run_until(handle.as_supervisor(), signal)
            .await
    }
}

impl<A> Clone for DynamicSupervisor<A> {
    fn clone(&self) -> Self {
        Self {
            blueprint: self.blueprint.clone(),
            max_children: self.max_children,
            template: Arc::clone(&self.template),
        }
    }
}

impl<A> fmt::Debug for DynamicSupervisor<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicSupervisor")
            .field("blueprint", &self.blueprint)
            .field("max_children", &self.max_children)
            .finish_non_exhaustive()
    }
}
