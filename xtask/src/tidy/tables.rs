//! The tables of ARCHITECTURE.md and STYLE.md as lists: who may depend on what, who may know what,
//! and how large things may grow. The rules only read them; a change of the house is made here.

/// One of our packages, and what it may depend on.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) folder: &'static str,
    /// Of our own packages, for whatever purpose.
    pub(crate) ours: &'static [&'static str],
    /// Of other people's, for its normal build; `None`: what the idea needs.
    pub(crate) others: Option<&'static [&'static str]>,
}

pub(crate) const PACKAGES: &[Package] = &[
    Package {
        name: "perennial-core",
        folder: "crates/core",
        ours: &[],
        others: Some(&[
            "async-trait",
            "metrics",
            "serde",
            "serde_json",
            "snafu",
            "tokio",
            "tokio-util",
            "tracing",
        ]),
    },
    Package {
        name: "perennial-macros",
        folder: "crates/macros",
        // For its tests: what it writes names the facade.
        ours: &["perennial"],
        others: Some(&["proc-macro2", "quote", "syn"]),
    },
    Package {
        name: "perennial",
        folder: "crates/perennial",
        ours: &["perennial-core", "perennial-macros"],
        others: Some(&[]),
    },
    Package {
        name: "perennial-test",
        folder: "crates/testkit",
        // The facade for its examples, which are what users write.
        ours: &["perennial-core", "perennial"],
        others: Some(&["proptest", "tokio"]),
    },
    Package {
        name: "perennial-alloc",
        folder: "crates/alloc",
        // The facade and the test kit for its examples and tests.
        ours: &["perennial-core", "perennial", "perennial-test"],
        others: Some(&[]),
    },
    Package {
        name: "perennial-actor",
        folder: "crates/actor",
        // The facade for its examples, which are what users write.
        ours: &["perennial-core", "perennial"],
        others: Some(&["async-trait", "proptest", "snafu", "tokio"]),
    },
    Package {
        name: "perennial-bench",
        folder: "crates/bench",
        ours: &["perennial", "perennial-alloc"],
        others: Some(&["tokio", "tokio-util"]),
    },
    Package {
        name: "perennial-examples",
        folder: "examples",
        ours: &["perennial", "perennial-alloc", "perennial-test"],
        others: None,
    },
    Package {
        name: "perennial-api",
        folder: "tests/api",
        ours: &[],
        others: Some(&["public-api"]),
    },
    Package {
        name: "perennial-book",
        folder: "book/listings",
        ours: &["perennial", "perennial-test"],
        others: None,
    },
    Package {
        name: "perennial-it",
        folder: "tests/it",
        ours: &["perennial", "perennial-test"],
        others: None,
    },
    Package {
        name: "perennial-otp-replay",
        folder: "tests/otp-replay",
        ours: &["perennial", "perennial-test"],
        others: None,
    },
    Package {
        name: "xtask",
        folder: "xtask",
        ours: &[],
        others: Some(&[]),
    },
];

/// Packages of ours whose features the facade turns on and off.
pub(crate) const FEATURES_BY_THE_FACADE: &[&str] = &["perennial-core"];

/// Where the folders stand that [`CORE_ROWS`] speaks of.
pub(crate) const CORE: &str = "crates/core/src/";

/// The values that every folder of core may import.
pub(crate) const CORE_VALUES: &[&str] = &["clock", "path", "exit", "sync"];

/// A folder of core and what it may import, the values apart.
pub(crate) struct Row {
    pub(crate) folder: &'static str,
    pub(crate) may_import: &'static [&'static str],
}

pub(crate) const CORE_ROWS: &[Row] = &[
    row("clock", &[]),
    row("path", &["clock"]),
    row("sync", &[]),
    row("exit", &["clock", "path"]),
    row("restart", &[]),
    row("place", &[]),
    row("dataspace", &[]),
    row("crash", &["restart"]),
    row("meter", &[]),
    row("tree", &["restart", "crash", "place", "meter"]),
    row("observe", &["restart", "crash", "tree"]),
    row("metrics", &["observe", "restart"]),
    row("stall", &["observe"]),
    row(
        "child",
        &[
            "restart",
            "crash",
            "place",
            "dataspace",
            "observe",
            "tree",
            "meter",
            "stall",
        ],
    ),
    row(
        "supervisor",
        &[
            "child", "restart", "crash", "place", "observe", "tree", "meter", "stall",
        ],
    ),
    row("health", &["child", "observe", "tree"]),
    row(
        "watch",
        &["child", "restart", "crash", "meter", "observe", "tree"],
    ),
    row(
        "dynamic",
        &[
            "supervisor",
            "child",
            "restart",
            "place",
            "observe",
            "tree",
            "meter",
        ],
    ),
    row("partition", &["supervisor", "child", "restart", "observe"]),
    row(
        "tasks",
        &["dynamic", "supervisor", "child", "restart", "observe"],
    ),
    row(
        "app",
        &["supervisor", "dynamic", "child", "tree", "observe"],
    ),
];

