//! Children that run elsewhere: in a thread, on a runtime of their own, in a function that blocks.
//! Run: cargo run --example places
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::mpsc;
use std::time::Duration;

use perennial::{BlockingContext, BoxError, Context, Place, Supervisor, blocking, worker};

/// What scans pages: its driver knows only calls that block.
fn scan(ctx: &BlockingContext, pages: &mpsc::Sender<u32>) -> Result<(), BoxError> {
    for page in 1.. {
        if ctx.stop_requested_within(Duration::from_millis(5)) {
            println!("{} is off after {} pages", ctx.path(), page - 1);
            break;
        }
        pages.send(page)?;
    }
    Ok(())
}

/// Reads the letters in a picture, which takes all the time of a thread.
async fn recognize(ctx: Context) -> Result<(), BoxError> {
    while !ctx.is_stopping() {
        let letters = (1..50_000_u64).fold(7, |sum, next| sum ^ (sum << 5) ^ next);
        std::hint::black_box(letters);
        tokio::task::yield_now().await;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let (pages, scanned) = mpsc::channel();
    let scanner = blocking("scanner", move |ctx| scan(ctx, &pages));

    // What is busy in here takes no time from the rest of the tree.
    let recognition = Supervisor::one_for_one("recognition")
        .with_dedicated_runtime(2)
        .child(worker("latin", recognize))
        .child(worker("greek", recognize));

    let archive = worker("archive", |ctx| async move {
        let thread = std::thread::current().name().map(str::to_string);
        println!("the archive is in the thread {thread:?}");
        ctx.stopping().await;
        Ok(())
    });

    let app = Supervisor::one_for_one("office")
        .child(archive.place(Place::OwnThread))
        .child(recognition)
        .child(scanner);
    let handle = app.start().await?;
    println!("{}", handle.snapshot());
    let snapshot = handle.snapshot();
    let recognition = snapshot
        .find("office/recognition")
        .ok_or("it is not there")?;
    assert_eq!(recognition.place, Place::OwnRuntime { threads: 2 });

    let wait = move || (scanned.iter().nth(2), scanned);
    let (third, scanned) = tokio::task::spawn_blocking(wait).await?;
    assert_eq!(third, Some(3));
    let report = handle.shutdown().await;
    println!("{report}");
    assert!(report.is_clean());
    drop(scanned);
    Ok(())
}
