//! A child that blocks its thread: it can be neither asked nor aborted.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use perennial::{BoxError, ShutdownStrategy, Supervisor, worker};

// ANCHOR: main
/// A driver that waits for its device and lets nobody else have the thread.
fn read_picture(cable: &Mutex<mpsc::Receiver<()>>) {
    let cable = cable.lock().expect("nobody panics with the cable in hand");
    cable.recv().expect_err("there is no picture");
}

#[tokio::main(worker_threads = 2)] // in real time
async fn main() -> Result<(), BoxError> {
    let (release, cable) = mpsc::channel();
    let cable = Arc::new(Mutex::new(cable));
    let (reading, mut begun) = tokio::sync::mpsc::channel(1);
    let camera = worker("camera", move |_ctx| {
        let (cable, reading) = (cable.clone(), reading.clone());
        async move {
            reading.send(()).await?;
            read_picture(&cable);
            Ok(())
        }
    })
    .shutdown(ShutdownStrategy::Graceful(Duration::from_millis(50)));

    let tree = Supervisor::one_for_one("station")
        .abort_grace(Duration::from_millis(50))
        .child(camera)
        .start()
        .await?;
    begun.recv().await;
    let report = tree.shutdown().await;
    for child in report.children() {
        println!("{}: unresponsive: {}", child.path, child.unresponsive);
    }
    drop(release); // so that this program can end
    Ok(())
}
// ANCHOR_END: main
