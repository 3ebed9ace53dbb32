//! A relay that reads and sends at the same time, with two tasks that are its own.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Context, Event, EventKind, Supervisor, worker};
use perennial_book::{Probe, say};
use tokio::sync::mpsc;
use tokio::time::sleep;

// ANCHOR: relay
async fn relay(ctx: Context, probe: Probe) -> Result<(), BoxError> {
    let scope = ctx.scope();
    let (readings, queue) = mpsc::channel(8);
    scope.spawn(read(ctx.clone(), probe, readings));
    scope.spawn(send(queue));

    ctx.stopping().await;
    scope.join().await; // waits for both, within the grace of this worker
    Ok(())
}

async fn read(ctx: Context, probe: Probe, readings: mpsc::Sender<f64>) -> Result<(), BoxError> {
    while !ctx.is_stopping() {
        readings.send(probe.read().await?).await?;
    }
    Ok(())
}

async fn send(mut queue: mpsc::Receiver<f64>) {
    while let Some(value) = queue.recv().await {
        sleep(Duration::from_millis(1_500)).await;
        say(format!("sent {value:.0}"));
    }
    say("all is sent");
}
// ANCHOR_END: relay

// ANCHOR: tell
fn tell(event: &Event) {
    if let EventKind::Exited { .. } | EventKind::Started = event.kind {
        say(event);
    }
}
// ANCHOR_END: tell

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let probe = Probe::new("wind", "10 panic 20 30 40 50");
    let relay = worker("relay", move |ctx| relay(ctx, probe.clone()));
    let station = Supervisor::one_for_one("station")
        .observer(tell)
        .child(relay);
    station
        .run_until(sleep(Duration::from_millis(5_500)))
        .await?;
    // ANCHOR_END: main
    Ok(())
}
