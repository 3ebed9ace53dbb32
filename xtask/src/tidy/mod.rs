//! `cargo xtask tidy`: holds the tree against the tables of ARCHITECTURE.md and STYLE.md.

mod arrows;
mod docs;
mod habits;
mod knowledge;
pub(crate) mod manifest;
mod packages;
mod published;
mod pure;
mod sizes;
mod source;
mod tables;
mod tree;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use tables::{Exception, fits};
use tree::Tree;

/// Prints all findings.
pub(crate) fn run(root: &Path) -> ExitCode {
    match check(root) {
        Ok(()) => {
            println!("tidy: nothing to find");
            ExitCode::SUCCESS
        }
        Err(summary) => {
            println!("tidy: {summary}");
            ExitCode::FAILURE
        }
    }
}

/// Prints all findings; an error sums them up.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let tree = Tree::read(root)?;
    let findings = findings(&tree, tables::EXCEPTIONS);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => Err("there is 1 finding".to_owned()),
        count => Err(format!("there are {count} findings")),
    }
}

/// A breach of a rule, at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1.
    line: usize,
    what: String,
    /// The key of the rule, as exceptions name it.
    rule: &'static str,
}

impl Finding {
    /// A finding in a line counted from 0.
    fn new(rule: &'static str, path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: line + 1,
            what: what.into(),
            rule,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {} [{}]",
            self.path, self.line, self.what, self.rule
        )
    }
}

/// What all rules find, less the exceptions, in the order of paths and lines.
fn findings(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let rules: [fn(&Tree) -> Vec<Finding>; 9] = [
        packages::check,
        published::check,
        arrows::check,
        pure::check,
        knowledge::check,
        sizes::check,
        docs::check,
        habits::check,
        habits::leaks,
    ];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(tree)).collect();
    for exception in exceptions {
        let before = findings.len();
        findings.retain(|finding| {
            finding.rule != exception.rule || !fits(&finding.path, exception.path)
        });
        if findings.len() == before {
            let what = format!(
                "the exception from `{}` ({}) excuses nothing any more",
                exception.rule, exception.reason
            );
            findings.push(Finding::new("exceptions", exception.path, 0, what));
        }
    }
    findings.sort();
    findings.dedup();
    findings
}
