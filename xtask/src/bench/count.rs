//! Instructions for each operation, as callgrind counts them: the same on a busy machine.
//!
//! The last counts are committed; one that grew by more than a few percent fails.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use super::programs::{ours, output};

/// Where the counts stand.
const FILE: &str = "crates/bench/instructions.txt";

/// How much more is borne; hash maps and threads make the last digits differ.
const TOLERANCE: f64 = 1.05;

/// How often each run is counted; the middle one is taken.
const RUNS: usize = 3;

const OURS: &str = "perennial";

const SYSTEMS: &[&str] = &[OURS, "raw"];

/// Two runs, whose difference is that of so many operations: what both have in common falls out.
struct Pair {
    workload: &'static str,
    few: (usize, usize),
    many: (usize, usize),
    operations: usize,
    /// Only what happens in functions of this pattern, for what goes on at the same time is not as
    /// regular; raw has none.
    inside: Option<&'static str>,
}

/// `shutdown`, `shutdown-ordered` and `depth` contain the start of what is stopped.
const PAIRS: &[Pair] = &[
    pair("spawn-call", (3_000, 0), (9_000, 0), 6_000),
    pair("shutdown", (2_000, 0), (6_000, 0), 4_000),
    pair("shutdown-ordered", (2_000, 0), (6_000, 0), 4_000),
    pair("restart-err", (0, 1_000), (0, 3_000), 2_000),
    pair("restart-panic", (0, 1_000), (0, 3_000), 2_000),
    pair("ofa", (500, 4), (500, 12), 4_000),
    pair("depth", (200, 0), (600, 0), 400),
    pair("storm", (500, 4), (500, 12), 4_000),
    Pair {
        inside: Some("*SupervisorHandle*snapshot*"),
        ..pair("snapshot", (1_000, 3), (1_000, 15), 12_000)
    },
];

/// One count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Count {
    workload: String,
    system: String,
    instructions: u64,
}

