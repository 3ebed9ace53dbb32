//! What a machine is told, and what it answers: ids and numbers, no handles.

use std::time::Duration;

pub(crate) use super::order::Slot;
use crate::child::{InitPolicy, Replace, ShutdownStrategy};
use crate::clock::Moment;
use crate::restart::{DelayCause, ExitVerdict, Plan, Restart};

/// A call that waits for an answer.
pub(crate) type Request = u64;

/// What a machine knows of every child spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Traits {
    pub(crate) restart: Restart,
    pub(crate) significant: bool,
    pub(crate) shutdown: ShutdownStrategy,
    pub(crate) init_policy: InitPolicy,
    pub(crate) init_timeout: Option<Duration>,
}

/// What few rows have beside their traits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Newcomer {
    pub(crate) slot: Slot,
    /// What its spec says of its restarts.
    pub(crate) plan: Option<Plan>,
    /// The rows that it needs.
    pub(crate) needs: Vec<Slot>,
    /// The row is there, and this is of the spec that it is about to get.
    pub(crate) renews: bool,
}

/// How a child ended, as far as decisions depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Exit {
    Clean,
    Abnormal,
    /// Its task was aborted by somebody else; while it starts this says nothing against the child.
    Killed,
    /// A supervisor ended because a child below it could not start.
    Unstartable,
    /// The child wants to be replaced.
    Planned,
    /// It wants that, but had just begun to run.
    Hasty,
    /// The child says that it can never run again.
    Permanent,
    /// The user has said what is to follow.
    Judged(ExitVerdict),
    /// It is what the user was waiting for: the supervisor has done its work.
    Satisfied,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// The supervisor begins: its children are to be started.
    Begin,
    /// The initialization of the child succeeded.
    Started(Slot),
    /// The child declined to start.
    Ignored(Slot),
    /// The child is gone; while it starts this means that it could not start.
    Exited(Slot, Exit),
    /// The time that the latest action for this child gave is over.
    Overdue(Slot),
    /// A failed restart is to be tried again, as [`Action::Retry`] asked.
    Retry(Slot),
    /// The time that [`Action::Watch`] gave is over, but at that moment the child has said that it gets on.
    Progressed(Slot, Moment),
    /// The task of the child was aborted from outside.
    Killed(Slot),
    /// The supervisor is to stop.
    StopRequested,
    /// A call of start_child, with a row of its own.
    Add(Request, Slot, Traits),
    /// A call of start_child with the id of a row that is known.
    AddKnown(Request, Slot),
    /// A call of terminate_child.
    Terminate(Request, Slot),
    /// A call of restart_child.
    Restart(Request, Slot),
    /// A call of delete_child.
    Delete(Request, Slot),
    /// The child is to end, and its row to go with it.
    Discard(Request, Slot),
    /// A call of pause_child.
    Pause(Request, Slot),
    /// A call of resume_child.
    Resume(Request, Slot),
    /// A call of replace_child, with a spec of these traits.
    Replace(Request, Slot, Traits, Replace),
}

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Start the child; without success in this time, report [`Input::Overdue`].
    Start(Slot, Cause, Option<Duration>),
    /// Ask the child to stop; if it is not gone in this time, report [`Input::Overdue`].
    Ask(Slot, Option<Duration>),
    /// Abort the child's task; if it is not gone in this time, report [`Input::Overdue`].
    Kill(Slot, Duration),
    /// The child's task was aborted already; if it is not gone in this time, report [`Input::Overdue`].
    Await(Slot, Duration),
    /// The child does not react to an abort: leave it behind, and report its exit at once.
    Abandon(Slot),
    /// Report [`Input::Retry`] after all that waits already.
    Retry(Slot),
    /// Report [`Input::Overdue`] in this time: then the child is to be restarted.
    Delay(Slot, DelayCause, Duration),
    /// Report [`Input::Overdue`] in this time, unless something else comes of the child before.
    Watch(Slot, Duration),
    /// The child was up long enough to count as well again.
    Recovered(Slot),
    /// The child does not get on, and is ended for that.
    Stuck(Slot),
    /// The child has used up its own limit and stays down.
    Dropped(Slot),
    /// The child is at rest from now on, until a call wakes it.
    Paused(Slot),
    /// Keep the spec that the call has brought for the row.
    Keep(Slot),
    /// From now on the row has the spec that was kept for it.
    Renew(Slot),
    /// Restarts pause for that time, as too much has failed.
    Storm(Duration),
    /// The row is gone; the slot may be used again.
    Remove(Slot),
    /// Answer a call.
    Answer(Request, Answer),
    /// All children of the spec list were started for the first time.
    Up,
    /// The supervisor is about to end; from now on children only stop.
    Ending(End),
    /// Every child is gone.
    Finish,
}

