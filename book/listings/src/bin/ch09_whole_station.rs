//! The station with all its branches.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::BoxError;
use perennial_book::station::{Hiker, station};
use perennial_book::{Card, Phone};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let (_anemometer, wind) = watch::channel(20);
    let (station, desk) = station(Card::new("ok"), Phone::new(0), wind);
    let tree = station.start().await?;
    for name in ["Ada", "Bob"] {
        let back_at = Instant::now() + Duration::from_secs(7_200);
        desk.start_child(Hiker { name, back_at }).await?;
    }
    sleep(Duration::from_millis(130_500)).await;
    tree.supervisor("readings/sensors")?
        .kill_child("barometer")
        .await?;
    sleep(Duration::from_secs(42)).await;
    println!("{}", tree.snapshot());
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
