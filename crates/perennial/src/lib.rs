//! Services that come back: Erlang/OTP-style supervision trees for Rust on tokio.
#[cfg(feature = "signals")]
pub use perennial_core::Application;
pub use perennial_core::{
    AutoShutdown, BoxError, CallError, ChildError, ChildId, ChildInfo, ChildKind, ChildPath,
    ChildRef, ChildReport, ChildSettings, ChildSpec, ChildState, Context, Counts,
    DynamicHandle, DynamicSupervisor, Event, EventKind, EventStream, Exhausted, ExitReason, Fault,
    Findings, Incarnation, InitPhase, InitPolicy, InitializationError, Intensity, IntoExit, Lint,
    LostEvents, Observer, Outcome, Panic, PathError, Report, Restart, RunError, RunFuture,
    Semantics, ShutdownStrategy, Snapshot, SnapshotEntry, SpecError, StartCause, StartChildError,
    StartError, Started, StderrObserver, StopSignal, Strategy, Supervisable, Supervisor,
    SupervisorHandle, async_trait, install_panic_hook, worker,
};
#[cfg(feature = "test-util")]
pub use perennial_core::Hold;
