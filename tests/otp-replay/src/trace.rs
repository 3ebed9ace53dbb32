//! A recorded scenario as typed data: the operations, and what OTP did at each of them.

use std::fmt;
use std::time::Duration;

use crate::spec::{ExitOrder, Spec, StartAct, StopAct, SupervisorSpec};

/// A tree, its start, and what was then done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The scenario's name, unique in all files.
    pub id: String,
    /// The group of scenarios it belongs to.
    pub family: String,
    /// What the scenario shows, where somebody wrote it down.
    pub note: Option<String>,
    /// What a supervisor must have to play it.
    pub needs: Vec<String>,
    /// The root supervisor.
    pub tree: SupervisorSpec,
    /// What the start of the tree did.
    pub start: Record,
    /// What was done then, in order.
    pub steps: Vec<Step>,
}

/// An operation and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What was done.
    pub operation: Operation,
    /// What OTP did.
    pub record: Record,
}

/// What was seen from the begin of an operation until the tree was at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What the caller was told.
    pub answer: Answer,
    /// What happened, in order as far as there is one.
    pub events: Vec<Item>,
    /// What the supervisors wrote to the log as errors. Not compared.
    pub reports: Vec<[String; 4]>,
    /// Every live supervisor afterwards, sorted by path.
    pub state: Vec<SupervisorState>,
}

/// What a step does to the tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// One thing.
    Plain(PlainOperation),
    /// Time passes.
    Sleep(Duration),
    /// A supervisor finds all of these at once.
    Batch {
        /// The supervisor's path.
        supervisor: String,
        /// What it finds, in order of arrival.
        operations: Vec<PlainOperation>,
    },
    /// The next start attempt of a child waits until all of these are begun.
    HoldStart {
        /// The child's path.
        child: String,
        /// What leads to the start attempt.
        trigger: Box<PlainOperation>,
        /// What is begun while it waits.
        meanwhile: Vec<PlainOperation>,
        /// How the start attempt goes on, in place of what the script says.
        then: StartAct,
    },
}

/// One thing that is done to the tree.
#[derive(Clone, Debug, PartialEq)]
pub enum PlainOperation {
    /// A worker ends by itself, or is killed from outside.
    Exit {
        /// The worker's path.
        child: String,
        /// How it ends.
        order: ExitOrder,
    },
    /// A child is added and started.
    StartChild {
        /// The supervisor's path.
        supervisor: String,
        /// The new child.
        spec: Spec,
    },
    /// A child of a dynamic supervisor is started.
    StartDynamic {
        /// The supervisor's path.
        supervisor: String,
        /// The child's name.
        key: String,
        /// What its start attempts do, if not what the template says.
        starts: Option<Vec<StartAct>>,
        /// How it answers a request to stop, if not as the template says.
        stop: Option<StopAct>,
    },
    /// A child is stopped; its spec stays.
    TerminateChild {
        /// The supervisor's path.
        supervisor: String,
        /// The child's id.
        child: String,
    },
    /// The newest life of a dynamic child is stopped.
    TerminateDynamic {
        /// The supervisor's path.
        supervisor: String,
        /// The child's name.
        key: String,
        /// Whether the child is gone already and `error:not_found` is as good as OTP's `ok`.
        gone: bool,
    },
    /// A stopped child is started again.
    RestartChild {
        /// The supervisor's path.
        supervisor: String,
        /// The child's id.
        child: String,
    },
    /// The spec of a stopped child is removed.
    DeleteChild {
        /// The supervisor's path.
        supervisor: String,
        /// The child's id.
        child: String,
    },
    /// The children are listed.
    WhichChildren {
        /// The supervisor's path.
        supervisor: String,
    },
    /// The children are counted.
    CountChildren {
        /// The supervisor's path.
        supervisor: String,
    },
    /// The root is asked to stop and waited for.
    Stop,
    /// A supervisor is killed from outside.
    KillSupervisor {
        /// The supervisor's path.
        supervisor: String,
    },
}

/// What the caller of an operation was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is nothing to tell.
    Nothing,
    /// `ok`, an error, an exit reason.
    Word(String),
    /// The rows of `which_children`.
    Children(Vec<Row>),
    /// The numbers of `count_children`.
    Count(Count),
    /// One for each operation of a batch.
    Several(Vec<Answer>),
    /// The answers around a start that was held.
    Held {
        /// What the trigger was told.
        trigger: Box<Answer>,
        /// What the operations in between were told.
        meanwhile: Vec<Answer>,
    },
}

/// A place in the order of what happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// One event.
    One(TraceEvent),
    /// Sequences with no order between them.
    Parallel(Vec<Vec<Item>>),
}

/// Something that happened to one life of a child.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceEvent {
    /// What happened.
    pub kind: TraceKind,
    /// The child's path.
    pub path: String,
    /// Which of its start attempts this life comes from, the first one being 1.
    pub life: u32,
}

/// What can happen to a life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TraceKind {
    /// Its start function was called.
    Start,
    /// The start worked.
    Started,
    /// The start function declined.
    Ignored,
    /// The start failed, for this reason.
    StartFailed(String),
    /// Its supervisor asked it to stop.
    StopAsked,
    /// Its supervisor killed it.
    StopKilled,
    /// It is gone, for this reason.
    Exit(String),
}

/// A live supervisor and its children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisorState {
    /// The supervisor's path.
    pub path: String,
    /// Its children, in reverse start order; those of a dynamic supervisor sorted by length and text of the key.
    pub children: Vec<Row>,
    /// Their numbers.
    pub count: Count,
}

/// A child as its supervisor lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The child's id.
    pub id: String,
    /// How it is.
    pub state: RowState,
    /// The life that runs.
    pub life: Option<u32>,
}

/// How a child is, as its supervisor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// It runs.
    Running,
    /// It is known but does not run.
    Undefined,
    /// It is between two attempts of a failing restart.
    Restarting,
    /// It is being started; never recorded, for OTP's supervisor answers nobody meanwhile.
    Starting,
    /// It is being stopped; never recorded either.
    Stopping,
}

/// How many children a supervisor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Rows known; 1 for a dynamic supervisor.
    pub specs: u64,
    /// Of them running.
    pub active: u64,
    /// Of them supervisors.
    pub supervisors: u64,
    /// Of them workers.
    pub workers: u64,
}

impl fmt::Display for TraceEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, path, life } = self;
        match kind {
            TraceKind::Start => write!(f, "start {path} {life}"),
            TraceKind::Started => write!(f, "started {path} {life}"),
            TraceKind::Ignored => write!(f, "ignored {path} {life}"),
            TraceKind::StartFailed(reason) => write!(f, "start_failed {path} {life} {reason}"),
            TraceKind::StopAsked => write!(f, "stop {path} {life} shutdown"),
            TraceKind::StopKilled => write!(f, "stop {path} {life} kill"),
            TraceKind::Exit(reason) => write!(f, "exit {path} {life} {reason}"),
        }
    }
}
