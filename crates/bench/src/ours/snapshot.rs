//! Pictures of a large tree, taken while its children restart: what they cost, and whom they hold up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use perennial::{BoxError, Supervisor};
use tokio::sync::mpsc;

use super::restart::tellers;
use super::worker::{Inlet, send};
use super::{hear, patient, require};
use crate::measure::{Measurement, Message, nanos_since};
use crate::options::Options;

/// How many restarts are timed before the first picture is taken, to compare with.
const BEFORE: usize = 3_000;

/// One restart, or one picture.
#[derive(Clone, Copy)]
struct Timed {
    began: Instant,
    nanos: u64,
}

/// Takes pictures on this task while another one has children restarted, one after the other. A
/// restart that coincides with a picture shows for how long that held the supervisor.
pub(super) async fn snapshot(options: &Options) -> Result<Vec<Measurement>, BoxError> {
    let (inlets, children, mut driver) = tellers(options.n);
    let list = children.into_iter();
    let list = list.fold(Supervisor::one_for_one("list"), Supervisor::child);
    let handle = patient(list).start().await?;
    hear(&mut driver, options.n).await?;

    let over = Arc::new(AtomicBool::new(false));
    let (calm, mut calmed) = mpsc::unbounded_channel();
    let restarts = tokio::spawn(restart(inlets, driver, calm, Arc::clone(&over)));
    calmed.recv().await.ok_or("the restarts have ended")?;
    let mut pictures = Vec::with_capacity(options.m);
    for _ in 0..options.m {
        let began = Instant::now();
        let snapshot = handle.snapshot();
        let nanos = nanos_since(began);
        pictures.push(Timed { began, nanos });
        require(
            snapshot.entries().len() == options.n + 1,
            "a child is missing in the picture",
        )?;
        drop(snapshot);
        tokio::task::yield_now().await;
    }
    // Relaxed: a few restarts more or less do no harm.
    over.store(true, Ordering::Relaxed);
    let restarts = restarts.await??;
    let done: u64 = handle
        .which_children()
        .await?
        .iter()
        .map(|child| child.restarts)
        .sum();
    require(
        done == restarts.len() as u64,
        "there were too many restarts or too few",
    )?;

    let (before, during) = restarts.split_at(BEFORE);
    let nanos = |timed: &[Timed]| timed.iter().map(|timed| timed.nanos).collect();
    let held = during.iter().filter(|restart| {
        let near = pictures.partition_point(|picture| picture.end() < restart.began);
        pictures
            .get(near)
            .is_some_and(|picture| picture.began < restart.end())
    });
    let held: Vec<Timed> = held.copied().collect();
    let mut lines = vec![
        Measurement::of_latencies(options, nanos(&pictures)).note("while children restart"),
        Measurement::of_latencies(options, nanos(before)).note("restarts without snapshots"),
        Measurement::of_latencies(options, nanos(&held)).note("restarts during snapshots"),
    ];
    lines[1].name = "snapshot-restart-alone";
    lines[2].name = "snapshot-restart-during";
    Ok(lines)
}

/// Has one child after the other restarted until it is over.
async fn restart(
    inlets: Vec<Inlet>,
    mut driver: mpsc::UnboundedReceiver<()>,
    calm: mpsc::UnboundedSender<()>,
    over: Arc<AtomicBool>,
) -> Result<Vec<Timed>, BoxError> {
    let mut restarts = Vec::new();
    // Relaxed: see the store.
    while restarts.len() <= BEFORE || !over.load(Ordering::Relaxed) {
        if restarts.len() == BEFORE {
            calm.send(())?;
        }
        let began = Instant::now();
        send(&inlets[restarts.len() % inlets.len()], Message::Fail);
        hear(&mut driver, 1).await?;
        restarts.push(Timed {
            began,
            nanos: nanos_since(began),
        });
    }
    Ok(restarts)
}

impl Timed {
    fn end(&self) -> Instant {
        self.began + std::time::Duration::from_nanos(self.nanos)
    }
}
