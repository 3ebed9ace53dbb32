//! ractor, which leaves it to its user to restart: with a supervisor written by hand.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent, call};
use tokio::sync::mpsc;

use crate::measure::{Gate, Measurement, keep, nanos_since, rss_kib};
use crate::options::{Options, Workload};
use crate::{BoxError, Measured};

/// What a child can be told.
#[derive(Debug)]
pub(crate) enum Message {
    First,
    Crash,
    Fail,
}

/// What a child does when it starts.
#[derive(Clone)]
pub(crate) enum Start {
    /// Says that it is there.
    Hit(Gate),
    /// Sends itself a first message, and says that it has handled it.
    Tell(mpsc::UnboundedSender<ActorRef<Message>>),
}

pub(crate) struct Child;

impl Actor for Child {
    type Msg = Message;
    type State = Start;
    type Arguments = Start;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        start: Start,
    ) -> Result<Start, ActorProcessingErr> {
        match &start {
            Start::Hit(gate) => gate.hit(),
            Start::Tell(_) => me.cast(Message::First)?,
        }
        Ok(start)
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        start: &mut Start,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::First => {
                if let Start::Tell(driver) = start {
                    // The workload may be over.
                    let _heard = driver.send(me);
                }
                Ok(())
            }
            Message::Crash => panic!("crash"),
            Message::Fail => Err("fail".into()),
        }
    }
}

/// Restarts its children, alone or all together; finds them by id in a map.
struct Supervisor {
    all: bool,
}

enum Order {
    Start(Start, RpcReplyPort<ActorRef<Message>>),
}

impl Actor for Supervisor {
    type Msg = Order;
    type State = HashMap<ActorId, Start>;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<Order>,
        (): (),
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(HashMap::new())
    }

    async fn handle(
        &self,
        me: ActorRef<Order>,
        Order::Start(start, reply): Order,
        children: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let (child, _) = Actor::spawn_linked(None, Child, start.clone(), me.get_cell()).await?;
        children.insert(child.get_id(), start);
        // Who asked may have gone away.
        let _heard = reply.send(child);
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<Order>,
        event: SupervisionEvent,
        children: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let gone = match &event {
            SupervisionEvent::ActorFailed(cell, _)
            | SupervisionEvent::ActorTerminated(cell, _, _) => cell.get_id(),
            _ => return Ok(()),
        };
        let Some(start) = children.remove(&gone) else {
            return Ok(());
        };
        let mut starts = vec![start];
        if self.all {
            let cells = me.get_children();
            for cell in &cells {
                cell.unlink(me.get_cell());
            }
            for cell in &cells {
                cell.stop(None);
            }
            for cell in &cells {
                // It is gone either way.
                let _gone = cell.wait(None).await;
            }
            starts.extend(std::mem::take(children).into_values());
        }
        for start in starts {
            let (child, _) = Actor::spawn_linked(None, Child, start.clone(), me.get_cell()).await?;
            children.insert(child.get_id(), start);
        }
        Ok(())
    }
}

pub(crate) async fn run(options: &Options) -> Measured {
    Ok(Some(match options.workload {
        Workload::SpawnCall | Workload::Memory => spawn_call(options).await?,
        Workload::RestartErr | Workload::RestartPanic => restart(options).await?,
        Workload::Ofa => ofa(options).await?,
        Workload::Shutdown => shutdown(options).await?,
        Workload::Depth => depth(options).await?,
        _ => return Ok(None),
    }))
}

async fn supervisor(all: bool) -> Result<ActorRef<Order>, BoxError> {
    let (supervisor, _) = Actor::spawn(None, Supervisor { all }, ()).await?;
    Ok(supervisor)
}

async fn start(supervisor: &ActorRef<Order>, start: Start) -> Result<ActorRef<Message>, BoxError> {
    call!(supervisor, Order::Start, start).map_err(|error| error.to_string().into())
}

async fn spawn_call(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let supervisor = supervisor(false).await?;
    let mut children = Vec::with_capacity(options.n);
    let before = rss_kib();
    let began = Instant::now();
    for _ in 0..options.n {
        children.push(start(&supervisor, Start::Hit(gate.clone())).await?);
    }
    gate.wait().await;
    let measurement = Measurement::new(options, options.n, began.elapsed())
        .bytes_since(before)
        .note("supervisor by hand, start_child as call");
    keep(children);
    Ok(measurement)
}

