//! What becomes of children that were added at run time when their supervisor fails.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, DynamicSupervisor, Supervisor, worker};
use tokio::time::sleep;

fn guard(_name: &'static str) -> ChildSpec {
    worker("hiker", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    })
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let warnings = DynamicSupervisor::new("warnings", guard);
    let desk = warnings.handle();
    let station = Supervisor::one_for_one("station").child(warnings);
    let tree = station.start().await?;
    desk.start_child("Ada").await?;
    desk.start_child("Bob").await?;
    println!("before: {} hikers", desk.count_children().await?.active);

    tree.kill_child("warnings").await?;
    sleep(Duration::from_secs(1)).await; // it is restarted meanwhile
    println!("after:  {} hikers", desk.count_children().await?.active);
    desk.start_child("Ada").await?;
    println!("\n{}", tree.snapshot());
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
