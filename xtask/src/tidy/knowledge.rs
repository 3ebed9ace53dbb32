//! Who may know what: clocks, tasks, threads, logs, panics, the environment.

use super::source::Source;
use super::tables::{KNOWLEDGE, Knowledge, Place, fits};
use super::{Finding, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree
        .sources
        .iter()
        .filter(|source| source.path.starts_with("crates/"));
    sources
        .flat_map(|source| {
            let forbidden = KNOWLEDGE
                .iter()
                .filter(|knowledge| !knowledge.place.has(&source.path));
            forbidden.flat_map(|knowledge| met(source, knowledge))
        })
        .collect()
}

impl Place {
    fn has(&self, path: &str) -> bool {
        let any = |patterns: &[&str]| patterns.iter().any(|pattern| fits(path, pattern));
        match self {
            Self::OnlyIn(patterns) => any(patterns),
            Self::NeverIn(patterns) => !any(patterns),
        }
    }
}

/// The first sign in each line.
fn met(source: &Source, knowledge: &Knowledge) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.test)
    {
        let sign = knowledge.signs.iter().find(|sign| {
            if sign.contains("::") {
                has_path(source, number, sign)
            } else if sign.starts_with('.') {
                line.code.contains(**sign)
            } else {
                line.has_word(sign)
            }
        });
        findings.extend(sign.map(|sign| {
            let what = format!("`{sign}` {}, which {}", knowledge.what, instead(knowledge));
            Finding::new(knowledge.rule, &source.path, number, what)
        }));
    }
    findings
}

fn instead(knowledge: &Knowledge) -> String {
    match knowledge.place {
        Place::OnlyIn(files) => format!("is only for {}", files.join(", ")),
        Place::NeverIn(_) => "is not for values".to_owned(),
    }
}

fn has_path(source: &Source, line: usize, sign: &str) -> bool {
    let wanted: Vec<&str> = sign.split("::").collect();
    let mut paths = source.paths.iter().filter(|path| path.line == line);
    paths.any(|path| {
        path.segments
            .windows(wanted.len())
            .any(|window| window == wanted)
    })
}
