//! A program that has a life of its own, and takes in a tree beside it.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::BoxError;
use perennial_book::station::radio;
use perennial_book::{Phone, say};
use tokio::time::sleep;

/// What the program did before it had a tree.
async fn the_rest_of_the_program() {
    sleep(Duration::from_secs(3)).await;
}

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let tree = radio(Phone::new(0)).start().await?; // runs beside what follows

    tokio::select! {
        () = the_rest_of_the_program() => say("the program is done"),
        outcome = tree.wait() => return Err(format!("the radio is gone: {outcome}").into()),
    }

    let report = tree.shutdown().await;
    println!("\n{report}");
    Ok(())
}
// ANCHOR_END: main
