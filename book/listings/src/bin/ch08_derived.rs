//! The log and a sensor once more, with the macros.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Context, Supervisable, Supervisor, worker};
use perennial_book::station::Reading;
use perennial_book::{Card, CardError, Mounted, Probe, say};
use tokio::sync::{Mutex, mpsc};
use tokio::time::sleep;

// ANCHOR: log
/// Writes readings to the memory card.
#[derive(Supervisable)]
#[supervise(shutdown = "10s", init = "fatal_on_first_start")]
struct Log {
    card: Card,
    /// Locked by the present life; the channel outlives it.
    readings: Mutex<mpsc::Receiver<Reading>>,
}

impl Log {
    async fn init(&self, _ctx: &Context) -> Result<Mounted, CardError> {
        let card = self.card.mount().await?;
        say("the log is ready");
        Ok(card)
    }

    async fn run(&self, mut card: Mounted, ctx: Context) {
        let mut readings = self.readings.lock().await;
        loop {
            tokio::select! {
                () = ctx.stopping() => break,
                Some(reading) = readings.recv() => card.write(reading),
            }
        }
        // The sensors were stopped before: this is the rest.
        while let Ok(reading) = readings.try_recv() {
            card.write(reading);
        }
    }
}
// ANCHOR_END: log

// ANCHOR: sensor
/// Reads a probe until it is to stop, and passes on what it says.
#[worker(shutdown = "2s")]
async fn sensor(probe: Probe, log: mpsc::Sender<Reading>, ctx: Context) -> Result<(), BoxError> {
    loop {
        let value = tokio::select! {
            () = ctx.stopping() => return Ok(()),
            value = probe.read() => value?,
        };
        let name = probe.name();
        log.send(Reading { name, value }).await?;
    }
}
// ANCHOR_END: sensor

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let card = Card::new("ok fail ok");
    let (log, received) = mpsc::channel(32);
    let station = Supervisor::rest_for_one("station")
        .child(Log {
            card: card.clone(),
            readings: Mutex::new(received),
        })
        .child(sensor(Probe::new("air", "4.0 4.1"), log.clone()).id("thermometer"))
        .child(sensor(Probe::new("pressure", "812 fail 813"), log).id("barometer"));

    let tree = station.start().await?;
    sleep(Duration::from_millis(3_500)).await;
    println!("\n{}\n", tree.snapshot());
    tree.kill_child("log").await?;
    sleep(Duration::from_millis(4_000)).await;
    println!("\n{}\n", tree.snapshot());
    let settings = tree.child_spec("log").await?;
    println!("{:?}, {:?}", settings.shutdown, settings.init_policy);
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
