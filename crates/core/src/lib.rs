//! Supervision trees as Erlang/OTP has them, on tokio.
//!
//! Use it through the crate `perennial`, which re-exports all of it.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod path;
mod sync;

mod place;

mod exit;

mod restart;

mod crash;

mod dataspace;

mod child;

mod supervisor;

mod dynamic;

mod partition;

mod tasks;

mod tree;

mod observe;

mod meter;

#[cfg(feature = "metrics")]
mod metrics;

mod stall;

mod health;

mod watch;

#[cfg(feature = "signals")]
mod app;

#[cfg(feature = "signals")]
pub use app::{Application, ApplicationEnd};
pub use async_trait::async_trait;
#[cfg(feature = "test-util")]
pub use child::Hold;
pub use child::{
    Applied, ApplyError, ApplyFailure, BlockingContext, CallError, ChildError, ChildInfo, ChildRef,
    ChildReport, ChildSettings, ChildSpec, Context, Fault, Findings, InitPolicy, Lint, Outcome,
    PathError, Replace, Report, RunFuture, Scope, ScopedTask, ScopedTaskError, Semantics,
    ShutdownStrategy, SpecError, StartChildError, Started, Stash, StopSignal, Supervisable,
    SupervisorHandle, blocking, worker,
};
pub use crash::{CrashDecision, CrashPhase, CrashReport, Crashes};
pub use dataspace::{
    Change, Dataspace, Publication, PublishError, Published, Subscription, WaitError,
};
pub use dynamic::{DynamicHandle, DynamicSupervisor};
pub use exit::{
    BoxError, Escalation, Exhausted, ExitReason, InitPhase, InitializationError, IntoExit, Panic,
    install_panic_hook,
};
pub use health::{Health, HealthReason, HealthStream, HealthTrouble, HealthVerdict};
pub use meter::{Busy, Memory, Meter};
pub use observe::{
    Event, EventKind, EventStream, KillCause, LostEvents, Observer, StartCause, StderrObserver,
};
pub use partition::{PartitionHandle, PartitionSupervisor, Partitions};
pub use path::{ChildId, ChildPath, Incarnation};
pub use place::Place;
pub use restart::{
    Backoff, DelayCause, ExitVerdict, Intensity, Jitter, OnLimit, Restart, StormGuard,
};
pub use supervisor::{
    AutoShutdown, RunError, StartError, StartMode, StopMode, Strategy, Supervisor,
};
pub use tasks::{Task, TaskError, TaskPlace, TaskSupervisor, TaskSupervisorHandle};
pub use tree::{
    ChildKind, ChildOutline, ChildState, Counts, HealthImpact, Snapshot, SnapshotEntry,
};
#[cfg(feature = "serde")]
pub use watch::{JsonLines, TREE_SCHEMA};
pub use watch::{TreeNews, TreeStream};

#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;

/// What the code of `perennial-macros` and our other crates call; no API, and not covered by semantic versioning.
#[doc(hidden)]
pub mod __private {
    pub use crate::child::derived::{
        Initialization, Undeclared, argument, context, function, init, is_declared, made,
        made_or_failed, run, started,
    };
    pub use crate::exit::catch;
}
