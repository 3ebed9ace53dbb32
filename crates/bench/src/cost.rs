//! `perennial-bench cost`: a run for `cargo xtask bench-cost`, which looks at it from outside.

use std::process::ExitCode;

use perennial::BoxError;
use tokio::runtime::Builder;

use crate::ours::{Part, cost};

/// How it is called.
const USAGE: &str = "usage: perennial-bench cost PART CHILDREN RESTARTS";

/// Starts and restarts children with one part, and ends the process with all of it in memory.
pub(crate) fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let words: Vec<String> = arguments.collect();
    let orders = match words.as_slice() {
        [part, children, restarts] => orders(part, children, restarts),
        _ => None,
    };
    let Some((part, children, restarts)) = orders else {
        let parts: Vec<&str> = Part::ALL.iter().map(|(name, _)| *name).collect();
        eprintln!("perennial-bench: {USAGE}\nparts: {}", parts.join(" "));
        return ExitCode::from(crate::BAD_USAGE);
    };
    std::panic::set_hook(Box::new(|_| {}));
    match run(part, children, restarts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("perennial-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn orders(part: &str, children: &str, restarts: &str) -> Option<(Part, usize, usize)> {
    let (_, part) = *Part::ALL.iter().find(|(name, _)| *name == part)?;
    Some((part, children.parse().ok()?, restarts.parse().ok()?))
}

fn run(part: Part, children: usize, restarts: usize) -> Result<(), BoxError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()?;
    let done = runtime.block_on(runtime.spawn(cost(part, children, restarts)))?;
    // What the end of it all costs is no part of this.
    Box::leak(Box::new(runtime));
    done
}
