//! Full-text search over a folder of text and markdown files: a small but complete service.
//! Run: `cargo run --release --example docsearch -- FOLDER [--port N] [--database FILE] [--chaos]`
//!
//! ```text
//! docsearch        one-for-one
//! ├─ storage       rest-for-one: what comes later depends on what comes earlier
//! │  ├─ database   owns the SQLite connection, does one job after the other
//! │  ├─ indexer    brings the database into line with the folder
//! │  └─ watcher    tells the indexer when to look again
//! └─ web           answers on loopback
//! ```
//!
//! Read `database.rs` first: a worker that others call, and that may die at any moment.
//! Then `indexer.rs` and `watcher.rs`, which lose no document however often they are killed,
//! and `web.rs`, which keeps its port over restarts. The other files are what the workers
//! work with; they know nothing of supervision.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that is run in a terminal"
)]

mod args;
mod database;
mod folder;
mod index;
mod indexer;
#[cfg(test)]
mod tests;
mod watcher;
mod web;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use perennial::{Application, ChildSpec, InitPolicy, StderrObserver, Supervisor};
use tokio::sync::Notify;

use crate::args::Args;
use crate::database::Database;
use crate::indexer::Indexer;
use crate::watcher::Watcher;
use crate::web::{Service, Web};

/// How many restarts within [`PERIOD`] a supervisor bears.
const RESTARTS: u32 = 5;
/// The same under `--chaos`, where crashes are what one wants to see.
const RESTARTS_IN_CHAOS: u32 = 300;
const PERIOD: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    match Args::parse(std::env::args_os().skip(1)) {
        // Runs until Ctrl-C or SIGTERM, and prints how the start or the stop went.
        Ok(args) => Application::new(tree(args)).run().await,
        Err(sentence) => {
            eprintln!("docsearch: {sentence}");
            ExitCode::from(2)
        }
    }
}

fn tree(args: Args) -> Supervisor {
    // What cannot start again ends the program with the reason. In chaos, where a kill may hit a
    // child that is just starting, that is one more restart.
    let (restarts, policy) = match args.chaos {
        false => (RESTARTS, InitPolicy::Fatal),
        true => (RESTARTS_IN_CHAOS, InitPolicy::FatalOnFirstStart),
    };
    let changed = Arc::new(Notify::new());
    let (database, calls) = Database::at(args.database);
    let indexer = Indexer {
        root: args.folder.clone(),
        changed: changed.clone(),
        database: calls.clone(),
    };
    let watcher = Watcher {
        root: args.folder,
        changed,
    };

    let storage = Supervisor::rest_for_one("storage")
        .intensity(restarts, PERIOD)
        .child(ChildSpec::new(database).init_policy(policy))
        .child(ChildSpec::new(indexer).init_policy(policy))
        .child(ChildSpec::new(watcher).init_policy(policy));

    let root = Supervisor::one_for_one("docsearch")
        .intensity(restarts, PERIOD)
        .observer(StderrObserver::new());
    let service = Service {
        database: calls,
        tree: root.handle(), // good before the start
        chaos: args.chaos,
    };
    let web = Web::on_port(args.port, service);
    root.child(ChildSpec::new(storage).init_policy(policy))
        .child(ChildSpec::new(web).init_policy(policy))
}
