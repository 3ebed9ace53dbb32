//! Three children that end, and what each restart type makes of it.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Restart, Supervisor, worker};
use perennial_book::{Probe, say};
use tokio::time::sleep;

/// Reads the air until it is to stop.
fn thermometer(probe: Probe) -> ChildSpec {
    worker("thermometer", move |ctx| {
        let probe = probe.clone();
        async move {
            loop {
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    reading = probe.read() => say(format!("air {:.1} °C", reading?)),
                }
            }
        }
    })
}

// ANCHOR: calibration
/// Compares the barometer with that of the valley, once: then it is done.
fn calibration(probe: Probe) -> ChildSpec {
    worker("calibration", move |_ctx| {
        let probe = probe.clone();
        async move {
            let pressure = probe.read().await?;
            say(format!("calibrated at {pressure:.0} hPa"));
            Ok(())
        }
    })
    .restart(Restart::Transient)
}
// ANCHOR_END: calibration

// ANCHOR: greeting
/// Rings the bell for the guests who are there. Nobody waits for it an hour later.
fn greeting() -> ChildSpec {
    worker("greeting", |_ctx| async {
        say("the bell rope is torn");
        Err("no bell".into())
    })
    .restart(Restart::Temporary)
}
// ANCHOR_END: greeting

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: tree
    let station = Supervisor::one_for_one("station")
        .child(thermometer(Probe::new("air", "4.0 panic 4.1"))) // permanent, as nothing is said
        .child(calibration(Probe::new("pressure", "fail 812")))
        .child(greeting());
    // ANCHOR_END: tree

    let tree = station.start().await?;
    sleep(Duration::from_millis(4_500)).await;
    println!("\n{}", tree.snapshot());
    tree.shutdown().await;
    Ok(())
}
