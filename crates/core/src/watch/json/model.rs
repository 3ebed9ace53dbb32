//! What stands in the document of a snapshot, and what events say of children and their ends. Times are seconds; errors are lists of texts, each the cause of the one before.

use std::time::Duration;

use serde::Serialize;

use crate::crash::{CrashDecision, CrashPhase, CrashReport};
use crate::exit::{ExitReason, InitializationError, Panic};
use crate::meter::{Busy, Memory};
use crate::restart::DelayCause;
use crate::tree::{ChildKind, ChildOutline, Counts, HealthImpact, Snapshot, SnapshotEntry};

/// What a document says of itself.
pub(super) const SCHEMA: &str = "perennial.tree/v1";

#[derive(Serialize)]
pub(super) struct SnapshotDocument {
    schema: &'static str,
    document: &'static str,
    number: u64,
    children: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    path: String,
    id: String,
    depth: usize,
    kind: &'static str,
    strategy: Option<&'static str>,
    place: String,
    version: Option<String>,
    impact: &'static str,
    crash_reports: usize,
    last_event: u64,
    state: &'static str,
    incarnation: Option<u64>,
    restarts: u64,
    has_run: bool,
    is_stuck: bool,
    has_given_up: bool,
    uptime_seconds: Option<f64>,
    stalled_for_seconds: Option<f64>,
    restart_in_seconds: Option<f64>,
    delayed_by: Option<Delay>,
    last_exit: Option<Exit>,
    crashes: Vec<Crash>,
    counts: Option<CountsOf>,
    busy: Option<BusyTime>,
    busy_in_life: Option<BusyTime>,
    memory: Option<MemoryOf>,
}

#[derive(Serialize)]
pub(super) struct Outline {
    path: String,
    id: String,
    kind: &'static str,
    place: String,
    version: Option<String>,
    impact: &'static str,
    crash_reports: usize,
}

#[derive(Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub(super) enum Delay {
    Backoff { attempt: u32 },
    Verdict,
    Storm,
    Quarantine,
    Dependency,
}

