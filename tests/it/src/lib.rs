//! Tests of the public API; they stand in `tests/`. The code of the README and of COMPARE.md
//! are doc tests of this crate.

/// The README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[derive(Debug)]
pub struct Readme;

/// The comparison, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../COMPARE.md")]
#[derive(Debug)]
pub struct Compare;
