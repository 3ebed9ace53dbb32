//! Each probe has its recorder, one of three: partitions.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::sync::Arc;
use std::time::Duration;

use perennial::{BoxError, PartitionSupervisor, Supervisor, worker};
use perennial_book::say;
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: tree
    let recorders = PartitionSupervisor::with("recorders", 3, |_number| {
        let (readings, incoming) = mpsc::channel::<&str>(64);
        let incoming = Arc::new(Mutex::new(incoming)); // it outlives the lives of the recorder
        let recorder = worker("recorder", move |ctx| {
            let incoming = Arc::clone(&incoming);
            async move {
                let mut incoming = incoming.lock().await;
                while let Some(probe) = incoming.recv().await {
                    say(format!("{} records {probe}", ctx.path()));
                }
                Ok(())
            }
        });
        (readings, recorder)
    });
    let readings = recorders.handle();
    let station = Supervisor::one_for_one("station").child(recorders);
    let tree = station.start().await?;
    // ANCHOR_END: tree

    // ANCHOR: keys
    for probe in ["ridge", "summit", "camp", "ridge"] {
        readings.get(probe).send(probe).await?;
        sleep(Duration::from_secs(1)).await;
    }
    readings.kill_child(readings.child_id("ridge")).await?;
    readings.get("ridge").send("ridge").await?; // its recorder comes back, and finds it
    sleep(Duration::from_secs(1)).await;
    println!("\n{}", tree.snapshot());
    // ANCHOR_END: keys
    tree.shutdown().await;
    Ok(())
}
