//! What a snapshot says of the health of a tree. Pure.

use std::fmt;

use crate::exit::ExitReason;
use crate::path::{ChildId, ChildPath};
use crate::tree::{ChildState, HealthImpact, Snapshot, SnapshotEntry};

/// How many reasons a verdict names; the others are only counted.
const NAMED: usize = 16;

/// How a tree fares: what the three probes of an orchestrator ask for.
///
/// A child whose spec says [`HealthImpact::Optional`](crate::HealthImpact) counts nowhere, nor does what is below it.
/// Prints as a line for each probe.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// let health = handle.health();
/// assert!(health.startup.is_ok() && health.ready.is_ok() && health.live.is_ok());
/// assert_eq!(health.to_string(), "startup: ok\nready: ok\nlive: ok");
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Whether every child of the spec lists has been up once. As long as the supervisor lives this stays so.
    pub startup: HealthVerdict,
    /// Whether everything runs: no child starts, waits for its restart, stops or is down after a failure, and the
    /// supervisor is not to stop. A child that has done its work, that declined to start, or that a call has
    /// terminated or paused is no hindrance.
    pub ready: HealthVerdict,
    /// Whether it can help itself: the supervisor itself has not given up, and no child is stuck or was left behind
    /// unresponsive. A stop that was asked for is no hindrance.
    pub live: HealthVerdict,
}

/// Yes, or the reasons why not.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{HealthTrouble, Supervisor};
///
/// let app = Supervisor::one_for_one("app");
/// let ready = app.handle().health().ready;
/// assert!(!ready.is_ok());
/// assert_eq!(ready.reasons()[0].trouble, HealthTrouble::NotRunning);
/// assert_eq!(ready.to_string(), "no: app does not run");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthVerdict {
    /// [`NAMED`] at most.
    reasons: Vec<HealthReason>,
    count: usize,
}

/// One reason why a tree is not healthy: which child, and what is with it.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{HealthReason, Supervisor};
///
/// let health = Supervisor::one_for_one("app").handle().health();
/// let told: Vec<String> = health.live.reasons().iter().map(HealthReason::to_string).collect();
/// assert_eq!(told, ["app does not run"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthReason {
    /// Which child.
    pub path: ChildPath,
    /// What is with it.
    pub trouble: HealthTrouble,
}

/// What keeps a child from being healthy.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Health, HealthTrouble};
///
/// /// Whether it is worth to wait a moment.
/// fn passes(health: &Health) -> bool {
///     health.ready.reasons().iter().all(|reason| matches!(
///         reason.trouble,
///         HealthTrouble::Starting | HealthTrouble::Restarting | HealthTrouble::Backoff
///     ))
/// }
/// # let _ = passes;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HealthTrouble {
    /// The supervisor that was asked does not run.
    NotRunning,
    /// It initializes, or waits for its turn to do so.
    Starting,
    /// Its restart failed and is to be tried again.
    Restarting,
    /// It failed, and waits for its restart.
    Backoff,
    /// It has used up its own limit of restarts, and is left alone for a time.
    Quarantined,
    /// It is told to end.
    Stopping,
    /// It has failed and stays down.
    Down,
    /// It is a supervisor that has given up.
    GaveUp,
    /// It does not get on, as its watchdog says.
    Stuck,
    /// A life of it was left behind, as it did not end although its task was aborted: it may block its thread.
    Unresponsive,
}

impl Health {
    /// That of the supervisor `asked`, of which the snapshot was taken.
    pub(super) fn of(snapshot: &Snapshot, asked: &ChildId) -> Self {
        let Some(root) = snapshot.entries().first() else {
            let mut no = HealthVerdict::default();
            no.note(&ChildPath::root(asked), HealthTrouble::NotRunning);
            return Self {
                startup: no.clone(),
                ready: no.clone(),
                live: no,
            };
        };
        let mut startup = HealthVerdict::default();
        let mut ready = HealthVerdict::default();
        let mut live = HealthVerdict::default();
        if !root.has_run {
            startup.add(root, HealthTrouble::Starting);
        }
        if root.has_given_up {
            live.add(root, HealthTrouble::GaveUp);
        }
        for entry in required(snapshot.entries()) {
            if let Some(trouble) = hindrance(entry) {
                ready.add(entry, trouble);
            }
            if let Some(trouble) = agony(entry) {
                live.add(entry, trouble);
            }
            let is_to_start = matches!(entry.state, ChildState::Starting) && entry.depth > 0;
            if !root.has_run && is_to_start {
                startup.add(entry, HealthTrouble::Starting);
            }
        }
        Self {
            startup,
            ready,
            live,
        }
    }
}

