//! What a subscriber of `tracing` is told.

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Supervisor, worker};
use perennial_book::Probe;
use tokio::time::sleep;

// ANCHOR: main
fn thermometer(probe: Probe) -> ChildSpec {
    worker("thermometer", move |ctx| {
        let probe = probe.clone();
        async move {
            loop {
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    degrees = probe.read() => tracing::info!("{:.1} °C", degrees?),
                }
            }
        }
    })
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt()
        .without_time() // so that each run prints the same
        .with_ansi(false)
        .init();
    let probe = Probe::new("air", "4.0 fail 4.1");
    let station = Supervisor::one_for_one("station").child(thermometer(probe));
    station
        .run_until(sleep(Duration::from_millis(3_500)))
        .await?;
    Ok(())
}
// ANCHOR_END: main
