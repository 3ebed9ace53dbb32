//! What an orchestrator would be told of the station.

use std::time::Duration;

use perennial::{Backoff, BoxError, HealthImpact, Jitter, Supervisor, worker};
use perennial_book::station::{Log, sensor};
use perennial_book::{Card, Probe, say};
use tokio::sync::mpsc;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let (readings, received) = mpsc::channel(32);
    let probe = Probe::new("air", "4.0 4.2 fail 4.1");
    // ANCHOR: tree
    let wait = |seconds| Backoff::constant(Duration::from_secs(seconds)).not_at_once();
    let thermometer = sensor("thermometer", probe, readings).backoff(wait(5).jitter(Jitter::None));
    let page = worker("page", |_ctx| async { Err("there is no network".into()) })
        .backoff(wait(60))
        .health(HealthImpact::Optional);
    let station = Supervisor::rest_for_one("station")
        .child(Log::new(Card::new("ok"), received))
        .child(thermometer)
        .child(page);
    // ANCHOR_END: tree

    // ANCHOR: main
    let mut health = station.handle().watch_health(); // good before the start
    let probes = tokio::spawn(async move {
        while let Some(now) = health.next().await {
            let (startup, live) = (now.startup.is_ok(), now.live.is_ok());
            say(format!(
                "startup {startup}, live {live}, ready {}",
                now.ready
            ));
        }
    });
    station
        .run_until(sleep(Duration::from_millis(12_500)))
        .await?;
    probes.await?;
    // ANCHOR_END: main
    Ok(())
}
