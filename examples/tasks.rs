//! Supervised tasks that run once and have a result. Run: cargo run --example tasks
//!
//! A kitchen with two stoves: who orders gets the dish, or is told why there is none.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use perennial::{BoxError, StartChildError, Supervisor, TaskError, TaskSupervisor};
use tokio::time::{sleep, timeout};

async fn cook(dish: &'static str) -> String {
    sleep(Duration::from_millis(20)).await;
    assert_ne!(dish, "soufflé", "it fell in");
    format!("a good {dish}")
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let stoves = TaskSupervisor::new("stoves").max_children(2);
    let kitchen = stoves.handle(); // good before the start
    let restaurant = Supervisor::one_for_one("restaurant")
        .child(stoves)
        .start()
        .await?;

    let soup = kitchen.spawn("soup", cook("soup")).await?;
    let souffle = kitchen.spawn("soufflé", cook("soufflé")).await?;
    println!("{}", restaurant.snapshot());

    // Each limit is told, none is a queue without end; who likes to can wait for a place.
    let refused = kitchen.spawn("pie", cook("pie")).await;
    assert!(matches!(
        refused,
        Err(StartChildError::MaxChildren { max: 2 })
    ));
    println!("both stoves are in use");
    let pie = kitchen
        .free_place()
        .await?
        .spawn("pie", cook("pie"))
        .await?;

    // A result, or why there is none. A panic is the task's own.
    println!("{} is served", soup.await?);
    match souffle.await {
        Err(TaskError::Panicked { id, panic, .. }) => println!("{id}: {}", panic.message()),
        other => return Err(format!("not what was expected: {other:?}").into()),
    }
    println!("{} is served", pie.await?);

    // Who does not want to wait so long drops the task, and it ends.
    let stew = kitchen
        .spawn("stew", sleep(Duration::from_secs(3_600)))
        .await?;
    let late = timeout(Duration::from_millis(20), stew.abort_on_drop()).await;
    assert!(late.is_err());
    println!("nobody waits for the stew");

    // When it closes, a task that hears so has time for its last words.
    let bread = kitchen.spawn_with("bread", |ctx| async move {
        ctx.stopping().await;
        "taken out half done"
    });
    let bread = bread.await?;
    println!("bread is {}", bread.stop().await?);

    let dishes = ["rice", "beans", "leek"];
    let menu = kitchen.map("dish", 2, dishes, cook).await; // two at once, in order
    let menu: Result<Vec<String>, TaskError> = menu.into_iter().collect();
    assert_eq!(menu?, ["a good rice", "a good beans", "a good leek"]);
    assert!(restaurant.shutdown().await.is_clean());
    Ok(())
}
