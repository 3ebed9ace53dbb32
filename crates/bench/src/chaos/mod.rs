//! Chaos: faults befall the children of a large tree, and at the end nothing may have leaked.
//!
//! What is broken stands in the output, with the seed of the faults. The same seed draws the same faults for
//! the same life of the same child; which of them come to pass also depends on the machine.

mod audit;
mod dice;
mod hands;
mod ledger;
mod orders;
mod run;
mod site;
mod subject;
mod world;

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use perennial::BoxError;
use tokio::runtime::Builder;

use orders::Orders;
use run::run;
use world::is_ours;

/// How chaos is called.
const USAGE: &str = "\
usage: perennial-bench chaos [--seconds S] [--seed N] [--n N] [--workers W] [--leak]

  --seconds S  how long faults befall the tree; 10 by default
  --seed N     what befalls whom; another one each time by default, and printed
  --n N        how many workers the tree has, in hundreds; 1,000 by default
  --workers W  worker threads of the runtime; 4 by default, at least 2
  --leak       leaves a task behind on purpose, to see that this is found";

/// How much longer than asked for the whole may take: recoveries and the stop.
const PATIENCE: Duration = Duration::from_secs(240);

/// Lets faults befall a tree as the command line says.
pub(crate) fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let orders = match Orders::parse(arguments) {
        Ok(orders) => orders,
        Err(why) => {
            eprintln!("perennial-bench: {why}\n\n{USAGE}");
            return ExitCode::from(crate::BAD_USAGE);
        }
    };
    silence();
    println!("chaos for {:?}, seed {}", orders.time, orders.seed);
    let wrong = watched(orders).unwrap_or_else(|why| vec![why.to_string()]);
    if wrong.is_empty() {
        println!("nothing is broken, seed {}", orders.seed);
        return ExitCode::SUCCESS;
    }
    eprintln!("BROKEN, seed {}:", orders.seed);
    for what in wrong {
        eprintln!("  {what}");
    }
    ExitCode::FAILURE
}

/// Only panics that nobody ordered are printed.
fn silence() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<String>();
        if !text.is_some_and(|text| is_ours(text)) {
            usual(panic);
        }
    }));
}

/// What is broken. The main thread waits, so that it ends also when the runtime does not go on.
fn watched(orders: Orders) -> Result<Vec<String>, BoxError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(orders.workers)
        .enable_time()
        .build()?;
    let (teller, told) = mpsc::channel();
    runtime.spawn(async move {
        let run = tokio::spawn(run(orders)).await;
        let run = run.map_err(BoxError::from).and_then(|run| run);
        // The main thread has lost patience if it does not listen.
        let _told = teller.send(run);
    });
    let wrong = told.recv_timeout(orders.time + PATIENCE);
    // Its threads end with the process.
    runtime.shutdown_background();
    wrong.map_err(|_| "the run does not end: the runtime does not go on")?
}
