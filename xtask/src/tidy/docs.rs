//! Docs: one spelling and one order of headings, `# Cancel safety`, no blocks that do not run.

use super::source::{Doc, Source};
use super::tables::{HEADINGS, LIBRARIES};
use super::{Finding, Tree};

const HEADING: &str = "heading";
const CANCEL: &str = "cancel-safety";
const IGNORED: &str = "doc-test";

const CANCEL_SAFETY: &str = "# Cancel safety";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &tree.sources {
        findings.extend(headings(source));
        if LIBRARIES
            .iter()
            .any(|library| source.path.starts_with(library))
        {
            findings.extend(cancel_safety(source));
        }
    }
    findings
}

fn cancel_safety(source: &Source) -> Vec<Finding> {
    let asked = source.functions.iter().filter(|function| {
        function.public && function.asynchronous && !source.lines[function.line].test
    });
    let mut findings = Vec::new();
    for function in asked {
        let above = source.lines[..function.line].iter().rev();
        let mut docs = above
            .take_while(|line| line.doc.is_some() || line.attribute)
            .filter_map(|line| line.doc.as_ref());
        if !docs.any(|doc| doc.text.trim() == CANCEL_SAFETY) {
            let what = format!(
                "`{}` is public and async: its doc says under `{CANCEL_SAFETY}` what dropping its \
                 future does",
                function.name
            );
            findings.push(Finding::new(CANCEL, &source.path, function.line, what));
        }
    }
    findings
}

fn headings(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut block = Block::default();
    for (number, line) in source.lines.iter().enumerate() {
        let Some(doc) = &line.doc else {
            block = Block::default();
            continue;
        };
        let finding = block.read(doc);
        findings.extend(finding.map(|(rule, what)| Finding::new(rule, &source.path, number, what)));
    }
    findings
}

/// What was read of one doc comment.
#[derive(Default)]
struct Block {
    /// Inside an example, where `# ` hides a line.
    fenced: bool,
    /// The position in [`HEADINGS`] of the latest heading.
    latest: usize,
}

impl Block {
    fn read(&mut self, doc: &Doc) -> Option<(&'static str, String)> {
        let text = doc.text.trim();
        if let Some(language) = text.strip_prefix("```") {
            self.fenced = !self.fenced;
            let words = ["ignore", "should_panic"];
            let word = words.iter().find(|word| language.contains(**word))?;
            return Some((IGNORED, format!("a block marked `{word}` proves nothing")));
        }
        let title = text.trim_start_matches('#');
        let level = text.len() - title.len();
        if self.fenced || level == 0 || !title.starts_with(' ') {
            return None;
        }
        self.heading(level, title.trim(), doc.inner)
            .map(|what| (HEADING, what))
    }

    fn heading(&mut self, level: usize, title: &str, inner: bool) -> Option<String> {
        let Some(position) = HEADINGS.iter().position(|heading| means(title, heading)) else {
            let known: Vec<&str> = HEADINGS.iter().map(|(name, _)| *name).collect();
            let what = format!("`{title}` is not a heading of ours: {}", known.join(", "));
            return (!inner).then_some(what);
        };
        let (name, _) = HEADINGS[position];
        if title != name || level != 1 {
            return Some(format!("write `# {name}`"));
        }
        if position < self.latest {
            let (latest, _) = HEADINGS[self.latest];
            return Some(format!("`# {name}` stands before `# {latest}`"));
        }
        self.latest = position;
        None
    }
}

/// Whether the title is this heading, in whatever spelling.
fn means(title: &str, (name, otherwise): &(&str, &[&str])) -> bool {
    let (title, name) = (title.to_lowercase(), name.to_lowercase());
    otherwise.contains(&title.as_str()) || is_nearly(&title, &name)
}

/// Whether at most one character was added, left out or changed.
fn is_nearly(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let same = left.iter().zip(&right).take_while(|(l, r)| l == r).count();
    let (left, right) = (&left[same..], &right[same..]);
    left == right
        || left.get(1..).is_some_and(|rest| rest == right)
        || right.get(1..).is_some_and(|rest| rest == left)
        || (!left.is_empty() && !right.is_empty() && left[1..] == right[1..])
}
