//! The running children of a supervisor: their tasks and deadlines, and what the roster shows of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::apart::live_apart;
use super::deadlines::Deadlines;
use super::decide::Decide;
use super::ending::History;
use super::judge::exit_of;
use super::protocol::{Cause, Exit, Input, Slot};
use super::slot::{Force, Held, Patience, State};
use super::spares::Spares;
use super::task::{Beginning, live, retire};
use super::turn::Turn;
use crate::child::{
    Entry, Family, Inbox, Life, Report, Roster, Semantics, StopRequest, Supervisable,
    SupervisorHandle, Word,
};
use crate::exit::{ExitReason, InitializationError, let_go};
use crate::meter::Gauge;
use crate::observe::{EventKind, KillCause, StartCause};
use crate::path::Incarnation;
use crate::tree::ChildState;

/// The least that a supervisor keeps of its time to say how its children ended.
const RESERVE: Duration = Duration::from_millis(10);

/// The running children of one supervisor. Dropping it ends them all.
#[derive(Debug)]
pub(crate) struct Lives {
    pub(super) deadlines: Deadlines,
    pub(super) roster: Arc<Roster>,
    pub(super) family: Arc<Family>,
    pub(super) history: History,
    /// How the children were stopped, if the supervisor itself ends.
    pub(super) report: Option<Report>,
    /// Whose crash the machine is to decide on, or has just decided on.
    pub(super) crash: Option<Slot>,
    /// It came while its group was being stopped.
    pub(super) crash_joins: bool,
    /// How many crashes of each child are kept.
    pub(super) crash_reports: usize,
    /// How many restarts were begun.
    restarts: u64,
    /// How often restarts have paused in a storm.
    pub(super) storm_pauses: u32,
    /// When all children are to be gone, once the supervisor ends.
    stop_by: Option<Instant>,
    /// The supervisor itself as a child.
    pub(super) supervisor: Arc<Life>,
    /// The children that are up since they were started, and that the machine is to be told of.
    pub(super) up: VecDeque<Slot>,
    /// Those that the machine has given up, and that it is to be told the exits of.
    pub(super) abandoned: Vec<Slot>,
    /// Where the next lives of children are to be.
    pub(super) spares: Spares,
    /// How many may still go there in this turn.
    pub(super) patience: u32,
    /// The child that the machine is about.
    changed: Option<Slot>,
    /// There is nobody left to end.
    pub(super) released: bool,
}

impl Lives {
    pub(super) fn new(
        inbox: &Arc<Inbox>,
        roster: &Arc<Roster>,
        handle: SupervisorHandle,
        semantics: Semantics,
        supervisor: &Arc<Life>,
    ) -> Self {
        Self {
            deadlines: Deadlines::default(),
            roster: Arc::clone(roster),
            family: Arc::new(Family {
                supervisor: handle,
                of: Some(supervisor.incarnation),
                inbox: Some(Arc::clone(inbox)),
                commons: Arc::clone(&supervisor.family.commons),
                semantics,
            }),
            history: History::default(),
            report: None,
            crash: None,
            crash_joins: false,
            crash_reports: 0,
            restarts: 0,
            storm_pauses: 0,
            stop_by: None,
            supervisor: Arc::clone(supervisor),
            up: VecDeque::new(),
            abandoned: Vec::new(),
            spares: Spares::default(),
            patience: 0,
            changed: None,
            released: false,
        }
    }

