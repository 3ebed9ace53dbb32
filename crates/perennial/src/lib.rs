//! Services that come back: Erlang/OTP-style supervision trees for Rust on tokio.
//!
//! ```
//! use perennial::{Supervisor, worker};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = worker("cache", |ctx| async move { ctx.stopping().await; Ok(()) });
//! let index = worker("index", |ctx| async move { ctx.stopping().await; Ok(()) });
//! let storage = Supervisor::rest_for_one("storage").child(cache).child(index);
//! let app = Supervisor::one_for_one("app").child(storage);
//!
//! let handle = app.start().await?;                   // every child is up, or nothing is
//! handle.supervisor("storage")?.kill_child("cache").await?; // both come back
//! let report = handle.shutdown().await;              // index, cache, storage: each within its time
//! assert!(report.is_clean(), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! # Words
//!
//! A **tree** consists of **supervisors** and **workers**; both are **children** of the supervisor
//! above them. What can be a child is [`Supervisable`](trait@Supervisable): a closure by [`worker`](fn@worker), a type of your own, a
//! [`Supervisor`]. How it stands in its supervisor is its [`ChildSpec`]. Its supervisor **starts** it,
//! which is its initialization; it **runs**; it **exits**, with an [`ExitReason`] that is *clean* or
//! *abnormal*. Each time between a start and an exit is one life, with an [`Incarnation`] of its own.
//!
//! # What to look at
//!
//! | for | see |
//! |---|---|
//! | the main function of a service | [`Application`], [`ApplicationEnd`] |
//! | a list of children, in order | [`Supervisor`], [`Strategy`], [`Restart`], [`Intensity`] |
//! | any number of children at run time | [`DynamicSupervisor`] |
//! | tasks that run once and have a result | [`TaskSupervisor`], [`Task`] |
//! | n copies of a child, one of which a key chooses | [`PartitionSupervisor`], [`PartitionHandle`] |
//! | a function as a worker | [`worker()`](fn@worker), [`#[worker]`](macro@worker) |
//! | a child with an initialization of its own | [`#[derive(Supervisable)]`](derive@Supervisable), [`Context`], [`InitPolicy`] |
//! | a child with no more than that in common | the trait [`Supervisable`](trait@Supervisable) |
//! | tasks that belong to a child | [`Context::scope`], [`Scope`] |
//! | a child that goes on where its last life was | [`Context::stash`], [`Stash`] |
//! | how children stop | [`ShutdownStrategy`], [`Report`] |
//! | looking and steering from outside | [`SupervisorHandle`], [`Snapshot`], [`EventStream`] |
//! | changing a tree while it runs | [`SupervisorHandle::apply`], [`Replace`], [`SupervisorHandle::pause_child`] |
//! | a tree that is kept up to date, here or elsewhere | [`SupervisorHandle::watch_tree`], [`Snapshot::follow`] |
//! | values that children find each other by | [`Context::publish`], [`Dataspace`] |
//! | a child that blocks its thread | [`Supervisor::stalls_after`], [`EventKind::Stalled`] |
//! | figures for dashboards and alarms | `MetricsObserver`, with the feature `metrics` |
//! | what children use | [`Busy`], [`Memory`], [`Meter`] |
//! | ends that are part of the plan | [`AutoShutdown`], [`ChildSpec::significant`] |
//! | the letter of OTP | [`Semantics`] |
//!
//! # Features
//!
//! - `macros` (default): [`#[derive(Supervisable)]`](derive@Supervisable) and [`#[worker]`](macro@worker).
//! - `metrics`: `MetricsObserver`, which makes figures of a tree for the recorder of the crate
//!   [`metrics`](https://docs.rs/metrics), and so for Prometheus and others.
//! - `signals` (default): [`Application`], which listens for signals of the operating system.
//! - `serde`: [`Snapshot`] and [`Event`] as JSON, and a tree as lines of it (`JsonLines`).
//! - `test-util`: what only tests of trees need; not covered by semantic versioning.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "test-util")]
pub use perennial_core::Hold;
#[cfg(feature = "metrics")]
pub use perennial_core::MetricsObserver;
#[cfg(feature = "signals")]
pub use perennial_core::{Application, ApplicationEnd};
pub use perennial_core::{Applied, ApplyError, ApplyFailure, Replace};
pub use perennial_core::{
    AutoShutdown, Backoff, BlockingContext, BoxError, Busy, CallError, ChildError, ChildId,
    ChildInfo, ChildKind, ChildOutline, ChildPath, ChildRef, ChildReport, ChildSettings, ChildSpec,
    ChildState, Context, Counts, DelayCause, DynamicHandle, DynamicSupervisor, Escalation, Event,
    EventKind, EventStream, Exhausted, ExitReason, ExitVerdict, Fault, Findings, Incarnation,
    InitPhase, InitPolicy, InitializationError, Intensity, IntoExit, Jitter, KillCause, Lint,
    LostEvents, Memory, Meter, Observer, OnLimit, Outcome, Panic, PartitionHandle,
    PartitionSupervisor, Partitions, PathError, Place, Report, Restart, RunError, RunFuture, Scope,
    ScopedTask, ScopedTaskError, Semantics, ShutdownStrategy, Snapshot, SnapshotEntry, SpecError,
    StartCause, StartChildError, StartError, StartMode, Started, Stash, StderrObserver, StopMode,
    StopSignal, StormGuard, Strategy, Supervisable, Supervisor, SupervisorHandle, Task, TaskError,
    TaskPlace, TaskSupervisor, TaskSupervisorHandle, async_trait, blocking, install_panic_hook,
    worker,
};
pub use perennial_core::{
    Change, Dataspace, Publication, PublishError, Published, Subscription, WaitError,
};
pub use perennial_core::{CrashDecision, CrashPhase, CrashReport, Crashes};
pub use perennial_core::{
    Health, HealthImpact, HealthReason, HealthStream, HealthTrouble, HealthVerdict,
};
#[cfg(feature = "serde")]
pub use perennial_core::{JsonLines, TREE_SCHEMA};
pub use perennial_core::{TreeNews, TreeStream};
#[cfg(feature = "macros")]
pub use perennial_macros::{Supervisable, worker};

/// What the code of the macros names; no API, and not covered by semantic versioning.
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private {
    pub use std::boxed::Box;
    pub use std::option::Option;
    pub use std::time::Duration;

    pub use perennial_core::__private::{
        Initialization, Undeclared, argument, context, function, init, is_declared, made,
        made_or_failed, run, started,
    };
    pub use perennial_core::{
        ChildSpec, Context, InitPolicy, Restart, ShutdownStrategy, Supervisable,
    };
}
