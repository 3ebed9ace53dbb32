//! The same on plain tokio: the honest naive limit, as one would write it by hand.
//!
//! One task a child, an unbounded channel each, a `JoinSet` and a map from task to slot, one token to
//! stop. No restart limit, no order, no events, no names, no report.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use perennial::BoxError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::measure::{Gate, Measurement, keep, nanos_since, rss_kib};
use crate::message::Message;
use crate::options::{Options, Workload};

type Sender = mpsc::UnboundedSender<Message>;
type Receiver = mpsc::UnboundedReceiver<Message>;
type Children = JoinSet<Result<(), ()>>;

/// Measures one workload; `None` where there is nothing to compare with.
pub(crate) async fn run(options: &Options) -> Result<Option<Vec<Measurement>>, BoxError> {
    let measurement = match options.workload {
        Workload::SpawnCall | Workload::Memory => spawn_call(options).await?,
        // It knows no order: all at once is what ours in order is compared with.
        Workload::Shutdown | Workload::ShutdownOrdered => shutdown(options).await,
        Workload::RestartErr | Workload::RestartPanic => restart(options).await?,
        Workload::Ofa => ofa(options).await?,
        Workload::Depth => depth(options).await?,
        Workload::Storm => storm(options).await?,
        Workload::Snapshot => return Ok(None),
    };
    Ok(Some(vec![measurement]))
}

/// Handles messages until there are no more.
async fn idle_child(mut messages: Receiver, gate: Gate) -> Result<(), ()> {
    gate.hit();
    let mut sum = 0_u64;
    while let Some(message) = messages.recv().await {
        match message {
            Message::Add(number) => sum = sum.wrapping_add(number),
            Message::Get(asker) => {
                // Who asked may have gone away.
                let _heard = asker.send(sum);
            }
            Message::First | Message::Crash | Message::Fail => (),
        }
    }
    Ok(())
}

/// Sends itself a first message, and tells the driver when it has handled that.
async fn victim_child(
    sender: Sender,
    mut messages: Receiver,
    driver: mpsc::UnboundedSender<Sender>,
    stop: Option<CancellationToken>,
) -> Result<(), ()> {
    // It holds the receiver itself.
    let _sent = sender.send(Message::First);
    let weak = sender.downgrade();
    drop(sender);
    loop {
        let message = match &stop {
            Some(stop) => tokio::select! { biased;
                () = stop.cancelled() => return Ok(()),
                message = messages.recv() => message,
            },
            None => messages.recv().await,
        };
        match message {
            Some(Message::First) => {
                if let Some(sender) = weak.upgrade() {
                    // The workload may be over.
                    let _heard = driver.send(sender);
                }
            }
            Some(Message::Crash) => panic!("crash"),
            Some(Message::Fail) => return Err(()),
            Some(Message::Add(_) | Message::Get(_)) => (),
            None => return Ok(()),
        }
    }
}

/// A client asks a supervising task for each child and gets its sender back.
async fn spawn_call(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let (supervisor, calls) = mpsc::unbounded_channel::<oneshot::Sender<Sender>>();
    tokio::spawn(supervise_calls(calls, gate.clone()));
    let mut senders = Vec::with_capacity(options.n);
    let before = rss_kib();
    let began = Instant::now();
    for _ in 0..options.n {
        let (reply, answer) = oneshot::channel();
        supervisor.send(reply)?;
        senders.push(answer.await?);
    }
    gate.wait().await;
    let measurement = Measurement::new(options, options.n, began.elapsed())
        .bytes_since(before)
        .note("JoinSet + HashMap, start_child as call");
    let last: &Sender = senders.last().ok_or("there are no children")?;
    last.send(Message::Add(7))?;
    let (asker, answer) = oneshot::channel();
    last.send(Message::Get(asker))?;
    if answer.await? != 7 {
        return Err("the last child lost a message".into());
    }
    keep((supervisor, senders));
    Ok(measurement)
}

