//! A partition supervisor, before it runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::handle::{PartitionHandle, child_id};
use crate::child::{
    ChildKind, ChildSpec, Context, Fault, Findings, Lint, Report, Semantics, ShutdownStrategy,
    SpecError, Started, Supervisable,
};
use crate::exit::InitializationError;
use crate::observe::Observer;
use crate::path::{ChildId, ChildPath};
use crate::restart::StormGuard;
use crate::supervisor::{RunError, StartError, Supervisor, check};

/// A supervisor of n copies of one child, each of which serves its share of the keys.
///
/// For a child that would be a bottleneck, and whose state falls into parts that know nothing of each other: each
/// key belongs to one partition, always the same. The number of the partition is the id of its child: `shards/3`.
/// The partitions start in order, each is restarted alone, and they stop in reverse order.
///
/// What users of a partition need, a sender say, or the handle of a supervisor, is made [`with`](Self::with) it,
/// and [`PartitionHandle::get`] finds it by key.
///
/// Like [`Supervisor`] it is an inert blueprint and a [`Supervisable`] child.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use perennial::{PartitionSupervisor, Supervisor, worker};
/// use tokio::sync::{Mutex, mpsc};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let accounts = PartitionSupervisor::with("accounts", 8, |_partition| {
///     let (deposit, deposits) = mpsc::channel::<u64>(64);
///     let deposits = Arc::new(Mutex::new(deposits));          // the sender is good after a restart too
///     let total = Arc::new(AtomicU64::new(0));
///     let account = worker("account", move |_ctx| {
///         let (deposits, total) = (Arc::clone(&deposits), Arc::clone(&total));
///         async move {
///             while let Some(sum) = deposits.lock().await.recv().await {
///                 total.fetch_add(sum, Ordering::Relaxed);
///             }
///             Ok(())
///         }
///     });
///     (deposit, account)
/// });
/// let deposit = accounts.handle();                             // good before the start, like every handle
/// let bank = Supervisor::one_for_one("bank").child(accounts).start().await?;
///
/// deposit.get("alice").send(100).await?;
/// assert_eq!(deposit.count_children().await?.active, 8);
/// # bank.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a supervisor is a blueprint: nothing runs until it is started"]
pub struct PartitionSupervisor<T = ()> {
    supervisor: Supervisor,
    /// What belongs to each partition; at least one.
    partitions: Arc<[T]>,
    /// It was to have none.
    is_empty: bool,
}

/// How many partitions there are.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{PartitionSupervisor, Partitions, worker};
///
/// let shard = |_partition| worker("shard", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let eight = PartitionSupervisor::new("shards", 8, shard);
/// let per_core = PartitionSupervisor::new("shards", Partitions::PerCore, shard);
/// assert_eq!(eight.handle().partitions().len(), 8);
/// assert!(per_core.handle().partitions().len() >= 1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Partitions {
    /// As many as this process can run threads at once; one if that is not known.
    #[default]
    PerCore,
    /// That many. None at all is a fault, which [`PartitionSupervisor::check`] names.
    Count(usize),
}

impl PartitionSupervisor {
    /// A supervisor whose child for each partition is what `template` makes of the partition's number.
    ///
    /// The template is called here, once for each partition: a restart does not ask it again.
    pub fn new<C>(
        id: impl Into<ChildId>,
        partitions: impl Into<Partitions>,
        mut template: impl FnMut(usize) -> C,
    ) -> Self
    where
        C: Into<ChildSpec>,
    {
        Self::with(id, partitions, move |partition| ((), template(partition)))
    }
}

