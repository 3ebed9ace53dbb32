//! A probe that is broken for good: the station does not try for ever.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, Supervisor, worker};
use perennial_book::{Probe, say};

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

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .intensity(2, Duration::from_secs(10)) // two restarts in ten seconds are borne
        .observer(|event: &Event| say(event))
        .child(thermometer(Probe::new("air", "4.0 fail")));
    let tree = station.start().await?;
    let outcome = tree.wait().await;
    println!("\n{outcome}");
    // ANCHOR_END: main
    Ok(())
}
