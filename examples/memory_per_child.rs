//! What each child costs: its memory and its time. Run: cargo run --example memory_per_child
//!
//! A global allocator knows whose each block is, and each poll is timed.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::HashMap;
use std::error::Error;

use perennial::{ChildPath, Supervisor, worker};
use perennial_alloc::{Tracker, TrackingAllocator};
use tokio::sync::watch;

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (read, mut is_read) = watch::channel(0);
    let catalog = worker("catalog", move |ctx| {
        let read = read.clone();
        async move {
            let titles: HashMap<u32, String> = (0..10_000)
                .map(|n| (n, format!("The {n}th book of the library")))
                .collect();
            tokio::task::yield_now().await; // the time of a poll counts when it is over
            read.send_modify(|done| *done += 1);
            ctx.stopping().await; // the titles are its own until it ends
            drop(titles);
            Ok(())
        }
    });
    let desk = worker("desk", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });

    let tracker = Tracker::new()?; // an error where the allocator is not installed
    let library = Supervisor::one_for_one("library")
        .meter(tracker.clone())
        .busy_time(true)
        .child(Supervisor::one_for_one("books").child(catalog))
        .child(desk)
        .start()
        .await?;

    is_read.wait_for(|&done| done == 1).await?;
    println!("{}\n", tracker.report());
    println!("{}\n", library.snapshot());
    let path = ChildPath::root("library").join("books").join("catalog");
    let full = tracker.usage(&path).ok_or("there is no catalog")?;
    assert!(full.live_bytes > 300_000 && full.live_allocations > 10_000);

    // Its next life allocates all of it anew, and has as much: nothing is left of the one before.
    library.supervisor("books")?.kill_child("catalog").await?;
    is_read.wait_for(|&done| done == 2).await?;
    let again = tracker.usage(&path).ok_or("there is no catalog")?;
    println!(
        "live {} bytes, ever {} bytes",
        again.live_bytes, again.allocated_bytes
    );
    assert!(again.live_bytes < full.live_bytes + full.live_bytes / 2);

    library
        .supervisor("books")?
        .terminate_child("catalog")
        .await?;
    let none = tracker.usage(&path).ok_or("there is no catalog")?;
    println!("live {} bytes once it has stopped", none.live_bytes);
    assert!(library.shutdown().await.is_clean());
    Ok(())
}
