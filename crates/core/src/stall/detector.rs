//! The thread that looks at all polls of a tree, and what is around each of them.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::cell::{PollCell, period};
use crate::observe::{About, EventKind, Hub};
use crate::path::{ChildPath, Incarnation};

/// Finds polls of a tree that last too long. It has a thread of its own, which ends with the tree.
///
/// By the machine's clock, as it is about threads: tokio's may stand still.
#[derive(Debug)]
pub(crate) struct Detector {
    /// From when on the times in cells are told.
    began: Instant,
    threshold: Duration,
    hub: Arc<Hub>,
    register: Mutex<Register>,
    /// The thread is to look at the register: the tree is over.
    closed: Condvar,
}

/// All tasks of children that there are.
#[derive(Debug, Default)]
struct Register {
    tasks: BTreeMap<u64, Arc<Task>>,
    /// The number of the next one.
    next: u64,
    is_closed: bool,
}

/// One task of a child.
#[derive(Debug)]
struct Task {
    path: ChildPath,
    incarnation: Incarnation,
    supervisor: Option<Incarnation>,
    cell: PollCell,
    /// Held while it is told that it is in a poll, so that the end of that is told afterwards.
    turn: Mutex<()>,
}

/// A task whose polls are looked at, until this is dropped.
#[derive(Debug)]
pub(crate) struct Watched {
    detector: Arc<Detector>,
    task: Arc<Task>,
    number: u64,
}

/// A poll goes on; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct InPoll<'a>(&'a Watched);

impl Detector {
    /// Spawns the thread.
    pub(crate) fn spawn(threshold: Duration, hub: Arc<Hub>) -> io::Result<Arc<Self>> {
        let detector = Arc::new(Self {
            began: Instant::now(),
            threshold,
            hub,
            register: Mutex::default(),
            closed: Condvar::new(),
        });
        let looker = Arc::clone(&detector);
        thread::Builder::new()
            .name("perennial-stalls".to_owned())
            .spawn(move || looker.look_until_closed())?;
        Ok(detector)
    }

    /// The polls of a new task are looked at from now on.
    pub(crate) fn watch(self: &Arc<Self>, whose: About<'_>) -> Watched {
        let task = Arc::new(Task {
            path: whose.path.clone(),
            incarnation: whose.incarnation,
            supervisor: whose.supervisor,
            cell: PollCell::default(),
            turn: Mutex::default(),
        });
        let mut register = self.register();
        let number = register.next;
        register.next += 1;
        register.tasks.insert(number, Arc::clone(&task));
        drop(register);
        Watched {
            detector: Arc::clone(self),
            task,
            number,
        }
    }

    /// The lives that are in a poll for too long, and for how long; of several tasks of a life the longest.
    pub(crate) fn stalled(&self) -> BTreeMap<Incarnation, Duration> {
        let register = self.register();
        let mut stalled = BTreeMap::new();
        let now = self.now();
        for task in register.tasks.values() {
            if let Some(lasts) = task.cell.overdue(now, self.threshold) {
                let longest = stalled.entry(task.incarnation).or_insert(lasts);
                *longest = lasts.max(*longest);
            }
        }
        stalled
    }

    /// The tree is over: the thread ends.
    pub(crate) fn close(&self) {
        self.register().is_closed = true;
        self.closed.notify_all();
    }

    fn look_until_closed(&self) {
        let period = period(self.threshold);
        let mut register = self.register();
        while !register.is_closed {
            let waited = self.closed.wait_timeout(register, period);
            (register, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let now = self.now();
            let is_overdue = |task: &&Arc<Task>| task.cell.untold(now, self.threshold).is_some();
            let overdue: Vec<_> = register
                .tasks
                .values()
                .filter(is_overdue)
                .cloned()
                .collect();
            if !overdue.is_empty() && !register.is_closed {
                // Observers may look at the tree, and take their time.
                drop(register);
                for task in overdue {
                    self.tell(&task);
                }
                register = self.register();
            }
        }
    }

    /// Tells that the task is in its poll for too long, unless that has come to an end meanwhile.
    fn tell(&self, task: &Task) {
        let _turn = task.turn();
        if let Some(so_far) = task.cell.claim(self.now(), self.threshold) {
            let kind = EventKind::Stalled { so_far };
            self.hub.tell(task.about(), kind);
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        // Nothing in here is left half done by a panic.
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    fn about(&self) -> About<'_> {
        About {
            path: &self.path,
            incarnation: self.incarnation,
            supervisor: self.supervisor,
        }
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// A poll begins.
    pub(crate) fn enter(&self) -> InPoll<'_> {
        self.task.cell.enter(self.detector.now());
        InPoll(self)
    }

    /// Apart, as few polls are told of.
    #[cold]
    fn tell_end(&self, began: Duration) {
        let Self { detector, task, .. } = self;
        // The poll was claimed in the turn of who told of it: after that its end is told.
        drop(task.turn());
        let after = detector.now().saturating_sub(began);
        let kind = EventKind::StallOver { after };
        detector.hub.tell(task.about(), kind);
    }
}

impl Drop for InPoll<'_> {
    fn drop(&mut self) {
        if let Some(began) = self.0.task.cell.leave() {
            self.0.tell_end(began);
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let task = self.detector.register().tasks.remove(&self.number);
        // The register had it since it was made.
        drop(task);
    }
}
