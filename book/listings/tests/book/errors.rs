//! Every error of the library has its entry in the index of errors.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use perennial::{
    Applied, ApplyError, ApplyFailure, CallError, ChildError, ChildPath, Context, Escalation,
    Exhausted, ExitReason, Fault, InitializationError, Lint, LostEvents, Outcome, PathError,
    PublishError, RunError, ScopedTaskError, SpecError, StartChildError, StartError, Started,
    Supervisable, Supervisor, TaskError, TaskSupervisor, WaitError, async_trait, worker,
};

use crate::source::book;

/// Where the errors are defined; each `pub enum` in there is one whose variants need an entry.
const SOURCES: [&str; 4] = [
    include_str!("../../../../crates/core/src/child/error.rs"),
    include_str!("../../../../crates/core/src/supervisor/error.rs"),
    include_str!("../../../../crates/core/src/tasks/error.rs"),
    include_str!("../../../../crates/core/src/dataspace/error.rs"),
];

/// The name of a variant, or of a type with one text, and what it prints.
type Told = (&'static str, String);

#[test]
fn each_error_has_an_entry() {
    let files = book();
    let missing = without_entry(&files["src/errors.md"], &told());
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn each_variant_is_looked_up() {
    let told = told();
    let looked_up: BTreeSet<&str> = told
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| name.contains("::"))
        .collect();
    let defined: BTreeSet<String> = SOURCES.iter().flat_map(|source| variants(source)).collect();
    let defined: BTreeSet<&str> = defined.iter().map(String::as_str).collect();
    assert_eq!(looked_up, defined);
}

#[test]
fn an_entry_is_a_heading_with_the_text_and_the_name_below() {
    let page = "### `child log is running`\n\n`ChildError::Running`. Stop it.\n\n### `killed`\n";
    let running = |text: &str| vec![("ChildError::Running", text.to_owned())];
    assert!(without_entry(page, &running("child log is running")).is_empty());
    assert!(!without_entry(page, &running("child log runs")).is_empty());
    let other = vec![("ChildError::Down", "child log is running".to_owned())];
    assert!(!without_entry(page, &other).is_empty());
    let below_another = vec![("ChildError::Running", "killed".to_owned())];
    assert!(!without_entry(page, &below_another).is_empty());
}

#[test]
fn variants_are_read_from_a_source() {
    let source = "pub enum A {\n    /// One.\n    One,\n    #[snafu(transparent)]\n    Two {\n        \
                  x: u8,\n    },\n}\nenum Private {\n    Three,\n}\n";
    assert_eq!(variants(source), ["A::One", "A::Two"]);
}

/// What has no entry in the page.
fn without_entry(page: &str, told: &[Told]) -> Vec<String> {
    let entries: Vec<(&str, &str)> = page
        .split("\n### `")
        .skip(1)
        .filter_map(|entry| entry.split_once("`\n"))
        .collect();
    // The first line of a page may be an entry too.
    let first = page.strip_prefix("### `").and_then(|entry| {
        let entry = entry.split("\n### `").next()?;
        entry.split_once("`\n")
    });
    let entries: Vec<(&str, &str)> = entries.into_iter().chain(first).collect();
    let has_entry = |(name, text): &Told| {
        entries.iter().any(|(heading, body)| {
            // What is part of a longer story has no name of its own.
            let is_named = name.is_empty() || body.contains(&format!("`{name}`"));
            heading == text && is_named
        })
    };
    told.iter()
        .filter(|it| !has_entry(it))
        .map(|(name, text)| format!("{name}: {text}"))
        .collect()
}

/// The variants of the public enums in a source, as `Enum::Variant`.
fn variants(source: &str) -> Vec<String> {
    let mut name = None;
    let mut found = Vec::new();
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("pub enum ") {
            name = rest.strip_suffix(" {");
        } else if line == "}" {
            name = None;
        }
        let variant = line.strip_prefix("    ");
        let variant = variant.filter(|it| it.starts_with(|c: char| c.is_ascii_uppercase()));
        if let (Some(name), Some(variant)) = (name, variant) {
            let variant = variant.trim_end_matches([',', '{', ' ']);
            found.push(format!("{name}::{variant}"));
        }
    }
    found
}

