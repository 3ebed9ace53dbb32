//! The observer that counts.

use std::fmt;
use std::sync::PoisonError;

use metrics::Recorder;
use tokio::time::Instant;

use super::tally::Tally;
use crate::observe::{Event, Observer};
use crate::sync::Mutex;

/// How many labels there are at most, if nothing else is said.
const MAX_LABELS: usize = 1_000;

/// Makes figures of what happens in a tree, for a recorder of the crate [`metrics`](https://docs.rs/metrics): that of
/// Prometheus, say.
///
/// Nothing is counted before it is made the [`observer`](crate::Supervisor::observer) of a root. It works on any
/// thread, never waits, and for each label it asks the recorder for its handles once. A restart then costs about 4,200
/// instructions more, beside 7,400 for all else; 2,500 of them are what any observer costs.
///
/// The **figures**:
///
/// | name | kind | what it says |
/// |---|---|---|
/// | `perennial_children_running` | gauge | children that run now |
/// | `perennial_child_starts_total` | counter | starts, restarts among them |
/// | `perennial_child_restarts_total` | counter | restarts, after a failure or with a group |
/// | `perennial_child_start_failures_total` | counter | starts that failed |
/// | `perennial_child_exits_total` | counter, by `reason` | ends of children that ran |
/// | `perennial_child_crashes_total` | counter | abnormal ends that nobody asked for, failed starts among them: one for each [`CrashReport`](crate::CrashReport) |
/// | `perennial_child_kills_total` | counter | tasks that a supervisor aborted |
/// | `perennial_child_drops_total` | counter | children that stay down, as [`OnLimit::Drop`](crate::OnLimit::Drop) says |
/// | `perennial_child_stalls_total` | counter | polls that lasted too long, if the root looks for them by [`stalls_after`](crate::Supervisor::stalls_after) |
/// | `perennial_child_start_seconds` | histogram | from the beginning of an initialization until the child ran |
/// | `perennial_child_uptime_seconds` | histogram | how long a child had run when it ended |
/// | `perennial_child_stop_seconds` | histogram | from the request to stop, or the abort, to the end |
/// | `perennial_child_restart_delay_seconds` | histogram | waits before a restart: backoff, storm, quarantine, the word of a classifier |
/// | `perennial_child_stall_seconds` | histogram | how long a poll lasted that was too long |
/// | `perennial_supervisor_give_ups_total` | counter | ends of a supervisor because of a child that could not be mended or started |
/// | `perennial_supervisor_storm_pauses_total` | counter | pauses in which a supervisor began no restart |
///
/// All of them are described, with their units, when the first event comes. Those of a child are there from its first start on, those
/// of a supervisor from that of its first child on, at zero; only exits appear with their first one. What has not
/// ended when its supervisor goes on without it ends with the reason `unresponsive`.
///
/// The reasons are the variants of [`ExitReason`](crate::ExitReason), in lower case: `normal`, `shutdown`, `planned`, `failed`,
/// `permanent`, `panicked`, `killed`, `unresponsive`, `stuck`, `initialization_failed`, `exhausted`, `escalated`.
///
/// The **labels**: `supervisor` is the path of the supervisor, `child` the id of the child in it. The root is a child without a supervisor: there
/// `supervisor` is empty. Figures of a supervisor as such have no `child`.
///
/// There are as many labels as the *code* has children, however many run. Children of one template share a label: a number
/// behind a `#` at the end of an id is left out, also of the ids in a path, so that the sessions `session#1` and `session#2` of a
/// [`DynamicSupervisor`](crate::DynamicSupervisor) are the child `session`, and tasks are told by their names. An
/// id that is a bare number, as those of a [`PartitionSupervisor`](crate::PartitionSupervisor), is `partition`. Where names are
/// made at run time in another way, [`max_labels`](Self::max_labels) is the bound.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{MetricsObserver, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// // First of all: the recorder of the program, as the exporter of your choice installs it.
/// let app = Supervisor::one_for_one("app").observer(MetricsObserver::new()).child(clock);
/// app.start().await?.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct MetricsObserver {
    recorder: Option<Box<dyn Recorder + Send + Sync>>,
    tally: Mutex<Tally>,
}

impl MetricsObserver {
    /// Tells the recorder of the program, which must be installed before the tree starts: `metrics` keeps nothing for one that comes later.
    ///
    /// A recorder that is set for one thread only is found by trees that run on that thread alone; give such a one to
    /// [`with_recorder`](Self::with_recorder).
    #[must_use]
    pub fn new() -> Self {
        Self {
            recorder: None,
            tally: Mutex::new(Tally::new(MAX_LABELS)),
        }
    }

    /// Tells this recorder, whatever thread an event comes from.
    ///
    /// An `Arc` of a recorder is one, too: so several observers can share it.
    #[must_use]
    pub fn with_recorder(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self {
            recorder: Some(Box::new(recorder)),
            ..Self::new()
        }
    }

    /// Sets how many labels of children there are at most, 1,000 by default; as many supervisors have labels of their own.
    ///
    /// All further ones share the label `(others)`, for supervisor and child. A label costs a recorder about fifteen series.
    #[must_use]
    pub fn max_labels(mut self, count: usize) -> Self {
        self.tally = Mutex::new(Tally::new(count));
        self
    }
}

impl Default for MetricsObserver {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for MetricsObserver {
    fn notice(&self, event: &Event) {
        let now = Instant::now();
        // A recorder that panics leaves a figure behind, at worst.
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.recorder {
            Some(recorder) => tally.note(event, now, recorder),
            None => metrics::with_recorder(|recorder| tally.note(event, now, recorder)),
        }
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver").finish_non_exhaustive()
    }
}
