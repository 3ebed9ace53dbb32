//! The mast is climbed and wired anew while the station runs: pauses and new specs.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Replace, Supervisor, worker};
use perennial_book::say;
use tokio::time::sleep;

// ANCHOR: probe
fn probe(name: &'static str, wire: &'static str) -> ChildSpec {
    worker(name, move |ctx| async move {
        say(format!("{name} reads wire {wire}"));
        ctx.stopping().await;
        say(format!("{name} leaves wire {wire}"));
        Ok(())
    })
}
// ANCHOR_END: probe

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: pause
    let mast = Supervisor::one_for_all("mast")
        .child(probe("air", "A"))
        .child(probe("wind", "B"));
    let tree = mast.start().await?;
    sleep(Duration::from_secs(60)).await;
    say("somebody climbs the mast");
    tree.pause_child("wind").await?;
    tree.kill_child("air").await?; // its group is restarted
    sleep(Duration::from_secs(600)).await;
    println!("\n{}\n", tree.snapshot());
    tree.resume_child("wind").await?;
    // ANCHOR_END: pause

    // ANCHOR: replace
    sleep(Duration::from_secs(60)).await;
    say("wire B is worn out");
    tree.replace_child(probe("wind", "C"), Replace::Now).await?;
    let spare = probe("air", "D");
    tree.replace_child(spare, Replace::AtNextRestart).await?;
    sleep(Duration::from_secs(600)).await;
    say("lightning");
    tree.kill_child("air").await?;
    sleep(Duration::from_secs(60)).await;
    println!("\n{}", tree.snapshot());
    // ANCHOR_END: replace
    Ok(())
}
