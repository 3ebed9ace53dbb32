//! The same two workers under a supervisor.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

// ANCHOR: all
use std::time::Duration;

use perennial::{BoxError, Supervisor, worker};
use perennial_book::{Probe, say};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

async fn thermometer(probe: Probe, token: CancellationToken) -> Result<(), BoxError> {
    loop {
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            reading = probe.read() => say(format!("air {:.1} °C", reading?)),
        }
    }
}

async fn lamp(token: CancellationToken) {
    say("the lamp is lit");
    token.cancelled().await;
    say("the lamp is out");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let probe = Probe::new("air", "4.0 fail 4.1");
    let station = Supervisor::one_for_one("station")
        .child(worker("lamp", |ctx| async move {
            lamp(ctx.token()).await;
            Ok(())
        }))
        .child(worker("thermometer", move |ctx| {
            thermometer(probe.clone(), ctx.token())
        }));

    let report = station
        .run_until(sleep(Duration::from_millis(3_500)))
        .await?;
    println!("\n{report}");
    Ok(())
}
// ANCHOR_END: all
