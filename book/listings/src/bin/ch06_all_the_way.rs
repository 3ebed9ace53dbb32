//! A link that nothing cures: the failure climbs to the root.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::error::Error;
use std::future::pending;
use std::time::Duration;

use perennial::{Event, EventKind, Supervisor};
use perennial_book::station::uplink;
use perennial_book::{Phone, say};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    // ANCHOR: main
    let radio = Supervisor::one_for_one("radio")
        .intensity(1, Duration::from_secs(10))
        .child(uplink(Phone::new(u32::MAX))); // every call is a bad one
    let station = Supervisor::one_for_one("station")
        .intensity(2, Duration::from_secs(60))
        .observer(|event: &Event| {
            if let EventKind::GaveUp { .. } = event.kind {
                say(event);
            }
        })
        .child(radio);

    if let Err(error) = station.run_until(pending::<()>()).await {
        println!();
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            println!("{error}");
            cause = error.source();
        }
    }
    // ANCHOR_END: main
}