    /// Begins a life of the child.
    pub(super) fn start(
        &mut self,
        now: Instant,
        slot: Slot,
        cause: Cause,
        timeout: Option<Duration>,
    ) {
        let gauge = self.gauge(slot);
        let mut state = self.roster.lock();
        let entry = state.get_mut(slot).expect("a row is there when it starts");
        let last_exit = entry.last_exit.clone();
        let place = self.spares.take(slot);
        let again = place.and_then(|place| Life::anew(place, last_exit.clone()));
        let life =
            again.unwrap_or_else(|| Life::new(entry.path.clone(), slot, last_exit, &self.family));
        equip(&life, entry, gauge);
        // All of it is shown before it is told.
        entry.life = Some(Arc::clone(&life));
        entry.state = ChildState::Starting;
        entry.delay = None;
        let is_new = !std::mem::replace(&mut entry.listed, true);
        let outline = is_new.then(|| entry.outline(&self.roster.manner));
        let cause = cause.of_life(entry.last_exit.is_none());
        let restart = u32::from(cause == Cause::Restart);
        entry.restarts = entry.restarts.saturating_add(restart);
        self.restarts += u64::from(restart);
        (entry.told, entry.forced) = (None, false);
        let child = Arc::clone(&entry.spec.child);
        let beginning = Beginning::of(&entry.spec);
        let place = entry.spec.settings.placed_apart().cloned();
        #[cfg(feature = "test-util")]
        let kind = entry.spec.settings.kind;
        drop(state);
        #[cfg(feature = "test-util")]
        let (child, beginning) = match life.family.commons.stand_ins.get() {
            Some(stand_ins) => {
                let child = stand_ins.cast(&life, child);
                let beginning =
                    Beginning::of_kind(kind, life.is_explicit() || child.has_initialization());
                (child, beginning)
            }
            None => (child, beginning),
        };
        // What has a place elsewhere may not get it.
        let beginning = beginning.acknowledged_if(place.is_some());
        if let Beginning::AtOnce = beginning {
            self.is_up(&life);
        } else {
            self.limit(now, slot, timeout);
        }
        if let Some(outline) = outline {
            life.tell_detail(|| EventKind::Added {
                child: Arc::new(outline),
            });
        }
        life.tell(EventKind::Starting {
            cause: cause.told(),
        });
        if let Beginning::AtOnce = beginning {
            life.tell(EventKind::Started);
        }
        if let Some(place) = place {
            return live_apart(&place, child, beginning, &life);
        }
        let task = tokio::spawn(live(child, beginning, Arc::clone(&life)));
        life.set_task(task.abort_handle());
    }

    /// For a new life of the child, if anything is measured.
    fn gauge(&self, slot: Slot) -> Option<Arc<Gauge>> {
        let metering = self.family.commons.metering.as_ref()?;
        let state = self.roster.lock();
        let entry = state.get(slot)?;
        if let Some(ledger) = &entry.ledger {
            return Some(Gauge::new(Arc::clone(ledger)));
        }
        let path = entry.path.clone();
        // Outside of the lock: a meter may look at this roster.
        drop(state);
        let ledger = metering.open(&path);
        if let Some(entry) = self.roster.lock().get_mut(slot) {
            entry.ledger = Some(Arc::clone(&ledger));
        }
        Some(Gauge::new(ledger))
    }

    /// A child is up before anybody is told of it and before its task is spawned, so that this is heard
    /// before what others do to it and before its last word.
    fn is_up(&mut self, life: &Life) {
        life.set_started();
        match self.patience.checked_sub(1) {
            Some(patience) => {
                self.patience = patience;
                self.up.push_back(life.slot);
            }
            None => life.say(Word::Started),
        }
    }

    /// The supervisor is to be gone in that time from its end on.
    pub(super) fn allow(&mut self, now: Instant, budget: Option<Duration>) {
        let by = budget.and_then(|budget| now.checked_add(budget));
        self.stop_by = self.stop_by.into_iter().chain(by).min();
    }

    /// The supervisor above waits until then: a little before that all children are to be gone, so that
    /// the supervisor can say how they ended.
    pub(super) fn end_by(&mut self, now: Instant, deadline: Option<Instant>) {
        let time = deadline.map(|deadline| deadline.saturating_duration_since(now));
        self.allow(
            now,
            time.map(|time| time.saturating_sub(RESERVE.max(time / 20))),
        );
    }

