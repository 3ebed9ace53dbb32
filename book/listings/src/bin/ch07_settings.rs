//! The probes are those of the settings, whatever these come to be.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Supervisor, worker};
use perennial_book::say;
use tokio::time::sleep;

// ANCHOR: wanted
/// A probe for each line of the settings: its name, and the wire on which it is.
fn probes(settings: &str) -> Vec<ChildSpec> {
    let probe = |line: &str| {
        let (name, wire) = line.split_once(' ')?;
        let probe = worker(name, |ctx| async move {
            say(format!("{} is read", ctx.path()));
            ctx.stopping().await;
            Ok(())
        });
        Some(probe.version(format!("wire {wire}")))
    };
    settings.lines().filter_map(probe).collect()
}
// ANCHOR_END: wanted

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: apply
    let tree = Supervisor::one_for_one("probes").start().await?;
    let applied = tree.apply(probes("air 1\nwind 2\nsnow 3")).await?;
    println!("{applied}\n");

    sleep(Duration::from_secs(3_600)).await;
    let applied = tree.apply(probes("air 1\nwind 4\nrain 5")).await?;
    println!("{applied}\n");
    println!("{}\n", tree.snapshot());
    // ANCHOR_END: apply

    // ANCHOR: twice
    if let Err(error) = tree.apply(probes("air 6\nwind 7\nair 8")).await {
        println!("{error}");
    }
    let applied = tree.apply(probes("air 1\nwind 4\nrain 5")).await?;
    println!("{applied}");
    // ANCHOR_END: twice
    Ok(())
}
