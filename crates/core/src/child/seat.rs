//! Where a supervisor sits: what stays when it is restarted, so that handles stay good.

use std::sync::{Arc, PoisonError};

use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::{Inbox, Life, Outcome, Report, Roster, Semantics};
use crate::exit::ExitReason;
use crate::observe::{EventStream, Hub, Pulse, Sink};
use crate::path::{ChildId, ChildPath};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, MutexGuard, OnceLock};

/// The place of a supervisor, taken or not.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) id: ChildId,
    state: Mutex<SeatState>,
    stage: Mutex<Stage>,
    /// Shows the stage to those who wait for it; made for the first of them.
    shown: OnceLock<watch::Sender<Stage>>,
    /// How many children of a template were numbered.
    serial: AtomicU64,
    /// The turn of those who apply lists of children; made for the first of them.
    applying: OnceLock<Arc<Semaphore>>,
}

#[derive(Default)]
struct SeatState {
    occupant: Option<Arc<Occupant>>,
    /// A root that was spawned and has not sat down yet: it can be asked to stop already.
    arriving: Option<Arc<Life>>,
    /// Somebody sits here, or is about to.
    reserved: bool,
    /// Whose seat it is: that of the supervisor at this path, from the first one on that sat here.
    place: Option<ChildPath>,
    /// Of those who wanted to hear of the tree before the start.
    early: Vec<Sink>,
}

/// A running supervisor, as others see it.
#[derive(Debug)]
pub(crate) struct Occupant {
    pub(crate) life: Arc<Life>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) roster: Arc<Roster>,
    /// Since when it sits here.
    pub(crate) since: Instant,
    pub(crate) semantics: Semantics,
    #[cfg_attr(
        not(feature = "signals"),
        allow(dead_code, reason = "only an application asks for the time of a stop")
    )]
    pub(crate) stop_budget: Option<Duration>,
}

/// How far the supervisor is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    /// All its children were started.
    pub(crate) up: bool,
    /// Somebody sits here, or was spawned to.
    taken: bool,
    /// How many have left.
    left: u64,
    /// All children of the last one that left had been started.
    was_up: bool,
    /// How the last one left.
    last: Option<Arc<Departure>>,
}

/// How a supervisor ended.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    pub(crate) outcome: Outcome,
    pub(crate) report: Report,
}

impl Seat {
    pub(crate) fn new(id: ChildId) -> Arc<Self> {
        Arc::new(Self {
            id,
            state: Mutex::default(),
            stage: Mutex::default(),
            shown: OnceLock::new(),
            serial: AtomicU64::new(0),
            applying: OnceLock::new(),
        })
    }

    /// Reserves the seat for the supervisor at `place`, unless it belongs to another place, or
    /// somebody sits there or is about to; tells how many have left before.
    pub(crate) fn reserve(&self, place: &ChildPath) -> Option<u64> {
        let mut state = self.lock();
        if state.reserved || state.place.as_ref().is_some_and(|owner| owner != place) {
            return None;
        }
        state.reserved = true;
        state.place.get_or_insert_with(|| place.clone());
        Some(self.stage().left)
    }

    /// Waits for a turn to apply a list of children; it is over when the permit is dropped.
    pub(crate) async fn turn_to_apply(&self) -> Option<OwnedSemaphorePermit> {
        let turns = self.applying.get_or_init(|| Arc::new(Semaphore::new(1)));
        // Nobody closes it.
        Arc::clone(turns).acquire_owned().await.ok()
    }

    /// Gives the streams that were asked for before the start what they wait for.
    pub(crate) fn welcome(&self, hub: &Hub) {
        let early = std::mem::take(&mut self.lock().early);
        // Outside of the lock: who listens may ask for this seat while the hub is locked.
        for sink in early {
            hub.attach(sink);
        }
    }

    /// Who reserved the seat is about to be spawned: from now on it can be stopped and waited for.
    pub(crate) fn arrive(&self, life: &Arc<Life>) {
        self.lock().arriving = Some(Arc::clone(life));
        self.change(|stage| stage.taken = true);
    }

    /// Takes the seat that was reserved.
    pub(crate) fn take(&self, occupant: Arc<Occupant>) {
        let commons = Arc::clone(&occupant.life.family.commons);
        self.welcome(&commons.hub);
        let mut state = self.lock();
        state.arriving = None;
        state.occupant = Some(occupant);
        drop(state);
        // Those who asked in between.
        self.welcome(&commons.hub);
        self.change(|stage| stage.taken = true);
    }

    /// Whether all children of who sits here were started.
    pub(crate) fn is_up(&self) -> bool {
        self.stage().up
    }

    /// All children were started.
    pub(crate) fn set_up(&self) {
        self.change(|stage| stage.up = true);
    }