    /// Those that were asked to stop before the supervisor was have no more time than it has itself.
    pub(super) fn hurry(&mut self, machine: &impl Decide) {
        let Some(by) = self.stop_by else {
            return;
        };
        let lives: Vec<Arc<Life>> = self.roster.lock().lives().cloned().collect();
        for life in lives {
            let slot = life.slot;
            let is_asked = matches!(machine.state(slot), Some(State::Stopping(_, Force::Asked)));
            if is_asked && self.deadlines.at(slot).is_none_or(|at| at > by) {
                self.deadlines.set(slot, by);
                // A supervisor divides what it has left anew.
                life.stop.cut(StopRequest {
                    deadline: Some(by),
                    orphaned: false,
                    budgeted: true,
                });
            }
        }
    }

    /// Asks the child to stop.
    pub(super) fn ask(&mut self, now: Instant, slot: Slot, grace: Option<Duration>) {
        let left = self.stop_by.map(|by| by.saturating_duration_since(now));
        let grace = grace.into_iter().chain(left).min();
        let deadline = self.limit(now, slot, grace);
        let life = self.roster.lock().get_mut(slot).and_then(|entry| {
            entry.told.get_or_insert(now);
            entry.state = ChildState::Stopping;
            entry.life.clone()
        });
        if let Some(life) = life {
            let request = StopRequest {
                deadline,
                orphaned: false,
                budgeted: self.stop_by.is_some(),
            };
            life.ask_to_stop(grace, request);
        }
    }

    /// Aborts the task of the child, which is in this state.
    pub(super) fn kill(&mut self, now: Instant, slot: Slot, grace: Duration, state: Option<State>) {
        self.limit(now, slot, Some(grace));
        let mut roster = self.roster.lock();
        let Some(entry) = roster.get_mut(slot) else {
            return;
        };
        let Some(life) = entry.life.clone() else {
            return;
        };
        let cause = if let Some(State::Starting(_, Patience::Over)) = state {
            let timeout = entry.spec.settings.start_timeout().unwrap_or_default();
            life.give_up(timeout);
            KillCause::InitTimeout
        } else {
            entry.state = ChildState::Stopping;
            entry.forced = entry.told.is_some();
            entry.told.get_or_insert(now);
            if entry.forced {
                KillCause::GraceOver
            } else {
                KillCause::Brutal
            }
        };
        drop(roster);
        life.tell_while_here(EventKind::Killed { cause });
        life.abort();
    }

    /// Waits no longer than this for a child whose task was aborted from outside, and which is in this state.
    pub(super) fn wait(&mut self, now: Instant, slot: Slot, grace: Duration, state: Option<State>) {
        self.limit(now, slot, Some(grace));
        let Some(State::Stopping(..)) = state else {
            return;
        };
        let mut roster = self.roster.lock();
        let Some(entry) = roster.get_mut(slot) else {
            return;
        };
        let is_first = entry.told.is_none();
        entry.told.get_or_insert(now);
        entry.state = ChildState::Stopping;
        let life = entry.life.clone();
        drop(roster);
        // Nobody asks it to stop any more, so that is not told otherwise.
        if is_first && let Some(life) = life.filter(|life| !life.is_asked()) {
            let cause = KillCause::Doomed;
            life.tell_while_here(EventKind::Killed { cause });
        }
    }

    /// Waits no longer than this for the next word of a child; a time beyond what a clock can tell is no limit.
    pub(super) fn limit(
        &mut self,
        now: Instant,
        slot: Slot,
        time: Option<Duration>,
    ) -> Option<Instant> {
        let deadline = time.and_then(|time| now.checked_add(time));
        match deadline {
            Some(deadline) => self.deadlines.set(slot, deadline),
            None => self.deadlines.clear(slot),
        }
        deadline
    }

