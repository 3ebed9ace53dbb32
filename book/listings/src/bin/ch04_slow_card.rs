//! A card that never becomes ready: the start has a limit.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::error::Error;
use std::time::Duration;

use perennial::{ChildSpec, Supervisor};
use perennial_book::Card;
use perennial_book::station::Log;
use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (_readings, received) = mpsc::channel(32);
    let log = Log::new(Card::new("hang"), received);
    // ANCHOR: main
    let log = ChildSpec::new(log).init_timeout(Duration::from_secs(10));
    let station = Supervisor::one_for_one("station").child(log);
    if let Err(error) = station.start().await {
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            println!("{error}");
            cause = error.source();
        }
    }
    // ANCHOR_END: main
}