const fn row(folder: &'static str, may_import: &'static [&'static str]) -> Row {
    Row { folder, may_import }
}

/// A file's role in its folder and the files beside it that it must not import.
pub(crate) struct Role {
    /// See [`fits`].
    pub(crate) files: &'static [&'static str],
    pub(crate) never_imports: &'static [&'static str],
}

pub(crate) const ROLES: &[Role] = &[
    Role {
        files: PURE,
        never_imports: &["driver", "lives", "handle"],
    },
    Role {
        files: &["handle.rs"],
        never_imports: &["machine"],
    },
    Role {
        files: &["error.rs", "spec.rs"],
        never_imports: &["machine", "driver", "lives"],
    },
];

/// Files that decide: they see only std's collections, `Duration` and our own values.
pub(crate) const PURE: &[&str] = &[
    "machine.rs",
    "supervisor/calls.rs",
    "supervisor/comparison.rs",
    "supervisor/convoy.rs",
    "supervisor/decide.rs",
    "supervisor/graph.rs",
    "supervisor/group.rs",
    "supervisor/kept.rs",
    "supervisor/lanes.rs",
    "supervisor/order.rs",
    "supervisor/pauses.rs",
    "supervisor/protocol.rs",
    "supervisor/ranked.rs",
    "supervisor/renewals.rs",
    "supervisor/restarts.rs",
    "supervisor/rows.rs",
    "supervisor/slot.rs",
    "supervisor/strategy.rs",
    "dataspace/listener.rs",
    "dataspace/table.rs",
    "child/semantics.rs",
    "child/strategy.rs",
    "restart/limit.rs",
    "restart/pace.rs",
    "restart/storm.rs",
    "watch/follow.rs",
];

/// What a pure file may import of std.
pub(crate) const PURE_STD: &[&str] = &[
    "std::cmp",
    "std::collections",
    "std::fmt",
    "std::hash",
    "std::iter",
    "std::mem",
    "std::num",
    "std::ops",
    "std::time::Duration",
];

/// What a pure file may not even name.
pub(crate) const PURE_NEVER: &[&str] = &[
    "async",
    "await",
    "tokio",
    "tokio_util",
    "tracing",
    "log",
    "rand",
    "fastrand",
    "Instant",
    "SystemTime",
    "Mutex",
    "RwLock",
    "Condvar",
    "Arc",
    "Rc",
    "RefCell",
    "Waker",
    "thread",
];

/// What the state of a machine derives, so that a test can walk all of it.
pub(crate) const MACHINE_DERIVES: &[&str] = &["Clone", "Debug", "PartialEq", "Eq", "Hash"];

/// Something that only few files may know.
pub(crate) struct Knowledge {
    /// The key of the rule.
    pub(crate) rule: &'static str,
    pub(crate) what: &'static str,
    /// A word, a part of a path (`Instant::now`), or a method (`.spawn(`).
    pub(crate) signs: &'static [&'static str],
    pub(crate) place: Place,
}

/// Where a knowledge may be; the patterns are those of [`fits`].
pub(crate) enum Place {
    OnlyIn(&'static [&'static str]),
    NeverIn(&'static [&'static str]),
}