    /// Leaves a child behind that does not react to the abort of its task; what the machine is to be told.
    pub(super) fn abandon(&mut self, now: Instant, slot: Slot, machine: &impl Decide) -> Input {
        let before = machine.state(slot);
        let state = self.roster.lock();
        let life = state.get(slot).and_then(|entry| entry.life.clone());
        drop(state);
        let overdue = life.as_ref().and_then(|life| life.overdue());
        let reason = match (before, overdue) {
            (Some(State::Starting(..)), Some(after)) => {
                ExitReason::InitializationFailed(InitializationError::timed_out(after))
            }
            (Some(State::Starting(..)), None) => {
                let error = InitializationError::cut(ExitReason::Unresponsive);
                ExitReason::InitializationFailed(error)
            }
            _ => ExitReason::Unresponsive,
        };
        if let Some(life) = life {
            retire(&life);
            life.set_end(reason.clone());
            life.tell(EventKind::Unresponsive);
            life.end_is_told();
            life.bequeath(&reason);
        }
        let judged = self.settle(now, slot, None, reason, machine.heeds(slot));
        Input::Exited(slot, judged.flatten().unwrap_or(Exit::Abnormal))
    }

    /// Notes what the task of a child said; what the machine is to be told, if it is of
    /// the life that the child has now. A child that is told to end keeps its deadline, also if it has
    /// started just before.
    pub(super) fn note(
        &mut self,
        now: Instant,
        slot: Slot,
        life: Incarnation,
        word: Word,
        machine: &impl Decide,
    ) -> Option<Input> {
        let state = machine.state(slot);
        match word {
            Word::Started if self.is_present(slot, life) => {
                if let Some(State::Starting(_, Patience::InTime)) = state {
                    self.deadlines.clear(slot);
                }
                Some(Input::Started(slot))
            }
            Word::Started => None,
            Word::Extended => {
                let present = self
                    .is_present(slot, life)
                    .then(|| self.life(slot))
                    .flatten();
                let by = present.and_then(|life| life.take_extension());
                let starts = matches!(state, Some(State::Starting(_, Patience::InTime)));
                if starts && by.is_some() {
                    self.limit(now, slot, by);
                }
                None
            }
            Word::Ignored => {
                let settled = self.settle(now, slot, Some(life), ExitReason::Normal, false);
                settled.map(|_| Input::Ignored(slot))
            }
            Word::Exited(reason) => {
                let exit = exit_of(&reason, || self.uptime(now, slot));
                let heeds = machine.heeds(slot);
                let judged = self.settle(now, slot, Some(life), reason, heeds)?;
                Some(Input::Exited(slot, judged.unwrap_or(exit)))
            }
        }
    }

    /// How long the present life of the child has run.
    fn uptime(&self, now: Instant, slot: Slot) -> Duration {
        let state = self.roster.lock();
        let since = state.get(slot).and_then(|entry| entry.since);
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Forgets a row.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.deadlines.clear(slot);
        drop(self.spares.take(slot));
        let removed = self.roster.lock().remove(slot);
        if let Some((entry, _)) = removed.as_ref().filter(|(entry, _)| entry.listed) {
            let about = self.about(&entry.path, entry.latest);
            let hub = &self.family.commons.hub;
            hub.tell_detail(about, || EventKind::Removed);
        }
        let_go(removed);
    }

    /// Shows others how far the child is that the machine was about before it came to `next`.
    pub(super) fn publish(&mut self, now: Instant, next: Option<Slot>, machine: &impl Decide) {
        let done = std::mem::replace(&mut self.changed, next);
        if done != next
            && let Some(slot) = done
            && let Some(state) = machine.state(slot)
        {
            self.show(now, slot, state);
            if let State::Idle | State::Paused = state {
                drop(self.spares.take(slot));
            }
        }
    }

