//! A station that ends by itself when its work is done.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use perennial::{AutoShutdown, BoxError, ChildSpec, Restart, Supervisor, worker};
use perennial_book::station::{Log, Reading};
use perennial_book::{Card, Probe};
use tokio::sync::mpsc;

// ANCHOR: campaign
/// Measures the snow three times, and is done.
fn campaign(probe: Probe, log: mpsc::Sender<Reading>) -> ChildSpec {
    worker("campaign", move |_ctx| {
        let (probe, log) = (probe.clone(), log.clone());
        async move {
            for _ in 0..3 {
                let value = probe.read().await?;
                log.send(Reading {
                    name: "snow",
                    value,
                })
                .await?;
            }
            Ok(())
        }
    })
    .restart(Restart::Transient)
    .significant()
}
// ANCHOR_END: campaign

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let card = Card::new("ok");
    let (readings, received) = mpsc::channel(32);
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(Log::new(card.clone(), received))
        .child(campaign(
            Probe::new("snow", "81 82 fail 81 82 83"),
            readings,
        ));

    let tree = station.start().await?;
    println!("{}", tree.wait().await);
    println!("on the card: {:?}", card.lines());
    // ANCHOR_END: main
    Ok(())
}
