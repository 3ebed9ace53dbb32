//! Stops in order: of one long list, and of a deep chain.

use std::time::{Duration, Instant};

use perennial::{BoxError, Supervisor};

use super::worker::Worker;
use super::{patient, require};
use crate::measure::{Gate, Measurement, keep};
use crate::options::Options;

/// Stops a list of children, each after the one behind it is gone.
pub(super) async fn ordered(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let children = (0..options.n).map(|number| Worker::idle(&gate).numbered(number));
    let list = children.fold(Supervisor::one_for_one("list"), Supervisor::child);
    let handle = patient(list).start().await?;
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    let took = began.elapsed();
    require(
        report.is_clean() && report.children().len() == options.n,
        "not all children were stopped",
    )?;
    let measurement = Measurement::new(options, options.n, took)
        .note("one after the other in reverse, with a report");
    keep(report);
    Ok(measurement)
}

/// Stops a chain of supervisors, each the only child of the one above, with a worker at the bottom.
pub(super) async fn depth(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(1);
    let mut top = Supervisor::one_for_one("level").child(Worker::idle(&gate));
    for _ in 1..options.n {
        top = Supervisor::one_for_one("level").child(top);
    }
    let handle = top.start().await?;
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    let took = began.elapsed();
    // One for each supervisor below the top, and one for the worker.
    require(
        report.is_clean() && report.children().len() == options.n,
        "not all levels were stopped",
    )?;
    let measurement = Measurement::new(options, options.n, took).note("nested supervisors");
    keep((top, report));
    Ok(measurement)
}