    fn show(&self, now: Instant, slot: Slot, state: State) {
        let mut roster = self.roster.lock();
        let Some(entry) = roster.get_mut(slot) else {
            return;
        };
        let before = entry.state;
        entry.state = match state {
            State::Idle | State::Due(_) => ChildState::Idle,
            State::Starting(..) => ChildState::Starting,
            State::Running(_) => ChildState::Running,
            State::Retrying | State::Delayed(Held::Over) => ChildState::Restarting,
            State::Delayed(Held::Paced | Held::Needy) => ChildState::Backoff,
            State::Delayed(Held::Quarantined) => ChildState::Quarantined,
            State::Stopping(..) => ChildState::Stopping,
            State::Paused => ChildState::Paused,
        };
        if entry.delay.is_some() && !matches!(state, State::Delayed(_)) {
            entry.delay = None;
        }
        if entry.state == ChildState::Running && entry.since.is_none() {
            entry.since = Some(now);
            entry.ran = entry.present();
            entry.is_untried = false;
        }
        let Some(turn) = Turn::of(before, entry.state) else {
            return;
        };
        let hub = &self.family.commons.hub;
        if !hub.hears_details() {
            return hub.pass();
        }
        let (path, life, kind) = (entry.path.clone(), entry.latest, turn.kind(entry));
        drop(roster);
        hub.tell(self.about(&path, life), kind);
    }

    /// Whether that life is the one that the child has now.
    pub(super) fn is_present(&self, slot: Slot, life: Incarnation) -> bool {
        let state = self.roster.lock();
        state.get(slot).and_then(Entry::present) == Some(life)
    }

    /// The next child whose deadline has passed.
    pub(super) fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<Slot> {
        self.deadlines.poll(cx)
    }

    /// Leaves the supervisors among the children to themselves: each stops its children in order,
    /// and then ends. All other children are killed.
    pub(super) fn orphan(&mut self) {
        let lives: Vec<_> = self.roster.lock().lives().cloned().collect();
        for life in lives {
            if life.seat().is_some() {
                life.stop.request(StopRequest {
                    deadline: None,
                    orphaned: true,
                    budgeted: false,
                });
            } else {
                life.abort();
            }
        }
        self.released = true;
    }

    /// How the children were stopped.
    pub(super) fn take_report(&mut self) -> Report {
        let mut report = self.report.take().unwrap_or_default();
        (report.restarts, report.storm_pauses) = (self.restarts, self.storm_pauses);
        report
    }
}

/// Whatever has become of the supervisor, its children end.
impl Drop for Lives {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        let lives: Vec<_> = self.roster.lock().lives().cloned().collect();
        for life in lives {
            life.abort();
        }
    }
}

/// Gives a new life what its child keeps, and what its spec says.
fn equip(life: &Life, entry: &Entry, gauge: Option<Arc<Gauge>>) {
    if let Some(gauge) = gauge {
        life.set_gauge(gauge);
    }
    if let Some(legacy) = entry.legacy.clone() {
        life.inherit(legacy);
    }
    if let Some(within) = entry.spec.settings.watchdog() {
        life.set_watchdog(within);
    }
    if entry.spec.settings.ready_within().is_some() {
        life.set_explicit();
    }
}

/// Spawns the root of a tree, which has no supervisor.
pub(crate) fn spawn_root(root: impl Supervisable, life: &Arc<Life>) {
    let (root, beginning) = (Arc::new(root), Beginning::Supervisor);
    let task = tokio::spawn(live(root, beginning, Arc::clone(life)));
    life.set_task(task.abort_handle());
}

impl Cause {
    /// One that had to wait at the first start of its supervisor is started like the others when it has its first life.
    fn of_life(self, is_first: bool) -> Self {
        match self {
            Self::Restart if is_first => Self::Boot,
            cause => cause,
        }
    }

    /// As an event tells it.
    fn told(self) -> StartCause {
        match self {
            Self::Boot => StartCause::FirstStart,
            Self::Add => StartCause::Added,
            Self::Call => StartCause::Requested,
            Self::Resume => StartCause::Resumed,
            Self::Replace => StartCause::Replaced,
            Self::Restart => StartCause::Restart,
        }
    }
}
