//! Tables of what was measured: in the terminal, and in the README of the bench.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::cases::{BOUNDS, Bound, CASES, Program, Quantity, SYSTEMS, WINDOW};
use super::figures::{Figures, Key, Nanos, Spread, Thousands};
use super::plot::{Line, plot};
use crate::command::CommandLine;

const FOLDER: &str = "crates/bench";

/// Between these the README is written by us.
const BEGIN: &str = "<!-- figures: written by cargo xtask bench-compare --readme -->";
const END: &str = "<!-- figures: end -->";

const OURS: &str = "perennial";
const RAW: &str = "raw";

/// The workloads that are measured with several numbers of siblings, and what they restart after.
const RESTARTS: &[(&str, &str)] = &[("restart-err", "an error"), ("restart-panic", "a panic")];

/// What a workload measures beside itself.
const BESIDE: &[(&str, &str)] = &[("snapshot", "snapshot-held"), ("snapshot", "snapshot-free")];

const SIBLINGS: &[usize] = &[0, 1_000, 10_000, 100_000];

/// Prints everything; the number of bounds that are missed or were not measured.
pub(super) fn print(figures: &Figures) -> usize {
    println!("{}{}", tables(figures), bounds(figures));
    let held =
        |bound: &&Bound| reached(figures, bound).is_some_and(|spread| spread.median <= bound.limit);
    BOUNDS.len() - BOUNDS.iter().filter(held).count()
}

/// Writes tables and plots into the folder of the bench.
pub(super) fn write(root: &Path, figures: &Figures, workers: usize) -> Result<(), String> {
    let file = root.join(FOLDER).join("README.md");
    let said = |error| format!("cannot read or write in {FOLDER}: {error}");
    let readme = fs::read_to_string(&file).map_err(said)?;
    let rounds = figures.rounds();
    let section = format!(
        "{BEGIN}\n\n{}; {workers} worker threads. Medians of {rounds} rounds, all systems in turn, \
         each measurement a process of its own: `cargo xtask bench-compare --rounds {rounds} --readme`. \
         Peers: {}.\n\n{}\n\n{}\n\n{}\n\n{END}",
        machine(root),
        peers(root),
        bounds(figures).trim(),
        images(),
        tables(figures).trim()
    );
    let written = between(&readme, &section).ok_or("the README lacks the marks of its figures")?;
    fs::write(&file, written).map_err(said)?;
    for (workload, after) in RESTARTS {
        let title = format!("Time of a restart after {after} (p50)");
        let plotted = plot(&title, &lines(figures, workload));
        let file = root.join(FOLDER).join(format!("{workload}.svg"));
        fs::write(file, plotted).map_err(said)?;
    }
    Ok(())
}

/// The plots, as the README shows them.
fn images() -> String {
    let image = |(workload, after): &(&str, &str)| {
        format!("![The time of a restart after {after}, by the number of siblings]({workload}.svg)")
    };
    RESTARTS.iter().map(image).collect::<Vec<_>>().join("\n\n")
}

/// The README with another section between the marks.
fn between(readme: &str, section: &str) -> Option<String> {
    let (before, rest) = readme.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{section}{after}"))
}

fn tables(figures: &Figures) -> String {
    let mut text = String::new();
    for (workload, after) in RESTARTS {
        text += &restarts(figures, workload, after);
    }
    for case in CASES {
        if RESTARTS.iter().any(|(name, _)| *name == case.workload) {
            continue;
        }
        let key = case.key();
        text += &table(figures, key);
        for (_, name) in BESIDE.iter().filter(|(name, _)| *name == key.name) {
            text += &table(figures, Key { name, ..key });
        }
    }
    text
}

/// One row for each system, one column for each number of siblings.
fn restarts(figures: &Figures, workload: &'static str, after: &str) -> String {
    let systems = figures.systems(siblings(workload, 0));
    if systems.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n**{workload}**: p50 of a restart after {after}, by the number of siblings\n\n| system |"
    );
    for count in SIBLINGS {
        text += &format!(" {} |", Thousands(*count));
    }
    text += &format!(
        " to raw | 100,000 to none | p99 | {} in the window |\n|",
        Thousands(WINDOW)
    );
    text += &"---|".repeat(SIBLINGS.len() + 5);
    text.push('\n');
    for system in systems {
        let all = SIBLINGS.iter().map(|count| siblings(workload, *count));
        let values = all.map(|key| nanos(figures.value(system, key)));
        let none = siblings(workload, 0);
        let full = Key {
            window: WINDOW,
            ..none
        };
        let cells = [
            plain(figures.ratio((system, none), (RAW, none))),
            plain(figures.ratio((system, siblings(workload, 100_000)), (system, none))),
            nanos(figures.field(system, none, "p99_ns")),
            nanos(figures.value(window_name(system), full)),
        ];
        let cells: Vec<String> = values.chain(cells).collect();
        // Writing to a string does not fail.
        let _written = writeln!(text, "| {system} | {} |", cells.join(" | "));
    }
    text
}

