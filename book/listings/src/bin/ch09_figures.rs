//! Figures of the station for the panel in the valley.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, MetricsObserver};
use perennial_book::station::{Hiker, station};
use perennial_book::{Card, Panel, Phone};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let (_anemometer, wind) = watch::channel(20);
    // ANCHOR: main
    let panel = Panel::default(); // a recorder: in your program an exporter
    let (station, desk) = station(Card::new("ok"), Phone::new(2), wind);
    let tree = station
        .observer(MetricsObserver::with_recorder(panel.clone()))
        .start()
        .await?;
    for name in ["Ada", "Bob"] {
        let back_at = Instant::now() + Duration::from_secs(7_200);
        desk.start_child(Hiker { name, back_at }).await?;
    }
    sleep(Duration::from_millis(30_500)).await;

    for figure in [
        "child_restarts_total",
        "child_exits_total",
        "supervisor_give_ups_total",
    ] {
        for line in panel.lines(&format!("perennial_{figure}")) {
            println!("{line}");
        }
    }
    for line in panel.lines("perennial_children_running") {
        println!("{line}");
    }
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
