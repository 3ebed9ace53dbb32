//! One row of a supervisor: a child spec and how far its child is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::protocol::{Action, Answer, Cause, Refusal, Request, Slot, Traits};
use crate::child::ShutdownStrategy;
use crate::restart::Restart;

/// A child spec, running or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) traits: Traits,
    pub(crate) state: State,
    /// Grows along the order of the rows.
    pub(crate) rank: u64,
    /// It is idle as it has nothing more to do: it declined to start, or has ended and is not to be restarted.
    pub(crate) is_done: bool,
}

/// How far a child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// It does not run: ended, stopped by a call, or declined to start.
    Idle,
    /// It does not run, and is about to be started with its group, for this reason.
    Due(Cause),
    /// It initializes.
    Starting(Cause, Patience),
    /// It runs; `true` if its task was aborted from outside.
    Running(bool),
    /// Its restart failed and is to be tried again; OTP's `restarting`.
    Retrying,
    /// It failed, and waits for its restart.
    Delayed(Held),
    /// A call has put it to rest, and another one is to wake it.
    Paused,
    /// It was told to end.
    Stopping(Then, Force),
}

/// For what a restart waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    /// For a short time, so that it does not fail over and over.
    Paced,
    /// Its own limit is used up, and it is left alone for a longer time.
    Quarantined,
    /// For siblings that it needs.
    Needy,
    /// For its turn only: its time is over.
    Over,
}

/// Whether a start is still in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Patience {
    InTime,
    /// Its task was aborted.
    Over,
}

/// What becomes of a row whose child was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Then {
    Idle,
    Due(Cause),
    Remove,
    /// It counts as failed: it did not get on.
    Failed,
    Pause,
    /// It is started at once, with a new spec.
    Replace,
}

/// By what means a child is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Force {
    Asked,
    Killed,
}

/// What follows when the time of a child is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdue {
    /// Its task is aborted, and the row is in this state then.
    Force(State),
    /// That was done before: it is left behind.
    GiveUp,
    /// Nothing any more: it has come to what it was to come to.
    Settled,
}

/// The calls that wait for a child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Waiting(BTreeMap<(Slot, Request), Wish>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wish {
    /// That it runs.
    Up,
    /// That it is gone.
    Down,
}

impl Row {
    pub(crate) fn new(traits: Traits, rank: u64, state: State) -> Self {
        Self {
            traits,
            state,
            rank,
            is_done: false,
        }
    }

    /// What becomes of the row when its child is stopped for good.
    pub(crate) fn when_terminated(&self) -> Then {
        match self.traits.restart {
            Restart::Temporary => Then::Remove,
            Restart::Permanent | Restart::Transient => Then::Idle,
        }
    }

    /// What becomes of the row when its child is stopped to be started again with its group. A first
    /// start that is cut short stays the first one.
    pub(crate) fn when_cleared(&self) -> Then {
        match (self.traits.restart, self.state) {
            (Restart::Temporary, _) => Then::Remove,
            (_, State::Starting(cause @ (Cause::Boot | Cause::Add), _)) => Then::Due(cause),
            (Restart::Permanent | Restart::Transient, _) => Then::Due(Cause::Restart),
        }
    }

    /// How a child of this row is told to end.
    pub(crate) fn farewell(&self, slot: Slot, abort_grace: Duration) -> (Force, Action) {
        match self.traits.shutdown {
            ShutdownStrategy::Graceful(grace) => (Force::Asked, Action::Ask(slot, Some(grace))),
            ShutdownStrategy::Infinite => (Force::Asked, Action::Ask(slot, None)),
            ShutdownStrategy::Brutal => (Force::Killed, Action::Kill(slot, abort_grace)),
        }
    }
}

impl State {
    /// Whether something must happen before the row is at rest: a start or a stop is under way.
    pub(crate) fn is_unsettled(self) -> bool {
        matches!(self, Self::Starting(..) | Self::Stopping(..))
    }

    /// Whether there is something to end: a task, or a retry that is to come.
    pub(crate) fn is_live(self) -> bool {
        !matches!(self, Self::Idle | Self::Due(_) | Self::Paused)
    }

    pub(crate) fn is_due(self) -> bool {
        matches!(self, Self::Due(_))
    }

    /// Whether the child starts, or is to start at once when it has ended, as it is replaced.
    pub(super) fn is_coming_up(self) -> bool {
        matches!(self, Self::Starting(..) | Self::Stopping(Then::Replace, _))
    }