async fn supervise_calls(mut calls: mpsc::UnboundedReceiver<oneshot::Sender<Sender>>, gate: Gate) {
    let mut children = JoinSet::new();
    let mut senders: HashMap<Id, Sender> = HashMap::new();
    loop {
        tokio::select! {
            Some(ended) = children.join_next_with_id(), if !children.is_empty() => {
                senders.remove(&id_of(&ended));
            }
            call = calls.recv() => {
                let Some(reply) = call else { break };
                let (sender, messages) = mpsc::unbounded_channel();
                let task = children.spawn(idle_child(messages, gate.clone()));
                senders.insert(task.id(), sender.clone());
                // Who asked may have gone away.
                let _heard = reply.send(sender);
            }
        }
    }
}

/// Restarts one child again and again, with idle siblings.
async fn restart(options: &Options) -> Result<Measurement, BoxError> {
    let (up, mut driver) = mpsc::unbounded_channel::<Sender>();
    let gate = Gate::new(options.n);
    tokio::spawn(supervise_victim(options.n, gate.clone(), up));
    let gone = "the supervisor is gone";
    let mut victim = driver.recv().await.ok_or(gone)?;
    gate.wait().await;
    let fail = || match options.workload {
        Workload::RestartPanic => Message::Crash,
        _ => Message::Fail,
    };
    for _ in 0..options.window {
        victim.send(fail())?;
        victim = driver.recv().await.ok_or(gone)?;
    }
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        victim.send(fail())?;
        victim = driver.recv().await.ok_or(gone)?;
        latencies.push(nanos_since(sent));
    }
    Ok(Measurement::new(options, options.m, began.elapsed())
        .latencies(latencies)
        .note("JoinSet + HashMap<Id, slot>"))
}

async fn supervise_victim(siblings: usize, gate: Gate, driver: mpsc::UnboundedSender<Sender>) {
    let mut children = JoinSet::new();
    let mut slots: HashMap<Id, usize> = HashMap::with_capacity(siblings + 1);
    let mut senders: Vec<Sender> = Vec::with_capacity(siblings + 1);
    for slot in 0..siblings {
        let (sender, messages) = mpsc::unbounded_channel();
        let task = children.spawn(idle_child(messages, gate.clone()));
        slots.insert(task.id(), slot);
        senders.push(sender);
    }
    let mut victim = start_victim(&mut children, &mut slots, siblings, &driver);
    while let Some(ended) = children.join_next_with_id().await {
        if slots.remove(&id_of(&ended)) == Some(siblings) {
            victim = start_victim(&mut children, &mut slots, siblings, &driver);
        }
    }
    drop(victim);
}

fn start_victim(
    children: &mut Children,
    slots: &mut HashMap<Id, usize>,
    slot: usize,
    driver: &mpsc::UnboundedSender<Sender>,
) -> Sender {
    let (sender, messages) = mpsc::unbounded_channel();
    let task = children.spawn(victim_child(sender.clone(), messages, driver.clone(), None));
    slots.insert(task.id(), slot);
    sender
}

/// All children crash at the same time, and each is restarted alone.
async fn storm(options: &Options) -> Result<Measurement, BoxError> {
    let (up, mut driver) = mpsc::unbounded_channel::<Sender>();
    let count = options.n;
    tokio::spawn(async move {
        let mut children = JoinSet::new();
        let mut slots: HashMap<Id, usize> = HashMap::with_capacity(count);
        let start = |slot| start_victim(&mut children, &mut slots, slot, &up);
        let mut senders: Vec<Sender> = (0..count).map(start).collect();
        while let Some(ended) = children.join_next_with_id().await {
            if let Some(slot) = slots.remove(&id_of(&ended)) {
                senders[slot] = start_victim(&mut children, &mut slots, slot, &up);
            }
        }
    });
    let mut victims = heard(&mut driver, count).await?;
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        for victim in victims.drain(..) {
            victim.send(Message::Crash)?;
        }
        victims = heard(&mut driver, count).await?;
        latencies.push(nanos_since(sent));
    }
    Ok(
        Measurement::new(options, count * options.m, began.elapsed())
            .latencies(latencies)
            .note("ns_per_op is per child; p50 per round"),
    )
}

