//! State that survives a restart of its worker. Run: cargo run --example stash
//!
//! An import goes on where its last life was. After a panic it starts anew: what was in the stash then
//! may be what made it panic.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::sync::{Arc, Mutex, PoisonError};

use perennial::{BoxError, Outcome, Restart, Supervisor, worker};

/// How many pages are imported; a type of its own, as a child has one cell for each type.
#[derive(Clone, Copy, Default)]
struct Done(u32);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let pages = Arc::clone(&log);

    let import = worker("import", move |ctx| {
        let pages = Arc::clone(&pages);
        async move {
            let done = ctx.stash::<Done>();
            let first = done.get().unwrap_or_default().0 + 1;
            match ctx.last_exit() {
                None => println!("the first start"),
                Some(exit) => println!("back after: {exit}; the next page is {first}"),
            }
            for page in first..=4 {
                println!("  page {page}");
                let imported = {
                    let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
                    pages.push(page);
                    pages.len()
                };
                done.put(Done(page));
                match imported {
                    2 => return Err("the connection is lost".into()),
                    3 => panic!("page {page} cannot be read"),
                    _ => (),
                }
            }
            ctx.supervisor().request_stop();
            Ok(())
        }
    });

    let app = Supervisor::one_for_one("app").child(import.restart(Restart::Transient));
    let outcome = app.start().await?.wait().await;
    assert!(matches!(outcome, Outcome::Stopped));

    let pages = log.lock().unwrap_or_else(PoisonError::into_inner);
    // The error lost nothing; the panic cost the stash.
    assert_eq!(*pages, [1, 2, 3, 1, 2, 3, 4]);
    Ok(())
}
