//! The workloads under our supervisors.

mod many;
mod restart;
mod snapshot;
mod stop;
mod worker;

use std::sync::atomic::Ordering;
use std::time::Duration;

use perennial::{BoxError, Supervisor};
use tokio::sync::mpsc;

use crate::measure::Measurement;
use crate::options::{Options, Workload};

/// Longer than any workload runs: all restarts stay in the window.
const PERIOD: Duration = Duration::from_secs(3600);

/// Measures one workload; all have a supervisor.
pub(crate) async fn run(options: &Options) -> Result<Option<Vec<Measurement>>, BoxError> {
    // Relaxed: there is no worker yet.
    worker::INITIALIZES.store(options.system == "perennial-init", Ordering::Relaxed);
    let measurements = match options.workload {
        Workload::SpawnCall => vec![many::spawn_call(options).await?],
        Workload::Memory => many::memory(options).await?,
        Workload::Shutdown => vec![many::shutdown(options).await?],
        Workload::ShutdownOrdered => vec![stop::ordered(options).await?],
        Workload::Depth => vec![stop::depth(options).await?],
        Workload::RestartErr | Workload::RestartPanic => vec![restart::alone(options).await?],
        Workload::Ofa => vec![restart::ofa(options).await?],
        Workload::Storm => vec![restart::storm(options).await?],
        Workload::Snapshot => snapshot::snapshot(options).await?,
    };
    Ok(Some(measurements))
}

/// A supervisor that never gives up.
fn patient(supervisor: Supervisor) -> Supervisor {
    supervisor.intensity(u32::MAX, PERIOD)
}

/// Waits until workers have said so many times that they handled their first message.
async fn hear(driver: &mut mpsc::UnboundedReceiver<()>, times: usize) -> Result<(), BoxError> {
    for _ in 0..times {
        driver.recv().await.ok_or("the workers are gone")?;
    }
    Ok(())
}

/// Finds out whether a workload did what it was timed for.
fn require(holds: bool, what: &str) -> Result<(), BoxError> {
    if holds { Ok(()) } else { Err(what.into()) }
}
