//! A camera whose driver never returns: its thread is left behind, and the next life begins.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use perennial::{BoxError, EventKind, Supervisor, blocking};

// ANCHOR: main
#[tokio::main(flavor = "current_thread")] // in real time
async fn main() -> Result<(), BoxError> {
    let (lens, cover) = mpsc::channel::<()>();
    let cover = Mutex::new(cover);
    let (exposing, mut exposed) = tokio::sync::mpsc::unbounded_channel();
    let camera = blocking("camera", move |ctx| {
        exposing.send(())?;
        if ctx.last_exit().is_none() {
            // The first life waits for light, and nobody takes the cover off the lens.
            let cover = cover.lock().map_err(|_| "somebody broke the cover")?;
            return cover.recv().map_err(BoxError::from);
        }
        while !ctx.stop_requested_within(Duration::from_secs(1)) {}
        Ok(())
    });
    let station = Supervisor::one_for_one("station")
        .abort_grace(Duration::from_millis(50))
        .child(camera);
    let mut events = station.handle().events();

    let tree = station.start().await?;
    exposed.recv().await;
    tree.kill_child("camera").await?;
    exposed.recv().await; // the second life
    drop(lens); // somebody takes the cover off: the thread of the first one ends
    while let Some(Ok(event)) = events.next().await {
        println!("{event}");
        if matches!(event.kind, EventKind::Exited { .. }) {
            break;
        }
    }
    println!("in good order: {}", tree.shutdown().await.is_clean());
    Ok(())
}
// ANCHOR_END: main
