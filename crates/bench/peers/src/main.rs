//! The workloads of `perennial-bench` under other people's supervisors.
//!
//! Called as `perennial-bench` is, with `--system` one of [`SYSTEMS`]. What is not like for like
//! stands in the notes of the lines and in the README of `perennial-bench`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool whose output is read in a terminal or by a script"
)]

mod graceful;
mod kameo_system;
#[path = "../../src/measure.rs"]
mod measure;
#[path = "../../src/options.rs"]
mod options;
mod ractor_ready;
mod ractor_system;
mod task_supervisor_system;

use std::process::ExitCode;

use measure::Measurement;
use options::Options;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// `None` where a system has nothing to measure.
type Measured = Result<Option<Measurement>, BoxError>;

const SYSTEMS: &[&str] = &[
    "ractor",
    "ractor-supervisor",
    "kameo",
    "task-supervisor",
    "tokio-graceful-shutdown",
];

/// What a shell expects when the arguments themselves were wrong.
const BAD_USAGE: u8 = 2;

/// The system has nothing to measure in this workload.
const UNSUPPORTED: u8 = 3;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1), SYSTEMS) {
        Ok(options) => options,
        Err(why) => {
            eprintln!(
                "perennial-bench-peers: {why}; systems: {}",
                SYSTEMS.join(" ")
            );
            return ExitCode::from(BAD_USAGE);
        }
    };
    std::panic::set_hook(Box::new(|_| {}));
    match measured(options) {
        Ok(Some(measurement)) => {
            println!("{measurement}");
            ExitCode::SUCCESS
        }
        Ok(None) => {
            eprintln!("perennial-bench-peers: this system has no such workload");
            ExitCode::from(UNSUPPORTED)
        }
        Err(error) => {
            eprintln!("perennial-bench-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measured(options: Options) -> Measured {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.workers)
        .enable_all()
        .build()?;
    let driver = runtime.spawn(async move {
        match options.system {
            "ractor" => ractor_system::run(&options).await,
            "ractor-supervisor" => ractor_ready::run(&options).await,
            "kameo" => kameo_system::run(&options).await,
            "task-supervisor" => task_supervisor_system::run(&options).await,
            _ => graceful::run(&options).await,
        }
    });
    let measurement = runtime.block_on(driver)?;
    // The end of a runtime with all that still runs in it is no part of any measurement.
    measure::keep(runtime);
    measurement
}

/// The names of many children.
fn names(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("worker-{number:06}"))
        .collect()
}
