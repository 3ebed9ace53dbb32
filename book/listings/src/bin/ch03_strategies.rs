//! The same failure under each of the three strategies.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Strategy, Supervisor, worker};
use perennial_book::Probe;
use tokio::time::sleep;

// ANCHOR: children
fn quiet(name: &'static str) -> ChildSpec {
    worker(name, move |ctx| async move {
        println!("  {name} starts");
        ctx.stopping().await;
        println!("  {name} stops");
        Ok(())
    })
}

fn thermometer(probe: Probe) -> ChildSpec {
    worker("thermometer", move |ctx| {
        let probe = probe.clone();
        async move {
            println!("  thermometer starts");
            loop {
                tokio::select! {
                    () = ctx.stopping() => break,
                    reading = probe.read() => reading.inspect_err(|why| println!("  {why}"))?,
                };
            }
            println!("  thermometer stops");
            Ok(())
        }
    })
}
// ANCHOR_END: children

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    for strategy in [
        Strategy::OneForOne,
        Strategy::RestForOne,
        Strategy::OneForAll,
    ] {
        println!("{strategy:?}");
        let tree = Supervisor::new("station", strategy)
            .child(quiet("log"))
            .child(thermometer(Probe::new("air", "4.0 fail 4.1")))
            .child(quiet("board"))
            .start()
            .await?;
        sleep(Duration::from_millis(3_500)).await;
        println!("  -- end of the day");
        tree.shutdown().await;
    }
    // ANCHOR_END: main
    Ok(())
}
