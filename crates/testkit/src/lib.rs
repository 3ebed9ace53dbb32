//! Tests of supervision trees: hurt a tree, wait for what it does, and let it be judged.
//!
//! ```
//! use perennial::{Supervisor, worker};
//! use perennial_test::{Restarted, TestTree};
//!
//! fn storage() -> Supervisor {
//!     let database = worker("database", |ctx| async move { ctx.stopping().await; Ok(()) });
//!     let indexer = worker("indexer", |ctx| async move { ctx.stopping().await; Ok(()) });
//!     Supervisor::rest_for_one("storage").child(database).child(indexer)
//! }
//!
//! # /* A test of a doc test is not compiled.
//! #[tokio::test(start_paused = true)]
//! # */
//! async fn a_lost_database_restarts_the_indexer() {
//!     let tree = TestTree::start(storage()).await;
//!     tree.crash("database").await;                    // any worker panics on demand
//!     tree.expect(Restarted("database")).await;
//!     tree.expect(Restarted("indexer")).await;         // rest-for-one
//!     tree.stop().await;                               // a panic that nobody ordered fails the test here
//! }
//! # fn main() { perennial_test::on_the_paused_clock(a_lost_database_restarts_the_indexer()) }
//! ```
//!
//! A supervisor hides failures: that is its work. So a test that looks at the outcome only can pass while workers
//! panic. A [`TestTree`] is judged when it is stopped, and what the test did not order, wait for or
//! [allow](TestTree::allow) fails it; [`Verdict`] says what that is.
//!
//! Applications depend on `perennial`, whose types are those of `perennial-core`; tests add `perennial-test`, with tokio's
//! `test-util`. On the paused clock (`#[tokio::test(start_paused = true)]`) nothing is left to chance, and to wait costs
//! no time.
//!
//! # What to look at
//!
//! | to | see |
//! |---|---|
//! | make a worker panic, fail, hang, start slowly, be killed | [`TestTree::crash`], [`fail`](TestTree::fail), [`hang`](TestTree::hang), [`slow_start`](TestTree::slow_start), [`kill`](TestTree::kill) |
//! | say when in the life of which worker what befalls it | [`FaultPlan`] |
//! | wait for something, or make sure that it does not come | [`TestTree::expect`], [`TestTree::expect_no`], [`Expectation`] |
//! | compare the tree as it prints | [`TestTree::assert_shape`] |
//! | let chance hurt a tree, the same way each time | [`FaultPlan::seeded`], [`TestTree::endure`] |
//! | have a child that does nothing but what it is told | [`Script`], [`Journal`] |
//! | listen to a tree that is no test tree | [`Events`] |
//! | draw random trees | `strategies`, with the feature `proptest` |
//!
//! # Features
//!
//! - `proptest`: random trees, and what may be done to them, as strategies of proptest.
#![forbid(unsafe_code)]

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