/// Counts everything and compares with what is committed; `--bless` writes the new counts instead.
pub(crate) fn count(root: &Path, arguments: &[String]) -> ExitCode {
    let bless = match arguments {
        [] => false,
        [word] if word == "--bless" => true,
        _ => {
            println!("usage: cargo xtask bench-count [--bless]");
            return ExitCode::FAILURE;
        }
    };
    let compared = counted(root).and_then(|counts| {
        let file = root.join(FILE);
        if bless {
            return fs::write(&file, printed(&counts)).map_err(|error| error.to_string());
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        compared(&counts, &parsed(&committed))
    });
    match compared {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn counted(root: &Path) -> Result<Vec<Count>, String> {
    let program = ours(root)?;
    let mut counts = Vec::new();
    for pair in PAIRS {
        let has = |system: &&&str| pair.inside.is_none() || **system == OURS;
        for system in SYSTEMS.iter().filter(has) {
            let few = instructions(&program, pair, system, pair.few)?;
            let many = instructions(&program, pair, system, pair.many)?;
            let count = Count {
                workload: pair.workload.to_owned(),
                system: (*system).to_owned(),
                instructions: many.saturating_sub(few) / pair.operations as u64,
            };
            if count.instructions == 0 {
                return Err(format!("{}: nothing was counted", pair.workload));
            }
            println!("{} {} {}", count.workload, count.system, count.instructions);
            counts.push(count);
        }
    }
    Ok(counts)
}

/// All instructions of one run on one worker thread, the middle of some.
fn instructions(
    program: &Path,
    pair: &Pair,
    system: &str,
    (n, m): (usize, usize),
) -> Result<u64, String> {
    let run = || {
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .args(pair.inside.map(|name| format!("--toggle-collect={name}")))
            .arg(program)
            .args([pair.workload, "--system", system, "--workers", "1"])
            .args(["--n", &n.to_string(), "--m", &m.to_string()]);
        let output = output(&mut command)?;
        let said = String::from_utf8_lossy(&output.stderr);
        collected(&said).ok_or_else(|| "callgrind did not tell its count".to_owned())
    };
    let mut runs = (0..RUNS).map(|_| run()).collect::<Result<Vec<_>, _>>()?;
    runs.sort_unstable();
    Ok(runs[RUNS / 2])
}

/// The number in callgrind's `Collected : 123`.
fn collected(said: &str) -> Option<u64> {
    let (_, after) = said.rsplit_once("Collected :")?;
    after.split_whitespace().next()?.parse().ok()
}

/// Fails for each count of ours that grew too much, or that nobody has committed.
fn compared(counts: &[Count], committed: &[Count]) -> Result<(), String> {
    let mut wrong = Vec::new();
    for count in counts.iter().filter(|count| count.system == OURS) {
        let same =
            |other: &&Count| other.workload == count.workload && other.system == count.system;
        let Some(before) = committed.iter().find(same) else {
            wrong.push(format!("{}: there is no count in {FILE}", count.workload));
            continue;
        };
        let (was, is) = (before.instructions, count.instructions);
        if is as f64 > was as f64 * TOLERANCE {
            wrong.push(format!(
                "{}: {is} instructions, {was} before",
                count.workload
            ));
        } else if was as f64 > is as f64 * TOLERANCE {
            println!(
                "{}: {is} instructions, {was} before: --bless keeps it so",
                count.workload
            );
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\nIf that is meant: cargo xtask bench-count --bless",
        wrong.join("\n")
    ))
}

fn parsed(text: &str) -> Vec<Count> {
    let count = |line: &str| {
        let mut words = line.split_whitespace();
        Some(Count {
            workload: words.next()?.to_owned(),
            system: words.next()?.to_owned(),
            instructions: words.next()?.parse().ok()?,
        })
    };
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(count).collect()
}

fn printed(counts: &[Count]) -> String {
    let mut text = "\
# Instructions for each operation, on one worker thread, of a release build for x86-64.
# Written by `cargo xtask bench-count --bless`; `cargo xtask deep` compares with them.
# shutdown, shutdown-ordered and depth contain the start of what is stopped; snapshot is for each child in it.
"
    .to_owned();
    for count in counts {
        // Writing to a string does not fail.
        let _written = writeln!(
            text,
            "{:<16} {:<9} {:>7}",
            count.workload, count.system, count.instructions
        );
    }
    text
}

const fn pair(
    workload: &'static str,
    few: (usize, usize),
    many: (usize, usize),
    operations: usize,
) -> Pair {
    Pair {
        workload,
        few,
        many,
        operations,
        inside: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(system: &str, instructions: u64) -> Vec<Count> {
        vec![Count {
            workload: "ofa".to_owned(),
            system: system.to_owned(),
            instructions,
        }]
    }

    #[test]
    fn what_grew_by_more_than_the_tolerance_fails_and_is_named() {
        let committed = counts("perennial", 1_000);
        assert_eq!(compared(&counts("perennial", 1_050), &committed), Ok(()));
        assert_eq!(compared(&counts("perennial", 10), &committed), Ok(()));
        let grown = compared(&counts("perennial", 1_051), &committed);
        assert!(grown.is_err_and(|why| why.contains("ofa: 1051 instructions, 1000 before")));
    }

    #[test]
    fn what_nobody_has_committed_fails() {
        assert!(compared(&counts("perennial", 1), &[]).is_err());
    }

    #[test]
    fn the_baseline_may_grow_as_it_likes() {
        assert_eq!(compared(&counts("raw", 9_999), &counts("raw", 1)), Ok(()));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let counts = counts("perennial", 1_234);
        assert_eq!(parsed(&printed(&counts)), counts);
    }

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        assert_eq!(
            collected("==1== \n==1== Collected : 123456\n==1==\n"),
            Some(123_456)
        );
        assert_eq!(collected("nothing"), None);
    }
}
