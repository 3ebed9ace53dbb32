//! tokio-graceful-shutdown: stops subsystems in order; it does not restart them.

use std::time::{Duration, Instant};

use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;

use crate::measure::{Gate, Measurement};
use crate::options::{Options, Workload};
use crate::{BoxError, Measured, names};

pub(crate) async fn run(options: &Options) -> Measured {
    Ok(match options.workload {
        Workload::Shutdown => Some(shutdown(options).await?),
        _ => None,
    })
}

async fn shutdown(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let (names, hit) = (names(options.n), gate.clone());
    let stop = CancellationToken::new();
    let top = Toplevel::<BoxError>::new_with_shutdown_token(
        async move |top: &mut SubsystemHandle| {
            for name in names {
                let gate = hit.clone();
                let wait = async move |subsystem: &mut SubsystemHandle| {
                    gate.hit();
                    subsystem.on_shutdown_requested().await;
                    Ok::<(), std::io::Error>(())
                };
                top.start(SubsystemBuilder::new(name, wait));
            }
            top.on_shutdown_requested().await;
        },
        stop.clone(),
    );
    gate.wait().await;
    let ended = tokio::spawn(top.handle_shutdown_requests(Duration::from_secs(60)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    stop.cancel();
    ended.await??;
    let measurement = Measurement::new(options, options.n, began.elapsed());
    Ok(measurement.note("no mailboxes"))
}
