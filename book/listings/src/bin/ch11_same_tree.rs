//! The supervisor of the Erlang module in the book, with the same settings.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Restart, ShutdownStrategy, Supervisor, worker};

/// A worker that waits.
fn waits(id: &'static str) -> ChildSpec {
    worker(id, |ctx| async move {
        ctx.stopping().await;
        Ok(())
    })
}

// ANCHOR: tree
fn readings_sup() -> Supervisor {
    Supervisor::rest_for_one("readings")
        .intensity(1, Duration::from_secs(5))
        .child(waits("log"))
        .child(
            waits("calibration")
                .restart(Restart::Transient)
                .shutdown(ShutdownStrategy::Brutal),
        )
}
// ANCHOR_END: tree

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: calls
    let tree = readings_sup().start().await?;
    tree.terminate_child("calibration").await?;
    for child in tree.which_children().await? {
        println!("{}: {}", child.id, child.state);
    }
    tree.restart_child("calibration").await?;
    println!("{:?}", tree.count_children().await?);
    println!("{:?}", tree.child_spec("calibration").await?.shutdown);
    // ANCHOR_END: calls
    tree.shutdown().await;
    Ok(())
}
