//! What each part costs when it is asked for: instructions and bytes, as valgrind counts them.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use super::programs::{ours, output};

/// Where the table stands, and between which lines.
const FILE: &str = "crates/bench/README.md";
const BEGIN: &str = "<!-- costs: written by cargo xtask bench-cost --readme -->";
const END: &str = "<!-- costs: end -->";

/// How many children are started, and how many of them are restarted.
const CHILDREN: u64 = 10_000;
const RESTARTS: u64 = 2_000;

/// The parts by the names that the program knows, and what a reader is told. The first is what the others are
/// compared with.
const PARTS: &[(&str, &str)] = &[
    ("plain", "nothing of it"),
    ("backoff", "`backoff`, the first restart at once"),
    ("backoff-waits", "`backoff`, each restart after 1 ms"),
    ("limit", "`limit`"),
    ("storm-guard", "`storm_guard`"),
    ("watchdog", "`watchdog`, nothing said"),
    (
        "watchdog-progress",
        "`watchdog`, `ctx.progress()` once a life",
    ),
    ("stalls", "`stalls_after`"),
    ("busy", "`busy_time`"),
    ("observer", "`observer` that does nothing"),
    ("stream", "`events`, read to the end"),
    ("explicit", "`explicit_readiness`"),
    ("after", "`after`, each child the one before it"),
];

/// What one part costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    /// Instructions for a start.
    start: u64,
    /// Instructions for a restart.
    restart: u64,
    /// Bytes that are held for a child that runs.
    bytes: u64,
}

/// Counts all parts and prints the table; `--readme` writes it.
pub(crate) fn cost(root: &Path, arguments: &[String]) -> ExitCode {
    let readme = match arguments {
        [] => false,
        [word] if word == "--readme" => true,
        _ => {
            println!("usage: cargo xtask bench-cost [--readme]");
            return ExitCode::FAILURE;
        }
    };
    let done = counted(root).and_then(|costs| {
        let table = table(&costs);
        println!("{table}");
        if readme {
            written(root, &table)
        } else {
            Ok(())
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("cargo xtask bench-cost: {why}");
            ExitCode::FAILURE
        }
    }
}

fn counted(root: &Path) -> Result<Vec<(&'static str, Cost)>, String> {
    let program = ours(root)?;
    let mut costs = Vec::new();
    for &(part, shown) in PARTS {
        let instructions = |children: u64, restarts: u64| {
            let said = run(&program, "callgrind", part, children, restarts)?;
            number_after(&said, "Collected :")
        };
        let bytes = |children: u64| {
            let said = run(&program, "dhat", part, children, 0)?;
            number_after(&said, "At t-end:")
        };
        let started = instructions(CHILDREN, 0)?;
        let cost = Cost {
            start: started.saturating_sub(instructions(0, 0)?) / CHILDREN,
            restart: instructions(CHILDREN, RESTARTS)?.saturating_sub(started) / RESTARTS,
            bytes: bytes(CHILDREN)?.saturating_sub(bytes(0)?) / CHILDREN,
        };
        println!("{part}: {cost:?}");
        costs.push((shown, cost));
    }
    Ok(costs)
}

/// What a tool of valgrind says of one run.
fn run(
    program: &Path,
    tool: &str,
    part: &str,
    children: u64,
    restarts: u64,
) -> Result<String, String> {
    let mut command = Command::new("valgrind");
    command
        .arg(format!("--tool={tool}"))
        .arg(format!("--{tool}-out-file=/dev/null"))
        .arg(program)
        .args(["cost", part])
        .args([children.to_string(), restarts.to_string()]);
    let output = output(&mut command)?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The number behind these words; its thousands may be set apart.
fn number_after(said: &str, words: &str) -> Result<u64, String> {
    let number = said.rsplit_once(words).and_then(|(_, after)| {
        let number = after.split_whitespace().next()?;
        number.replace(',', "").parse().ok()
    });
    number.ok_or_else(|| format!("valgrind did not tell `{words}`"))
}

fn table(costs: &[(&str, Cost)]) -> String {
    let mut text = format!(
        "{} children each, {} restarts: `cargo xtask bench-cost --readme`.\n\n\
         | asked for | instructions a start | more | instructions a restart | more | bytes a child | more |\n\
         |---|---|---|---|---|---|---|\n",
        grouped(CHILDREN),
        grouped(RESTARTS)
    );
    let plain = costs.first().map(|(_, cost)| *cost);
    for (shown, cost) in costs {
        let more = |of: fn(Cost) -> u64| match plain.map(of) {
            Some(plain) if of(*cost) < plain => format!("-{}", grouped(plain - of(*cost))),
            Some(plain) => format!("+{}", grouped(of(*cost) - plain)),
            None => String::new(),
        };
        // Writing to a string does not fail.
        let _written = writeln!(
            text,
            "| {shown} | {} | {} | {} | {} | {} | {} |",
            grouped(cost.start),
            more(|cost| cost.start),
            grouped(cost.restart),
            more(|cost| cost.restart),
            grouped(cost.bytes),
            more(|cost| cost.bytes),
        );
    }
    text
}

/// The number with its thousands set apart.
fn grouped(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1_000), number % 1_000),
    }
}

fn written(root: &Path, table: &str) -> Result<(), String> {
    let file = root.join(FILE);
    let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
    let text = between(&text, table).ok_or_else(|| format!("{FILE} has no place for it"))?;
    fs::write(&file, text).map_err(|error| error.to_string())
}

/// The text with the table in its place.
fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Cost = Cost {
        start: 100,
        restart: 200,
        bytes: 300,
    };

    #[test]
    fn what_a_part_costs_more_than_none_stands_beside_it() {
        let part = Cost {
            start: 110,
            restart: 195,
            bytes: 1_300,
        };
        let table = table(&[("nothing", PLAIN), ("all", part)]);
        assert!(table.ends_with("| all | 110 | +10 | 195 | -5 | 1,300 | +1,000 |\n"));
    }

    #[test]
    fn the_numbers_are_found_in_what_valgrind_says() {
        let said = "==1== At t-end:  1,314,507 bytes in 6,242 blocks\n==2== Collected : 77\n";
        assert_eq!(number_after(said, "At t-end:"), Ok(1_314_507));
        assert_eq!(number_after(said, "Collected :"), Ok(77));
        assert!(number_after(said, "Total:").is_err());
    }

    #[test]
    fn the_table_takes_the_place_of_the_one_before() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb");
        let new = format!("a\n{BEGIN}\n\nnew\n{END}\nb");
        assert_eq!(between(&text, "new"), Some(new));
        assert_eq!(between("a", "new"), None);
    }
}
