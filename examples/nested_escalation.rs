//! What a restart of one child cannot cure. Run: cargo run --example nested_escalation
//!
//! A restart of its whole group may: that is why supervisors stand under supervisors.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use perennial::{BoxError, Supervisor, worker};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let session = Arc::new(AtomicU32::new(0));
    let (attempts, mut attempted) = mpsc::channel(8);

    // Each start of the login makes a new session. The bank refuses the first one for ever.
    let number = session.clone();
    let login = worker("login", move |ctx| {
        number.fetch_add(1, SeqCst);
        async move {
            ctx.stopping().await;
            Ok(())
        }
    });
    let transfer = worker("transfer", move |ctx| {
        let (session, attempts) = (session.load(SeqCst), attempts.clone());
        async move {
            attempts.send(session).await?;
            if session == 1 {
                return Err("the session has expired".into());
            }
            ctx.stopping().await;
            Ok(())
        }
    });

    // Two restarts in five seconds are borne; the third failure ends `payments` as a whole, and
    // its supervisor starts it again, from the first child to the last.
    let payments = Supervisor::one_for_one("payments")
        .intensity(2, Duration::from_secs(5))
        .child(login)
        .child(transfer);
    let tree = Supervisor::one_for_one("bank")
        .child(payments)
        .start()
        .await?;

    let mut sessions = Vec::new();
    while sessions.last() != Some(&2) {
        let session = attempted.recv().await.ok_or("no transfer any more")?;
        println!("attempt {} with session {session}", sessions.len() + 1);
        sessions.push(session);
    }
    assert_eq!(sessions, [1, 1, 1, 2]); // a start, two restarts, and one with a new login

    println!("\n{}", tree.snapshot());
    assert_eq!(tree.which_child("payments").await?.restarts, 1);
    assert!(tree.shutdown().await.is_clean());
    Ok(())
}
