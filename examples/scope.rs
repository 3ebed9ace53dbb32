//! Tasks that belong to a worker. Run: cargo run --example scope
//!
//! A post office sorts at two desks. A panic at one desk is a panic of the office: both desks are gone
//! before it opens again. Asked to stop, it lets them finish what they have.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use perennial::{BoxError, Context, ExitReason, Supervisor, worker};
use tokio::sync::mpsc;

/// How many desks are manned.
static DESKS: AtomicUsize = AtomicUsize::new(0);

struct Desk(u32);

impl Desk {
    fn open(number: u32) -> Self {
        DESKS.fetch_add(1, Ordering::SeqCst);
        Self(number)
    }

    async fn sort(self, mut letters: mpsc::Receiver<&str>) {
        while let Some(letter) = letters.recv().await {
            assert!(!letter.is_empty(), "a letter without an address");
            println!("desk {} sorts the letter for {letter}", self.0);
        }
        println!("desk {} is done", self.0);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        DESKS.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn office(ctx: Context, opened: Arc<AtomicUsize>) -> Result<(), BoxError> {
    let scope = ctx.scope();
    let (first, letters) = mpsc::channel(8);
    scope.spawn(Desk::open(1).sort(letters));
    let (second, letters) = mpsc::channel(8);
    scope.spawn(Desk::open(2).sort(letters));

    if let Some(ExitReason::Panicked(panic)) = ctx.last_exit() {
        println!("open again after: {}", panic.message());
        // Of the life before nothing is left.
        assert_eq!(DESKS.load(Ordering::SeqCst), 2);
        first.send("Ada").await?;
        second.send("Grace").await?;
    } else {
        first.send("").await?;
    }
    opened.fetch_add(1, Ordering::SeqCst);
    ctx.stopping().await;
    drop((first, second));
    // Without this they would be cut off.
    scope.join().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let opened = Arc::new(AtomicUsize::new(0));
    let days = Arc::clone(&opened);
    let office = worker("office", move |ctx| office(ctx, Arc::clone(&days)));
    let tree = Supervisor::one_for_one("post")
        .child(office)
        .start()
        .await?;
    while opened.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    let report = tree.shutdown().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(DESKS.load(Ordering::SeqCst), 0);
    Ok(())
}
