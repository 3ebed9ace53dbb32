//! New settings at SIGHUP, and the tree at SIGUSR1. Run: cargo run --example reload
//!
//! Unix only: it sends the signals to itself, by `kill`.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU32, Ordering};

use perennial::{Application, BoxError, Supervisor, worker};
use tokio::sync::watch;

/// Stands for a file of settings.
static PRICE_LIST: AtomicU32 = AtomicU32::new(3);

fn read_price_list() -> Result<u32, BoxError> {
    Ok(PRICE_LIST.load(Ordering::Relaxed))
}

fn send(signal: &str) -> Result<(), BoxError> {
    let id = std::process::id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status()?;
    sent.success().then_some(()).ok_or_else(|| "no kill".into())
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (set_price, price) = watch::channel(read_price_list()?);
    let (sell, mut sold_at) = watch::channel(0);

    // It goes on without a restart: customers who wait do not notice.
    let shop = worker("shop", move |ctx| {
        let (mut price, sell) = (price.clone(), sell.clone());
        async move {
            loop {
                let now = *price.borrow_and_update();
                println!("bread costs {now}");
                sell.send_replace(now);
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    changed = price.changed() => changed?,
                }
            }
        }
    });
    let seen = sold_at.clone();
    let owner = worker("owner", move |ctx| {
        let mut sold_at = seen.clone();
        async move {
            PRICE_LIST.store(4, Ordering::Relaxed);
            send("-HUP")?;
            sold_at.wait_for(|price| *price == 4).await?;
            send("-USR1")?;
            send("-TERM")?;
            ctx.stopping().await;
            Ok(())
        }
    });

    let bakery = Supervisor::one_for_one("bakery").child(shop).child(owner);
    let code = Application::new(bakery)
        .reload(move |_handle| {
            let set_price = set_price.clone();
            async move {
                // With an error in it, the old settings stay, and the error is told.
                set_price.send(read_price_list()?)?;
                Ok(())
            }
        })
        .run()
        .await;
    assert_eq!(*sold_at.borrow_and_update(), 4);
    assert_eq!(code, ExitCode::SUCCESS);
    Ok(())
}
