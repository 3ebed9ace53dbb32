//! Hikers ask to be warned: children that come and go.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Supervisor};
use perennial_book::say;
use perennial_book::station::{Hiker, warnings};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: tree
    let (anemometer, wind) = watch::channel(20);
    let warnings = warnings(wind);
    let desk = warnings.handle();
    let station = Supervisor::one_for_one("station").child(warnings);
    let tree = station.start().await?;
    // ANCHOR_END: tree

    let hiker = |name, hours: u64| Hiker {
        name,
        back_at: Instant::now() + Duration::from_secs(hours * 3_600),
    };
    // ANCHOR: start
    say("Ada sets out");
    let ada = desk.start_child(hiker("Ada", 1)).await?;
    sleep(Duration::from_secs(600)).await;
    anemometer.send(80)?;
    sleep(Duration::from_secs(600)).await;
    let bob = desk.start_child(hiker("Bob", 9)).await?;
    if let Err(error) = desk.start_child(hiker("Cid", 2)).await {
        say(format!("Cid is refused: {error}"));
    }
    // ANCHOR_END: start

    // ANCHOR: day
    sleep(Duration::from_secs(600)).await;
    desk.kill_child(ada.id()).await?;
    sleep(Duration::from_secs(600)).await;
    println!("\n{}\n", tree.snapshot());

    sleep(Duration::from_secs(3_600)).await;
    println!("{}\n", tree.snapshot());
    desk.terminate_child(bob.id()).await?;
    println!("{}", tree.snapshot());
    // ANCHOR_END: day
    tree.shutdown().await;
    Ok(())
}
