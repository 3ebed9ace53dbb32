//! kameo with its own supervision.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use kameo::actor::{Actor, ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::message::{Context, Message};
use kameo::supervision::{RestartPolicy, SupervisionStrategy};
use tokio::sync::mpsc;

use crate::measure::{Gate, Measurement, keep, nanos_since, rss_kib};
use crate::options::{Options, Workload};
use crate::{BoxError, Measured};

/// What a child does when it starts.
#[derive(Clone)]
enum Start {
    /// Says that it is there.
    Hit(Gate),
    /// Sends itself a first message, and says that it has handled it.
    Tell(mpsc::UnboundedSender<ActorRef<Child>>),
}

struct Child {
    start: Start,
}

struct First;
struct Crash;
struct Fail;

impl Actor for Child {
    type Args = Start;
    type Error = Infallible;

    async fn on_start(start: Start, me: ActorRef<Self>) -> Result<Self, Infallible> {
        match &start {
            Start::Hit(gate) => gate.hit(),
            Start::Tell(_) => {
                // Its mailbox is empty, and it lives.
                let _sent = me.tell(First).try_send();
            }
        }
        Ok(Self { start })
    }
}

impl Message<First> for Child {
    type Reply = ();

    async fn handle(&mut self, _: First, ctx: &mut Context<Self, ()>) {
        if let Start::Tell(driver) = &self.start {
            // The workload may be over.
            let _heard = driver.send(ctx.actor_ref().clone());
        }
    }
}

impl Message<Crash> for Child {
    type Reply = ();

    async fn handle(&mut self, _: Crash, _: &mut Context<Self, ()>) {
        panic!("crash")
    }
}

impl Message<Fail> for Child {
    type Reply = Result<(), &'static str>;

    async fn handle(&mut self, _: Fail, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err("fail")
    }
}

struct OneForOne;

impl Actor for OneForOne {
    type Args = ();
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        SupervisionStrategy::OneForOne
    }

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

struct OneForAll;

impl Actor for OneForAll {
    type Args = ();
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        SupervisionStrategy::OneForAll
    }

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

pub(crate) async fn run(options: &Options) -> Measured {
    Ok(Some(match options.workload {
        Workload::SpawnCall | Workload::Memory => spawn_call(options).await,
        Workload::RestartErr | Workload::RestartPanic => restart(options).await?,
        Workload::Ofa => ofa(options).await?,
        Workload::Shutdown => shutdown(options).await?,
        Workload::Depth => depth(options).await?,
        _ => return Ok(None),
    }))
}

async fn start<S: Actor>(supervisor: &ActorRef<S>, start: Start) -> ActorRef<Child> {
    Child::supervise(supervisor, start)
        .restart_policy(RestartPolicy::Permanent)
        .restart_limit(u32::MAX, Duration::from_secs(1))
        .spawn()
        .await
}

async fn spawn_call(options: &Options) -> Measurement {
    let gate = Gate::new(options.n);
    let supervisor = OneForOne::spawn(());
    let mut children = Vec::with_capacity(options.n);
    let before = rss_kib();
    let began = Instant::now();
    for _ in 0..options.n {
        children.push(start(&supervisor, Start::Hit(gate.clone())).await);
    }
    gate.wait().await;
    let measurement = Measurement::new(options, options.n, began.elapsed())
        .bytes_since(before)
        .note("supervise().spawn()");
    keep(children);
    measurement
}

async fn restart(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let supervisor = OneForOne::spawn(());
    for _ in 0..options.n {
        // A child ends when nobody holds it.
        keep(start(&supervisor, Start::Hit(gate.clone())).await);
    }
    gate.wait().await;
    let (up, mut driver) = mpsc::unbounded_channel();
    let _held = start(&supervisor, Start::Tell(up)).await;
    let gone = "the supervisor is gone";
    let mut victim = driver.recv().await.ok_or(gone)?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..options.window {
        victim
            .tell(Fail)
            .try_send()
            .map_err(|error| error.to_string())?;
        victim = driver.recv().await.ok_or(gone)?;
    }
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        match options.workload {
            Workload::RestartPanic => victim.tell(Crash).try_send().map_err(|e| e.to_string())?,
            _ => victim
                .tell(Fail)
                .try_send()
                .map_err(|error| error.to_string())?,
        }
        victim = driver.recv().await.ok_or(gone)?;
        latencies.push(nanos_since(sent));
    }
    Ok(Measurement::new(options, options.m, began.elapsed())
        .latencies(latencies)
        .note("Permanent, OneForOne, mailbox kept"))
}

async fn ofa(options: &Options) -> Result<Measurement, BoxError> {
    let supervisor = OneForAll::spawn(());
    let (up, mut driver) = mpsc::unbounded_channel();
    for _ in 0..options.n {
        // A child ends when nobody holds it.
        keep(start(&supervisor, Start::Tell(up.clone())).await);
    }
    let gone = "the supervisor is gone";
    let mut victims = Vec::with_capacity(options.n);
    for _ in 0..options.n {
        victims.push(driver.recv().await.ok_or(gone)?);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        let victim = &victims[options.n / 2];
        victim
            .tell(Crash)
            .try_send()
            .map_err(|error| error.to_string())?;
        victims.clear();
        for _ in 0..options.n {
            let back = tokio::time::timeout(Duration::from_secs(20), driver.recv());
            victims.push(back.await?.ok_or(gone)?);
        }
        latencies.push(nanos_since(sent));
    }
    let took = began.elapsed();
    Ok(Measurement::new(options, options.n * options.m, took)
        .latencies(latencies)
        .note("ns_per_op is per child; p50 per round"))
}

async fn shutdown(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let supervisor = OneForOne::spawn(());
    for _ in 0..options.n {
        // A child ends when nobody holds it.
        keep(start(&supervisor, Start::Hit(gate.clone())).await);
    }
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    let asked = supervisor.stop_gracefully().await;
    asked.map_err(|error| error.to_string())?;
    supervisor.wait_for_shutdown().await;
    let measurement = Measurement::new(options, options.n, began.elapsed());
    Ok(measurement.note("stop_gracefully and wait_for_shutdown of the supervisor"))
}

/// One level of a chain.
struct Level;

impl Actor for Level {
    type Args = (usize, Gate);
    type Error = Infallible;

    async fn on_start((below, gate): Self::Args, me: ActorRef<Self>) -> Result<Self, Infallible> {
        gate.hit();
        if below > 0 {
            // Boxed, as it contains itself.
            let next: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(async move {
                let next = Level::supervise(&me, (below - 1, gate));
                next.spawn().await
            });
            keep(next.await);
        }
        Ok(Self)
    }
}

async fn depth(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n + 1);
    let top = Level::spawn((options.n, gate.clone()));
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    let asked = top.stop_gracefully().await;
    asked.map_err(|error| error.to_string())?;
    top.wait_for_shutdown().await;
    Ok(Measurement::new(options, options.n, began.elapsed()))
}
