//! One life of a child: what its task, its supervisor and its context share.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::stop::{StopCell, StopRequest};
use super::{
    Commons, Departure, Inbox, Message, ScopeCell, Seat, Semantics, Stashes, SupervisorHandle, Word,
};
use crate::dataspace::{License, Name, PublishError, Published, Publisher, Value};
use crate::exit::{ExitReason, Panic, let_go};
use crate::meter::Gauge;
use crate::observe::{About, EventKind};
use crate::path::{ChildPath, Incarnation};
use crate::stall::Watched;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Mutex, MutexGuard, OnceLock};

/// What the children of one supervisor share.
#[derive(Debug)]
pub(crate) struct Family {
    /// Their supervisor; of the root its own handle.
    pub(crate) supervisor: SupervisorHandle,
    /// Which life of it; the root has none.
    pub(crate) of: Option<Incarnation>,
    /// Where it hears of them; nobody hears of the root.
    pub(crate) inbox: Option<Arc<Inbox>>,
    pub(crate) commons: Arc<Commons>,
    /// Those of their supervisor, which a supervisor takes over.
    pub(crate) semantics: Semantics,
}

/// One life of a child.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) path: ChildPath,
    pub(crate) incarnation: Incarnation,
    /// How the life before ended.
    pub(crate) last_exit: Option<ExitReason>,
    pub(crate) stop: StopCell,
    pub(crate) family: Arc<Family>,
    /// Which row of its supervisor it is of; of the root none.
    pub(crate) slot: usize,
    task: Mutex<Task>,
    /// Somebody tells the tree that it is asked to stop, and asks it.
    asked: AtomicBool,
    /// Its supervisor was told that somebody else aborted its task.
    killed: AtomicBool,
    /// It is past its initialization, as the tree is told next.
    started: AtomicBool,
    rare: OnceLock<Box<Rare>>,
    /// How it ended, as the tree is told next.
    end: OnceLock<Ended>,
    /// Its task is over, or about to be.
    gone: AtomicBool,
    /// Nobody waits for more to be told of it.
    told: AtomicBool,
    /// Whether it may publish.
    pub(crate) license: License,
}

/// What few lives have, so that the others are small: those of supervisors and of tasks with a result, those of
/// children that use a stash or a scope or have a thread of their own, those that were given up, and those that are
/// measured.
#[derive(Debug, Default)]
struct Rare {
    /// What the life before has left.
    legacy: OnceLock<Arc<Legacy>>,
    seat: OnceLock<Arc<Seat>>,
    stashes: OnceLock<Arc<Stashes>>,
    scope: OnceLock<Box<ScopeCell>>,
    departure: OnceLock<Arc<Departure>>,
    overdue: OnceLock<Duration>,
    watchdog: OnceLock<Watchdog>,
    readiness: OnceLock<Mutex<Readiness>>,
    /// How much more time it needs to start, if its supervisor has not heard of it yet.
    extension: OnceLock<Mutex<Option<Duration>>>,
    heir: OnceLock<Arc<dyn Heir>>,
    gauge: OnceLock<Arc<Gauge>>,
}

/// What a life has left in its place; the user's errors are in there, and what the user has stashed.
#[derive(Debug)]
pub(crate) struct Remains {
    _exits: (Option<ExitReason>, Option<Ended>),
    _stop: StopCell,
    _task: Mutex<Task>,
    _rare: Option<Box<Rare>>,
}

/// How a life ended.
#[derive(Debug)]
struct Ended(ExitReason);

/// Whoever has the life last may be anybody, and the error in there is the user's.
impl Drop for Ended {
    fn drop(&mut self) {
        let_go(std::mem::replace(&mut self.0, ExitReason::Normal));
    }
}

/// Who is to know how a life ended, before its supervisor does.
pub(crate) trait Heir: fmt::Debug + Send + Sync {
    /// It ended like this, or was left behind.
    fn learn(&self, exit: &ExitReason);
}

/// How far a child is that says itself when it is ready.
#[derive(Debug, Default)]
struct Readiness {
    is_ready: bool,
    /// Its task, which passes it on.
    waker: Option<Waker>,
}

/// Whether a child gets on that has to say so.
#[derive(Debug)]
struct Watchdog {
    within: Duration,
    /// When it said so last, if it did since somebody asked.
    progress: Mutex<Option<Instant>>,
    /// It did not in time.
    barked: AtomicBool,
}

