//! A probe with ice on its cable: its child waits longer and longer before it is started again.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{Backoff, BoxError, ChildSpec, Event, EventKind, Jitter, Supervisor, worker};
use perennial_book::{Probe, say};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn thermometer(probe: Probe) -> ChildSpec {
    worker("thermometer", move |ctx| {
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

// ANCHOR: tell
/// Tells why and how long a child waits, and when it is well again.
fn tell(event: &Event) {
    match &event.kind {
        EventKind::Exited { reason } if reason.is_abnormal() => say(event),
        EventKind::Delayed { .. } | EventKind::Recovered => say(event),
        EventKind::Started => say(event),
        _ => (),
    }
}
// ANCHOR_END: tell

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let lamp = worker("lamp", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    // ANCHOR: tree
    let patient = Backoff::exponential(2 * SECOND, 10 * SECOND)
        .jitter(Jitter::None)
        .stable_after(20 * SECOND);
    let probe = Probe::new("air", "4.0 fail fail fail fail fail 4.1");
    let station = Supervisor::one_for_one("station")
        .unlimited_intensity()
        .observer(tell)
        .child(lamp)
        .child(thermometer(probe).backoff(patient));
    // ANCHOR_END: tree

    // ANCHOR: main
    let tree = station.start().await?;
    sleep(15 * SECOND).await;
    println!("\n{}\n", tree.snapshot());
    sleep(10 * SECOND).await;
    say("the ice is off");
    tree.restart_child("thermometer").await?;
    sleep(30 * SECOND).await;
    tree.shutdown().await;
    // ANCHOR_END: main
    Ok(())
}
