//! What is told of a crash.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::error::Error;
use std::fmt;
use std::time::Duration;

use perennial::{Backoff, BoxError, ChildSpec, Event, EventKind, Jitter, Supervisor, worker};
use perennial_book::{Card, CardError, say};
use tokio::time::sleep;

// ANCHOR: log
/// A reading that is not on the card, and why.
#[derive(Debug)]
struct Unsaved(CardError);

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot save a reading")
    }
}

impl Error for Unsaved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Saves a reading every second.
fn log(card: Card) -> ChildSpec {
    worker("log", move |ctx| {
        let card = card.clone();
        async move {
            while !ctx.is_stopping() {
                let mut mounted = card.mount().await.map_err(Unsaved)?;
                mounted.write("0.3 °C");
            }
            Ok(())
        }
    })
    .backoff(Backoff::constant(Duration::from_secs(5)).jitter(Jitter::None))
}
// ANCHOR_END: log

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let thermometer = worker("thermometer", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    say("the power is on");
    // ANCHOR: main
    let station = Supervisor::rest_for_one("station")
        .observer(|event: &Event| {
            if let EventKind::Crashed { report } = &event.kind {
                println!("{report}\n");
            }
        })
        .child(log(Card::new("ok ok fail ok fail ok")))
        .child(thermometer);
    let tree = station.start().await?;
    sleep(Duration::from_secs(12)).await;

    let snapshot = tree.snapshot();
    let log = snapshot.find("station/log").ok_or("there is no log")?;
    for crash in &log.crashes {
        say(format!(
            "{} {}: {}",
            crash.path, crash.phase, crash.decision
        ));
    }
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