/// Under what name a system fills its window.
fn window_name(system: &str) -> &str {
    match system {
        "otp-simple_one_for_one" => "otp-simple_one_for_one-unpaced",
        other => other,
    }
}

/// One row for each system, the quickest first.
fn table(figures: &Figures, key: Key) -> String {
    let mut rows: Vec<(f64, String)> = Vec::new();
    for system in figures.systems(key) {
        let Some(value) = figures.value(system, key) else {
            continue;
        };
        let bytes = figures.field(system, key, "bytes_per");
        let bytes = bytes.map_or_else(String::new, |bytes| {
            Thousands(bytes.median as usize).to_string()
        });
        let cells = [
            Nanos(value.median).to_string(),
            format!("{} to {}", Nanos(value.least), Nanos(value.most)),
            plain(figures.ratio((system, key), (RAW, key))),
            nanos(figures.field(system, key, "p99_ns")),
            bytes,
        ];
        rows.push((
            value.median,
            format!("| {system} | {} |\n", cells.join(" | ")),
        ));
    }
    if rows.is_empty() {
        return String::new();
    }
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    let head =
        "| system | median | spread | to raw | p99 | bytes each |\n|---|---|---|---|---|---|";
    let rows: String = rows.into_iter().map(|(_, row)| row).collect();
    format!("\n**{} {}**\n\n{head}\n{rows}", key.name, Thousands(key.n))
}

/// What ours is to stay below, and whether it does.
fn bounds(figures: &Figures) -> String {
    let mut text = "\n| bound | at most | reached | |\n|---|---|---|---|\n".to_owned();
    for bound in BOUNDS {
        let (shown, verdict) = match reached(figures, bound) {
            None if matches!(bound.of, Quantity::Held(..)) => {
                ("not measured, or the machine is too busy".to_owned(), "")
            }
            None => ("not measured".to_owned(), ""),
            Some(spread) if spread.median <= bound.limit => (figure(spread.median), "met"),
            Some(spread) => (figure(spread.median), "**missed**"),
        };
        let what = match &bound.of {
            Quantity::ToRaw(key) => format!("{} {}, to raw", key.name, Thousands(key.n)),
            Quantity::OtherToRaw(_, key) => {
                format!("{} {}, {}", key.name, Thousands(key.n), bound.what)
            }
            _ => bound.what.to_owned(),
        };
        // Writing to a string does not fail.
        let _written = writeln!(
            text,
            "| {what} | {} | {shown} | {verdict} |",
            figure(bound.limit)
        );
    }
    text
}

fn reached(figures: &Figures, bound: &Bound) -> Option<Spread> {
    match bound.of {
        Quantity::ToRaw(key) => figures.ratio((OURS, key), (RAW, key)),
        Quantity::OtherToRaw(system, key) => figures.ratio((system, key), (RAW, key)),
        Quantity::ToOurs(of, than) => figures.ratio((OURS, of), (OURS, than)),
        Quantity::Bytes(key) => figures.field(OURS, key, "bytes_per"),
        Quantity::Nanos(key) => figures.value(OURS, key),
        Quantity::Held(held, free) => {
            let free = figures.value(OURS, free)?;
            let held = figures.value(OURS, held);
            held.filter(|_| free.median <= bound.limit)
        }
    }
}

/// The restart latencies of each system that has several.
fn lines(figures: &Figures, workload: &'static str) -> Vec<Line> {
    let systems = figures.systems(siblings(workload, 0)).into_iter();
    let line = |system: &str| Line {
        name: system.to_owned(),
        points: SIBLINGS
            .iter()
            .map(|count| {
                let value = figures.value(system, siblings(workload, *count));
                value.map(|value| value.median)
            })
            .collect(),
    };
    systems.map(line).collect()
}

fn siblings(workload: &'static str, n: usize) -> Key {
    Key {
        name: workload,
        n,
        window: 0,
    }
}

fn nanos(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| Nanos(spread.median).to_string())
}

fn plain(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| figure(spread.median))
}

