//! What the scripted children of a scenario share with the one who plays it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::spec::{ExitOrder, StartAct};

/// Counts the start attempts, knows who lives, and holds a start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage(Arc<Mutex<Shared>>);

/// What a start attempt is to do.
#[derive(Debug)]
pub(crate) enum Cue {
    /// This, at once.
    Act(StartAct),
    /// To wait until it is told.
    Held(oneshot::Receiver<StartAct>),
}

/// A worker that lives; it is off the stage when this is dropped, however it ended.
#[derive(Debug)]
pub(crate) struct Presence {
    stage: Stage,
    path: String,
    number: u64,
}

#[derive(Debug, Default)]
struct Shared {
    /// By path, over the whole scenario.
    attempts: HashMap<String, usize>,
    /// By path, the worker that lives there.
    present: HashMap<String, Present>,
    /// How many workers ever were on the stage.
    entered: u64,
    hold: Hold,
}

#[derive(Debug)]
struct Present {
    number: u64,
    /// Taken when the order is given; a worker takes one.
    orders: Option<oneshot::Sender<ExitOrder>>,
}

#[derive(Debug, Default)]
enum Hold {
    #[default]
    None,
    /// The next attempt at this path is to be held.
    Armed(String),
    /// An attempt waits for this.
    Reached(oneshot::Sender<StartAct>),
}

impl Stage {
    /// Begins a start attempt at `path` by the script `starts`, which is not empty.
    pub(crate) fn attempt(&self, path: &str, starts: &[StartAct]) -> Cue {
        let mut shared = self.lock();
        let attempts = shared.attempts.entry(path.to_owned()).or_default();
        let index = *attempts;
        *attempts += 1;
        if matches!(&shared.hold, Hold::Armed(held) if held == path) {
            let (sender, receiver) = oneshot::channel();
            shared.hold = Hold::Reached(sender);
            return Cue::Held(receiver);
        }
        let act = starts.get(index).or(starts.last());
        Cue::Act(*act.expect("a script has a start, its parser sees to that"))
    }

    /// A worker begins to live at `path`; it is to end when the order comes.
    pub(crate) fn enter(&self, path: String) -> (Presence, oneshot::Receiver<ExitOrder>) {
        let (sender, receiver) = oneshot::channel();
        let mut shared = self.lock();
        shared.entered += 1;
        let number = shared.entered;
        let present = Present {
            number,
            orders: Some(sender),
        };
        shared.present.insert(path.clone(), present);
        let stage = self.clone();
        let presence = Presence {
            stage,
            path,
            number,
        };
        (presence, receiver)
    }

    /// Whether a worker lives at `path`.
    pub(crate) fn is_present(&self, path: &str) -> bool {
        self.lock().present.contains_key(path)
    }

    /// Tells the worker at `path` to end; `false` if there is none that could hear it.
    pub(crate) fn order(&self, path: &str, order: ExitOrder) -> bool {
        let mut shared = self.lock();
        let orders = shared
            .present
            .get_mut(path)
            .and_then(|present| present.orders.take());
        orders.is_some_and(|orders| orders.send(order).is_ok())
    }

    /// Makes the next start attempt at `path` wait.
    pub(crate) fn arm(&self, path: &str) {
        self.lock().hold = Hold::Armed(path.to_owned());
    }

    /// Whether the attempt came and waits.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.lock().hold, Hold::Reached(_))
    }

    /// Lets the attempt go on with `act`; without an attempt, makes none wait any more.
    pub(crate) fn release(&self, act: StartAct) {
        let hold = std::mem::take(&mut self.lock().hold);
        if let Hold::Reached(sender) = hold {
            // An attempt that was cut off meanwhile has nothing to go on with.
            let _cut_off = sender.send(act);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // The scripts panic on purpose, though never while they hold the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut shared = self.stage.lock();
        let present = shared.present.get(&self.path);
        if present.is_some_and(|present| present.number == self.number) {
            shared.present.remove(&self.path);
        }
    }
}
