//! Tests of the public API; they stand in `tests/`. The code of the README is a doc test of this crate.

/// The README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[derive(Debug)]
pub struct Readme;
