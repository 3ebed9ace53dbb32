//! A stop in order, with a grace and a report. Run: cargo run --example graceful_stop
//!
//! It goes from the last child to the first and waits for each.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ShutdownStrategy, Supervisor, worker};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (orders, receiver) = mpsc::channel::<&str>(8);
    let queue = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));

    // Asked to stop, the kitchen first cooks what is ordered.
    let kitchen = worker("kitchen", move |ctx| {
        let queue = queue.clone();
        async move {
            ctx.stopping().await;
            let mut queue = queue.lock().await;
            while let Ok(dish) = queue.try_recv() {
                println!("the kitchen still cooks {dish}");
            }
            Ok(())
        }
    });
    // The waiter depends on the kitchen: it starts later, and so it is stopped earlier.
    let waiter = worker("waiter", move |ctx| {
        let orders = orders.clone();
        async move {
            ctx.stopping().await;
            for dish in ["soup", "bread"] {
                orders.send(dish).await?;
            }
            println!("the waiter takes the last orders");
            Ok(())
        }
    });
    // The radio hears nothing. When its grace is over it is cut off.
    let radio = worker("radio", |_ctx| std::future::pending())
        .shutdown(ShutdownStrategy::Graceful(Duration::from_millis(100)));

    let restaurant = Supervisor::one_for_one("restaurant");
    let tree = restaurant
        .child(kitchen)
        .child(waiter)
        .child(radio)
        .start()
        .await?;

    let report = tree.shutdown().await;
    println!("\n{report}");
    let stops: Vec<_> = report
        .children()
        .iter()
        .map(|child| child.path.id().as_str())
        .collect();
    assert_eq!(stops, ["radio", "waiter", "kitchen"]);
    let forced: Vec<_> = report.children().iter().map(|child| child.forced).collect();
    assert_eq!(forced, [true, false, false]);
    assert!(!report.is_clean()); // one had to be forced
    Ok(())
}
