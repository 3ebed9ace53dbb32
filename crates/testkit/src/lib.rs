//! What tests of supervision trees are made of: children that do as they are told, and a listener
//! that waits for events.
//!
//! For tests on tokio's paused clock (`#[tokio::test(start_paused = true)]`): there nothing is left to
//! chance, and to wait costs no time.

mod acts;
mod events;
mod expectation;
mod journal;
mod plan;
mod recorder;
mod script;
mod stand_in;
mod tree;
mod verdict;

pub use acts::{End, StartAct, StopAct};
pub use events::Events;
pub use expectation::{
    Escalated, Exited, Expectation, Failed, GaveUp, Killed, Panicked, Restarted, StartFailed,
    Started, StopRequested, Unresponsive,
};
pub use journal::Journal;
pub use plan::FaultPlan;
pub use script::Script;
pub use tree::TestTree;
pub use verdict::Verdict;

use std::time::Duration;

/// Lets every task run until none can go on; moves the paused clock by a millisecond.
///
/// The clock of a paused runtime moves only when there is nothing else to do, so this is no guess.
/// It needs the paused clock.
///
/// # Cancel safety
///
/// It changes nothing.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
