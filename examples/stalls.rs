//! A worker that blocks the only thread is named while it does. Run: cargo run --example stalls
//!
//! A thread of the operating system looks at all children, so that it needs no task to run.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use perennial::{Event, EventKind, Supervisor, worker};
use tokio::sync::Notify;

/// Whether the printer has paper; whoever waits for that here keeps a thread.
static PAPER: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// The letters are printed.
static PRINTED: Notify = Notify::const_new();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let printer = worker("printer", |ctx| async move {
        let (paper, refilled) = &PAPER;
        let paper = paper.lock().unwrap_or_else(PoisonError::into_inner);
        // A mistake: it should await the paper. So long no task of the program can run.
        let paper = refilled.wait_while(paper, |there| !*there);
        drop(paper);
        PRINTED.notify_one();
        ctx.stopping().await;
        Ok(())
    });
    let desk = worker("desk", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });

    let office = Supervisor::one_for_one("office").child(desk).child(printer);
    let handle = office.handle();
    let alarm = move |event: &Event| match event.kind {
        EventKind::Stalled { so_far } => {
            println!("{event}\n\n{}\n", handle.snapshot());
            let snapshot = handle.snapshot();
            let printer = snapshot.find("office/printer");
            assert!(printer.is_some_and(|printer| printer.stalled_for >= Some(so_far)));
            refill(); // this is the other thread, which nothing blocks
        }
        EventKind::StallOver { .. } => println!("{event}"),
        _ => (),
    };
    let office = office
        .stalls_after(Duration::from_millis(100))
        .observer(alarm)
        .start()
        .await?;

    PRINTED.notified().await;
    assert!(office.shutdown().await.is_clean());
    Ok(())
}

fn refill() {
    let (paper, refilled) = &PAPER;
    *paper.lock().unwrap_or_else(PoisonError::into_inner) = true;
    refilled.notify_all();
}
