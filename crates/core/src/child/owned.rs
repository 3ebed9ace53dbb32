//! The tasks that a life owns: its last word is not said before the last of them is gone.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::PoisonError;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::exit::Panic;
use crate::sync::{Mutex, MutexGuard};

/// The tasks of one life, and what is to be done when none is left.
#[derive(Default)]
pub(crate) struct ScopeCell {
    state: Mutex<ScopeState>,
    /// Somebody waits until no task is left.
    emptied: Notify,
}

#[derive(Default)]
struct ScopeState {
    /// By number; without a handle while it is being spawned.
    tasks: BTreeMap<u64, Option<AbortHandle>>,
    spawned: u64,
    /// How many threads and runtimes are kept for the life beside.
    lodgings: usize,
    stage: Stage,
    /// Of the first task that panicked while the life went on.
    panic: Option<Panic>,
}

/// How far the life is.
#[derive(Default)]
enum Stage {
    /// It goes on.
    #[default]
    Open,
    /// It is being ended: its tasks are aborted, and no other one comes in.
    Closed,
    /// It is over but for its tasks, the last of which does this.
    Leaving(LastWord),
}

type LastWord = Box<dyn FnOnce() + Send>;

impl ScopeCell {
    /// The number of a new task, unless the life is being ended.
    pub(super) fn admit(&self) -> Option<u64> {
        let mut state = self.lock();
        let Stage::Open = state.stage else {
            return None;
        };
        let number = state.spawned;
        state.spawned += 1;
        state.tasks.insert(number, None);
        Some(number)
    }

    /// The task of that number was spawned.
    pub(super) fn set_task(&self, number: u64, task: AbortHandle) {
        let mut state = self.lock();
        if let Stage::Open = state.stage {
            // It may be gone already.
            if let Some(place) = state.tasks.get_mut(&number) {
                *place = Some(task);
            }
        } else {
            // It came too late to be aborted with the others.
            drop(state);
            task.abort();
        }
    }

    /// The task of that number is gone, and all that belonged to it.
    pub(super) fn leave(&self, number: u64) {
        let mut state = self.lock();
        state.tasks.remove(&number);
        if !state.tasks.is_empty() {
            return;
        }
        let last_word = state.take_last_word();
        drop(state);
        self.emptied.notify_waiters();
        if let Some(last_word) = last_word {
            last_word();
        }
    }

    /// A thread or a runtime is kept for the life, and is to be gone before its last word.
    pub(super) fn lodge(&self) {
        self.lock().lodgings += 1;
    }

    /// One of them is gone.
    pub(super) fn vacate(&self) {
        let mut state = self.lock();
        state.lodgings -= 1;
        let last_word = state.take_last_word();
        drop(state);
        if let Some(last_word) = last_word {
            last_word();
        }
    }

    /// Notes what a task panicked with; whether it is the first one and the life went on until then.
    pub(super) fn note_panic(&self, panic: &Panic) -> bool {
        let mut state = self.lock();
        let counts = matches!(state.stage, Stage::Open) && state.panic.is_none();
        if counts {
            state.panic = Some(panic.clone());
        }
        counts
    }

    /// What ended the life, if it was the panic of a task.
    pub(crate) fn panic(&self) -> Option<Panic> {
        self.lock().panic.clone()
    }

    /// Ends the scope: takes in no task any more, and aborts those that are there.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        if let Stage::Open = state.stage {
            state.stage = Stage::Closed;
            drop(state);
            self.abort_all();
        }
    }

    /// Aborts all tasks that are there.
    pub(super) fn abort_all(&self) {
        let tasks: Vec<_> = self.lock().tasks.values().flatten().cloned().collect();
        // Outside of the lock: where a runtime ends, that drops a task at once.
        for task in tasks {
            task.abort();
        }
    }

    /// Ends the scope and does this when nothing of it is left: at once, or by the last one to go; whether
    /// that is still to come.
    pub(crate) fn close_with(&self, last_word: impl FnOnce() + Send + 'static) -> bool {
        self.close();
        let mut state = self.lock();
        let is_left = !state.is_deserted();
        if is_left {
            state.stage = Stage::Leaving(Box::new(last_word));
        } else {
            drop(state);
            last_word();
        }
        is_left
    }

    /// Whether the life is being ended.
    #[cfg(feature = "test-util")]
    pub(crate) fn is_closed(&self) -> bool {
        !matches!(self.lock().stage, Stage::Open)
    }

    /// How many tasks there are.
    pub(super) fn len(&self) -> usize {
        self.lock().tasks.len()
    }

    /// Waits until no task is there.
    pub(super) async fn emptied(&self) {
        loop {
            // From here on it hears of it, also before it is polled.
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, ScopeState> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScopeState {
    fn is_deserted(&self) -> bool {
        self.tasks.is_empty() && self.lodgings == 0
    }

    /// What is to be done now, if the life is over and this was the last that was left of it.
    fn take_last_word(&mut self) -> Option<LastWord> {
        if !self.is_deserted() {
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Closed) {
            Stage::Leaving(last_word) => Some(last_word),
            Stage::Open => {
                self.stage = Stage::Open;
                None
            }
            Stage::Closed => None,
        }
    }
}

impl fmt::Debug for ScopeCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeCell")
            .field("tasks", &self.len())
            .finish_non_exhaustive()
    }
}