impl<T: Send + Sync + 'static> PartitionSupervisor<T> {
    /// A supervisor whose template makes, of the partition's number, the child and what others need to reach it.
    ///
    /// The template is called here, once for each partition. What it makes is to stay good when the child is
    /// restarted: a handle, or the one end of a channel whose other end the child does not lose.
    pub fn with<C>(
        id: impl Into<ChildId>,
        partitions: impl Into<Partitions>,
        mut template: impl FnMut(usize) -> (T, C),
    ) -> Self
    where
        C: Into<ChildSpec>,
    {
        let count = partitions.into().count();
        let mut supervisor = Supervisor::one_for_one(id);
        let mut partitions = Vec::with_capacity(count);
        // One in any case, so that each key has a partition; a supervisor of none never starts.
        for partition in 0..count.max(1) {
            let (own, child) = template(partition);
            partitions.push(own);
            supervisor = supervisor.child(child.into().id(child_id(partition)));
        }
        Self {
            supervisor,
            partitions: partitions.into(),
            is_empty: count == 0,
        }
    }

    /// Sets how many restarts within what time it bears, of all partitions together: 3 in 5 seconds by default.
    pub fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.supervisor = self.supervisor.intensity(restarts, period);
        self
    }

    /// Bears any number of restarts: [`Intensity::unlimited`](crate::Intensity::unlimited). What keeps failing is then
    /// slowed down by [`ChildSpec::backoff`] and [`storm_guard`](Self::storm_guard).
    pub fn unlimited_intensity(mut self) -> Self {
        self.supervisor = self.supervisor.unlimited_intensity();
        self
    }

    /// Holds restarts back when too many partitions fail at once: by default nothing does.
    pub fn storm_guard(mut self, guard: StormGuard) -> Self {
        self.supervisor = self.supervisor.storm_guard(guard);
        self
    }

    /// Sets how long it waits for a child whose task was aborted: 1 second by default.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.supervisor = self.supervisor.abort_grace(grace);
        self
    }

    /// Sets how many crashes of each partition a [`Snapshot`](crate::Snapshot) tells of: the latest 3 by default.
    pub fn crash_reports(mut self, count: usize) -> Self {
        self.supervisor = self.supervisor.crash_reports(count);
        self
    }

    /// Sets how literally it, and all below it, follow OTP.
    pub fn semantics(mut self, semantics: Semantics) -> Self {
        self.supervisor = self.supervisor.semantics(semantics);
        self
    }

    /// Tells `observer` each event of the tree; only that of the root is asked.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.supervisor = self.supervisor.observer(observer);
        self
    }

    /// The handle of the supervisor that is made of this blueprint, or a clone of it, at the first place where it runs;
    /// good before that starts.
    #[must_use]
    pub fn handle(&self) -> PartitionHandle<T> {
        PartitionHandle::new(self.supervisor.handle(), Arc::clone(&self.partitions))
    }

    /// Looks for mistakes in the whole tree, and starts nothing.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names all faults of the tree, each with its place.
    pub fn check(&self) -> Result<Vec<Lint>, SpecError> {
        check(self, self.supervisor.id())
    }

    /// Starts it as the root of a tree and waits until every partition is up.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what was started.
    pub async fn start(&self) -> Result<PartitionHandle<T>, StartError> {
        let handle = self.supervisor.blueprint.start(self.clone()).await?;
        Ok(PartitionHandle::new(handle, Arc::clone(&self.partitions)))
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
        let blueprint = &self.supervisor.blueprint;
        blueprint.run_until(handle.as_supervisor(), signal).await
    }
}

impl Partitions {
    fn count(self) -> usize {
        match self {
            Self::PerCore => std::thread::available_parallelism().map_or(1, usize::from),
            Self::Count(count) => count,
        }
    }
}

impl From<usize> for Partitions {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

#[async_trait]
impl<T: Send + Sync + 'static> Supervisable for PartitionSupervisor<T> {
    fn name(&self) -> &str {
        self.supervisor.name()
    }

    fn shutdown_strategy(&self) -> ShutdownStrategy {
        self.supervisor.shutdown_strategy()
    }

    fn kind(&self) -> ChildKind {
        self.supervisor.kind()
    }

    fn children(&self) -> &[ChildSpec] {
        self.supervisor.children()
    }

    fn findings(&self, path: &ChildPath) -> Findings {
        let mut findings = self.supervisor.findings(path);
        if self.is_empty {
            findings.faults.push((path.clone(), Fault::NoPartitions));
        }
        findings
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        // A supervisor that was made at run time was not checked with the tree.
        let findings = self.findings(ctx.path());
        findings.verdict().map_err(InitializationError::new)?;
        self.supervisor.initialize(ctx).await
    }
}

impl<T> Clone for PartitionSupervisor<T> {
    fn clone(&self) -> Self {
        Self {
            supervisor: self.supervisor.clone(),
            partitions: Arc::clone(&self.partitions),
            is_empty: self.is_empty,
        }
    }
}

impl<T> fmt::Debug for PartitionSupervisor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionSupervisor")
            .field("supervisor", &self.supervisor)
            .finish_non_exhaustive()
    }
}