/// Every error, as it prints.
fn told() -> Vec<Told> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime can be made");
    let mut told = of_calls();
    told.extend(of_specs());
    told.extend(of_the_dataspace());
    told.extend(runtime.block_on(of_trees()));
    told
}

/// Each variant with its name and its text.
macro_rules! told {
    ($($kind:ident :: $variant:ident $({ $($field:tt)* })?),* $(,)?) => {
        vec![$((
            concat!(stringify!($kind), "::", stringify!($variant)),
            $kind::$variant $({ $($field)* })?.to_string(),
        )),*]
    };
}

fn of_calls() -> Vec<Told> {
    let id = || "log".into();
    let station = || "station".into();
    let reason = || ExitReason::Shutdown;
    let source = || InitializationError::msg("there is no memory card in the slot");
    told![
        StartChildError::AlreadyStarted { id: id() },
        StartChildError::AlreadyPresent { id: id() },
        StartChildError::MaxChildren { max: 2 },
        StartChildError::Initialization { source: source() },
        StartChildError::Spec { source: twins() },
        StartChildError::DependencyDown { id: id() },
        StartChildError::Cancelled,
        StartChildError::Dynamic,
        StartChildError::ShuttingDown,
        StartChildError::NotRunning { id: station() },
        StartChildError::Ended { reason: reason() },
        ChildError::NotFound { id: id() },
        ChildError::Running { id: id() },
        ChildError::Down { id: id() },
        ChildError::Starting { id: id() },
        ChildError::Restarting { id: id() },
        ChildError::Stopping { id: id() },
        ChildError::DependencyDown { id: id() },
        ChildError::Initialization {
            id: id(),
            source: source()
        },
        ChildError::Cancelled { id: id() },
        ChildError::Paused { id: id() },
        ChildError::NotPaused { id: id() },
        ChildError::DependencyDown { id: id() },
        ChildError::Spec { source: twins() },
        ChildError::Dynamic,
        ChildError::ShuttingDown,
        ChildError::NotRunning {
            supervisor: station()
        },
        ChildError::Ended { reason: reason() },
        ApplyError::Spec { source: twins() },
        ApplyError::Incomplete {
            applied: Applied::default(),
            failed: failed(),
        },
        ApplyError::Dynamic,
        ApplyError::NotRunning {
            supervisor: station()
        },
        ApplyError::Ended { reason: reason() },
        ApplyFailure::Remove {
            id: id(),
            source: ChildError::Dynamic
        },
        ApplyFailure::Replace {
            id: id(),
            source: ChildError::Dynamic
        },
        ApplyFailure::Add {
            id: id(),
            source: StartChildError::Dynamic
        },
        CallError::NotRunning { id: station() },
        CallError::Ended { reason: reason() },
        PathError::NotFound {
            supervisor: station(),
            id: id()
        },
        PathError::Worker { id: id() },
        PathError::NotRunning { id: station() },
        StartError::Spec {
            id: station(),
            source: twins()
        },
        StartError::Initialization {
            id: station(),
            source: source()
        },
        StartError::NoRuntime { id: station() },
        StartError::Stopped { id: station() },
        StartError::StallDetector {
            id: station(),
            source: Arc::new(std::io::Error::other("no more threads")),
        },
        RunError::Initialization {
            id: station(),
            source: source()
        },
        RunError::Killed { id: station() },
    ]
}