pub(crate) const KNOWLEDGE: &[Knowledge] = &[
    Knowledge {
        rule: "clock",
        what: "reads the clock",
        signs: &["Instant::now", "SystemTime", "UNIX_EPOCH", ".elapsed("],
        place: Place::OnlyIn(&[
            "driver.rs",
            "crates/testkit/",
            "child/handle.rs",
            "child/life.rs",
            "crates/bench/",
            // Busy time is what the clock says around a poll.
            "meter/gauge.rs",
            // When a call is given up.
            "actor/src/address/future.rs",
            "actor/src/call/deadlines.rs",
            // Polls that last too long: of the threads' time, not of tokio's.
            "stall/detector.rs",
            // Events bear no time.
            "metrics/observer.rs",
        ]),
    },
    Knowledge {
        rule: "random",
        what: "makes random numbers",
        signs: &["rand", "fastrand", "getrandom", "RandomState"],
        place: Place::OnlyIn(&["restart/backoff.rs"]),
    },
    Knowledge {
        rule: "spawn",
        what: "spawns tasks",
        signs: &[
            "tokio::spawn",
            "task::spawn",
            "spawn_blocking",
            "spawn_local",
            "JoinSet",
            ".spawn(",
        ],
        place: Place::OnlyIn(&[
            "lives.rs",
            // For the lives that run elsewhere than their supervisor.
            "supervisor/apart.rs",
            // Threads, not tasks.
            "place/thread.rs",
            // The tasks that a life owns.
            "child/scope.rs",
            // Looks at the deadlines of calls, whoever makes them.
            "actor/src/call/deadlines.rs",
            "app/sentinel.rs",
            // A thread.
            "stall/detector.rs",
            // The user's reload, whose panic must not end the process.
            "app/reload.rs",
            "crates/bench/",
            // Makes calls that it does not wait for.
            "testkit/src/strategies.rs",
        ]),
    },
    Knowledge {
        rule: "threads",
        what: "works with threads",
        signs: &[
            "std::thread",
            "thread::spawn",
            "thread::Builder",
            "thread::sleep",
        ],
        place: Place::OnlyIn(&[
            "app/sentinel.rs",
            "stall/detector.rs",
            // Names threads for `observe/hub.rs`, which is to know its own.
            "core/src/sync.rs",
            // The only ones that are made for children.
            "place/thread.rs",
            // Only asks how many can run at once.
            "partition/spec.rs",
            // Only asks whether its own one panics.
            "testkit/src/tree.rs",
            // Runs whole tests in threads.
            "testkit/src/support.rs",
            // Blocks its thread on purpose, and asks whether it panics.
            "bench/src/chaos/world.rs",
        ]),
    },
    Knowledge {
        rule: "sharing",
        what: "shares memory between tasks where the tests of schedules do not see it",
        signs: &[
            "std::sync::Mutex",
            "std::sync::RwLock",
            "std::sync::Condvar",
            "std::sync::OnceLock",
            "std::sync::LazyLock",
            "std::sync::atomic",
        ],
        place: Place::OnlyIn(&[
            "core/src/sync.rs",
            "actor/src/sync.rs",
            // Threads beside the runtime.
            "app/sentinel.rs",
            "stall/detector.rs",
            // Of the whole process.
            "observe/stderr.rs",
            // A thread beside the runtime.
            "child/blocking.rs",
            // A value that is worked out when it is first asked for.
            "child/report.rs",
            // Below everything else.
            "crates/alloc/",
            "crates/testkit/",
            "crates/bench/",
        ]),
    },
    Knowledge {
        rule: "tracing",
        what: "knows tracing",
        signs: &["tracing"],
        place: Place::OnlyIn(&["observe/trace.rs"]),
    },
    Knowledge {
        rule: "panics",
        what: "catches panics",
        signs: &["catch_unwind"],
        place: Place::OnlyIn(&["exit/panic.rs", "observe/hub.rs", "testkit/src/tree.rs"]),
    },
    Knowledge {
        rule: "environment",
        what: "reads the environment or the current directory",
        signs: &[
            "std::env",
            "env::var",
            "env::var_os",
            "env::vars",
            "env::current_dir",
        ],
        place: Place::OnlyIn(&["crates/core/src/app/", "crates/bench/"]),
    },
    Knowledge {
        rule: "values",
        what: "knows tokio, though it is a file of values",
        signs: &["tokio", "tokio_util"],
        place: Place::NeverIn(&[
            "error.rs", "clock.rs", "path.rs", "exit.rs", "exit/", "restart/", "crash/", "tree/",
        ]),
    },
];

/// How many lines of code a file may have: the first that fits counts; docs and tests do not.
pub(crate) const FILE_BUDGETS: &[(&str, usize)] = &[
    ("machine.rs", 400),
    ("driver.rs", 250),
    ("mod.rs", 150),
    (".rs", 500),
];

/// How many lines of code the sources of a crate may have in all.
pub(crate) const CRATE_BUDGETS: &[(&str, usize)] = &[
    ("crates/core/src/", 18_500),
    ("crates/macros/src/", 1_200),
    ("crates/testkit/src/", 2_000),
    ("crates/alloc/src/", 1_000),
    ("crates/actor/src/", 6_000),
];

