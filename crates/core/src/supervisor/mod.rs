//! Supervisors of a spec list.
//!
//! `spec` is what users write, `start` makes a running supervisor of it. `machine` (with `aftermath`, `calls`, `pauses`,
//! `renewals`, `group`, `lanes`, `needs`, `convoy`, `graph`, `restarts`, `rows`, `order` and `slot`) decides; `driver` (with `ear`,
//! `lives`, `judge`, `pacing`, `task`, `deadlines`, `desk`, `applying` with `comparison`, `crashes`, `ending` and `closing`) does.

mod aftermath;
mod apart;
mod applying;
mod blueprint;
mod calls;
mod closing;
mod comparison;
mod convoy;
mod crashes;
mod deadlines;
mod decide;
mod desk;
mod driver;
mod ear;
mod ending;
mod error;
mod graph;
mod group;
mod judge;
mod kept;
mod lanes;
mod lives;
mod machine;
mod needs;
mod order;
mod pacing;
mod pauses;
mod protocol;
mod ranked;
mod renewals;
mod restarts;
mod rows;
mod rules;
mod settling;
mod slot;
mod spares;
mod spec;
mod start;
mod strategy;
mod task;
#[cfg(test)]
mod tests;
mod turn;

pub(crate) use aftermath::Aftermath;
pub(crate) use blueprint::{Blueprint, check};
pub(crate) use decide::Decide;
pub(crate) use driver::Driver;
pub use error::{RunError, StartError};
pub(crate) use protocol::{
    Action, Answer, Cause, End, Exit, Input, Newcomer, Refusal, Slot, Traits,
};
pub(crate) use rules::Rules;
pub(crate) use slot::{Force, Held, Overdue, Patience, Row, State, Then, Waiting, Wish};
pub use spec::Supervisor;
pub(crate) use start::check_child;
pub use strategy::{AutoShutdown, StartMode, StopMode, Strategy};
