//! task-supervisor: restarts tasks; they have no mailboxes.

use std::time::{Duration, Instant};

use task_supervisor::{
    CancellationToken, SupervisedTask, SupervisorBuilder, SupervisorHandle, TaskResult,
};
use tokio::sync::mpsc;

use crate::measure::{Gate, Measurement, nanos_since, rss_kib};
use crate::options::{Options, Workload};
use crate::{BoxError, Measured, names};

#[derive(Clone)]
enum Task {
    Idle(Gate),
    /// Tells the driver where it waits for the order to end: by a panic if `true`.
    Victim(mpsc::UnboundedSender<mpsc::UnboundedSender<bool>>),
}

impl SupervisedTask for Task {
    async fn run(self, stop: CancellationToken) -> TaskResult {
        match self {
            Task::Idle(gate) => {
                gate.hit();
                stop.cancelled().await;
                Ok(())
            }
            Task::Victim(driver) => {
                let (sender, mut orders) = mpsc::unbounded_channel();
                driver.send(sender)?;
                match orders.recv().await {
                    Some(true) => panic!("crash"),
                    _ => Err("fail".into()),
                }
            }
        }
    }
}

pub(crate) async fn run(options: &Options) -> Measured {
    Ok(Some(match options.workload {
        Workload::SpawnCall | Workload::Memory => spawn_call(options).await?,
        Workload::RestartErr | Workload::RestartPanic => restart(options).await?,
        Workload::Shutdown => shutdown(options).await?,
        _ => return Ok(None),
    }))
}

fn supervisor() -> SupervisorHandle {
    SupervisorBuilder::new()
        .with_unlimited_restarts()
        .with_base_restart_delay(Duration::ZERO)
        .with_max_restart_delay(Duration::ZERO)
        .with_restart_jitter(0.0)
        .spawn()
}

async fn spawn_call(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let supervisor = supervisor();
    let names = names(options.n);
    let before = rss_kib();
    let began = Instant::now();
    for name in &names {
        supervisor.add_task(name, Task::Idle(gate.clone())).await?;
    }
    gate.wait().await;
    Ok(Measurement::new(options, options.n, began.elapsed())
        .bytes_since(before)
        .note("add_task; names, but no mailboxes"))
}

async fn restart(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let supervisor = supervisor();
    for name in names(options.n) {
        supervisor.add_task(&name, Task::Idle(gate.clone())).await?;
    }
    gate.wait().await;
    let (up, mut driver) = mpsc::unbounded_channel();
    supervisor.add_task("victim", Task::Victim(up)).await?;
    let gone = "the supervisor is gone";
    let mut victim = driver.recv().await.ok_or(gone)?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let panics = options.workload == Workload::RestartPanic;
    let mut latencies = Vec::with_capacity(options.m);
    let began = Instant::now();
    for _ in 0..options.m {
        let sent = Instant::now();
        victim.send(panics)?;
        victim = driver.recv().await.ok_or(gone)?;
        latencies.push(nanos_since(sent));
    }
    Ok(Measurement::new(options, options.m, began.elapsed())
        .latencies(latencies)
        .note("no delay set, but it goes through a timer of 1 ms"))
}

async fn shutdown(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let supervisor = supervisor();
    for name in names(options.n) {
        supervisor.add_task(&name, Task::Idle(gate.clone())).await?;
    }
    gate.wait().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    supervisor.shutdown().await?;
    let measurement = Measurement::new(options, options.n, began.elapsed());
    Ok(measurement.note("no mailboxes"))
}