    /// Leaves the seat; who sat there is to be dropped by the caller: a whole tree may go with it.
    #[must_use]
    pub(crate) fn leave(&self, departure: Arc<Departure>) -> Option<Arc<Occupant>> {
        let mut state = self.lock();
        let occupant = state.occupant.take();
        state.arriving = None;
        // Before the seat is free: who comes next must not be taken for the one that leaves.
        self.change(|stage| {
            stage.was_up = std::mem::take(&mut stage.up);
            stage.taken = false;
            stage.left += 1;
            stage.last = Some(departure);
        });
        state.reserved = false;
        drop(state);
        occupant
    }

    pub(crate) fn occupant(&self) -> Option<Arc<Occupant>> {
        self.lock().occupant.clone()
    }

    /// The life of who sits here or is about to.
    pub(crate) fn life(&self) -> Option<Arc<Life>> {
        let state = self.lock();
        let occupant = state.occupant.as_ref().map(|occupant| &occupant.life);
        occupant.or(state.arriving.as_ref()).cloned()
    }

    /// Waits until all children of who took the seat after `before` had left were started, or tells
    /// how it ended before.
    pub(crate) async fn up(&self, before: u64) -> Result<(), Arc<Departure>> {
        let mut stages = self.stages();
        let stage = stages
            .wait_for(|stage| stage.up || stage.left > before)
            .await;
        match stage {
            // It may have been up and ended since.
            Ok(stage) if stage.up || stage.was_up => Ok(()),
            Ok(stage) => Err(stage.last.clone().unwrap_or_default()),
            // The sender is in `self`.
            Err(_) => Err(Arc::default()),
        }
    }

    /// Whether anybody ever sat here.
    pub(crate) fn was_ever_taken(&self) -> bool {
        let stage = self.stage();
        stage.taken || stage.left > 0
    }

    /// The end of who sits here now, or will sit here next; how the last one ended if nobody sits
    /// here any more. What counts is the moment of the call, not that of the first poll.
    pub(crate) fn next_end(&self) -> impl Future<Output = Arc<Departure>> + Send + 'static {
        let mut stages = self.stages();
        let before = {
            let stage = stages.borrow_and_update();
            stage.left - u64::from(!stage.taken && stage.left > 0)
        };
        async move {
            match stages.wait_for(|stage| stage.left > before).await {
                Ok(stage) => stage.last.clone().unwrap_or_default(),
                // The seat itself is gone.
                Err(_) => Arc::default(),
            }
        }
    }

    /// The events of the tree that it is or will be part of.
    pub(crate) fn events(&self) -> EventStream {
        let (sink, stream) = EventStream::new();
        self.attach(Sink::Events(sink));
        stream
    }

    /// Beats when something changes in that tree.
    pub(crate) fn pulse(&self) -> Pulse {
        let (sink, pulse) = Pulse::new();
        self.attach(Sink::Pulse(sink));
        pulse
    }

    fn attach(&self, sink: Sink) {
        let mut state = self.lock();
        if let Some(occupant) = state.occupant.clone() {
            drop(state);
            occupant.life.family.commons.hub.attach(sink);
        } else {
            state.early.retain(Sink::is_heard);
            state.early.push(sink);
        }
    }

    /// The number of the next child of a template, in all lives of the supervisor.
    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn change(&self, change: impl FnOnce(&mut Stage)) {
        let mut stage = self.stage();
        change(&mut stage);
        // Asked while it is locked: a channel that is made later begins with the changed one.
        let shown = self.shown.get();
        drop(stage);
        if let Some(shown) = shown {
            // Looked up anew: what is shown last is how it is, also if two change it at once.
            shown.send_modify(|shown| shown.clone_from(&self.stage()));
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        // A change cannot panic.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stages from now on.
    fn stages(&self) -> watch::Receiver<Stage> {
        let stage = self.stage();
        let shown = self.shown.get_or_init(|| watch::Sender::new(stage.clone()));
        drop(stage);
        shown.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, SeatState> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Departure {
    /// Of a supervisor that could not say itself how it ended.
    pub(crate) fn of(reason: Option<&ExitReason>) -> Self {
        let outcome = match reason {
            Some(ExitReason::InitializationFailed(error)) if !error.was_killed() => {
                Outcome::InitializationFailed(error.clone())
            }
            _ => Outcome::Killed,
        };
        Self {
            outcome,
            report: Report::default(),
        }
    }
}

impl Default for Departure {
    fn default() -> Self {
        Self::of(None)
    }
}

impl std::fmt::Debug for SeatState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not what sits there: it refers back to this seat.
        f.debug_struct("SeatState")
            .field("taken", &self.occupant.is_some())
            .finish_non_exhaustive()
    }
}
