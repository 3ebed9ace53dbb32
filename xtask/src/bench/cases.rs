//! What is measured, of whom, and what it may take.

use std::fmt;

use super::figures::{Key, Thousands};

/// A workload of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) workload: &'static str,
    pub(super) n: usize,
    pub(super) m: usize,
    /// How many restarts stand in the window before the first that is timed.
    pub(super) window: usize,
}

/// Who is measured.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// How often it repeats at most what takes it much longer than others.
    pub(super) most: usize,
    /// The workloads that it has.
    pub(super) has: &'static [&'static str],
}

/// What runs a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// `perennial-bench`.
    Ours,
    /// `perennial-bench-peers`.
    Peers,
    /// The file of Erlang beside it.
    Otp,
}

/// What ours is to stay below.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) what: &'static str,
    pub(super) limit: f64,
    pub(super) of: Quantity,
}

/// What a bound is about.
#[derive(Debug)]
pub(super) enum Quantity {
    /// The figure of ours divided by that of raw.
    ToRaw(Key),
    /// The figure of ours in that other way divided by that of raw.
    OtherToRaw(&'static str, Key),
    /// The figure of ours divided by another one of ours.
    ToOurs(Key, Key),
    /// Bytes for each child.
    Bytes(Key),
    /// Nanoseconds.
    Nanos(Key),
    /// Nanoseconds, unless the machine by itself takes longer than the bound: then they say nothing.
    Held(Key, Key),
}

pub(super) const CASES: &[Case] = &[
    case("spawn-call", 100_000, 0),
    case("memory", 100_000, 0),
    case("shutdown", 10_000, 0),
    case("shutdown", 100_000, 0),
    case("shutdown-ordered", 10_000, 0),
    case("shutdown-ordered", 100_000, 0),
    case("restart-err", 0, 10_000),
    case("restart-err", 1_000, 5_000),
    case("restart-err", 10_000, 3_000),
    case("restart-err", 100_000, 2_000),
    windowed("restart-err"),
    case("restart-panic", 0, 10_000),
    case("restart-panic", 1_000, 5_000),
    case("restart-panic", 10_000, 3_000),
    case("restart-panic", 100_000, 2_000),
    windowed("restart-panic"),
    case("ofa", 1_000, 30),
    case("ofa", 10_000, 10),
    case("depth", 100, 0),
    case("depth", 1_000, 0),
    case("storm", 10_000, 10),
    case("snapshot", 10_000, 300),
];

pub(super) const SYSTEMS: &[System] = &[
    System {
        name: "perennial",
        program: Program::Ours,
        most: usize::MAX,
        has: &[
            "spawn-call",
            "memory",
            "shutdown",
            "shutdown-ordered",
            "restart-err",
            "restart-panic",
            "ofa",
            "depth",
            "storm",
            "snapshot",
        ],
    },
    System {
        name: "perennial-init",
        program: Program::Ours,
        most: usize::MAX,
        has: &["spawn-call", "restart-err", "restart-panic", "ofa"],
    },
    System {
        name: "perennial-concurrent",
        program: Program::Ours,
        most: usize::MAX,
        has: &["shutdown-ordered", "ofa"],
    },
    System {
        name: "raw",
        program: Program::Ours,
        most: usize::MAX,
        has: &[
            "spawn-call",
            "shutdown",
            "shutdown-ordered",
            "restart-err",
            "restart-panic",
            "ofa",
            "depth",
            "storm",
        ],
    },
    System {
        name: "ractor",
        program: Program::Peers,
        most: usize::MAX,
        has: &[
            "spawn-call",
            "shutdown",
            "restart-err",
            "restart-panic",
            "ofa",
            "depth",
        ],
    },
    System {
        name: "ractor-supervisor",
        program: Program::Peers,
        most: 500,
        has: &["spawn-call", "restart-err", "restart-panic", "ofa"],
    },
    System {
        name: "kameo",
        program: Program::Peers,
        most: usize::MAX,
        has: &[
            "spawn-call",
            "shutdown",
            "restart-err",
            "restart-panic",
            "ofa",
            "depth",
        ],
    },
    System {
        name: "task-supervisor",
        program: Program::Peers,
        most: 300,
        has: &["spawn-call", "shutdown", "restart-err", "restart-panic"],
    },
    System {
        name: "tokio-graceful-shutdown",
        program: Program::Peers,
        most: usize::MAX,
        has: &["shutdown"],
    },
    System {
        name: "otp",
        program: Program::Otp,
        most: 400,
        has: &[
            "spawn-call",
            "shutdown",
            "shutdown-ordered",
            "restart-err",
            "restart-panic",
            "ofa",
            "depth",
        ],
    },
    System {
        name: "otp-pool",
        program: Program::Otp,
        most: 400,
        has: &["restart-err", "restart-panic"],
    },
];

pub(super) const BOUNDS: &[Bound] = &[
    to_raw("spawn-call", 100_000, 0.9),
    Bound {
        what: "bytes of an idle child",
        limit: 1_100.0,
        of: Quantity::Bytes(key("spawn-call", 100_000)),
    },
    to_raw("shutdown", 10_000, 0.8),
    to_raw("shutdown", 100_000, 0.8),
    to_raw("shutdown-ordered", 10_000, 1.5),
    to_raw("shutdown-ordered", 100_000, 1.5),
    to_raw("restart-err", 0, 1.0),
    to_raw("restart-err", 100_000, 1.0),
    to_ours(
        "restart-err: 100,000 siblings to none",
        key("restart-err", 100_000),
        key("restart-err", 0),
    ),
    to_ours(
        "restart-err: 10,000 in the window to none",
        full("restart-err"),
        key("restart-err", 0),
    ),
    to_raw("restart-panic", 0, 0.85),
    to_raw("restart-panic", 100_000, 0.85),
    to_ours(
        "restart-panic: 100,000 siblings to none",
        key("restart-panic", 100_000),
        key("restart-panic", 0),
    ),
    to_ours(
        "restart-panic: 10,000 in the window to none",
        full("restart-panic"),
        key("restart-panic", 0),
    ),
    to_raw("ofa", 1_000, 2.0),
    to_raw("ofa", 10_000, 2.0),
    side_by_side(1_000),
    side_by_side(10_000),
    to_raw("depth", 100, 1.0),
    to_raw("depth", 1_000, 1.0),
    Bound {
        what: "ns for a snapshot of 10,000",
        limit: 5e6,
        of: Quantity::Nanos(key("snapshot", 10_000)),
    },
    Bound {
        what: "ns that a snapshot holds a supervisor",
        limit: 1e5,
        of: Quantity::Held(key("snapshot-held", 10_000), key("snapshot-free", 10_000)),
    },
];

/// How many restarts stand in the window in the cases that fill it.
pub(super) const WINDOW: usize = 10_000;

impl Case {
    pub(super) fn key(&self) -> Key {
        Key {
            name: self.workload,
            n: self.n,
            window: self.window,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.workload, Thousands(self.n))?;
        if self.window > 0 {
            write!(f, ", {} in the window", Thousands(self.window))?;
        }
        Ok(())
    }
}

const fn case(workload: &'static str, n: usize, m: usize) -> Case {
    Case {
        workload,
        n,
        m,
        window: 0,
    }
}

const fn windowed(workload: &'static str) -> Case {
    Case {
        workload,
        n: 0,
        m: 10_000,
        window: WINDOW,
    }
}

const fn key(name: &'static str, n: usize) -> Key {
    Key { name, n, window: 0 }
}

const fn full(name: &'static str) -> Key {
    Key {
        name,
        n: 0,
        window: WINDOW,
    }
}

const fn to_raw(workload: &'static str, n: usize, limit: f64) -> Bound {
    Bound {
        what: "to raw",
        limit,
        of: Quantity::ToRaw(key(workload, n)),
    }
}

const fn side_by_side(n: usize) -> Bound {
    Bound {
        what: "side by side, to raw",
        limit: 0.9,
        of: Quantity::OtherToRaw("perennial-concurrent", key("ofa", n)),
    }
}

const fn to_ours(what: &'static str, of: Key, than: Key) -> Bound {
    Bound {
        what,
        limit: 1.1,
        of: Quantity::ToOurs(of, than),
    }
}
