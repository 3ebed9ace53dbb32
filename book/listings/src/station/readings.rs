//! What measures, and the log of it.

use std::fmt;

use perennial::{
    BoxError, ChildSpec, Context, InitializationError, Started, Supervisable, Supervisor,
    async_trait, worker,
};
use tokio::sync::{Mutex, mpsc};

use crate::devices::{Card, Mounted, Probe, say};

/// What a sensor measured.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Of what.
    pub name: &'static str,
    /// How much.
    pub value: f64,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:.1}", self.name, self.value)
    }
}

// ANCHOR: sensor
/// Reads a probe until it is to stop, and passes on what it says.
pub fn sensor(id: &'static str, probe: Probe, log: mpsc::Sender<Reading>) -> ChildSpec {
    worker(id, move |ctx| {
        let (probe, log) = (probe.clone(), log.clone());
        async move {
            loop {
                let value = tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    value = probe.read() => value?,
                };
                let name = probe.name();
                log.send(Reading { name, value }).await?;
            }
        }
    })
}
// ANCHOR_END: sensor

// ANCHOR: log
/// Writes readings to the memory card.
#[derive(Debug)]
pub struct Log {
    card: Card,
    /// Locked by the present life; the channel outlives it.
    readings: Mutex<mpsc::Receiver<Reading>>,
}

#[async_trait]
impl Supervisable for Log {
    fn name(&self) -> &str {
        "log"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let card = self.card.mount().await.map_err(InitializationError::new)?;
        say("the log is ready");
        Ok(Started::run(self.write(card, ctx)))
    }
}
// ANCHOR_END: log

impl Log {
    /// A log on that card, of what comes out of that channel.
    #[must_use]
    pub fn new(card: Card, readings: mpsc::Receiver<Reading>) -> Self {
        let readings = Mutex::new(readings);
        Self { card, readings }
    }

    // ANCHOR: write
    async fn write(&self, mut card: Mounted, ctx: Context) -> Result<(), BoxError> {
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
        Ok(())
    }
    // ANCHOR_END: write
}

// ANCHOR: readings
/// The log, and behind it the sensors, which know nothing of each other.
pub fn readings(card: Card) -> Supervisor {
    let (log, received) = mpsc::channel(32);
    let sensors = Supervisor::one_for_one("sensors")
        .child(sensor("thermometer", Probe::new("air", "4.0"), log.clone()))
        .child(sensor("barometer", Probe::new("pressure", "812"), log));
    Supervisor::rest_for_one("readings")
        .child(Log::new(card, received))
        .child(sensors)
}
// ANCHOR_END: readings
