//! A camera that keeps the only thread of the station, and who tells of it.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, EventKind, Supervisor, SupervisorHandle, worker};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

// ANCHOR: camera
type Shutter = Arc<Mutex<mpsc::Receiver<()>>>;

/// A call of the driver, which returns when the shutter is free.
fn expose(shutter: &Shutter) -> Result<(), BoxError> {
    let shutter = shutter.lock().map_err(|_| "the shutter is broken")?;
    Ok(shutter.recv()?)
}

fn camera(shutter: Shutter, album: UnboundedSender<&'static str>) -> ChildSpec {
    worker("camera", move |ctx| {
        let (shutter, album) = (shutter.clone(), album.clone());
        async move {
            expose(&shutter)?; // no `.await`: so long nobody else has the thread
            album.send("a picture of the glacier")?;
            ctx.stopping().await;
            Ok(())
        }
    })
}
// ANCHOR_END: camera

// ANCHOR: alarm
/// Is called in a thread that no child can keep.
fn alarm(event: &Event, station: &SupervisorHandle) {
    match event.kind {
        EventKind::Stalled { .. } => {
            println!("{} keeps the thread", event.path);
            for child in station.snapshot().entries() {
                let stalled = child.stalled_for.is_some();
                println!("  {}: {}, stalled: {stalled}", child.path, child.state);
            }
        }
        EventKind::StallOver { .. } => println!("{} has left its poll", event.path),
        _ => (),
    }
}
// ANCHOR_END: alarm

#[tokio::main(flavor = "current_thread")] // in real time
async fn main() -> Result<(), BoxError> {
    let (free, shutter) = mpsc::channel();
    let shutter = Arc::new(Mutex::new(shutter));
    let (album, mut pictures) = unbounded_channel();
    let lamp = worker("lamp", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .stalls_after(Duration::from_millis(250))
        .child(lamp)
        .child(camera(shutter, album));
    let handle = station.handle();
    let station = station.observer(move |event: &Event| {
        alarm(event, &handle);
        if matches!(event.kind, EventKind::Stalled { .. }) {
            // Somebody goes outside and knocks at the shutter.
            free.send(()).expect("the camera waits for it");
        }
    });

    let tree = station.start().await?;
    let picture = pictures.recv().await.ok_or("the camera is gone")?;
    println!("in the album: {picture}");
    tree.shutdown().await;
    // ANCHOR_END: main
    Ok(())
}
