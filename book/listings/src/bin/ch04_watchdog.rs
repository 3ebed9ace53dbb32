//! A child that neither fails nor gets on.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Event, Supervisor, worker};
use perennial_book::{Card, say};
use tokio::time::sleep;

// ANCHOR: recorder
/// Changes the card every two seconds, and says so each time.
fn recorder(card: Card) -> ChildSpec {
    worker("recorder", move |ctx| {
        let card = card.clone();
        async move {
            while !ctx.is_stopping() {
                let mut mounted = card.mount().await?;
                mounted.write("0.3 °C");
                ctx.progress();
                sleep(Duration::from_secs(1)).await;
            }
            Ok(())
        }
    })
    .watchdog(Duration::from_secs(10))
}
// ANCHOR_END: recorder

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .observer(|event: &Event| say(event))
        .child(recorder(Card::new("ok ok hang ok")));
    let tree = station.start().await?;
    sleep(Duration::from_secs(25)).await;
    tree.shutdown().await;
    // ANCHOR_END: main
    Ok(())
}
