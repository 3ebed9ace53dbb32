//! Children that can never start.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use perennial::{ChildSpec, Supervisor, worker};

fn device(name: &'static str) -> ChildSpec {
    worker(name, |ctx| async move {
        ctx.stopping().await;
        Ok(())
    })
}

fn main() {
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .child(device("page").after(["log", "clock"]))
        .child(device("log").after(["camera"]))
        .child(device("camera").after(["page"]));
    if let Err(error) = station.check() {
        println!("{error}");
    }
    // ANCHOR_END: main
}
