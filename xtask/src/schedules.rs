//! Core played in many orders of its tasks: a workspace of its own, as what it needs is not what we depend on.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::command::CommandLine;

/// How many orders of each scenario are played where time does not matter.
const MANY: &str = "10000";

/// How many orders of each scenario are played, and where the draws begin; the test reads them too.
const SCHEDULES: &str = "PERENNIAL_SCHEDULES";
const SEED: &str = "PERENNIAL_SEED";

/// Plays as many orders as the gate has time for, the same ones each time.
pub(crate) fn some() -> CommandLine {
    CommandLine::cargo(
        "test --locked --manifest-path tests/shuttle/Cargo.toml --target-dir target/shuttle",
    )
}

/// Plays many orders, others each time unless the environment names the seed.
pub(crate) fn many() -> CommandLine {
    let seed = || {
        // A clock before 1970 draws from 0, which is as good.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |since| since.as_secs()).to_string()
    };
    some()
        .environment(SCHEDULES, env::var(SCHEDULES).unwrap_or(MANY.to_owned()))
        .environment(SEED, env::var(SEED).unwrap_or_else(|_| seed()))
}

pub(crate) fn format() -> CommandLine {
    CommandLine::cargo("fmt --all --check --manifest-path tests/shuttle/Cargo.toml")
}

pub(crate) fn lints() -> CommandLine {
    let words =
        "clippy --workspace --lib --tests --locked --manifest-path tests/shuttle/Cargo.toml";
    CommandLine::cargo(&format!(
        "{words} --target-dir target/shuttle -- -D warnings"
    ))
}
