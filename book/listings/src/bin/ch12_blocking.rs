//! Blocking work in pieces, on a thread that may block, and a stop that it hears.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use perennial::{BoxError, ChildSpec, Supervisor, worker};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

// ANCHOR: main
/// Works through the archive, which keeps a thread busy; in pieces, with a look at the stop between them.
fn archive(pieces: watch::Sender<u64>) -> ChildSpec {
    worker("archive", move |ctx| {
        let pieces = pieces.clone();
        async move {
            let work = spawn_blocking(move || {
                while !ctx.is_stopping() {
                    let sum: u64 = (0..100_000).sum(); // a piece takes some microseconds
                    pieces.send_modify(|done| *done += u64::from(sum > 0));
                }
            });
            Ok(work.await?)
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (pieces, mut done) = watch::channel(0);
    let station = Supervisor::one_for_one("station").child(archive(pieces));
    let tree = station.start().await?;
    done.wait_for(|done| *done >= 3).await?;
    println!("three pieces are done");
    println!("in good order: {}", tree.shutdown().await.is_clean());
    Ok(())
}
// ANCHOR_END: main
