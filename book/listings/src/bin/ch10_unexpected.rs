//! What a test says of a panic that it did not expect, and of an event that did not come.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Supervisor};
use perennial_book::Probe;
use perennial_book::station::sensor;
use perennial_test::{Restarted, TestTree};
use tokio::sync::mpsc;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let (log, _received) = mpsc::channel(32);
    let sensors = |script| {
        let probe = Probe::new("air", script);
        Supervisor::one_for_one("sensors").child(sensor("thermometer", probe, log.clone()))
    };
    // ANCHOR: panic
    let tree = TestTree::start(sensors("4.0 panic 4.1")).await;
    sleep(Duration::from_millis(3_500)).await;
    println!("{}", tree.judge().await); // `stop` would fail the test with these words
    // ANCHOR_END: panic
    println!();
    // ANCHOR: absent
    let tree = TestTree::start(sensors("4.0")).await;
    let test = tokio::spawn(async move { tree.expect(Restarted("thermometer")).await });
    // ANCHOR_END: absent
    if let Err(error) = test.await {
        let panic = error.into_panic();
        let words = panic.downcast_ref::<String>();
        println!("{}", words.ok_or("the panic is a text")?);
    }
    Ok(())
}
