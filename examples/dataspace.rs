//! Children that find each other by what they publish. Run: cargo run --example dataspace
//!
//! A kitchen takes a new port in each of its lives; the waiter follows it.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::net::SocketAddr;
use std::time::Duration;

use perennial::{BoxError, Change, Context, Restart, Supervisor, worker};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Binds whatever port is free and tells the tree which.
async fn kitchen(ctx: Context) -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    // Until this life ends, however it ends.
    ctx.publish("kitchen", listener.local_addr()?)?.keep();
    tokio::select! {
        () = ctx.stopping() => return Ok(()),
        guest = listener.accept() => {
            let (mut guest, _) = guest?;
            guest.write_all(b"soup").await?;
        }
    }
    if ctx.last_exit().is_none() {
        return Err("the stove has burnt out".into());
    }
    ctx.stopping().await;
    Ok(())
}

/// Starts before the kitchen does, and waits for it; goes to the next one when it is gone.
async fn waiter(ctx: Context) -> Result<(), BoxError> {
    let mut kitchen = ctx.dataspace().watch::<SocketAddr>("kitchen");
    let mut served = 0;
    while served < 2 {
        match kitchen.next().await {
            Some(Change::Published { value, by, .. }) => {
                let mut dish = String::new();
                let mut order = TcpStream::connect(*value).await?;
                order.read_to_string(&mut dish).await?;
                println!("{by} serves {dish}");
                served += 1;
            }
            Some(Change::Withdrawn { by, .. }) => println!("{by} is closed"),
            Some(_) => (),
            None => break,
        }
    }
    assert_eq!(served, 2);
    ctx.publish("served", served)?.keep();
    ctx.stopping().await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let restaurant = Supervisor::one_for_one("restaurant")
        .child(worker("waiter", waiter).restart(Restart::Temporary))
        .child(worker("kitchen", kitchen))
        .start()
        .await?;

    // From outside of the tree it is the same dataspace.
    let dataspace = restaurant.dataspace()?;
    let served = dataspace.wait::<i32>("served");
    assert_eq!(
        *tokio::time::timeout(Duration::from_secs(2), served).await??,
        2
    );
    for publication in dataspace.publications() {
        println!("{publication}");
    }
    assert!(restaurant.shutdown().await.is_clean());
    assert!(dataspace.publications().is_empty());
    Ok(())
}