fn of_specs() -> Vec<Told> {
    let faulty = |fault: Fault| format!("station/log {fault}");
    let (path, stop) = (ChildPath::root("station"), Duration::from_secs(10));
    let period = Duration::from_secs(5);
    let mut told = told![
        Lint::StopOutlastsPeriod {
            path: path.clone(),
            stop,
            period
        },
        Lint::UnheardObserver {
            path: path.join("radio")
        },
        Lint::NeverRestarted {
            path: path.join("log")
        },
        Lint::HotRestarts {
            path: path.join("log")
        },
        Lint::IdleBackoff {
            path: path.join("log"),
            restarts: 1
        },
        Lint::ShortQuarantine {
            path: path.join("log"),
            quarantine: period,
            period: stop
        },
        Lint::EndlessSignificant {
            path: path.join("radio")
        },
        Lint::UnusedMeter {
            path: path.join("radio")
        },
        Lint::UnusedStallDetector {
            path: path.join("radio")
        },
    ];
    told.extend([
        ("Fault::InvalidId", faulty(Fault::InvalidId)),
        ("Fault::DuplicateId", faulty(Fault::DuplicateId)),
        (
            "Fault::SignificantPermanent",
            faulty(Fault::SignificantPermanent),
        ),
        (
            "Fault::SignificantWithoutAutoShutdown",
            faulty(Fault::SignificantWithoutAutoShutdown),
        ),
        ("Fault::ZeroPeriod", faulty(Fault::ZeroPeriod)),
        ("Fault::NoChildrenAllowed", faulty(Fault::NoChildrenAllowed)),
        (
            "Fault::UnknownDependency",
            faulty(Fault::UnknownDependency { id: "clock".into() }),
        ),
        (
            "Fault::DependencyCycle",
            faulty(Fault::DependencyCycle {
                cycle: vec!["log".into(), "board".into()],
            }),
        ),
        ("Fault::NoTimeToBeReady", faulty(Fault::NoTimeToBeReady)),
        ("Fault::SaysNothing", faulty(Fault::SaysNothing)),
        ("Fault::Backoff", faulty(Fault::Backoff)),
        ("Fault::ZeroLimitPeriod", faulty(Fault::ZeroLimitPeriod)),
        ("Fault::ZeroWatchdog", faulty(Fault::ZeroWatchdog)),
        ("Fault::NoThreads", faulty(Fault::NoThreads)),
        ("Fault::PlacedRoot", faulty(Fault::PlacedRoot)),
        ("Fault::StormGuard", faulty(Fault::StormGuard)),
        ("Fault::NoPartitions", faulty(Fault::NoPartitions)),
    ]);
    told
}

fn of_the_dataspace() -> Vec<Told> {
    let anemometer = || ChildPath::root("station").join("anemometer");
    told![
        PublishError::Taken {
            type_name: "station::Wind",
            key: "tower".into(),
            by: anemometer()
        },
        PublishError::Full { limit: 65_536 },
        PublishError::Over { path: anemometer() },
        WaitError::Over {
            key: "tower".into()
        },
    ]
}

/// What only a tree that ran can tell.
async fn of_trees() -> Vec<Told> {
    let id = || "station".into();
    let exhausted = exhausted().await;
    let failed = exhausted.to_string();
    let escalation = escalated().await;
    let start = StartError::Stopped { id: id() };
    let mut told = told![
        StartError::Exhausted {
            id: id(),
            source: exhausted.clone()
        },
        RunError::Exhausted {
            id: id(),
            source: exhausted
        },
        StartError::Escalated {
            id: id(),
            source: escalation.clone()
        },
        RunError::Escalated {
            id: id(),
            source: escalation.clone()
        },
        RunError::Start { source: start },
    ];
    told.extend(of_tasks().await);
    told.extend(of_scopes().await);
    told.extend([
        ("Exhausted", failed),
        ("Escalation", escalation.to_string()),
        ("", ExitReason::permanent("no license").to_string()),
        ("", ExitReason::Stuck(Duration::from_secs(3)).to_string()),
        ("LostEvents", LostEvents(5).to_string()),
        ("", ExitReason::Killed.to_string()),
        ("", ExitReason::Unresponsive.to_string()),
        ("", failure_of(Flaw::Fails).await),
        ("", failure_of(Flaw::Panics).await),
        ("", failure_of(Flaw::Hangs).await),
        ("", failure_of(Flaw::IsKilled).await),
        ("", panic_of_a_run().await),
    ]);
    told
}

/// Why a task has no result.
async fn of_tasks() -> Vec<Told> {
    let tasks = TaskSupervisor::new("forecasts").max_children(1);
    let tasks = tasks.start().await.expect("there is nothing to start");
    let panicked = tasks.run("summit", async { panic!("no data") }).await;
    let endless = tasks.spawn("summit", std::future::pending());
    let endless = endless.await.expect("there is a place");
    let refused = tasks.run("summit", async {}).await;
    let stopped = endless.stop().await;
    let text = |result: Result<(), TaskError>| {
        let error = result.expect_err("it has no result");
        error.to_string()
    };
    vec![
        ("TaskError::Panicked", text(panicked)),
        ("TaskError::Stopped", text(stopped)),
        ("TaskError::NotStarted", text(refused)),
    ]
}

