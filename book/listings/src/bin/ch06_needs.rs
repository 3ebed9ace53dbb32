//! Devices that start side by side, and a page that needs two of them.

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, EventKind, StartMode, StopMode, Supervisor, worker};
use perennial_book::say;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

// ANCHOR: device
/// A device that is ready after so many seconds, and switches itself off within one.
fn device(name: &'static str, warms_up: u32) -> ChildSpec {
    worker(name, move |ctx| async move {
        for _ in 0..warms_up {
            ctx.extend_start(5 * SECOND); // it gets on
            sleep(SECOND).await;
        }
        ctx.ready();
        ctx.stopping().await;
        sleep(SECOND).await;
        Ok(())
    })
    .explicit_readiness(10 * SECOND)
}
// ANCHOR_END: device

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let tell = |event: &Event| {
        if let EventKind::Started | EventKind::Exited { .. } = event.kind {
            say(event);
        }
    };
    say("the power is on");
    // ANCHOR: tree
    let station = Supervisor::rest_for_one("station")
        .start_mode(StartMode::Concurrent)
        .stop_mode(StopMode::Concurrent)
        .observer(tell)
        .child(device("page", 1).after(["log", "camera"]))
        .child(device("camera", 30))
        .child(device("log", 1))
        .child(device("radio", 2));
    station.run_until(sleep(40 * SECOND)).await?;
    // ANCHOR_END: tree
    Ok(())
}
