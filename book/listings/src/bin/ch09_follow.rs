//! Following a tree: a snapshot that is kept up to date with events.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, LostEvents, Snapshot, Supervisor, TreeNews};
use perennial_book::Phone;
use perennial_book::station::radio;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let station = Supervisor::one_for_one("station").child(radio(Phone::new(1)));
    // ANCHOR: main
    let mut news = station.handle().watch_tree(); // before the start: the tree is empty
    let board = tokio::spawn(async move {
        let mut tree = Snapshot::default();
        let mut shown = None;
        while let Some(next) = news.next().await {
            match next {
                TreeNews::Snapshot(snapshot) => tree = snapshot,
                TreeNews::Event(event) => tree.follow(&event)?,
            }
            let uplink = tree.find("station/radio/uplink");
            let state = uplink.map(|uplink| (uplink.state, uplink.restarts));
            if shown != state {
                match state {
                    Some((state, restarts)) => println!("{state}, {restarts} restarts"),
                    None => println!("there is no uplink any more"),
                }
                shown = state;
            }
        }
        Ok::<_, LostEvents>(())
    });

    let tree = station.start().await?;
    sleep(Duration::from_secs(30)).await;
    tree.shutdown().await;
    board.await??;
    // ANCHOR_END: main
    Ok(())
}