async fn restart(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let supervisor = supervisor(false).await?;
    for _ in 0..options.n {
        start(&supervisor, Start::Hit(gate.clone())).await?;
    }
    gate.wait().await;
    let (up, driver) = mpsc::unbounded_channel();
    start(&supervisor, Start::Tell(up)).await?;
    let measurement = drive_restarts(options, driver).await?;
    Ok(measurement.note("supervisor by hand"))
}

/// Has the victim restarted again and again.
pub(crate) async fn drive_restarts(
    options: &Options,
    mut driver: mpsc::UnboundedReceiver<ActorRef<Message>>,
) -> Result<Measurement, BoxError> {
    let gone = "the supervisor is gone";
    let mut victim = driver.recv().await.ok_or(gone)?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    // At least one first: the supervisor has then worked off what it was told of the starts.
    for _ in 0..options.window.max(1) {
        victim.cast(Message::Fail)?;
        victim = driver.recv().await.ok_or(gone)?;
    }
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        victim.cast(match options.workload {
            Workload::RestartPanic => Message::Crash,
            _ => Message::Fail,
        })?;
        victim = driver.recv().await.ok_or(gone)?;
        latencies.push(nanos_since(sent));
    }
    Ok(Measurement::new(options, options.m, began.elapsed()).latencies(latencies))
}

async fn ofa(options: &Options) -> Result<Measurement, BoxError> {
    let supervisor = supervisor(true).await?;
    let (up, driver) = mpsc::unbounded_channel();
    for _ in 0..options.n {
        start(&supervisor, Start::Tell(up.clone())).await?;
    }
    let measurement = drive_group(options, driver).await?;
    Ok(measurement.note("supervisor by hand; ns_per_op is per child; p50 per round"))
}

/// Has the group restarted again and again.
pub(crate) async fn drive_group(
    options: &Options,
    mut driver: mpsc::UnboundedReceiver<ActorRef<Message>>,
) -> Result<Measurement, BoxError> {
    let gone = "the supervisor is gone";
    let mut victims = Vec::with_capacity(options.n);
    for _ in 0..options.n {
        victims.push(driver.recv().await.ok_or(gone)?);
    }
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        victims[options.n / 2].cast(Message::Crash)?;
        victims.clear();
        for _ in 0..options.n {
            victims.push(driver.recv().await.ok_or(gone)?);
        }
        latencies.push(nanos_since(sent));
    }
    let took = began.elapsed();
    Ok(Measurement::new(options, options.n * options.m, took).latencies(latencies))
}

/// Supervises and lets go: what stops must not be restarted.
struct Bystander;

impl Actor for Bystander {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        _: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

async fn shutdown(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let (supervisor, task) = Actor::spawn(None, Bystander, ()).await?;
    for _ in 0..options.n {
        let start = Start::Hit(gate.clone());
        Actor::spawn_linked(None, Child, start, supervisor.get_cell()).await?;
    }
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    supervisor.stop_children_and_wait(None, None).await;
    supervisor.stop(None);
    task.await?;
    let measurement = Measurement::new(options, options.n, began.elapsed());
    Ok(measurement.note("stop_children_and_wait, then stop"))
}

/// One level of a chain.
struct Level {
    below: usize,
    gate: Gate,
}

impl Actor for Level {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn post_start(&self, me: ActorRef<()>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        self.gate.hit();
        if self.below > 0 {
            let level = Level {
                below: self.below - 1,
                gate: self.gate.clone(),
            };
            // Boxed, as it contains itself.
            let next: Pin<Box<dyn Future<Output = _> + Send>> =
                Box::pin(Actor::spawn_linked(None, level, (), me.get_cell()));
            next.await?;
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        _: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn post_stop(&self, me: ActorRef<()>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        me.stop_children_and_wait(None, None).await;
        Ok(())
    }
}

async fn depth(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n + 1);
    let top = Level {
        below: options.n,
        gate: gate.clone(),
    };
    let (top, task) = Actor::spawn(None, top, ()).await?;
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let began = Instant::now();
    top.stop(None);
    task.await?;
    let measurement = Measurement::new(options, options.n, began.elapsed());
    Ok(measurement.note("post_stop waits for the children"))
}