#[derive(Serialize)]
pub(super) struct Exit {
    reason: &'static str,
    abnormal: bool,
    /// What there is to say, and what caused it.
    chain: Vec<String>,
    /// Where it panicked.
    location: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Crash {
    incarnation: u64,
    phase: &'static str,
    exit: Exit,
    uptime_seconds: Option<f64>,
    restarts: u64,
    decision: Decision,
    siblings: Vec<String>,
    sibling_count: usize,
}

#[derive(Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
enum Decision {
    Restarted,
    Delayed {
        /// None if it waits for another child.
        delay_seconds: Option<f64>,
        delayed_by: Delay,
    },
    Retried,
    StaysDown,
    Dropped,
    GaveUp {
        own_limit: bool,
    },
    Escalated,
    Unstartable,
    Satisfied,
    AutoShutdown,
    Stopped,
}

#[derive(Serialize)]
struct CountsOf {
    specs: usize,
    active: usize,
    supervisors: usize,
    workers: usize,
}

#[derive(Serialize)]
struct BusyTime {
    time_seconds: f64,
    polls: u64,
    longest_poll_seconds: f64,
}

#[derive(Serialize)]
struct MemoryOf {
    live_bytes: u64,
    live_allocations: u64,
    allocated_bytes: u64,
    allocations: u64,
}

impl From<&Snapshot> for SnapshotDocument {
    fn from(snapshot: &Snapshot) -> Self {
        Self {
            schema: SCHEMA,
            document: "snapshot",
            number: snapshot.number(),
            children: snapshot.entries().iter().map(Row::from).collect(),
        }
    }
}

impl From<&SnapshotEntry> for Row {
    fn from(entry: &SnapshotEntry) -> Self {
        Self {
            path: entry.path.to_string(),
            id: entry.path.id().to_string(),
            depth: entry.depth,
            kind: kind(entry.kind),
            strategy: entry.strategy,
            place: entry.place.to_string(),
            version: entry.version.as_deref().map(str::to_owned),
            impact: impact(entry.impact),
            crash_reports: entry.crash_reports,
            last_event: entry.last_event,
            state: entry.state.as_str(),
            incarnation: entry.incarnation.map(|life| life.get()),
            restarts: entry.restarts,
            has_run: entry.has_run,
            is_stuck: entry.is_stuck,
            has_given_up: entry.has_given_up,
            uptime_seconds: entry.uptime.map(seconds),
            stalled_for_seconds: entry.stalled_for.map(seconds),
            restart_in_seconds: entry.restart_in.map(seconds),
            delayed_by: entry.delayed_by.map(Delay::from),
            last_exit: entry.last_exit.as_ref().map(Exit::from),
            crashes: entry.crashes.iter().map(Crash::from).collect(),
            counts: entry.counts.map(CountsOf::from),
            busy: entry.busy.map(BusyTime::from),
            busy_in_life: entry.busy_in_life.map(BusyTime::from),
            memory: entry.memory.map(MemoryOf::from),
        }
    }
}

impl From<&ChildOutline> for Outline {
    fn from(child: &ChildOutline) -> Self {
        Self {
            path: child.path.to_string(),
            id: child.path.id().to_string(),
            kind: kind(child.kind),
            place: child.place.to_string(),
            version: child.version.as_deref().map(str::to_owned),
            impact: impact(child.impact),
            crash_reports: child.crash_reports,
        }
    }
}

impl From<DelayCause> for Delay {
    fn from(cause: DelayCause) -> Self {
        match cause {
            DelayCause::Backoff { attempt } => Self::Backoff { attempt },
            DelayCause::Verdict => Self::Verdict,
            DelayCause::Storm => Self::Storm,
            DelayCause::Quarantine => Self::Quarantine,
            DelayCause::Dependency => Self::Dependency,
        }
    }
}

impl From<&ExitReason> for Exit {
    fn from(exit: &ExitReason) -> Self {
        let own = |reason| (reason, Vec::new());
        let (reason, mut chain) = match exit {
            ExitReason::Normal => own("normal"),
            ExitReason::Shutdown => own("shutdown"),
            ExitReason::ShutdownWith(why) => ("shutdown_with", vec![why.to_string()]),
            ExitReason::Planned => own("planned"),
            ExitReason::Failed(_) => own("failed"),
            ExitReason::Permanent(_) => own("permanent"),
            ExitReason::Panicked(panic) => ("panicked", vec![panic.message().to_owned()]),
            ExitReason::Killed => own("killed"),
            ExitReason::Unresponsive => own("unresponsive"),
            ExitReason::Stuck(_) => ("stuck", vec![exit.to_string()]),
            ExitReason::InitializationFailed(_) => own("initialization_failed"),
            ExitReason::Exhausted(_) => own("exhausted"),
            ExitReason::Escalated(_) => own("escalated"),
        };
        let mut at = exit.error();
        while let Some(error) = at {
            chain.push(error.to_string());
            at = error.source();
        }
        let panic = match exit {
            ExitReason::Panicked(panic) => Some(panic),
            ExitReason::InitializationFailed(error) => error.panic(),
            _ => None,
        };
        Self {
            reason,
            abnormal: exit.is_abnormal(),
            chain,
            location: panic.and_then(Panic::location).map(str::to_owned),
        }
    }
}

impl From<&InitializationError> for Exit {
    fn from(error: &InitializationError) -> Self {
        Self::from(&ExitReason::InitializationFailed(error.clone()))
    }
}

impl From<&CrashReport> for Crash {
    fn from(report: &CrashReport) -> Self {
        Self {
            incarnation: report.incarnation.get(),
            phase: match report.phase {
                CrashPhase::Initialization => "initialization",
                CrashPhase::Run => "run",
                CrashPhase::Stop => "stop",
            },
            exit: Exit::from(&report.exit),
            uptime_seconds: report.uptime.map(seconds),
            restarts: report.restarts,
            decision: Decision::from(report.decision),
            siblings: report.siblings().iter().map(ToString::to_string).collect(),
            sibling_count: report.sibling_count(),
        }
    }
}

impl From<CrashDecision> for Decision {
    fn from(decision: CrashDecision) -> Self {
        match decision {
            CrashDecision::Restarted => Self::Restarted,
            CrashDecision::Delayed { by, cause } => Self::Delayed {
                delay_seconds: delay(by, cause),
                delayed_by: Delay::from(cause),
            },
            CrashDecision::Retried => Self::Retried,
            CrashDecision::StaysDown => Self::StaysDown,
            CrashDecision::Dropped => Self::Dropped,
            CrashDecision::GaveUp { own_limit } => Self::GaveUp { own_limit },
            CrashDecision::Escalated => Self::Escalated,
            CrashDecision::Unstartable => Self::Unstartable,
            CrashDecision::Satisfied => Self::Satisfied,
            CrashDecision::AutoShutdown => Self::AutoShutdown,
            CrashDecision::Stopped => Self::Stopped,
        }
    }
}

impl From<Counts> for CountsOf {
    fn from(counts: Counts) -> Self {
        Self {
            specs: counts.specs,
            active: counts.active,
            supervisors: counts.supervisors,
            workers: counts.workers,
        }
    }
}

impl From<Busy> for BusyTime {
    fn from(busy: Busy) -> Self {
        Self {
            time_seconds: seconds(busy.time),
            polls: busy.polls,
            longest_poll_seconds: seconds(busy.longest_poll),
        }
    }
}

impl From<Memory> for MemoryOf {
    fn from(memory: Memory) -> Self {
        Self {
            live_bytes: memory.live_bytes,
            live_allocations: memory.live_allocations,
            allocated_bytes: memory.allocated_bytes,
            allocations: memory.allocations,
        }
    }
}

pub(super) fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// What waits for another child has no time of its own.
pub(super) fn delay(by: Duration, cause: DelayCause) -> Option<f64> {
    (cause != DelayCause::Dependency).then(|| seconds(by))
}

fn kind(kind: ChildKind) -> &'static str {
    match kind {
        ChildKind::Worker => "worker",
        ChildKind::Supervisor => "supervisor",
    }
}

fn impact(impact: HealthImpact) -> &'static str {
    match impact {
        HealthImpact::Required => "required",
        HealthImpact::Optional => "optional",
    }
}
