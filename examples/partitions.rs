//! Copies of one child, of which a key chooses one. Run: cargo run --example partitions
//!
//! Each account is kept by one teller, always the same: no two of them ever touch it.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::sync::Arc;

use perennial::{BoxError, PartitionSupervisor, Supervisor, worker};
use tokio::sync::{Mutex, mpsc, oneshot};

/// A deposit, and who wants to know what the account holds then.
struct Deposit {
    account: &'static str,
    sum: u64,
    holds: oneshot::Sender<u64>,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // What belongs to a teller is the sender of its deposits; it stays good when the teller is restarted.
    let tellers = PartitionSupervisor::with("tellers", 3, |_number| {
        let (deposit, deposits) = mpsc::channel::<Deposit>(16);
        let deposits = Arc::new(Mutex::new(deposits));
        let teller = worker("teller", move |ctx| {
            let deposits = Arc::clone(&deposits);
            async move {
                let mut book = BTreeMap::new();
                let mut deposits = deposits.lock().await;
                loop {
                    let Deposit {
                        account,
                        sum,
                        holds,
                    } = tokio::select! {
                        () = ctx.stopping() => return Ok(()),
                        Some(deposit) = deposits.recv() => deposit,
                    };
                    let total = book.entry(account).or_insert(0);
                    *total += sum;
                    println!("{} has {total} for {account}", ctx.path());
                    // Who asked may have left.
                    let _heard = holds.send(*total);
                }
            }
        });
        (deposit, teller)
    });
    let open = tellers.handle(); // good before the start
    let bank = Supervisor::one_for_one("bank")
        .child(tellers)
        .start()
        .await?;

    let mut totals = Vec::new();
    for account in ["Ada", "Edsger", "Barbara", "Ada"] {
        let (holds, total) = oneshot::channel();
        let deposit = Deposit {
            account,
            sum: 100,
            holds,
        };
        open.get(account).send(deposit).await?; // the key finds the teller
        totals.push(total.await?);
    }
    assert_eq!(totals, [100, 100, 100, 200]);

    let ada = open.child_id(&String::from("Ada")); // equal keys, the same child
    assert_eq!(ada, open.child_id("Ada"));
    println!(
        "\nAda's teller is {ada} of {}\n{}",
        open.partitions().len(),
        bank.snapshot()
    );
    assert!(bank.shutdown().await.is_clean());
    Ok(())
}
