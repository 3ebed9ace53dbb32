//! The health of a tree, and the story of a crash. Run: cargo run --example health
//!
//! A mail service is ready again when its connection is; that its metrics are down does not matter.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use perennial::{
    Backoff, BoxError, CrashDecision, Event, EventKind, HealthImpact, Jitter, Supervisor, worker,
};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let wait = Backoff::constant(Duration::from_millis(100));
    let wait = wait.jitter(Jitter::None).not_at_once();
    let lost = Arc::new(AtomicBool::new(false));

    let mail = worker("mail", move |ctx| {
        let first = !lost.swap(true, Ordering::Relaxed);
        async move {
            if first {
                tokio::time::sleep(Duration::from_millis(100)).await;
                return Err(BoxError::from("the connection is lost"));
            }
            ctx.stopping().await;
            Ok(())
        }
    });
    let metrics = worker("metrics", |_| async { Err("there is no collector".into()) })
        .backoff(Backoff::constant(Duration::from_secs(60)).not_at_once())
        .health(HealthImpact::Optional);

    let app = Supervisor::one_for_one("app")
        .child(mail.backoff(wait))
        .child(metrics)
        .observer(|event: &Event| {
            if let EventKind::Crashed { report } = &event.kind {
                println!("{report}");
            }
        });
    let handle = app.start().await?;

    // What a readiness probe would say, each time that it changes.
    let mut health = handle.watch_health();
    let mut told = Vec::new();
    while told.len() < 3 {
        let now = health.next().await.ok_or("the tree has ended")?;
        println!("ready: {}", now.ready);
        // It may be told more than once why it is not.
        if told.last() != Some(&now.ready.is_ok()) {
            told.push(now.ready.is_ok());
        }
    }
    assert_eq!(told, [true, false, true]);

    let snapshot = handle.snapshot();
    let crashes = &snapshot.find("app/mail").ok_or("no mail")?.crashes;
    assert!(matches!(crashes[0].decision, CrashDecision::Delayed { .. }));

    handle.request_stop();
    let now = health.next().await.ok_or("the tree has ended")?;
    println!("ready: {}", now.ready);
    assert!(!now.ready.is_ok());
    handle.wait().await;
    Ok(())
}