    /// What follows when its time is over.
    pub(crate) fn overdue(self) -> Overdue {
        match self {
            Self::Starting(cause, Patience::InTime) => {
                Overdue::Force(Self::Starting(cause, Patience::Over))
            }
            Self::Stopping(then, Force::Asked) => {
                Overdue::Force(Self::Stopping(then, Force::Killed))
            }
            Self::Starting(_, Patience::Over)
            | Self::Stopping(_, Force::Killed)
            | Self::Running(true) => Overdue::GiveUp,
            Self::Running(false) | Self::Idle | Self::Due(_) => Overdue::Settled,
            Self::Retrying | Self::Delayed(_) | Self::Paused => Overdue::Settled,
        }
    }

    /// Its state when somebody else has aborted its task; `None` if its time is running already.
    pub(crate) fn killed(self) -> Option<Self> {
        match self {
            Self::Running(false) => Some(Self::Running(true)),
            Self::Starting(cause, Patience::InTime) => Some(Self::Starting(cause, Patience::Over)),
            Self::Stopping(then, Force::Asked) => Some(Self::Stopping(then, Force::Killed)),
            Self::Running(true) | Self::Starting(_, Patience::Over) => None,
            Self::Stopping(_, Force::Killed) => None,
            Self::Idle | Self::Due(_) | Self::Retrying | Self::Delayed(_) => None,
            Self::Paused => None,
        }
    }

    /// Whether nobody has asked for it if a child in this state ends. A start that was asked for fails who asked.
    pub(crate) fn ends_by_itself(self) -> bool {
        match self {
            Self::Running(_) | Self::Starting(Cause::Restart, _) => true,
            // It was told to, but for its own sake.
            Self::Stopping(Then::Failed, _) => true,
            Self::Starting(..) | Self::Stopping(..) | Self::Idle | Self::Due(_) => false,
            Self::Retrying | Self::Delayed(_) | Self::Paused => false,
        }
    }

    /// Whether its task was aborted before it was told to end.
    pub(crate) fn is_aborted(self) -> bool {
        matches!(
            self,
            Self::Starting(_, Patience::Over) | Self::Running(true)
        )
    }

    /// Whether a significant child in this state keeps its supervisor up.
    pub(crate) fn is_alive(self) -> bool {
        match self {
            Self::Due(_) | Self::Starting(..) | Self::Running(_) => true,
            Self::Retrying | Self::Delayed(_) | Self::Paused => true,
            Self::Stopping(Then::Due(_) | Then::Failed | Then::Pause | Then::Replace, _) => true,
            Self::Stopping(Then::Idle | Then::Remove, _) | Self::Idle => false,
        }
    }

    /// Why a row that must not be running cannot be changed; `None` if it can.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Idle => None,
            Self::Paused => Some(Refusal::Paused),
            Self::Running(_) => Some(Refusal::Running),
            Self::Starting(..) => Some(Refusal::Starting),
            Self::Retrying | Self::Due(_) | Self::Delayed(_) => Some(Refusal::Restarting),
            Self::Stopping(Then::Due(_) | Then::Failed | Then::Replace, _) => {
                Some(Refusal::Restarting)
            }
            Self::Stopping(..) => Some(Refusal::Stopping),
        }
    }

    /// What a start_child with the id of such a row is told.
    pub(crate) fn known(self) -> Refusal {
        match self {
            Self::Running(_) | Self::Starting(..) | Self::Stopping(..) => Refusal::AlreadyStarted,
            Self::Idle | Self::Due(_) | Self::Paused => Refusal::AlreadyPresent,
            Self::Retrying | Self::Delayed(_) => Refusal::AlreadyPresent,
        }
    }
}

impl Waiting {
    pub(crate) fn push(&mut self, slot: Slot, request: Request, wish: Wish) {
        self.0.insert((slot, request), wish);
    }

    /// Answers that call, if it waits.
    pub(crate) fn answer_one(
        &mut self,
        slot: Slot,
        request: Request,
        answer: Answer,
        actions: &mut Vec<Action>,
    ) {
        if self.0.remove(&(slot, request)).is_some() {
            actions.push(Action::Answer(request, answer));
        }
    }

    /// Answers those that wait for `wish`, in the order of their calls.
    pub(crate) fn answer(
        &mut self,
        slot: Slot,
        wish: Wish,
        answer: Answer,
        actions: &mut Vec<Action>,
    ) {
        if self.0.is_empty() {
            return;
        }
        let calls = self.0.range((slot, Request::MIN)..=(slot, Request::MAX));
        let granted = calls.filter(|&(_, &wanted)| wanted == wish);
        let first = actions.len();
        actions.extend(granted.map(|(&(_, request), _)| Action::Answer(request, answer)));
        for action in &actions[first..] {
            if let Action::Answer(request, _) = action {
                self.0.remove(&(slot, *request));
            }
        }
    }
}
