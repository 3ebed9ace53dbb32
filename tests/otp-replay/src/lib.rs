//! Replays what OTP's supervisor was seen to do against the public API of `perennial`.
//!
//! [`parse`] reads the recorded scenarios, [`play`] builds the tree of each one, does its steps and
//! has [`compare`] judge what comes, and [`explain`] finds the departures from OTP that a difference
//! is due to. The format stands in `traces/README.md`.

mod call;
pub mod compare;
pub mod explain;
mod fields;
mod log;
mod names;
pub mod parse;
pub mod play;
pub mod report;
pub mod script;
pub mod spec;
mod stage;
mod state;
pub mod trace;
mod tree;
mod words;