/// What a life leaves to the next one of its child.
#[derive(Debug)]
pub(crate) struct Legacy {
    /// Where it sat, if it was a supervisor.
    seat: Option<Arc<Seat>>,
    stashes: Option<Arc<Stashes>>,
}

/// The task of a life.
#[derive(Debug)]
enum Task {
    Unspawned,
    Spawned(AbortHandle),
    /// Or to be aborted as soon as it is spawned.
    Aborted,
}

impl Watchdog {
    fn progress(&self) -> MutexGuard<'_, Option<Instant>> {
        // Nothing in here is left half done by a panic.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    pub(crate) fn new(
        path: ChildPath,
        slot: usize,
        last_exit: Option<ExitReason>,
        family: &Arc<Family>,
    ) -> Arc<Self> {
        Arc::new(Self {
            path,
            incarnation: family.commons.next_life(),
            last_exit,
            stop: StopCell::default(),
            family: Arc::clone(family),
            slot,
            task: Mutex::new(Task::Unspawned),
            asked: AtomicBool::new(false),
            killed: AtomicBool::new(false),
            started: AtomicBool::new(false),
            rare: OnceLock::new(),
            end: OnceLock::new(),
            gone: AtomicBool::new(false),
            told: AtomicBool::new(false),
            license: License::default(),
        })
    }

    /// The next life of its child, in the place that this one has left.
    pub(crate) fn anew(mut place: Arc<Self>, last: Option<ExitReason>) -> Option<Arc<Self>> {
        let life = Arc::get_mut(&mut place)?;
        life.incarnation = life.family.commons.next_life();
        life.last_exit = last;
        Some(place)
    }

    /// Leaves its place to the next life of its child, unless somebody else still has it; what is to be let go.
    pub(crate) fn vacate(place: &mut Arc<Self>) -> Option<Remains> {
        let life = Arc::get_mut(place)?;
        let Self {
            // What is the same for each life of the child, and its number, which the next one replaces.
            path: _,
            family: _,
            slot: _,
            incarnation: _,
            last_exit,
            stop,
            task,
            asked,
            killed,
            started,
            rare,
            end,
            gone,
            told,
            license,
        } = life;
        for flag in [asked, killed, started, gone, told] {
            *flag = AtomicBool::new(false);
        }
        *license = License::default();
        let task = std::mem::replace(task, Mutex::new(Task::Unspawned));
        Some(Remains {
            _exits: (last_exit.take(), end.take()),
            _stop: std::mem::take(stop),
            _task: task,
            _rare: rare.take(),
        })
    }

    /// Tells the tree what happened to this life.
    pub(crate) fn tell(&self, kind: EventKind) {
        self.family.commons.hub.tell(self.about(), kind);
    }

    /// The same of a small step, which is made only if somebody hears of it.
    pub(crate) fn tell_detail(&self, kind: impl FnOnce() -> EventKind) {
        self.family.commons.hub.tell_detail(self.about(), kind);
    }

    /// The same of what is made only if somebody hears of it.
    pub(crate) fn tell_with(&self, kind: impl FnOnce() -> EventKind) {
        self.family.commons.hub.tell_with(self.about(), kind);
    }

    /// Tells the tree that it arrives, and lets others know it: what they do to it is told afterwards.
    pub(crate) fn arrive(&self, kind: EventKind, let_know: impl FnOnce()) {
        let hub = &self.family.commons.hub;
        hub.tell_if(self.about(), kind, || {
            let_know();
            true
        });
    }

    /// Tells the tree what is done to this life, unless its end may have been told.
    pub(crate) fn tell_while_here(&self, kind: EventKind) {
        let hub = &self.family.commons.hub;
        hub.tell_if(self.about(), kind, || !self.is_gone());
    }

    /// Whom its events are about.
    fn about(&self) -> About<'_> {
        About {
            path: &self.path,
            incarnation: self.incarnation,
            supervisor: self.family.of,
        }
    }

    /// It is past its initialization. To be shown before it is told.
    pub(crate) fn set_started(&self) {
        // Relaxed: who knows of the event that follows sees it by the number of that.
        self.started.store(true, Ordering::Relaxed);
    }

    /// Whether it is past its initialization; its supervisor may not have heard of it.
    pub(crate) fn has_started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    /// It ended like this. To be shown before it is told; the first end is the one that counts.
    pub(crate) fn set_end(&self, exit: ExitReason) {
        let _first = self.end.set(Ended(exit));
    }

    /// How it ended, if it did; its supervisor may not have heard of it.
    pub(crate) fn end(&self) -> Option<&ExitReason> {
        self.end.get().map(|Ended(exit)| exit)
    }

    /// Lets its supervisor know what its task says.
    pub(crate) fn say(&self, word: Word) {
        if let Some(inbox) = &self.family.inbox {
            inbox.push(Message::Life(self.slot, self.incarnation, word));
        }
    }

    /// Its task is about to be spawned: its end is to be told.
    pub(crate) fn begin(&self) {
        let commons = &self.family.commons;
        commons.expect_end();
        #[cfg(feature = "test-util")]
        commons.tasks.fetch_add(1, Ordering::AcqRel);
    }

    /// Its task is over.
    pub(crate) fn finish(&self) {
        #[cfg(feature = "test-util")]
        self.family.commons.tasks.fetch_sub(1, Ordering::AcqRel);
    }

    /// Its end was told, or is not waited for any more.
    pub(crate) fn end_is_told(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            self.family.commons.end_is_told();
        }
    }

    /// Publishes a value in its name.
    pub(crate) fn publish<T: Send + Sync + 'static>(
        &self,
        key: Arc<str>,
        value: T,
    ) -> Result<Published<T>, PublishError> {
        let by = Publisher {
            path: self.path.clone(),
            incarnation: self.incarnation,
        };
        let dataspace = self.family.commons.dataspace();
        dataspace.publish(Name::of::<T>(key), value, by, &self.license)
    }

    /// Withdraws what it publishes, when its license has expired. The values are to be dropped one by one:
    /// they are the user's.
    #[must_use]
    pub(crate) fn withdraw_all(&self) -> Vec<Value> {
        self.family.commons.withdraw_all(self.incarnation)
    }

    /// Asks it to stop; one that was asked before learns at most that it has less time.
    pub(crate) fn ask_to_stop(&self, grace: Option<Duration>, request: StopRequest) {
        // Whoever comes first tells of it before it asks; the others leave both to that one.
        if self.is_gone() || self.asked.swap(true, Ordering::Relaxed) {
            return self.stop.cut(request);
        }
        self.tell_while_here(EventKind::StopRequested { grace });
        self.stop.request(request);
    }

    /// Whether it is asked to stop, as the tree is told if it does not end before.
    pub(crate) fn is_asked(&self) -> bool {
        // Relaxed: as in `set_started`.
        self.asked.load(Ordering::Relaxed)
    }

    /// Aborts its task, also one that is about to be spawned, and those of its scope.
    pub(crate) fn abort(&self) {
        let task = std::mem::replace(&mut *self.task(), Task::Aborted);
        if let Task::Spawned(task) = task {
            task.abort();
        }
        if let Some(scope) = self.scope() {
            scope.close();
        }
    }

    /// Lets its supervisor know that its task was aborted by somebody else, or is over but for the tasks
    /// of its scope: it does not wait for ever.
    pub(crate) fn tell_of_kill(&self) {
        if let Some(inbox) = &self.family.inbox
            && self.is_first_kill()
        {
            inbox.push(Message::Killed(self.slot, self.incarnation));
        }
    }

    /// Whether its supervisor has yet to be told that its task was aborted from outside; only once.
    pub(crate) fn is_first_kill(&self) -> bool {
        !self.killed.swap(true, Ordering::Relaxed)
    }

    /// Whether its task was aborted, or is to be.
    pub(crate) fn is_aborted(&self) -> bool {
        matches!(*self.task(), Task::Aborted)
    }

    /// Its task was spawned.
    pub(crate) fn set_task(&self, task: AbortHandle) {
        let mut place = self.task();
        match *place {
            Task::Unspawned => *place = Task::Spawned(task),
            Task::Spawned(_) | Task::Aborted => {
                drop(place);
                task.abort();
            }
        }
    }

    fn task(&self) -> MutexGuard<'_, Task> {
        // Nothing in here is left half done by a panic.
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its task is over, or about to be.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    pub(crate) fn set_gone(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// Where the supervisor sits that this child is, if it is one.
    pub(crate) fn seat(&self) -> Option<&Arc<Seat>> {
        self.rare.get()?.seat.get()
    }

    /// It sits there; the first seat is the one that counts.
    pub(crate) fn set_seat(&self, seat: Arc<Seat>) {
        let _first = self.rare().seat.set(seat);
    }

    /// Where the life before sat, if it was a supervisor.
    pub(crate) fn offered_seat(&self) -> Option<&Arc<Seat>> {
        self.rare.get()?.legacy.get()?.seat.as_ref()
    }

    /// Hands it what the life before has left.
    pub(crate) fn inherit(&self, legacy: Arc<Legacy>) {
        // It happens once, before its task is spawned.
        let _first = self.rare().legacy.set(legacy);
    }

    /// What it leaves to the next life; one that may still run keeps its stash.
    pub(crate) fn legacy(&self, runs_on: bool) -> Option<Arc<Legacy>> {
        let rare = self.rare.get()?;
        let seat = rare.seat.get().or_else(|| self.offered_seat());
        let stashes = self.kept_stashes().filter(|_| !runs_on);
        (seat.is_some() || stashes.is_some()).then(|| {
            Arc::new(Legacy {
                seat: seat.cloned(),
                stashes: stashes.map(|stashes| stashes.hand_over()),
            })
        })
    }

    /// The stash of its child.
    pub(crate) fn stashes(&self) -> &Stashes {
        let rare = self.rare();
        rare.stashes.get_or_init(|| {
            let legacy = rare.legacy.get();
            legacy
                .and_then(|legacy| legacy.stashes.clone())
                .unwrap_or_default()
        })
    }

    /// The stash of its child, if there is one, used in this life or not.
    pub(crate) fn kept_stashes(&self) -> Option<&Arc<Stashes>> {
        let rare = self.rare.get()?;
        let inherited = || rare.legacy.get()?.stashes.as_ref();
        rare.stashes.get().or_else(inherited)
    }

    /// The tasks that it owns, if it has ever asked for a scope.
    pub(crate) fn scope(&self) -> Option<&ScopeCell> {
        self.rare.get()?.scope.get().map(|scope| &**scope)
    }

    /// The tasks that it owns.
    pub(super) fn open_scope(&self) -> &ScopeCell {
        self.rare().scope.get_or_init(Box::default)
    }

    /// The number of a new task of its scope, unless it is over or being ended.
    pub(super) fn admit_task(&self) -> Option<u64> {
        let scope = self.open_scope();
        // Pairs with the fence in `close_scope`: either the life is seen to be gone here, or the scope
        // is seen there, closed, and waited for.
        fence(Ordering::SeqCst);
        if self.is_gone() || self.is_aborted() {
            return None;
        }
        scope.admit()
    }

    /// A task of its scope panicked: that is its end, unless it has come to another one.
    pub(super) fn task_panicked(&self, panic: &Panic) {
        if self.open_scope().note_panic(panic) {
            self.abort();
            self.tell_of_kill();
        }
    }

    /// Its run future is gone: the scope that is to be closed, if it has one. Without one it is gone
    /// itself, and no task comes in any more.
    pub(crate) fn close_scope(&self) -> Option<&ScopeCell> {
        if let Some(scope) = self.scope() {
            return Some(scope);
        }
        self.set_gone();
        // Pairs with the fence in `admit_task`.
        fence(Ordering::SeqCst);
        self.scope()
    }

    /// How the supervisor that this child is ended, if it could say so.
    pub(crate) fn departure(&self) -> Option<&Arc<Departure>> {
        self.rare.get()?.departure.get()
    }

    /// Notes how the supervisor that this child is ended; the first end is the one that counts.
    pub(crate) fn depart(&self, departure: Departure) {
        let _first = self.rare().departure.set(Arc::new(departure));
    }

    /// After what time its initialization was given up, if it was.
    pub(crate) fn overdue(&self) -> Option<Duration> {
        self.rare.get()?.overdue.get().copied()
    }

    /// Its initialization is given up, which happens once.
    pub(crate) fn give_up(&self, after: Duration) {
        let _first = self.rare().overdue.set(after);
    }

    /// It has to say within that time, again and again, that it gets on.
    pub(crate) fn set_watchdog(&self, within: Duration) {
        // It is made for a new life.
        let _first = self.rare().watchdog.set(Watchdog {
            within,
            progress: Mutex::default(),
            barked: AtomicBool::new(false),
        });
    }

    /// It gets on.
    pub(crate) fn progress(&self) {
        if let Some(watchdog) = self.watchdog() {
            *watchdog.progress() = Some(Instant::now());
        }
    }

    /// When it said last that it gets on, if it did since this was asked last.
    pub(crate) fn take_progress(&self) -> Option<Instant> {
        self.watchdog()?.progress().take()
    }

    /// It does not get on, and is ended for that.
    pub(crate) fn set_stuck(&self) {
        if let Some(watchdog) = self.watchdog() {
            watchdog.barked.store(true, Ordering::Release);
        }
    }

    /// Within what time it should have said that it gets on, if it did not.
    pub(crate) fn stuck(&self) -> Option<Duration> {
        let watchdog = self.watchdog()?;
        let barked = watchdog.barked.load(Ordering::Acquire);
        barked.then_some(watchdog.within)
    }

    /// It says itself when it is ready.
    pub(crate) fn set_explicit(&self) {
        // It is made for a new life.
        let _first = self.rare().readiness.set(Mutex::default());
    }

    /// Whether it says itself when it is ready.
    pub(crate) fn is_explicit(&self) -> bool {
        self.readiness().is_some()
    }

    /// It is ready.
    pub(crate) fn set_ready(&self) {
        let Some(mut readiness) = self.readiness() else {
            return;
        };
        readiness.is_ready = true;
        let waker = readiness.waker.take();
        drop(readiness);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether it has said that it is ready; if not, `waker` is woken when it does.
    pub(crate) fn poll_ready(&self, waker: &Waker) -> bool {
        let Some(mut readiness) = self.readiness() else {
            return true;
        };
        if !readiness.is_ready {
            match &mut readiness.waker {
                Some(kept) => kept.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
        readiness.is_ready
    }

    /// It needs that much more time to start. However often it says so, one word of it waits to be heard.
    pub(crate) fn extend_start(&self, by: Duration) {
        let extension = self.rare().extension.get_or_init(Mutex::default);
        let mut extension = extension.lock().unwrap_or_else(PoisonError::into_inner);
        let is_said = extension.replace(by).is_some();
        drop(extension);
        if !is_said {
            self.say(Word::Extended);
        }
    }

    /// How much more time it needs to start, if it has said so since this was asked last.
    pub(crate) fn take_extension(&self) -> Option<Duration> {
        let extension = self.rare.get()?.extension.get()?;
        let mut extension = extension.lock().unwrap_or_else(PoisonError::into_inner);
        extension.take()
    }

    fn readiness(&self) -> Option<MutexGuard<'_, Readiness>> {
        let readiness = self.rare.get()?.readiness.get()?;
        // Nothing in here is left half done by a panic.
        Some(readiness.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn watchdog(&self) -> Option<&Watchdog> {
        self.rare.get()?.watchdog.get()
    }

    /// Names who is to know how it ended; the first one is the one that counts.
    pub(crate) fn set_heir(&self, heir: Arc<dyn Heir>) {
        let _first = self.rare().heir.set(heir);
    }

    /// It ended like this: lets its heir know, if it has one.
    pub(crate) fn bequeath(&self, exit: &ExitReason) {
        if let Some(heir) = self.rare.get().and_then(|rare| rare.heir.get()) {
            heir.learn(exit);
        }
    }

    /// For one of its tasks, if anybody wants to know of polls that last too long.
    pub(crate) fn watched(&self) -> Option<Watched> {
        let detector = self.family.commons.detector.as_ref()?;
        Some(detector.watch(self.about()))
    }

    /// What is measured of it, if anything is.
    pub(crate) fn gauge(&self) -> Option<&Arc<Gauge>> {
        self.rare.get()?.gauge.get()
    }

    /// It is measured, from before its task is spawned on.
    pub(crate) fn set_gauge(&self, gauge: Arc<Gauge>) {
        let _first = self.rare().gauge.set(gauge);
    }

    fn rare(&self) -> &Rare {
        self.rare.get_or_init(Box::default)
    }
}
