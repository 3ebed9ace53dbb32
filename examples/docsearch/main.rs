//! Full-text search over a folder of text and markdown files: a small but complete service.
//! Run: `cargo run --release --example docsearch -- FOLDER [--port N] [--database FILE] [--chaos]`
//!
//! ```text
//! docsearch        one-for-one
//! ├─ storage       rest-for-one: what comes later depends on what comes earlier
//! │  ├─ database   owns the SQLite connection, does one job after the other
//! │  ├─ indexer    brings the database into line with the folder
//! │  └─ watcher    tells the indexer where to look
//! └─ web           answers on loopback
//! ```
//!
//! Read `database.rs` first: a worker that others call, and that may die at any moment.
//! Then `indexer.rs` and `watcher.rs`, which lose no document however often they are killed,
//! and `web.rs`, which keeps its port over restarts. The other files are what the workers
//! work with; they know nothing of supervision.

mod args;
mod changes;
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

use perennial::{Application, StderrObserver, Supervisor};

use crate::args::Args;
use crate::changes::Changes;
use crate::database::Database;
use crate::folder::Folder;
use crate::indexer::Indexer;
use crate::watcher::Watcher;
use crate::web::Web;

/// How many restarts within [`PERIOD`] a supervisor bears.
const RESTARTS: u32 = 5;
/// The same under `--chaos`, where crashes are what one wants to see.
const RESTARTS_IN_CHAOS: u32 = 1_000;
const PERIOD: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    match Args::parse(std::env::args_os().skip(1)) {
        Ok(args) => Application::new(tree(args)).run().await,
        Err(sentence) => {
            #[expect(clippy::print_stderr, reason = "nothing runs yet that could report it")]
            {
                eprintln!("docsearch: {sentence}");
            }
            ExitCode::from(2)
        }
    }
}

fn tree(args: Args) -> Supervisor {
    let restarts = if args.chaos {
        RESTARTS_IN_CHAOS
    } else {
        RESTARTS
    };
    let folder = Arc::new(Folder::new(args.folder));
    let changes = Arc::new(Changes::in_folder(folder.root()));
    let database = Database::at(args.database);
    let calls = database.handle();

    let storage = Supervisor::rest_for_one("storage")
        .intensity(restarts, PERIOD)
        .child(database)
        .child(Indexer::new(folder.clone(), changes.clone(), calls.clone()))
        .child(Watcher::new(folder, changes));

    Supervisor::one_for_one("docsearch")
        .intensity(restarts, PERIOD)
        .observer(StderrObserver::new())
        .child(storage)
        .child(Web::on_port(args.port, calls, args.chaos))
}
