//! Docs: one spelling and one order of headings, `# Cancel safety`, an example on every public type,
//! no blocks that do not run.

use super::source::{Doc, Source};
use super::tables::{EXAMPLES_IN, HEADINGS, HIDDEN_TYPES, LIBRARIES, fits};
use super::{Finding, Tree};

const HEADING: &str = "heading";
const CANCEL: &str = "cancel-safety";
const IGNORED: &str = "doc-test";

const EXAMPLE: &str = "example";

const CANCEL_SAFETY: &str = "# Cancel safety";
const EXAMPLES: &str = "# Examples";

/// What begins the line of a type that others see: `unreachable_pub` keeps `pub` for these.
const PUBLIC_TYPES: &[&str] = &["pub struct ", "pub enum ", "pub trait ", "pub type "];

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
        let path = &source.path;
        if EXAMPLES_IN.iter().any(|folder| path.starts_with(folder))
            && !HIDDEN_TYPES.iter().any(|hidden| fits(path, hidden))
        {
            findings.extend(examples(source));
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
        if !is_said_above(source, function.line, CANCEL_SAFETY) {
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

/// The public types of a file that show no example, and examples that users cannot copy.
fn examples(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source.lines.iter().enumerate() {
        let doc = line.doc.as_ref().map(|doc| doc.text.trim_start());
        if doc.is_some_and(|doc| doc.starts_with("use perennial_core::")) {
            let what = "an example imports from `perennial`, as users do; see STYLE.md";
            findings.push(Finding::new(EXAMPLE, &source.path, number, what));
        }
        let code = line.code.trim_start();
        let Some(start) = PUBLIC_TYPES.iter().find(|start| code.starts_with(**start)) else {
            continue;
        };
        if !line.test && !is_said_above(source, number, EXAMPLES) {
            let after = code[start.len()..].split(|c: char| !c.is_alphanumeric());
            let name = after.into_iter().next().unwrap_or_default();
            let what = format!("`{name}` is public: its doc shows its use under `{EXAMPLES}`");
            findings.push(Finding::new(EXAMPLE, &source.path, number, what));
        }
    }
    findings
}

/// Whether the doc comment above the item in this line has the heading.
fn is_said_above(source: &Source, line: usize, heading: &str) -> bool {
    let above = source.lines[..line].iter().rev();
    let mut docs = above
        .take_while(|line| line.doc.is_some() || line.attribute)
        .filter_map(|line| line.doc.as_ref());
    docs.any(|doc| doc.text.trim() == heading)
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
