//! Children that run elsewhere than the rest of the station.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::thread;

use perennial::{BoxError, ChildSpec, Place, Supervisor, worker};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::yield_now;

// ANCHOR: develop
/// Looks for clouds, or snow, in the pictures: all day long, and in small steps.
fn develop(id: &'static str) -> ChildSpec {
    worker(id, |ctx| async move {
        while !ctx.is_stopping() {
            let gray = (1..50_000_u64).fold(7, |sum, pixel| sum ^ (sum << 5) ^ pixel);
            std::hint::black_box(gray);
            yield_now().await;
        }
        Ok(())
    })
}
// ANCHOR_END: develop

/// Tells in which thread it is.
fn archive(tell: UnboundedSender<String>) -> ChildSpec {
    worker("archive", move |ctx| {
        let tell = tell.clone();
        async move {
            tell.send(thread::current().name().unwrap_or_default().to_owned())?;
            ctx.stopping().await;
            Ok(())
        }
    })
}

#[tokio::main(flavor = "current_thread")] // in real time
async fn main() -> Result<(), BoxError> {
    let (tell, mut told) = unbounded_channel();
    // ANCHOR: tree
    let pictures = Supervisor::one_for_one("pictures")
        .with_dedicated_runtime(2)
        .child(develop("clouds"))
        .child(develop("snow"));
    let station = Supervisor::one_for_one("station")
        .child(archive(tell).place(Place::OwnThread))
        .child(pictures);
    let tree = station.start().await?;

    for child in tree.snapshot().entries() {
        println!("{}: {}", child.path, child.place);
    }
    let thread = told.recv().await.ok_or("the archive is gone")?;
    println!("the thread of the archive is called {thread}");
    println!("in good order: {}", tree.shutdown().await.is_clean());
    // ANCHOR_END: tree
    Ok(())
}
