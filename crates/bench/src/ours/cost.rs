//! What each part costs when it is asked for: children that start, and of which some are restarted once.
//!
//! Nothing is timed here: the instructions of two runs of different sizes are compared, and the memory at their ends.

use std::sync::Arc;
use std::time::Duration;

use perennial::{
    Backoff, BoxError, ChildSpec, Context, Event, InitializationError, Intensity, OnLimit, Started,
    StormGuard, Supervisable, Supervisor, async_trait,
};
use tokio::sync::mpsc;

use super::worker::{Inlet, Start, Worker, inlet, send};
use super::{PERIOD, TOO_LONG, hear};
use crate::measure::keep;
use crate::message::Message;

/// A part that children or their supervisor may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing: what all others are compared with.
    Plain,
    /// Of which the first restart comes at once.
    Backoff,
    /// Of which each restart waits for a millisecond.
    BackoffWaits,
    /// A limit of each child's own.
    Limit,
    /// A storm guard that never has to pause anything.
    StormGuard,
    /// A watchdog for each child that is content.
    Watchdog,
    /// The same, and each life says once that it gets on.
    WatchdogProgress,
    /// Polls that last too long are looked for.
    Stalls,
    /// The time of polls is measured.
    Busy,
    /// An observer that does nothing.
    Observer,
    /// Somebody who reads all events.
    Stream,
    /// Children say themselves that they are ready.
    Explicit,
    /// Each child needs the one before it.
    After,
}

/// A worker with something to say when it begins.
struct Saying {
    worker: Worker,
    part: Part,
}

impl Part {
    pub(crate) const ALL: [(&'static str, Self); 13] = [
        ("plain", Self::Plain),
        ("backoff", Self::Backoff),
        ("backoff-waits", Self::BackoffWaits),
        ("limit", Self::Limit),
        ("storm-guard", Self::StormGuard),
        ("watchdog", Self::Watchdog),
        ("watchdog-progress", Self::WatchdogProgress),
        ("stalls", Self::Stalls),
        ("busy", Self::Busy),
        ("observer", Self::Observer),
        ("stream", Self::Stream),
        ("explicit", Self::Explicit),
        ("after", Self::After),
    ];

    /// What the part adds to a child; `before` is the id of the one before it.
    fn of_child(self, spec: ChildSpec, before: Option<String>) -> ChildSpec {
        let wait = Duration::from_millis(1);
        match self {
            Self::Backoff => spec.backoff(Backoff::exponential(wait, PERIOD)),
            Self::BackoffWaits => spec.backoff(Backoff::constant(wait).not_at_once()),
            Self::Limit => {
                let limit = Intensity::new(1_000, PERIOD);
                spec.limit(limit, OnLimit::Quarantine(PERIOD))
            }
            Self::Watchdog | Self::WatchdogProgress => spec.watchdog(PERIOD),
            Self::Explicit => spec.explicit_readiness(PERIOD),
            Self::After => spec.after(before),
            Self::Plain | Self::StormGuard | Self::Stalls => spec,
            Self::Busy | Self::Observer | Self::Stream => spec,
        }
    }

    /// What it adds to their supervisor.
    fn of_supervisor(self, list: Supervisor) -> Supervisor {
        match self {
            Self::StormGuard => list.storm_guard(StormGuard::new(u32::MAX)),
            Self::Stalls => list.stalls_after(TOO_LONG),
            Self::Busy => list.busy_time(true),
            Self::Observer => list.observer(|_: &Event| ()),
            _ => list,
        }
    }
}

/// Starts so many children with that part, then makes so many of them fail, one after the other, and leaves all
/// of it in memory.
pub(crate) async fn cost(part: Part, children: usize, restarts: usize) -> Result<(), BoxError> {
    let (up, mut driver) = mpsc::unbounded_channel();
    let inlets: Vec<Inlet> = (0..children).map(|_| inlet()).collect();
    let list = Supervisor::one_for_one("list").intensity(u32::MAX - 1, PERIOD);
    let mut list = part.of_supervisor(list);
    for (number, inlet) in inlets.iter().enumerate() {
        let worker = Worker {
            inlet: Arc::clone(inlet),
            start: Start::Tell(up.clone()),
        };
        let spec = match part {
            Part::WatchdogProgress | Part::Explicit => {
                ChildSpec::new(Saying { worker, part }).id(number.to_string())
            }
            _ => worker.numbered(number),
        };
        let before = number.checked_sub(1).map(|before| before.to_string());
        list = list.child(part.of_child(spec, before));
    }
    if part == Part::Stream {
        let mut events = list.handle().events();
        tokio::spawn(async move { while events.next().await.is_some() {} });
    }
    let handle = list.start().await?;
    hear(&mut driver, children).await?;
    for inlet in inlets.iter().cycle().take(restarts) {
        send(inlet, Message::Fail);
        hear(&mut driver, 1).await?;
    }
    keep((list, handle, inlets));
    Ok(())
}

#[async_trait]
impl Supervisable for Saying {
    fn name(&self) -> &str {
        self.worker.name()
    }

    fn has_initialization(&self) -> bool {
        self.worker.has_initialization()
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        match self.part {
            Part::Explicit => ctx.ready(),
            _ => ctx.progress(),
        }
        self.worker.initialize(ctx).await
    }
}
