//! Pictures of a large tree, taken while its children restart: what they cost, and whom they hold up.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use perennial::{BoxError, Supervisor, SupervisorHandle};
use tokio::sync::mpsc;

use super::restart::tellers;
use super::worker::{Inlet, send};
use super::{hear, patient, require};
use crate::measure::{Measurement, nanos_since};
use crate::message::Message;
use crate::options::Options;

/// A stretch of time in which one thing was done: a restart, a picture, or nothing.
#[derive(Clone, Copy)]
struct Stretch {
    began: Instant,
    nanos: u64,
}

/// Has one child restarted after the other, and takes pictures on a thread of its own meanwhile.
///
/// A supervisor that is held up by a picture shows it in a restart that takes longer. Machines hold
/// up restarts too, so each picture is followed by as long a time in which that thread only spins.
pub(super) async fn snapshot(options: &Options) -> Result<Vec<Measurement>, BoxError> {
    let (inlets, children, mut driver) = tellers(options.n);
    let list = children.into_iter();
    let list = list.fold(Supervisor::one_for_one("list"), Supervisor::child);
    let handle = patient(list).start().await?;
    hear(&mut driver, options.n).await?;

    let over = Arc::new(AtomicBool::new(false));
    let restarts = tokio::spawn(restart(inlets, driver, Arc::clone(&over)));
    let (photographer, count, expected) = (handle.clone(), options.m, options.n + 1);
    let pictures = tokio::task::spawn_blocking(move || pictures(&photographer, count, expected));
    let (pictures, pauses) = pictures.await??;
    // Relaxed: a few restarts more or less do no harm.
    over.store(true, Ordering::Relaxed);
    let restarts = restarts.await??;
    let children = handle.which_children().await?;
    let counted: u64 = children.iter().map(|child| child.restarts).sum();
    require(
        counted == restarts.len() as u64,
        "there were too many restarts or too few",
    )?;

    let mut taken = line(options, nanos(&pictures)).note("while children restart");
    let mut held = line(options, longest(&restarts, &pictures))
        .note("longest restart that met a snapshot, per snapshot");
    let mut free = line(options, longest(&restarts, &pauses))
        .note("the same for as long a time without a snapshot");
    taken.name = "snapshot";
    held.name = "snapshot-held";
    free.name = "snapshot-free";
    Ok(vec![taken, held, free])
}

/// Takes pictures, and pauses after each for as long as it took.
fn pictures(
    handle: &SupervisorHandle,
    count: usize,
    expected: usize,
) -> Result<(Vec<Stretch>, Vec<Stretch>), BoxError> {
    let mut pictures = Vec::with_capacity(count);
    let mut pauses = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        let snapshot = handle.snapshot();
        let nanos = nanos_since(began);
        pictures.push(Stretch { began, nanos });
        require(
            snapshot.entries().len() == expected,
            "a child is missing in the picture",
        )?;
        drop(snapshot);
        let began = Instant::now();
        while nanos_since(began) < nanos {
            spin_loop();
        }
        pauses.push(Stretch { began, nanos });
    }
    Ok((pictures, pauses))
}

/// Has one child after the other restarted until it is over.
async fn restart(
    inlets: Vec<Inlet>,
    mut driver: mpsc::UnboundedReceiver<()>,
    over: Arc<AtomicBool>,
) -> Result<Vec<Stretch>, BoxError> {
    let mut restarts = Vec::new();
    // Relaxed: see the store.
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        send(&inlets[restarts.len() % inlets.len()], Message::Fail);
        hear(&mut driver, 1).await?;
        let nanos = nanos_since(began);
        restarts.push(Stretch { began, nanos });
    }
    Ok(restarts)
}

/// Of the restarts that coincide with each of the stretches, the longest one.
fn longest(restarts: &[Stretch], stretches: &[Stretch]) -> Vec<u64> {
    let met = |stretch: &Stretch| {
        let first = restarts.partition_point(|restart| restart.end() < stretch.began);
        let met = restarts[first..].iter();
        let met = met.take_while(|restart| restart.began < stretch.end());
        met.map(|restart| restart.nanos).max()
    };
    stretches.iter().filter_map(met).collect()
}

fn nanos(stretches: &[Stretch]) -> Vec<u64> {
    stretches.iter().map(|stretch| stretch.nanos).collect()
}

/// Of what was done one after the other.
fn line(options: &Options, latencies: Vec<u64>) -> Measurement {
    let took = Duration::from_nanos(latencies.iter().sum());
    Measurement::new(options, latencies.len(), took).latencies(latencies)
}

impl Stretch {
    fn end(&self) -> Instant {
        self.began + Duration::from_nanos(self.nanos)
    }
}
