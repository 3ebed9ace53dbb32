//! The tree for other eyes: fields for programs, Mermaid for documents.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use perennial::{BoxError, ChildState, Supervisor};
use perennial_book::station::radio;
use perennial_book::{Phone, say};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let station = Supervisor::one_for_one("station").child(radio(Phone::new(0)));
    let tree = station.start().await?;
    let snapshot = tree.snapshot();

    let healthy = snapshot
        .entries()
        .iter()
        .all(|entry| entry.state == ChildState::Running && entry.restarts == 0);
    say(format!("healthy: {healthy}"));
    if let Some(uplink) = snapshot.find("station/radio/uplink") {
        say(format!("the uplink is {}", uplink.state));
    }
    println!("\n{}", snapshot.to_mermaid());
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
