//! A tree as typed data: what its supervisors and workers are.

use std::time::Duration;

use perennial::{AutoShutdown, Restart, ShutdownStrategy, Strategy};

/// A child and its id.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Its id among its siblings.
    pub id: String,
    /// All else.
    pub child: Child,
}

/// What a spec says but for the id, which the template of a dynamic supervisor does not have.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// When it is restarted.
    pub restart: Restart,
    /// How it is stopped.
    pub shutdown: ShutdownStrategy,
    /// Whether its end can end its supervisor.
    pub significant: bool,
    /// What it is.
    pub role: Role,
}

/// What a child is.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// A leaf that does what the script says.
    Worker(Script),
    /// A supervisor of children of its own.
    Supervisor(SupervisorSpec),
}

/// A supervisor, but for its place in the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct SupervisorSpec {
    /// How many restarts it bears.
    pub limit: Limit,
    /// What it supervises.
    pub children: Children,
}

/// The children of a supervisor.
#[derive(Clone, Debug, PartialEq)]
pub enum Children {
    /// A list, in start order, to which others can be added at run time.
    Listed {
        /// Whom a restart takes along.
        strategy: Strategy,
        /// Whether the supervisor ends with its significant children.
        auto_shutdown: AutoShutdown,
        /// The children.
        specs: Vec<Spec>,
    },
    /// All alike; they come at run time (simple_one_for_one).
    Dynamic {
        /// What each of them is.
        template: Box<Child>,
    },
}

/// At most so many restarts within so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many restarts are borne.
    pub intensity: u32,
    /// Within what time.
    pub period: Duration,
}

/// What a worker does when it is started and when it is asked to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What the first, second, third start attempt does; the last entry repeats. Never empty.
    pub starts: Vec<StartAct>,
    /// How it answers a request to stop.
    pub stop: StopAct,
}

/// What one start attempt does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAct {
    /// It works.
    Ok,
    /// It declines.
    Ignore,
    /// It returns an error.
    Error,
    /// It panics.
    Crash,
    /// It works after this time.
    Slow(Duration),
    /// It returns an error after this time.
    SlowError(Duration),
}

/// How a worker answers a request to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopAct {
    /// It ends with reason `shutdown`.
    Ok,
    /// The same after this time.
    Slow(Duration),
    /// It never ends.
    Hang,
    /// It ends at once in another way.
    Exit(ExitOrder),
}

/// How a worker ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitOrder {
    /// Its work is done.
    Normal,
    /// As if it had been asked to.
    Shutdown,
    /// In good order, for a reason of its own.
    ShutdownWith(String),
    /// With an error.
    Error,
    /// It is killed from outside.
    Kill,
}