impl HealthVerdict {
    /// Whether it is a yes.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.count == 0
    }

    /// Why not, in the order of the snapshot; the first 16.
    #[must_use]
    pub fn reasons(&self) -> &[HealthReason] {
        &self.reasons
    }

    /// How many reasons there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    fn add(&mut self, entry: &SnapshotEntry, trouble: HealthTrouble) {
        self.note(&entry.path, trouble);
    }

    fn note(&mut self, path: &ChildPath, trouble: HealthTrouble) {
        self.count += 1;
        if self.reasons.len() < NAMED {
            let path = path.clone();
            self.reasons.push(HealthReason { path, trouble });
        }
    }
}

/// The children that count: without those that are optional, and what is below them. Who is asked counts.
fn required(entries: &[SnapshotEntry]) -> impl Iterator<Item = &SnapshotEntry> {
    let mut optional = None;
    entries.iter().filter(move |entry| {
        if optional.is_some_and(|depth| entry.depth > depth) {
            return false;
        }
        let is_optional = entry.impact == HealthImpact::Optional && entry.depth > 0;
        optional = is_optional.then_some(entry.depth);
        !is_optional
    })
}

/// What keeps it from being ready.
fn hindrance(entry: &SnapshotEntry) -> Option<HealthTrouble> {
    if entry.has_given_up {
        return Some(HealthTrouble::GaveUp);
    }
    if entry.is_stuck {
        return Some(HealthTrouble::Stuck);
    }
    // An end that its supervisor has not heard of may be followed by a restart at once.
    match entry.unheard.unwrap_or(entry.state) {
        ChildState::Running | ChildState::Paused => None,
        ChildState::Starting => Some(HealthTrouble::Starting),
        ChildState::Restarting => Some(HealthTrouble::Restarting),
        ChildState::Backoff => Some(HealthTrouble::Backoff),
        ChildState::Quarantined => Some(HealthTrouble::Quarantined),
        ChildState::Stopping => Some(HealthTrouble::Stopping),
        ChildState::Idle => match &entry.last_exit {
            None => Some(HealthTrouble::Starting),
            Some(exit) => exit.is_abnormal().then_some(HealthTrouble::Down),
        },
    }
}

/// What the tree cannot mend itself.
fn agony(entry: &SnapshotEntry) -> Option<HealthTrouble> {
    if entry.is_stuck {
        return Some(HealthTrouble::Stuck);
    }
    let is_left_behind = matches!(entry.last_exit, Some(ExitReason::Unresponsive));
    is_left_behind.then_some(HealthTrouble::Unresponsive)
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "startup: {}", self.startup)?;
        write!(f, "\nready: {}", self.ready)?;
        write!(f, "\nlive: {}", self.live)
    }
}

impl fmt::Display for HealthVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ok() {
            return f.write_str("ok");
        }
        for (index, reason) in self.reasons.iter().enumerate() {
            f.write_str(if index == 0 { "no: " } else { ", " })?;
            reason.fmt(f)?;
        }
        match self.count - self.reasons.len() {
            0 => Ok(()),
            others => write!(f, " and {others} more"),
        }
    }
}

impl fmt::Display for HealthReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.trouble)
    }
}

impl fmt::Display for HealthTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRunning => "does not run",
            Self::Starting => "starts",
            Self::Restarting => "is to be restarted",
            Self::Backoff => "waits for its restart",
            Self::Quarantined => "is in quarantine",
            Self::Stopping => "is to stop",
            Self::Down => "is down",
            Self::GaveUp => "has given up",
            Self::Stuck => "is stuck",
            Self::Unresponsive => "was left behind unresponsive",
        })
    }
}
