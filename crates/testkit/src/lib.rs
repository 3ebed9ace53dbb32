//! What tests of supervision trees are made of: children that do as they are told, and a listener
//! that waits for events.
//!
//! For tests on tokio's paused clock (`#[tokio::test(start_paused = true)]`): there nothing is left to
//! chance, and to wait costs no time.

mod acts;
mod dice;
mod events;
mod expectation;
mod journal;
mod plan;
mod promises;
mod recorder;
mod script;
mod shape;
mod stand_in;
#[cfg(feature = "proptest")]
pub mod strategies;
mod support;
mod tree;
mod verdict;

pub use acts::{End, StartAct, StopAct};
pub use dice::Dice;
pub use events::Events;
pub use expectation::{
    Escalated, Exited, Expectation, Failed, GaveUp, Killed, Panicked, Restarted, StartFailed,
    Started, StopRequested, Unresponsive,
};
pub use journal::Journal;
pub use plan::FaultPlan;
pub use promises::{broken_lives, broken_promises};
pub use script::Script;
pub use shape::{assert_shape, shape};
pub use support::{
    in_a_thread, on_the_paused_clock, paths, settle, silence_scripted_panics, story,
};
pub use tree::TestTree;
pub use verdict::Verdict;
