//! The first tree: a thermometer that fails once, and a lamp.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

// ANCHOR: imports
use std::time::Duration;

use perennial::{BoxError, Supervisor, worker};
use perennial_book::{Probe, say};
use tokio::time::sleep;
// ANCHOR_END: imports

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: lamp
    let lamp = worker("lamp", |ctx| async move {
        say("the lamp is lit");
        ctx.stopping().await;
        say("the lamp is out");
        Ok(())
    });
    // ANCHOR_END: lamp

    // ANCHOR: thermometer
    let probe = Probe::new("air", "4.0 4.2 fail 4.1");
    let thermometer = worker("thermometer", move |ctx| {
        let probe = probe.clone(); // for this life
        async move {
            loop {
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    reading = probe.read() => say(format!("air {:.1} °C", reading?)),
                }
            }
        }
    });
    // ANCHOR_END: thermometer

    // ANCHOR: tree
    let station = Supervisor::one_for_one("station")
        .child(lamp)
        .child(thermometer);
    let tree = station.start().await?;
    // ANCHOR_END: tree

    // ANCHOR: look
    sleep(Duration::from_millis(5_500)).await;
    println!("\n{}\n", tree.snapshot());
    // ANCHOR_END: look

    // ANCHOR: stop
    let report = tree.shutdown().await;
    println!("\n{report}");
    // ANCHOR_END: stop
    Ok(())
}
