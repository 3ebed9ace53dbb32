//! Restarts: of one child among siblings, of a group, of all children at once.

use std::sync::Arc;
use std::time::Instant;

use perennial::{BoxError, ChildSpec, Supervisor};
use tokio::sync::mpsc;

use super::worker::{Inlet, Start, Worker, inlet, send};
use super::{hear, patient, require};
use crate::measure::{Gate, Measurement, nanos_since};
use crate::message::Message;
use crate::options::{Options, Workload};

/// Restarts one child again and again, in the middle of idle siblings.
pub(super) async fn alone(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let (up, mut driver) = mpsc::unbounded_channel();
    let victim = inlet();
    let middle = Worker {
        inlet: Arc::clone(&victim),
        start: Start::Tell(up),
    };
    let half = options.n / 2;
    let sibling = |number| Worker::idle(&gate).numbered(number);
    let list = (0..half)
        .map(sibling)
        .chain([ChildSpec::new(middle).id("victim")])
        .chain((half..options.n).map(sibling))
        .fold(Supervisor::one_for_one("list"), Supervisor::child);
    let handle = patient(list).start().await?;
    hear(&mut driver, 1).await?;
    gate.wait().await;
    let fail = || match options.workload {
        Workload::RestartPanic => Message::Crash,
        _ => Message::Fail,
    };
    for _ in 0..options.window {
        send(&victim, fail());
        hear(&mut driver, 1).await?;
    }
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        send(&victim, fail());
        hear(&mut driver, 1).await?;
        latencies.push(nanos_since(sent));
    }
    let took = began.elapsed();
    let restarts = handle.which_child("victim").await?.restarts;
    require(
        restarts == (options.window + options.m) as u64,
        "the victim was restarted too often or too seldom",
    )?;
    Ok(Measurement::new(options, options.m, took)
        .latencies(latencies)
        .note(if options.window == 0 {
            "one_for_one: a list of specs"
        } else {
            "one_for_one; the window held restarts before"
        }))
}

/// One crash restarts all children of a group.
pub(super) async fn ofa(options: &Options) -> Result<Measurement, BoxError> {
    let group = Supervisor::one_for_all("group");
    let middle = options.n / 2;
    rounds(options, group, |inlets| &inlets[middle..=middle]).await
}

/// All children crash at the same time, and each is restarted alone.
pub(super) async fn storm(options: &Options) -> Result<Measurement, BoxError> {
    rounds(options, Supervisor::one_for_one("list"), |inlets| inlets).await
}

/// Crashes the same children in each round, until all are back.
async fn rounds(
    options: &Options,
    empty: Supervisor,
    to_crash: impl Fn(&[Inlet]) -> &[Inlet],
) -> Result<Measurement, BoxError> {
    let (inlets, children, mut driver) = tellers(options.n);
    let list = children.into_iter().fold(empty, Supervisor::child);
    let handle = patient(list).start().await?;
    hear(&mut driver, options.n).await?;
    let to_crash = to_crash(&inlets);
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        for inlet in to_crash {
            send(inlet, Message::Crash);
        }
        hear(&mut driver, options.n).await?;
        latencies.push(nanos_since(sent));
    }
    let took = began.elapsed();
    let children = handle.which_children().await?;
    require(
        children
            .iter()
            .all(|child| child.restarts == options.m as u64),
        "a child was restarted too often or too seldom",
    )?;
    Ok(Measurement::new(options, options.n * options.m, took)
        .latencies(latencies)
        .note("ns_per_op is per child; p50 per round"))
}

/// Children that tell the driver whenever they are back, and where to send to each.
pub(super) fn tellers(count: usize) -> (Vec<Inlet>, Vec<ChildSpec>, mpsc::UnboundedReceiver<()>) {
    let (up, driver) = mpsc::unbounded_channel();
    let inlets: Vec<Inlet> = (0..count).map(|_| inlet()).collect();
    let children = inlets.iter().enumerate().map(|(number, inlet)| {
        let worker = Worker {
            inlet: Arc::clone(inlet),
            start: Start::Tell(up.clone()),
        };
        worker.numbered(number)
    });
    let children = children.collect();
    (inlets, children, driver)
}
