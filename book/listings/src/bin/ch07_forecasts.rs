//! Forecasts are asked for: tasks that run once and have a result.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Supervisor, TaskError, TaskSupervisor};
use perennial_book::say;
use tokio::time::{sleep, timeout};

// ANCHOR: forecast
async fn forecast(summit: &'static str) -> String {
    sleep(Duration::from_secs(20)).await; // much is computed
    assert_ne!(summit, "Mount Doom", "no data");
    format!("fair on {summit}")
}
// ANCHOR_END: forecast

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: tree
    let forecasts = TaskSupervisor::new("forecasts").max_children(2);
    let desk = forecasts.handle();
    let station = Supervisor::one_for_one("station").child(forecasts);
    let tree = station.start().await?;
    // ANCHOR_END: tree

    // ANCHOR: spawn
    let north = desk.spawn("north", forecast("the north face")).await?;
    let doom = desk.spawn("doom", forecast("Mount Doom")).await?;
    println!("{}\n", tree.snapshot());
    if let Err(error) = desk.spawn("south", forecast("the south face")).await {
        say(format!("not now: {error}"));
    }
    let place = desk.free_place().await?; // or wait
    let south = place.spawn("south", forecast("the south face")).await?;

    say(north.await?);
    match doom.await {
        Err(TaskError::Panicked { id, .. }) => say(format!("{id} panicked")),
        other => say(format!("{other:?}")),
    }
    say(south.await?);
    // ANCHOR_END: spawn

    // ANCHOR: bound
    let slow = desk.spawn("slow", forecast("a far summit")).await?;
    let late = timeout(Duration::from_secs(5), slow.abort_on_drop()).await;
    say(format!("in time: {}", late.is_ok()));

    let summits = ["Ararat", "Elbrus", "Kazbek"];
    for result in desk.map("summit", 2, summits, forecast).await {
        say(result?);
    }
    // ANCHOR_END: bound
    tree.shutdown().await;
    Ok(())
}
