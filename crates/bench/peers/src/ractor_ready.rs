//! ractor-supervisor: ready-made supervisors for ractor.

use std::time::{Duration, Instant};

use ractor::ActorCell;
use ractor_supervisor::{
    ChildSpec, DynamicSupervisor, DynamicSupervisorOptions, Restart, SpawnFn, Supervisor,
    SupervisorArguments, SupervisorOptions, SupervisorStrategy,
};
use tokio::sync::mpsc;

use crate::measure::{Gate, Measurement, rss_kib};
use crate::options::{Options, Workload};
use crate::ractor_system::{Child, Start, drive_group, drive_restarts};
use crate::{BoxError, Measured, names};

/// So short that its log of restarts, which it looks through at each, stays empty.
const WINDOW: Duration = Duration::from_nanos(1);

pub(crate) async fn run(options: &Options) -> Measured {
    Ok(Some(match options.workload {
        Workload::SpawnCall | Workload::Memory => spawn_call(options).await?,
        Workload::RestartErr | Workload::RestartPanic => restart(options).await?,
        Workload::Ofa => ofa(options).await?,
        _ => return Ok(None),
    }))
}

fn spec(id: String, start: Start) -> ChildSpec {
    ChildSpec {
        id,
        restart: Restart::Permanent,
        spawn_fn: SpawnFn::new(move |supervisor: ActorCell, id: String| {
            let start = start.clone();
            async move {
                let spawned = DynamicSupervisor::spawn_linked(id, Child, start, supervisor);
                let (child, _) = spawned.await?;
                Ok(child.get_cell())
            }
        }),
        backoff_fn: None,
        reset_after: None,
    }
}

async fn spawn_call(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let settings = DynamicSupervisorOptions {
        max_children: None,
        max_restarts: usize::MAX,
        max_window: WINDOW,
        reset_after: None,
    };
    let (supervisor, _) = DynamicSupervisor::spawn("pool".into(), settings).await?;
    let names = names(options.n);
    let before = rss_kib();
    let began = Instant::now();
    for name in names {
        let spec = spec(name, Start::Hit(gate.clone()));
        DynamicSupervisor::spawn_child(supervisor.clone(), spec).await?;
    }
    gate.wait().await;
    Ok(Measurement::new(options, options.n, began.elapsed())
        .bytes_since(before)
        .note("DynamicSupervisor::spawn_child, with names"))
}

async fn spawn_static(strategy: SupervisorStrategy, specs: Vec<ChildSpec>) -> Result<(), BoxError> {
    let options = SupervisorOptions {
        strategy,
        max_restarts: usize::MAX,
        max_window: WINDOW,
        reset_after: None,
    };
    let arguments = SupervisorArguments {
        child_specs: specs,
        options,
    };
    Supervisor::spawn("list".into(), arguments).await?;
    Ok(())
}

async fn restart(options: &Options) -> Result<Measurement, BoxError> {
    let gate = Gate::new(options.n);
    let (up, driver) = mpsc::unbounded_channel();
    let names = names(options.n).into_iter();
    let mut specs: Vec<ChildSpec> = names
        .map(|name| spec(name, Start::Hit(gate.clone())))
        .collect();
    specs.insert(options.n / 2, spec("victim".into(), Start::Tell(up)));
    spawn_static(SupervisorStrategy::OneForOne, specs).await?;
    gate.wait().await;
    let measurement = drive_restarts(options, driver).await?;
    Ok(measurement.note("static Supervisor, window of 1 ns so that its log stays short"))
}

async fn ofa(options: &Options) -> Result<Measurement, BoxError> {
    let (up, driver) = mpsc::unbounded_channel();
    let names = names(options.n).into_iter();
    let specs = names.map(|name| spec(name, Start::Tell(up.clone())));
    spawn_static(SupervisorStrategy::OneForAll, specs.collect()).await?;
    let measurement = drive_group(options, driver).await?;
    Ok(measurement.note("static Supervisor; ns_per_op is per child; p50 per round"))
}
