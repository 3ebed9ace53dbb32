//! The contract between a supervisor and its children: what can be supervised, what a child is
//! given, and the handle that others hold.

mod blocking;
mod changes;
mod closure;
mod commons;
mod comparison;
mod context;
pub(crate) mod derived;
mod error;
mod extras;
mod handle;
mod inbox;
mod index;
mod info;
mod life;
mod lodging;
mod owned;
mod pages;
mod report;
mod roster;
mod scope;
mod seat;
mod semantics;
mod shown;
mod signal;
mod spec;
#[cfg(feature = "test-util")]
mod stand_in;
mod stash;
mod stop;
#[cfg(feature = "signals")]
mod stop_time;
mod strategy;
mod supervisable;

pub(crate) use crate::tree::ChildKind;
pub use blocking::{BlockingContext, blocking};
pub use changes::Applied;
pub use closure::worker;
pub(crate) use commons::Commons;
pub(crate) use comparison::{Comparison, Step};
pub use context::Context;
pub use error::{
    ApplyError, ApplyFailure, CallError, ChildError, Fault, Findings, Lint, PathError,
    ScopedTaskError, SpecError, StartChildError,
};
pub(crate) use extras::Extras;
#[cfg(feature = "test-util")]
pub use handle::Hold;
pub use handle::SupervisorHandle;
pub(crate) use inbox::{Call, Inbox, Message, Order, RestartReply, StartReply, Via, Whom, Word};
pub use info::{ChildInfo, ChildRef};
pub(crate) use life::{Family, Heir, Legacy, Life};
pub(crate) use lodging::Lodging;
pub(crate) use owned::ScopeCell;
pub use report::{ChildReport, Outcome, Report};
pub(crate) use roster::{Among, Delay, Entry, Manner, Roster};
pub use scope::{Scope, ScopedTask};
pub(crate) use seat::{Departure, Occupant, Seat};
pub use semantics::Semantics;
pub use signal::StopSignal;
pub use spec::{ChildSettings, ChildSpec};
#[cfg(feature = "test-util")]
pub(crate) use stand_in::StandIns;
pub use stash::Stash;
pub(crate) use stash::Stashes;
pub(crate) use stop::StopRequest;
pub use strategy::{InitPolicy, Replace, ShutdownStrategy};
pub use supervisable::{RunFuture, Started, Supervisable};
