//! The workloads under our supervisors.

mod cost;
mod many;
mod restart;
mod snapshot;
mod stop;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use perennial::{BoxError, StartMode, StopMode, Supervisor};
use tokio::sync::mpsc;

use crate::measure::Measurement;
use crate::options::{Options, Workload};

pub(crate) use cost::{Part, cost};

/// Longer than any workload runs: all restarts stay in the window.
const PERIOD: Duration = Duration::from_secs(3600);

/// What is too long for a poll.
const TOO_LONG: Duration = Duration::from_secs(1);

/// Children start and stop side by side.
static SIDE_BY_SIDE: AtomicBool = AtomicBool::new(false);

/// The busy time of the children is measured.
static BUSY: AtomicBool = AtomicBool::new(false);

/// Polls that last too long are looked for.
static STALLS: AtomicBool = AtomicBool::new(false);

/// Who measures the memory of the children, if anybody does.
#[cfg(feature = "alloc")]
static TRACKER: std::sync::OnceLock<perennial_alloc::Tracker> = std::sync::OnceLock::new();

/// Measures one workload; all have a supervisor.
pub(crate) async fn run(options: &Options) -> Result<Option<Vec<Measurement>>, BoxError> {
    // Relaxed: there is no worker yet.
    worker::INITIALIZES.store(options.system == "perennial-init", Ordering::Relaxed);
    SIDE_BY_SIDE.store(options.system == "perennial-concurrent", Ordering::Relaxed);
    let busy = ["perennial-busy", "perennial-alloc"].contains(&options.system);
    BUSY.store(busy, Ordering::Relaxed);
    STALLS.store(options.system == "perennial-stalls", Ordering::Relaxed);
    #[cfg(feature = "alloc")]
    if options.system == "perennial-alloc" {
        let _first = TRACKER.set(perennial_alloc::Tracker::new()?);
    }
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

/// A supervisor that never gives up, and measures what is asked for.
fn patient(supervisor: Supervisor) -> Supervisor {
    // One less than without a limit: then nothing would be counted.
    let supervisor = supervisor.intensity(u32::MAX - 1, PERIOD);
    // Relaxed, all of them: as where they are set.
    let supervisor = if SIDE_BY_SIDE.load(Ordering::Relaxed) {
        supervisor
            .start_mode(StartMode::Concurrent)
            .stop_mode(StopMode::Concurrent)
    } else {
        supervisor
    };
    #[cfg(feature = "alloc")]
    let supervisor = match TRACKER.get() {
        Some(tracker) => supervisor.meter(tracker.clone()),
        None => supervisor,
    };
    let supervisor = supervisor.busy_time(BUSY.load(Ordering::Relaxed));
    match STALLS.load(Ordering::Relaxed) {
        true => supervisor.stalls_after(TOO_LONG),
        false => supervisor,
    }
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
