//! A line that only a new call cures: the radio's supervisor gives up, and the station's restarts it.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Event, EventKind, Supervisor};
use perennial_book::station::{radio, readings};
use perennial_book::{Card, Phone, say};
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let card = Card::new("ok");
    let station = Supervisor::one_for_one("station")
        .observer(|event: &Event| {
            let is_told = !matches!(
                event.kind,
                EventKind::Started | EventKind::StopRequested { .. }
            );
            if is_told && event.path.to_string().contains("radio") {
                say(event);
            }
        })
        .child(readings(card.clone()))
        .child(radio(Phone::new(1))); // the first call is a bad one

    let tree = station.start().await?;
    sleep(Duration::from_millis(5_500)).await;
    println!("\n{}\n", tree.snapshot());
    tree.shutdown().await;
    println!("\non the card: {} readings", card.lines().len());
    // ANCHOR_END: main
    Ok(())
}
