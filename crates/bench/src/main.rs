//! Measures supervision: ours, and the same written by hand on plain tokio.
//!
//! One workload a process, so that no measurement inherits the heap of another. Prints one line of
//! JSON for each measurement. What is timed stands in the README of this package.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool whose output is read in a terminal or by a script"
)]

mod cell;
mod chaos;
mod cost;
mod measure;
mod message;
mod options;
mod ours;
mod raw;

use std::io::{self, Write};
use std::process::ExitCode;

use perennial::BoxError;
use tokio::runtime::Builder;

use measure::Measurement;
use options::Options;

/// How the program is called.
const USAGE: &str = "\
usage: perennial-bench WORKLOAD [--n N] [--m M] [--workers W] [--system S] [--window K]
       perennial-bench chaos [--seconds S] [--seed N] [--n N] [--workers W]
       perennial-bench cost PART CHILDREN RESTARTS

workloads: spawn-call memory shutdown shutdown-ordered restart-err restart-panic
           ofa depth storm snapshot
  --n N        how many children, siblings or levels; 0: the workload's default
  --m M        how often it is repeated; 0: the workload's default
  --workers W  worker threads of the runtime; 2 by default
  --system S   perennial (default); perennial-init: its workers have an initialization, which their
               supervisor waits for; perennial-concurrent: children start and stop side by side;
               perennial-busy: busy time is measured; perennial-stalls: polls that last too long
               are looked for; perennial-alloc, with the feature `alloc`: busy time and memory;
               raw: by hand on plain tokio
  --window K   restart-*: so many restarts stand in the window before the first that is timed";

/// Ours in some ways, and plain tokio: a task per child, channels, a `JoinSet`.
const SYSTEMS: &[&str] = &[
    "perennial",
    "perennial-init",
    "perennial-concurrent",
    "perennial-busy",
    "perennial-stalls",
    #[cfg(feature = "alloc")]
    "perennial-alloc",
    "raw",
];

#[cfg(feature = "alloc")]
#[global_allocator]
static ALLOCATOR: perennial_alloc::TrackingAllocator = perennial_alloc::TrackingAllocator::new();

/// What a shell expects when the arguments themselves were wrong.
const BAD_USAGE: u8 = 2;

/// The system has nothing to measure in this workload.
const UNSUPPORTED: u8 = 3;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|word| word == "chaos").is_some() {
        return chaos::main(arguments);
    }
    if arguments.next_if(|word| word == "cost").is_some() {
        return cost::main(arguments);
    }
    let options = match Options::parse(arguments, SYSTEMS) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("perennial-bench: {why}\n\n{USAGE}");
            return ExitCode::from(BAD_USAGE);
        }
    };
    // Panics are part of some workloads; to print them is not what is measured.
    std::panic::set_hook(Box::new(|_| {}));
    match measured(options) {
        Ok(Some(measurements)) => print(&measurements),
        Ok(None) => {
            eprintln!("perennial-bench: this system has no such workload");
            ExitCode::from(UNSUPPORTED)
        }
        Err(error) => {
            eprintln!("perennial-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the workload on a runtime of its own.
fn measured(options: Options) -> Result<Option<Vec<Measurement>>, BoxError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(options.workers)
        .enable_time()
        .build()?;
    // On a worker, not on the main thread, which would pay for a wake-up at each turn.
    let driver = runtime.spawn(async move {
        match options.system {
            "raw" => raw::run(&options).await,
            _ => ours::run(&options).await,
        }
    });
    let measurements = runtime.block_on(driver)?;
    // The end of a runtime with all that still runs in it is no part of any measurement.
    Box::leak(Box::new(runtime));
    measurements
}

fn print(measurements: &[Measurement]) -> ExitCode {
    let mut out = io::stdout().lock();
    for measurement in measurements {
        if writeln!(out, "{measurement}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
