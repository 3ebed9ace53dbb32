//! A camera whose driver blocks: a worker with a thread of its own.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BlockingContext, BoxError, Supervisor, blocking};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

// ANCHOR: camera
/// Takes picture after picture, with a pause between them in which it hears the stop.
fn take_pictures(ctx: &BlockingContext, album: &UnboundedSender<u32>) -> Result<(), BoxError> {
    for number in 1.. {
        album.send(number)?; // in truth: a call of the driver, as long as it takes
        if ctx.stop_requested_within(Duration::from_millis(5)) {
            println!("the camera closes its shutter");
            break;
        }
    }
    Ok(())
}
// ANCHOR_END: camera

#[tokio::main(flavor = "current_thread")] // in real time
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let (album, mut pictures) = unbounded_channel();
    let camera = blocking("camera", move |ctx| take_pictures(ctx, &album));
    let station = Supervisor::one_for_one("station").child(camera);
    let tree = station.start().await?;
    for _ in 0..3 {
        let number = pictures.recv().await.ok_or("the camera is gone")?;
        println!("picture {number} is in the album");
    }
    println!("in good order: {}", tree.shutdown().await.is_clean());
    // ANCHOR_END: main
    Ok(())
}
