//! A station of plain tasks: one of them ends, and nobody hears of it.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

// ANCHOR: all
use std::time::Duration;

use perennial_book::{Probe, ProbeError, say};
use tokio::time::sleep;

async fn measure(probe: Probe) -> Result<(), ProbeError> {
    loop {
        let degrees = probe.read().await?;
        say(format!("air {degrees:.1} °C"));
    }
}

async fn blink() {
    loop {
        say("the lamp blinks");
        sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let thermometer = tokio::spawn(measure(Probe::new("air", "4.0 4.2 fail 4.1")));
    tokio::spawn(blink());

    sleep(Duration::from_millis(7_500)).await;
    println!("does the thermometer run? {}", !thermometer.is_finished());
}
// ANCHOR_END: all