/// Why a child is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    /// The first start of the supervisor's own list.
    Boot,
    /// A call of start_child.
    Add,
    /// A call of restart_child.
    Call,
    /// A call of resume_child.
    Resume,
    /// A call of replace_child.
    Replace,
    /// It, or a sibling, failed.
    Restart,
}

/// Why a supervisor ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    /// It was asked to.
    Asked,
    /// This child could not start, at the supervisor's first start.
    BootFailed(Slot),
    /// This child could not start again.
    RestartFailed(Slot),
    /// The restart of this child was one too many.
    Exhausted(Slot),
    /// The restart of this child was one too many for its own limit.
    LimitReached(Slot),
    /// This child ended in a way that restarts cannot mend.
    Escalated(Slot),
    /// This child ended in the way that the supervisor was waiting for.
    Satisfied(Slot),
    /// This significant child ended.
    SignificantExited(Slot),
}

/// What a call is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// The child runs.
    Started,
    /// The child declined to start.
    Ignored,
    /// The child could not start.
    Failed,
    /// The child was stopped before it ran.
    Cancelled,
    /// It is done: the child is stopped, or its row deleted.
    Done,
    /// It cannot be done.
    Refused(Refusal),
}

/// Why a call cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refusal {
    /// A child of that id runs, starts or stops.
    AlreadyStarted,
    /// A child of that id is known, but does not run.
    AlreadyPresent,
    Running,
    Starting,
    Restarting,
    Stopping,
    MaxChildren,
    /// A call has put it to rest.
    Paused,
    /// No call has put it to rest.
    NotPaused,
    /// A row that it needs does not run.
    DependencyDown,
    ShuttingDown,
}

impl Cause {
    /// Whether a call starts it that is told of a failure, which has no other consequence.
    pub(crate) fn is_call(self) -> bool {
        match self {
            Self::Add | Self::Call | Self::Resume | Self::Replace => true,
            Self::Boot | Self::Restart => false,
        }
    }
}

impl Input {
    /// Which row it concerns.
    pub(crate) fn slot(&self) -> Option<Slot> {
        match *self {
            Self::Begin | Self::StopRequested => None,
            Self::Started(slot) | Self::Ignored(slot) | Self::Exited(slot, _) => Some(slot),
            Self::Overdue(slot) | Self::Retry(slot) | Self::Killed(slot) => Some(slot),
            Self::Progressed(slot, _) => Some(slot),
            Self::Add(_, slot, _) | Self::AddKnown(_, slot) => Some(slot),
            Self::Terminate(_, slot) | Self::Restart(_, slot) | Self::Delete(_, slot) => Some(slot),
            Self::Discard(_, slot) | Self::Pause(_, slot) | Self::Resume(_, slot) => Some(slot),
            Self::Replace(_, slot, ..) => Some(slot),
        }
    }
}

impl Action {
    /// Which row it concerns.
    pub(crate) fn slot(&self) -> Option<Slot> {
        match *self {
            Self::Start(slot, ..) | Self::Ask(slot, _) | Self::Kill(slot, _) => Some(slot),
            Self::Await(slot, _) | Self::Abandon(slot) | Self::Retry(slot) => Some(slot),
            Self::Delay(slot, ..) | Self::Watch(slot, _) => Some(slot),
            Self::Recovered(slot) | Self::Stuck(slot) | Self::Dropped(slot) => Some(slot),
            Self::Paused(slot) | Self::Remove(slot) => Some(slot),
            Self::Keep(slot) | Self::Renew(slot) => Some(slot),
            Self::Answer(..) | Self::Up | Self::Storm(_) | Self::Ending(_) | Self::Finish => None,
        }
    }
}
