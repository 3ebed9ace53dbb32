//! A log that needs its memory card before anybody may measure.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Event, Supervisor};
use perennial_book::station::{Log, sensor};
use perennial_book::{Card, Probe, say};
use tokio::sync::mpsc;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let card = Card::new("ok");
    let (readings, received) = mpsc::channel(32);
    let station = Supervisor::rest_for_one("station")
        .observer(|event: &Event| say(event))
        .child(Log::new(card.clone(), received))
        .child(sensor(
            "thermometer",
            Probe::new("air", "4.0 4.2"),
            readings,
        ));

    let tree = station.start().await?;
    sleep(Duration::from_millis(3_500)).await;
    tree.shutdown().await;
    println!("\non the card: {:?}", card.lines());
    // ANCHOR_END: main
    Ok(())
}
