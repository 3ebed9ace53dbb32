//! Supervisors of a spec list.
//!
//! `machine` (with `calls`, `group`, `rows`, `order`, `slot`) decides, `driver` (with `lives`,
//! `deadlines`, `desk`, `ending`) does; `spec` is what users write.

mod blueprint;
mod calls;
mod deadlines;
mod desk;
mod driver;
mod ending;
mod error;
mod group;
mod lives;
mod machine;
mod order;
mod protocol;
mod rows;
mod slot;
mod spec;
mod strategy;
#[cfg(test)]
mod tests;

pub(crate) use blueprint::{Blueprint, check};
pub(crate) use desk::Rules;
pub(crate) use driver::Driver;
pub use error::{RunError, StartError};
pub(crate) use protocol::{Action, Answer, Cause, Decide, End, Exit, Input, Refusal, Slot, Traits};
pub(crate) use slot::{Force, Patience, Row, State, Then, Waiting, Wish};
pub use spec::Supervisor;
pub(crate) use spec::check_child;
pub use strategy::{AutoShutdown, Strategy};