/// How many lines of code a function may have, from `fn` to its closing brace.
pub(crate) const FUNCTION_LINES: usize = 70;

/// Where the public functions of users stand.
pub(crate) const LIBRARIES: &[&str] = &[
    "crates/perennial/src/",
    "crates/core/src/",
    "crates/macros/src/",
    "crates/testkit/src/",
    "crates/alloc/src/",
    "crates/actor/src/",
];

/// Where every public type shows an example.
pub(crate) const EXAMPLES_IN: &[&str] = &[
    "crates/perennial/src/",
    "crates/core/src/",
    "crates/testkit/src/",
    "crates/alloc/src/",
    "crates/actor/src/",
];

/// Public types that only the output of macros names; no reader comes there.
pub(crate) const HIDDEN_TYPES: &[&str] = &["child/derived.rs"];

/// A section of a doc comment, and how it is also written elsewhere; in the order of a doc.
pub(crate) const HEADINGS: &[(&str, &[&str])] = &[
    (
        "Errors",
        &["error", "failure", "failures", "returns", "return value"],
    ),
    (
        "Cancel safety",
        &[
            "cancellation safety",
            "cancel-safety",
            "cancelation safety",
            "cancellation",
        ],
    ),
    ("Panics", &["panic", "aborts"]),
    ("Safety", &["unsafe"]),
    ("Examples", &["example", "usage"]),
];

/// How a test is marked that is too heavy for a debug build.
pub(crate) const RELEASE_ONLY: &str =
    r#"#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]"#;

/// Where the gate runs tests in release: a folder, and the filter on the test's path.
pub(crate) const RELEASE_TESTS: &[(&str, &str)] =
    &[("crates/core/", "walk"), ("tests/otp-replay/", "")];

/// What belongs to one machine only. In parts, so that this file does not hold it either.
pub(crate) const LEAKS: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/Us", "ers/"), "a path of one machine"),
    (concat!("index.", "crates.io"), "the host of a registry"),
    (concat!("static.", "crates.io"), "the host of a registry"),
    (concat!("crates.io", "-index"), "the host of a registry"),
    (concat!("spar", "se+http"), "the host of a registry"),
];

/// A finding that is borne, and why.
pub(crate) struct Exception {
    pub(crate) rule: &'static str,
    /// A file or a folder, see [`fits`].
    pub(crate) path: &'static str,
    pub(crate) reason: &'static str,
}

/// One list for all rules. An exception that no longer excuses anything is a finding itself.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        rule: "stated-once",
        path: "crates/macros/Cargo.toml",
        reason: "its tests need the facade, which depends on it: with a version neither could be published first",
    },
    Exception {
        rule: "package-arrow",
        path: "crates/bench/peers/Cargo.toml",
        reason: "a workspace of its own: nobody who builds ours builds the peers",
    },
    Exception {
        rule: "package-arrow",
        path: "tests/shuttle/Cargo.toml",
        reason: "a workspace of its own: nobody who builds ours builds shuttle",
    },
    Exception {
        rule: "package-arrow",
        path: "tests/shuttle/tokio/Cargo.toml",
        reason: "stands in for tokio there, and nowhere else",
    },
    Exception {
        rule: "sleep",
        path: "tests/shuttle/tokio/src/time.rs",
        reason: "it is the clock that core sleeps by in there",
    },
    Exception {
        rule: "unsafe",
        path: "crates/alloc/src/allocator.rs",
        reason: "an allocator hands out raw memory: the one crate, and in it the one file, that may",
    },
    Exception {
        rule: "sleep",
        path: "tests/otp-replay/src/",
        reason: "a scenario takes the times that its script says, on a paused clock",
    },
    Exception {
        rule: "sleep",
        path: "examples/tests/docsearch.rs",
        reason: "it looks at another process, whose progress cannot be waited for, until a deadline",
    },
];

/// Whether a path is meant by a pattern: `folder/` anywhere in it, or its last components.
/// A pattern that begins with `.` is the end of a name.
pub(crate) fn fits(path: &str, pattern: &str) -> bool {
    if pattern.ends_with('/') {
        return path.starts_with(pattern) || path.contains(&format!("/{pattern}"));
    }
    let Some(before) = path.strip_suffix(pattern) else {
        return false;
    };
    before.is_empty() || before.ends_with('/') || pattern.starts_with('.')
}
