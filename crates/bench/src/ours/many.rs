//! Many children under a dynamic supervisor: what they cost to start, to keep and to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use perennial::{BoxError, DynamicHandle, DynamicSupervisor, Supervisor};
use tokio::sync::oneshot;

use super::worker::{Inlet, Start, Worker, inlet, send};
use super::{patient, require};
use crate::measure::{Gate, Measurement, keep, rss_kib};
use crate::message::Message;
use crate::options::Options;

/// Starts the children one after the other, each by a call.
pub(super) async fn spawn_call(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let pool = pool(&gate).await?;
    let mut inlets = Vec::with_capacity(options.n);
    let before = rss_kib();
    let began = Instant::now();
    for _ in 0..options.n {
        let inlet = inlet();
        pool.start_child(Arc::clone(&inlet)).await?;
        inlets.push(inlet);
    }
    gate.wait().await;
    let measurement = Measurement::new(options, options.n, began.elapsed())
        .bytes_since(before)
        .note("DynamicSupervisor");
    require(
        pool.count_children().await?.active == options.n,
        "not all children run",
    )?;
    let last = inlets.last().ok_or("there are no children")?;
    send(last, Message::Add(7));
    let (asker, answer) = oneshot::channel();
    let mut question = Message::Get(asker);
    // There is room for one message: it has taken the first when the second gets in.
    while let Err(back) = last.put(question) {
        question = back;
        tokio::task::yield_now().await;
    }
    require(answer.await? == 7, "the last child lost a message")?;
    keep(inlets);
    Ok(measurement)
}

/// Starts idle children under both kinds of supervisors, and weighs them.
pub(super) async fn memory(options: &Options) -> Result<Vec<Measurement>, BoxError> {
    let mut dynamic = spawn_call(options).await?;
    dynamic.note = "DynamicSupervisor";
    let gate = Gate::new(options.n);
    let before = rss_kib();
    let began = Instant::now();
    let children = (0..options.n).map(|number| Worker::idle(&gate).numbered(number));
    let list = children.fold(Supervisor::one_for_one("list"), Supervisor::child);
    let handle = patient(list).start().await?;
    gate.wait().await;
    let mut fixed = Measurement::new(options, options.n, began.elapsed())
        .bytes_since(before)
        .note("Supervisor: a list of specs");
    fixed.system = "perennial-static";
    require(
        handle.count_children().await?.active == options.n,
        "not all children run",
    )?;
    Ok(vec![dynamic, fixed])
}

/// Stops all children at the same time.
pub(super) async fn shutdown(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let pool = pool(&gate).await?;
    let mut inlets = Vec::with_capacity(options.n);
    for _ in 0..options.n {
        let inlet = inlet();
        pool.start_child(Arc::clone(&inlet)).await?;
        inlets.push(inlet);
    }
    gate.wait().await;
    // Until all children wait for their first message.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    let report = pool.shutdown().await;
    let took = began.elapsed();
    require(
        report.is_clean() && report.children().len() == options.n,
        "not all children were stopped",
    )?;
    let measurement = Measurement::new(options, options.n, took).note("all at once, with a report");
    keep((inlets, report));
    Ok(measurement)
}

async fn pool(gate: &Gate) -> Result<DynamicHandle<Inlet>, BoxError> {
    let gate = gate.clone();
    let pool = DynamicSupervisor::new("pool", move |inlet: Inlet| Worker {
        inlet,
        start: Start::Hit(gate.clone()),
    });
    Ok(pool.start().await?)
}
