//! A stop in order: the radio sends what it still has before it ends.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, ShutdownStrategy, Supervisor, worker};
use perennial_book::station::{Log, sensor};
use perennial_book::{Card, Probe, say};
use tokio::sync::mpsc;
use tokio::time::sleep;

// ANCHOR: radio
/// Has that many messages in its queue when it is asked to stop; to send one takes a second.
fn radio(queued: u32) -> ChildSpec {
    worker("radio", move |ctx| async move {
        ctx.stopping().await;
        for number in 1..=queued {
            sleep(Duration::from_secs(1)).await;
            say(format!("message {number} of {queued} is sent"));
        }
        Ok(())
    })
}
// ANCHOR_END: radio

// ANCHOR: siren
/// Howls in the wind. There is nothing to put in order.
fn siren() -> ChildSpec {
    worker("siren", |_ctx| std::future::pending()).shutdown(ShutdownStrategy::Brutal)
}
// ANCHOR_END: siren

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let (readings, received) = mpsc::channel(32);
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .child(Log::new(Card::new("ok"), received))
        .child(sensor("thermometer", Probe::new("air", "4.0"), readings))
        .child(radio(3))
        .child(siren());

    let report = station
        .run_until(sleep(Duration::from_millis(2_500)))
        .await?;
    println!("\n{report}");
    println!("in good order: {}", report.is_clean());
    // ANCHOR_END: main
    Ok(())
}