/// How tasks of a scope end without a result.
async fn of_scopes() -> Vec<Told> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let log = worker("log", move |ctx| {
        let tell = tell.clone();
        async move {
            let cancelled = ctx.scope().spawn(std::future::pending::<()>());
            cancelled.abort();
            let cancelled = cancelled.await.map_err(|error| error.to_string());
            let panicked = ctx
                .scope()
                .spawn(async { panic!("no answer from the valley") });
            // Whoever awaits it elsewhere learns of it; this child ends with it.
            tell.send((cancelled, panicked))
                .map_err(|_| "nobody listens")?;
            ctx.stopping().await;
            Ok(())
        }
    });
    let log = log.restart(perennial::Restart::Temporary);
    let tree = Supervisor::one_for_one("station").child(log).start().await;
    let tree = tree.expect("a closure starts");
    let (cancelled, panicked) = told.recv().await.expect("it tells");
    let panicked: Result<(), ScopedTaskError> = panicked.await;
    tree.shutdown().await;
    vec![
        (
            "ScopedTaskError::Cancelled",
            cancelled.expect_err("it was aborted"),
        ),
        (
            "ScopedTaskError::Panicked",
            panicked.expect_err("it panicked").to_string(),
        ),
    ]
}

fn failed() -> Vec<ApplyFailure> {
    let add = |id: &str| ApplyFailure::Add {
        id: id.into(),
        source: StartChildError::Dynamic,
    };
    vec![add("log"), add("camera")]
}

fn twins() -> SpecError {
    let twin = || worker("log", |_ctx| async { Ok(()) });
    let station = Supervisor::one_for_one("station")
        .child(twin())
        .child(twin());
    station.check().expect_err("two children have one id")
}

/// A supervisor that gave up.
async fn exhausted() -> Arc<Exhausted> {
    let log = worker("log", |_ctx| async { Err("the card is full".into()) });
    let station = Supervisor::one_for_one("station").child(log);
    let tree = station.start().await.expect("a closure starts");
    match tree.wait().await {
        Outcome::Exhausted(exhausted) => exhausted,
        other => panic!("it did not give up: {other}"),
    }
}

/// A supervisor that gave up because no restart could help.
async fn escalated() -> Arc<Escalation> {
    let log = Supervisor::one_for_one("station").child(Broken);
    let tree = log.start().await.expect("it starts");
    match tree.wait().await {
        Outcome::Escalated(escalation) => escalation,
        other => panic!("it did not give up: {other}"),
    }
}

/// It knows that it can never run.
struct Broken;

#[async_trait]
impl Supervisable for Broken {
    fn name(&self) -> &str {
        "log"
    }

    async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
        Ok(Started::run(async { ExitReason::permanent("no license") }))
    }
}

/// How an initialization goes wrong.
#[derive(Clone, Copy)]
enum Flaw {
    Fails,
    Panics,
    Hangs,
    IsKilled,
}

#[async_trait]
impl Supervisable for Flaw {
    fn name(&self) -> &str {
        "log"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        match self {
            Self::Fails => Err(InitializationError::msg(
                "there is no memory card in the slot",
            )),
            Self::Panics => panic!("no card"),
            Self::Hangs => std::future::pending().await,
            Self::IsKilled => {
                let killed = ctx.supervisor().kill_child("log").await;
                killed.map_err(InitializationError::new)?;
                std::future::pending().await
            }
        }
    }
}

/// What is said of a flaw: by the supervisor of the child where it is that which speaks.
async fn failure_of(flaw: Flaw) -> String {
    let station = Supervisor::one_for_one("station").child(flaw);
    match station.start().await.expect_err("it cannot start") {
        StartError::Initialization { source, .. } => match (flaw, source.origin()) {
            (Flaw::Fails, _) | (_, None) => source.to_string(),
            (_, Some((_, reason))) => reason.to_string(),
        },
        other => panic!("it did not fail to initialize: {other}"),
    }
}

async fn panic_of_a_run() -> String {
    let log = worker("log", |_ctx| async { panic!("index out of bounds") });
    let station = Supervisor::one_for_one("station")
        .intensity(0, Duration::from_secs(1))
        .child(log);
    let tree = station.start().await.expect("a closure starts");
    match tree.wait().await {
        Outcome::Exhausted(exhausted) => exhausted.last_exit().to_string(),
        other => panic!("it did not give up: {other}"),
    }
}
