//! A child that is broken for good, and a supervisor that goes on without it for a while.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, EventKind, Intensity, OnLimit, Supervisor, worker};
use perennial_book::{Probe, say};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn sensor(probe: Probe) -> ChildSpec {
    worker(probe.name(), move |ctx| {
        let probe = probe.clone();
        async move {
            loop {
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    reading = probe.read() => drop(reading?),
                }
            }
        }
    })
}

fn tell(event: &Event) {
    match &event.kind {
        EventKind::Exited { reason } if reason.is_abnormal() => say(event),
        EventKind::Delayed { .. } | EventKind::Dropped => say(event),
        _ => (),
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: tree
    let bears = Intensity::new(2, Duration::from_secs(60));
    let wind = sensor(Probe::new("wind", "12 fail fail fail 15"))
        .limit(bears, OnLimit::Quarantine(Duration::from_secs(600)));
    let snow = sensor(Probe::new("snow", "fail")).limit(bears, OnLimit::Drop);
    let station = Supervisor::one_for_one("station")
        .intensity(10, Duration::from_secs(60))
        .observer(tell)
        .child(sensor(Probe::new("air", "4.0")))
        .child(wind)
        .child(snow);
    // ANCHOR_END: tree

    // ANCHOR: main
    let tree = station.start().await?;
    sleep(30 * SECOND).await;
    println!("\n{}", tree.snapshot());
    sleep(600 * SECOND).await;
    println!("\n{}", tree.snapshot());
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
