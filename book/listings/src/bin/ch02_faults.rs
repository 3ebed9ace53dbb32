//! A tree with two mistakes: both are named before anything starts.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::error::Error;

use perennial::{ChildSpec, Supervisor, worker};

fn lamp(id: &'static str) -> ChildSpec {
    worker(id, |ctx| async move {
        ctx.stopping().await;
        Ok(())
    })
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .child(lamp("lamp"))
        .child(lamp("door/lamp"))
        .child(lamp("lamp"));
    if let Err(error) = station.start().await {
        println!("{error}");
        println!("because: {}", error.source().expect("the faults"));
    }
    // ANCHOR_END: main
}
