//! What stands in the document of an event.

use std::time::Duration;

use serde::Serialize;

use super::model::{Crash, Delay, Exit, Outline, SCHEMA, delay, seconds};
use crate::exit::Exhausted;
use crate::observe::{Event, EventKind, KillCause, StartCause};
use crate::restart::DelayCause;

#[derive(Serialize)]
pub(super) struct EventDocument {
    schema: &'static str,
    document: &'static str,
    number: u64,
    path: String,
    incarnation: u64,
    supervisor: Option<u64>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Kind {
    Listed {
        strategy: &'static str,
        children: Vec<Outline>,
    },
    Added {
        child: Outline,
    },
    Removed,
    Starting {
        cause: &'static str,
    },
    Started,
    Ignored,
    StartFailed {
        exit: Exit,
    },
    StopRequested {
        grace_seconds: Option<f64>,
    },
    Killed {
        cause: &'static str,
    },
    Exited {
        exit: Exit,
    },
    Unresponsive,
    GaveUp {
        child: String,
        restarts: u32,
        period_seconds: f64,
        own_limit: bool,
        exit: Exit,
    },
    Delayed {
        /// None if it waits for another child.
        delay_seconds: Option<f64>,
        delayed_by: Delay,
    },
    Retrying {
        crash: Option<Crash>,
    },
    CalledOff,
    Recovered,
    Stuck,
    Stalled {
        stalled_for_seconds: f64,
    },
    StallOver {
        stalled_for_seconds: f64,
    },
    Crashed {
        crash: Crash,
    },
    Dropped,
    Paused,
    Replaced {
        child: Outline,
    },
    StormPause {
        pause_seconds: f64,
    },
    Satisfied {
        child: String,
    },
    Hopeless {
        child: String,
        exit: Exit,
    },
    Escalated {
        exit: Exit,
    },
    AutoShutdown {
        child: String,
    },
    ReloadRequested,
}

impl From<&Event> for EventDocument {
    fn from(event: &Event) -> Self {
        Self {
            schema: SCHEMA,
            document: "event",
            number: event.number,
            path: event.path.to_string(),
            incarnation: event.incarnation.get(),
            supervisor: event.supervisor.map(|life| life.get()),
            kind: Kind::from(&event.kind),
        }
    }
}

impl From<&EventKind> for Kind {
    fn from(kind: &EventKind) -> Self {
        match kind {
            EventKind::Listed { strategy, children } => Self::Listed {
                strategy,
                children: children.iter().map(Outline::from).collect(),
            },
            EventKind::Added { child } => Self::Added {
                child: Outline::from(child.as_ref()),
            },
            EventKind::Removed => Self::Removed,
            EventKind::Starting { cause } => Self::Starting {
                cause: start_cause(*cause),
            },
            EventKind::Started => Self::Started,
            EventKind::Ignored => Self::Ignored,
            EventKind::StartFailed { error } => Self::StartFailed {
                exit: Exit::from(error),
            },
            EventKind::StopRequested { grace } => Self::StopRequested {
                grace_seconds: grace.map(seconds),
            },
            EventKind::Killed { cause } => Self::Killed {
                cause: kill_cause(*cause),
            },
            EventKind::Exited { reason } => Self::Exited {
                exit: Exit::from(reason),
            },
            EventKind::Unresponsive => Self::Unresponsive,
            EventKind::GaveUp { exhausted } => Self::from(exhausted.as_ref()),
            EventKind::Delayed { by, cause } => Self::delayed(*by, *cause),
            EventKind::Retrying { crash } => Self::Retrying {
                crash: crash.as_deref().map(Crash::from),
            },
            EventKind::CalledOff => Self::CalledOff,
            EventKind::Recovered => Self::Recovered,
            EventKind::Stuck => Self::Stuck,
            EventKind::Stalled { so_far } => Self::Stalled {
                stalled_for_seconds: seconds(*so_far),
            },
            EventKind::StallOver { after } => Self::StallOver {
                stalled_for_seconds: seconds(*after),
            },
            EventKind::Crashed { report } => Self::Crashed {
                crash: Crash::from(report.as_ref()),
            },
            EventKind::Dropped => Self::Dropped,
            EventKind::Paused => Self::Paused,
            EventKind::Replaced { child } => Self::Replaced {
                child: Outline::from(child.as_ref()),
            },
            EventKind::StormPause { pause } => Self::StormPause {
                pause_seconds: seconds(*pause),
            },
            EventKind::Satisfied { child } => Self::Satisfied {
                child: child.to_string(),
            },
            EventKind::Hopeless { escalation } => Self::Hopeless {
                child: escalation.child.to_string(),
                exit: Exit::from(&escalation.exit),
            },
            EventKind::Escalated { error } => Self::Escalated {
                exit: Exit::from(error),
            },
            EventKind::AutoShutdown { child } => Self::AutoShutdown {
                child: child.to_string(),
            },
            EventKind::ReloadRequested => Self::ReloadRequested,
        }
    }
}

impl Kind {
    fn delayed(by: Duration, cause: DelayCause) -> Self {
        Self::Delayed {
            delay_seconds: delay(by, cause),
            delayed_by: Delay::from(cause),
        }
    }
}

impl From<&Exhausted> for Kind {
    fn from(exhausted: &Exhausted) -> Self {
        Self::GaveUp {
            child: exhausted.child.to_string(),
            restarts: exhausted.restarts,
            period_seconds: seconds(exhausted.period),
            own_limit: exhausted.own_limit,
            exit: Exit::from(exhausted.last_exit()),
        }
    }
}

fn start_cause(cause: StartCause) -> &'static str {
    match cause {
        StartCause::FirstStart => "first_start",
        StartCause::Added => "added",
        StartCause::Requested => "requested",
        StartCause::Resumed => "resumed",
        StartCause::Replaced => "replaced",
        StartCause::Restart => "restart",
    }
}

fn kill_cause(cause: KillCause) -> &'static str {
    match cause {
        KillCause::Brutal => "brutal",
        KillCause::GraceOver => "grace_over",
        KillCause::Doomed => "doomed",
        KillCause::InitTimeout => "init_timeout",
    }
}
