//! Lightning strikes: all sensors fail at once, and do not all come back at once.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, EventKind, StormGuard, Supervisor, worker};
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
    match event.kind {
        EventKind::StormPause { .. } | EventKind::Delayed { .. } => say(event),
        EventKind::Started if event.number > 13 => say(event),
        _ => (),
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: tree
    let guard = StormGuard::new(2).pause(5 * SECOND).spacing(SECOND);
    let mut sensors = Supervisor::one_for_one("sensors")
        .unlimited_intensity()
        .storm_guard(guard)
        .observer(tell);
    for name in ["air", "rain", "snow", "sun", "wind"] {
        sensors = sensors.child(sensor(Probe::new(name, "fail 1.0")));
    }
    // ANCHOR_END: tree

    // ANCHOR: main
    let tree = sensors.start().await?;
    sleep(30 * SECOND).await;
    let report = tree.shutdown().await;
    println!();
    println!("{} restarts", report.restarts());
    println!("{} pause", report.storm_pauses());
    // ANCHOR_END: main
    Ok(())
}