/// A ratio with two digits, a large number with none.
fn figure(number: f64) -> String {
    if number < 100.0 {
        format!("{number:.2}")
    } else {
        Thousands(number as usize).to_string()
    }
}

/// The versions of the others.
fn peers(root: &Path) -> String {
    let lock = fs::read_to_string(root.join(FOLDER).join("peers/Cargo.lock")).unwrap_or_default();
    let of_ours = SYSTEMS
        .iter()
        .filter(|system| system.program == Program::Peers);
    let versions = of_ours.filter_map(|system| {
        let (_, after) = lock.split_once(&format!("name = \"{}\"\nversion = \"", system.name))?;
        Some(format!("{} {}", system.name, after.split('"').next()?))
    });
    let release = "io:put_chars(erlang:system_info(otp_release)),halt().";
    let otp = CommandLine::new("erl", "-noshell -eval").argument(release);
    let otp = otp.answers(root).then(|| otp.capture(root).ok()).flatten();
    let otp = otp.map(|release| format!("Erlang/OTP {release}"));
    versions.chain(otp).collect::<Vec<_>>().join(", ")
}

/// On what it was measured.
fn machine(root: &Path) -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names = || told.lines().filter(|line| line.starts_with("model name"));
    let model = names().next().and_then(|line| line.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, model)| model.trim());
    let version = |program, words| {
        let told = CommandLine::new(program, words).capture(root);
        told.map_or_else(|_| "unknown".to_owned(), |told| told.trim().to_owned())
    };
    format!(
        "{} processors ({model}), {}, {}",
        names().count(),
        version("uname", "-sr"),
        version("rustc", "--version")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Figure;

    fn measured(ours: f64, raw: f64) -> Figures {
        let mut figures = Figures::default();
        for (system, nanos) in [(OURS, ours), (RAW, raw)] {
            let line = format!(
                r#"{{"name":"ofa","system":"{system}","n":1000,"ns_per_op":{nanos},"bytes_per":9}}"#
            );
            figures.push(Figure::new(1, 0, &line));
        }
        figures
    }

    #[test]
    fn a_bound_that_is_missed_stands_out() {
        let line = |ours| {
            let text = bounds(&measured(ours, 100.0));
            let line = text.lines().find(|line| line.contains("ofa 1,000"));
            line.expect("each bound has a row").to_owned()
        };
        assert_eq!(line(200.0), "| ofa 1,000, to raw | 2.00 | 2.00 | met |");
        assert_eq!(
            line(201.0),
            "| ofa 1,000, to raw | 2.00 | 2.01 | **missed** |"
        );
    }

    #[test]
    fn a_bound_that_was_not_measured_is_not_met() {
        assert_eq!(print(&Figures::default()), BOUNDS.len());
        assert_eq!(print(&measured(1.0, 1.0)), BOUNDS.len() - 1);
    }

    #[test]
    fn what_the_machine_itself_holds_up_longer_than_the_bound_is_not_judged() {
        let snapshot = |held: u32, free: u32| {
            let mut figures = Figures::default();
            for (name, nanos) in [("snapshot-held", held), ("snapshot-free", free)] {
                let line =
                    format!(r#"{{"name":"{name}","system":"{OURS}","n":10000,"p50_ns":{nanos}}}"#);
                figures.push(Figure::new(1, 0, &line));
            }
            let held = BOUNDS
                .iter()
                .find(|bound| matches!(bound.of, Quantity::Held(..)));
            let reached = reached(&figures, held.expect("there is such a bound"));
            reached.map(|spread| spread.median)
        };
        assert_eq!(snapshot(200_000, 50_000), Some(200_000.0));
        assert_eq!(snapshot(200_000, 150_000), None);
    }

    #[test]
    fn a_table_has_a_row_for_each_system_the_quickest_first() {
        let text = tables(&measured(1_500.0, 1_000.0));
        let rows: Vec<&str> = text.lines().filter(|line| line.contains("µs")).collect();
        assert_eq!(
            rows,
            [
                "| raw | 1.00 µs | 1.00 µs to 1.00 µs | 1.00 | – | 9 |",
                "| perennial | 1.50 µs | 1.50 µs to 1.50 µs | 1.50 | – | 9 |",
            ]
        );
    }

    #[test]
    fn only_what_stands_between_the_marks_is_written_anew() {
        let readme = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let written = between(&readme, &format!("{BEGIN}\nnew\n{END}"));
        assert_eq!(written, Some(format!("a\n{BEGIN}\nnew\n{END}\nb\n")));
        assert_eq!(between("no marks", "new"), None);
    }
}
