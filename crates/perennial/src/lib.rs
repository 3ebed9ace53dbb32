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
//! above them. What can be a child is [`Supervisable`]: a closure by [`worker`], a type of your own, a
//! [`Supervisor`]. How it stands in its supervisor is its [`ChildSpec`]. Its supervisor **starts** it,
//! which is its initialization; it **runs**; it **exits**, with an [`ExitReason`] that is *clean* or
//! *abnormal*. Each time between a start and an exit is one life, with an [`Incarnation`] of its own.
//!
//! # What to look at
//!
//! | for | see |
//! |---|---|
//! | the main function of a service | [`Application`] |
//! | a list of children, in order | [`Supervisor`], [`Strategy`], [`Restart`], [`Intensity`] |
//! | any number of children at run time | [`DynamicSupervisor`] |
//! | a child with an initialization of its own | [`Supervisable`], [`Context`], [`InitPolicy`] |
//! | how children stop | [`ShutdownStrategy`], [`Report`] |
//! | looking and steering from outside | [`SupervisorHandle`], [`Snapshot`], [`EventStream`] |
//! | ends that are part of the plan | [`AutoShutdown`], [`ChildSpec::significant`] |
//! | the letter of OTP | [`Semantics`] |
//!
//! # Features
//!
//! - `signals` (default): [`Application`], which listens for signals of the operating system.
//! - `test-util`: what only tests of trees need; not covered by semantic versioning.

#[cfg(feature = "signals")]
pub use perennial_core::Application;
#[cfg(feature = "test-util")]
pub use perennial_core::Hold;
pub use perennial_core::{
    AutoShutdown, BoxError, CallError, ChildError, ChildId, ChildInfo, ChildKind, ChildPath,
    ChildRef, ChildReport, ChildSettings, ChildSpec, ChildState, Context, Counts, DynamicHandle,
    DynamicSupervisor, Event, EventKind, EventStream, Exhausted, ExitReason, Fault, Findings,
    Incarnation, InitPhase, InitPolicy, InitializationError, Intensity, IntoExit, Lint, LostEvents,
    Observer, Outcome, Panic, PathError, Report, Restart, RunError, RunFuture, Semantics,
    ShutdownStrategy, Snapshot, SnapshotEntry, SpecError, StartCause, StartChildError, StartError,
    Started, StderrObserver, StopSignal, Strategy, Supervisable, Supervisor, SupervisorHandle,
    async_trait, install_panic_hook, worker,
};
