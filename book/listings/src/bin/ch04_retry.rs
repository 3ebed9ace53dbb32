//! A card that is missing for a moment at a restart, under both policies.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, InitPolicy, Supervisor};
use perennial_book::station::Log;
use perennial_book::{Card, say};
use tokio::sync::mpsc;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    for policy in [InitPolicy::Fatal, InitPolicy::FatalOnFirstStart] {
        println!("{policy:?}:");
        let (_readings, received) = mpsc::channel(32);
        let log = Log::new(Card::new("ok fail ok"), received);
        let station = Supervisor::one_for_one("station")
            .observer(|event: &Event| say(event))
            .child(ChildSpec::new(log).init_policy(policy));

        let tree = station.start().await?;
        tree.kill_child("log").await?; // as if it had failed
        sleep(Duration::from_millis(3_500)).await;
        tree.shutdown().await;
    }
    // ANCHOR_END: main
    Ok(())
}
