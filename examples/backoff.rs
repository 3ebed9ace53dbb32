//! Restarts that wait longer and longer, until the child has recovered. Run: cargo run --example backoff
//!
//! A feed cannot reach its server. The first restart is at once; then it backs off, and nobody else waits.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use perennial::{Backoff, BoxError, ChildState, EventKind, Jitter, Supervisor, worker};

/// How often the server is asked before it answers.
const AWAY: u32 = 4;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let asked = Arc::new(AtomicU32::new(0));
    let server = Arc::clone(&asked);
    let feed = worker("feed", move |ctx| {
        let server = Arc::clone(&server);
        async move {
            if server.fetch_add(1, Ordering::Relaxed) < AWAY {
                return Err("connection refused".into());
            }
            ctx.stopping().await;
            Ok(())
        }
    });
    let ms = Duration::from_millis;
    let backoff = Backoff::exponential(ms(20), ms(60))
        .jitter(Jitter::None) // so that this prints the same each time; leave it on otherwise
        .stable_after(ms(100));
    let clock = worker("clock", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    let office = Supervisor::one_for_one("office")
        .unlimited_intensity()
        .child(clock)
        .child(feed.backoff(backoff));

    let mut events = office.handle().events();
    let tree = office.start().await?;
    let mut waits = Vec::new();
    while let Some(event) = events.next().await {
        match event?.kind {
            EventKind::Delayed { by, cause } => {
                println!("again in {by:?}: {cause}");
                assert_eq!(tree.which_child("clock").await?.state, ChildState::Running);
                waits.push(by);
            }
            EventKind::Recovered => break,
            _ => (),
        }
    }
    println!("it has recovered\n\n{}", tree.snapshot());
    assert_eq!(waits, [ms(20), ms(40), ms(60)]);
    assert_eq!(asked.load(Ordering::Relaxed), AWAY + 1);
    assert!(tree.shutdown().await.is_clean());
    Ok(())
}
