//! An uplink that is busy all the time and gets nowhere.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, EventKind, Supervisor, worker};
use perennial_book::{Phone, say};
use tokio::time::sleep;

// ANCHOR: uplink
/// Makes a call, and sends a word to the valley every second.
fn uplink(phone: Phone) -> ChildSpec {
    worker("uplink", move |ctx| {
        phone.dial();
        let phone = phone.clone();
        async move {
            while !ctx.is_stopping() {
                match phone.send("all is well").await {
                    Ok(()) => ctx.progress(),
                    Err(noise) => say(noise), // and once more
                }
            }
            Ok(())
        }
    })
    .watchdog(Duration::from_millis(3_500))
}
// ANCHOR_END: uplink

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let tell = |event: &Event| match event.kind {
        EventKind::Stuck | EventKind::Exited { .. } | EventKind::Started => say(event),
        _ => (),
    };
    let station = Supervisor::one_for_one("station")
        .stalls_after(Duration::from_secs(1))
        .observer(tell)
        .child(uplink(Phone::new(1)));
    station
        .run_until(sleep(Duration::from_millis(6_500)))
        .await?;
    // ANCHOR_END: main
    Ok(())
}