/// One crash restarts all children of a group; done when each replacement has handled its first message.
async fn ofa(options: &Options) -> Result<Measurement, BoxError> {
    let (up, mut driver) = mpsc::unbounded_channel::<Sender>();
    let count = options.n;
    tokio::spawn(async move {
        loop {
            let stop = CancellationToken::new();
            let mut children = JoinSet::new();
            let mut slots: HashMap<Id, usize> = HashMap::with_capacity(count);
            let mut senders = Vec::with_capacity(count);
            for slot in 0..count {
                let (sender, messages) = mpsc::unbounded_channel();
                let stop = Some(stop.clone());
                let child = victim_child(sender.clone(), messages, up.clone(), stop);
                let task = children.spawn(child);
                slots.insert(task.id(), slot);
                senders.push(sender);
            }
            // Whichever it is: the whole group follows.
            let _first = children.join_next_with_id().await;
            stop.cancel();
            while children.join_next().await.is_some() {}
        }
    });
    let mut victims = heard(&mut driver, count).await?;
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        victims[count / 2].send(Message::Crash)?;
        victims.clear();
        for _ in 0..count {
            victims.push(driver.recv().await.ok_or("the group is gone")?);
        }
        latencies.push(nanos_since(sent));
    }
    Ok(
        Measurement::new(options, count * options.m, began.elapsed())
            .latencies(latencies)
            .note("ns_per_op is per child; p50 per round"),
    )
}

async fn heard(
    driver: &mut mpsc::UnboundedReceiver<Sender>,
    times: usize,
) -> Result<Vec<Sender>, BoxError> {
    let mut senders = Vec::with_capacity(times);
    for _ in 0..times {
        senders.push(driver.recv().await.ok_or("the supervisor is gone")?);
    }
    Ok(senders)
}

/// As [`idle_child`], but stops when the token says so.
async fn stoppable_child(mut messages: Receiver, stop: CancellationToken, gate: Gate) {
    gate.hit();
    loop {
        let message = tokio::select! { biased;
            () = stop.cancelled() => return,
            message = messages.recv() => message,
        };
        if message.is_none() {
            return;
        }
    }
}

/// One token stops all children at the same time.
async fn shutdown(options: &Options) -> Measurement {
    let gate = Gate::new(options.n);
    let stop = CancellationToken::new();
    let mut children = JoinSet::new();
    let mut senders = Vec::with_capacity(options.n);
    for _ in 0..options.n {
        let (sender, messages) = mpsc::unbounded_channel();
        children.spawn(stoppable_child(messages, stop.clone(), gate.clone()));
        senders.push(sender);
    }
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    stop.cancel();
    while children.join_next().await.is_some() {}
    let measurement = Measurement::new(options, options.n, began.elapsed());
    keep(senders);
    measurement.note("one shared token, all at once")
}

/// Stops a chain of supervising tasks: requested from the top down, completed from the bottom up.
async fn depth(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n + 1);
    let stop = CancellationToken::new();
    let top = tokio::spawn(level(options.n, stop.clone(), gate.clone()));
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let began = Instant::now();
    stop.cancel();
    top.await?;
    let measurement = Measurement::new(options, options.n, began.elapsed());
    Ok(measurement.note("a JoinSet and a token each"))
}

fn level(
    below: usize,
    stop: CancellationToken,
    gate: Gate,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        gate.hit();
        if below == 0 {
            stop.cancelled().await;
            return;
        }
        let mut children = JoinSet::new();
        let down = CancellationToken::new();
        children.spawn(level(below - 1, down.clone(), gate));
        stop.cancelled().await;
        down.cancel();
        while children.join_next().await.is_some() {}
    })
}

fn id_of<T>(ended: &Result<(Id, T), JoinError>) -> Id {
    match ended {
        Ok((id, _)) => *id,
        Err(error) => error.id(),
    }
}
