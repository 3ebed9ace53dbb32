//! Reading the events of a tree as a stream.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::collections::BTreeMap;
use std::time::Duration;

use perennial::{BoxError, Event, EventKind, StartCause};
use perennial_book::station::station;
use perennial_book::{Card, Phone};
use tokio::sync::watch;
use tokio::time::sleep;

// ANCHOR: restart
fn is_restart(event: &Event) -> bool {
    matches!(event.kind, EventKind::Starting { cause } if cause == StartCause::Restart)
}
// ANCHOR_END: restart

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let (_anemometer, wind) = watch::channel(20);
    let (station, _desk) = station(Card::new("ok"), Phone::new(2), wind);
    // ANCHOR: main
    let mut events = station.handle().events(); // before the start, so that none is missed
    let counting = tokio::spawn(async move {
        let mut restarts = BTreeMap::<String, u32>::new();
        while let Some(event) = events.next().await {
            match event {
                Ok(event) if is_restart(&event) => {
                    *restarts.entry(event.path.to_string()).or_default() += 1;
                }
                Ok(_) => (),
                Err(lost) => println!("{lost}"),
            }
        }
        restarts
    });

    let tree = station.start().await?;
    sleep(Duration::from_millis(30_500)).await;
    tree.shutdown().await;
    for (path, count) in counting.await? {
        println!("{path} was restarted {count} times");
    }
    // ANCHOR_END: main
    Ok(())
}
