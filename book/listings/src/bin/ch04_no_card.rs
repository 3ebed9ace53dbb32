//! A station without its memory card: it does not start, and says why.
//!
//! Ends with exit code 1.

use std::process::ExitCode;

use perennial::{Application, Supervisor};
use perennial_book::station::{Log, sensor};
use perennial_book::{Card, Probe};
use tokio::sync::mpsc;

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let (readings, received) = mpsc::channel(32);
    let storage = Supervisor::rest_for_one("storage")
        .child(Log::new(Card::new("fail"), received))
        .child(sensor("thermometer", Probe::new("air", "4.0"), readings));
    let station = Supervisor::one_for_one("station").child(storage);
    Application::new(station).run().await
}
// ANCHOR_END: main
