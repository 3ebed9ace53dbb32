//! Files that decide know nothing of tokio, clocks, locks and logs, and their state can be walked.

use super::source::{CodePath, Line, Source};
use super::tables::{MACHINE_DERIVES, PURE, PURE_NEVER, PURE_STD, fits};
use super::{Finding, Tree};

const RULE: &str = "pure";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let pure = tree.sources.iter().filter(|source| {
        source.path.starts_with("crates/") && PURE.iter().any(|file| fits(&source.path, file))
    });
    pure.flat_map(|source| {
        let mut findings = imports(source);
        findings.extend(words(source));
        findings.extend(derives(source));
        findings
    })
    .collect()
}

fn imports(source: &Source) -> Vec<Finding> {
    let live = source
        .paths
        .iter()
        .filter(|path| !source.lines[path.line].test);
    live.filter(|path| is_foreign(path))
        .map(|path| {
            let what = format!(
                "`{}` is neither one of our values nor of std's collections, nor `Duration`",
                path.segments.join("::")
            );
            Finding::new(RULE, &source.path, path.line, what)
        })
        .collect()
}

fn is_foreign(path: &CodePath) -> bool {
    let root = path.segments[0].as_str();
    if matches!(root, "std" | "core" | "alloc") {
        let whole = path.segments.join("::");
        return !PURE_STD
            .iter()
            .any(|allowed| whole == *allowed || whole.starts_with(&format!("{allowed}::")));
    }
    // `use Input::*` names an enum of this file.
    let is_crate = root.starts_with(|c: char| c.is_lowercase()) && root != "crate";
    path.import && is_crate
}

fn words(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.test)
    {
        let met = PURE_NEVER.iter().find(|word| line.has_word(word));
        findings.extend(met.map(|word| {
            let what = format!("a file that decides does not know `{word}`");
            Finding::new(RULE, &source.path, number, what)
        }));
    }
    findings
}

/// What a `Machine` derives; of its parts the compiler then asks the same.
fn derives(source: &Source) -> Option<Finding> {
    let is_machine = |line: &Line| line.code.contains("struct Machine") && line.has_word("Machine");
    let at = source.lines.iter().position(is_machine)?;
    let above = source.lines[..at].iter().rev();
    let attributes: Vec<&Line> = above
        .take_while(|line| line.attribute || line.doc.is_some())
        .collect();
    let derived = |name: &str| attributes.iter().any(|line| line.has_word(name));
    let missing: Vec<&str> = MACHINE_DERIVES
        .iter()
        .copied()
        .filter(|name| !derived(name))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let what = format!(
        "`Machine` does not derive {}: it cannot be walked",
        missing.join(", ")
    );
    Some(Finding::new(RULE, &source.path, at, what))
}
