//! Children that come and go at run time. Run: cargo run --example dynamic_children
//!
//! All are made by one template.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use perennial::{BoxError, DynamicSupervisor, Restart, StartChildError, Supervisor, worker};

/// What the template needs to know of each child.
struct Party {
    host: &'static str,
    guests: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let tables = DynamicSupervisor::new("tables", |party: Party| {
        let Party { host, guests } = party;
        worker("table", move |ctx| async move {
            println!("{host} sits down with {guests} at {}", ctx.path());
            ctx.stopping().await;
            println!("{host} pays and leaves");
            Ok(())
        })
        .restart(Restart::Temporary) // a party that left does not come back
    })
    .max_children(2);
    let open = tables.handle(); // good before the start, and after each restart

    let restaurant = Supervisor::one_for_one("restaurant")
        .child(tables)
        .start()
        .await?;

    let first = open
        .start_child(Party {
            host: "Ada",
            guests: 3,
        })
        .await?;
    open.start_child(Party {
        host: "Grace",
        guests: 1,
    })
    .await?;
    println!("\n{}", restaurant.snapshot());

    // Each limit is told, none is a queue without end.
    let late = open
        .start_child(Party {
            host: "Linus",
            guests: 7,
        })
        .await;
    assert!(matches!(late, Err(StartChildError::MaxChildren { .. })));
    println!("Linus has to wait");

    open.terminate_child(first.id().clone()).await?;
    let third = open
        .start_child(Party {
            host: "Linus",
            guests: 7,
        })
        .await?;
    assert_ne!(first.id(), third.id()); // a number is not given twice

    println!("\n{}", restaurant.snapshot());
    assert_eq!(open.which_children().await?.len(), 2);
    assert!(restaurant.shutdown().await.is_clean());
    Ok(())
}
