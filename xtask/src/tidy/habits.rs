//! What is not written here: sleeping tests, ignored tests, open ends, unsafe code, own paths.

use super::source::{Line, Source, has_word};
use super::tables::{LEAKS, RELEASE_ONLY, RELEASE_TESTS};
use super::{Finding, Tree};

const SLEEP: &str = "sleep";
const IGNORE: &str = "ignore";
const OPEN_END: &str = "open-end";
const UNSAFE: &str = "unsafe";
const LEAK: &str = "leak";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &tree.sources {
        for (number, line) in source.lines.iter().enumerate() {
            let found = [
                open_end(line).map(|what| (OPEN_END, what)),
                ignored(source, number, line).map(|what| (IGNORE, what)),
                sleeps(source, line).map(|what| (SLEEP, what)),
                line.has_word("unsafe")
                    .then(|| (UNSAFE, "no unsafe code here".to_owned())),
            ];
            let found = found.into_iter().flatten();
            findings
                .extend(found.map(|(rule, what)| Finding::new(rule, &source.path, number, what)));
        }
    }
    findings
}

fn open_end(line: &Line) -> Option<String> {
    for name in ["todo", "unimplemented"] {
        if has_followed(&line.code, name, '!') {
            return Some(format!(
                "`{name}!` is an open end: finish it or leave it out"
            ));
        }
    }
    if line.has_word("should_panic") {
        return Some("`should_panic` takes any panic for the right one: assert what is".to_owned());
    }
    let doc = line.doc.as_ref().map_or("", |doc| &doc.text);
    let marks = ["FIXME", "XXX"];
    let mark = marks
        .iter()
        .find(|mark| has_word(&line.comment, mark) || has_word(doc, mark))?;
    Some(format!(
        "`{mark}` is an open end: finish it or say it in an issue"
    ))
}

fn ignored(source: &Source, number: usize, line: &Line) -> Option<String> {
    if !line.attribute || !line.has_word("ignore") {
        return None;
    }
    if line.text.trim() != RELEASE_ONLY {
        return Some(format!(
            "a test that is too heavy for debug has `{RELEASE_ONLY}`, others run"
        ));
    }
    let test = source
        .functions
        .iter()
        .find(|function| function.line > number)?;
    let name = format!("{}::{}", source.module().join("::"), test.name);
    let is_run =
        |(folder, filter): &(&str, &str)| source.path.starts_with(folder) && name.contains(filter);
    let nobody = format!("the gate does not run `{name}` in release, so nobody does");
    (!RELEASE_TESTS.iter().any(is_run)).then_some(nobody)
}

fn sleeps(source: &Source, line: &Line) -> Option<String> {
    let in_test = line.test || source.path.starts_with("tests/");
    let sleeps = ["sleep", "sleep_until"]
        .iter()
        .any(|name| has_followed(&line.code, name, '('));
    let what = "a test waits for the event itself, it does not sleep";
    (in_test && sleeps).then(|| what.to_owned())
}

/// Whether `word` stands in the code as a word of its own, with `next` right behind it.
fn has_followed(code: &str, word: &str, next: char) -> bool {
    let sign = format!("{word}{next}");
    code.match_indices(&sign).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Paths and hosts of one machine, in any file. A lock file names registries by its nature.
pub(super) fn leaks(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree
        .texts
        .iter()
        .filter(|(path, _)| !path.ends_with("Cargo.lock"))
    {
        for (number, line) in text.lines().enumerate() {
            let leak = LEAKS.iter().find(|(sign, _)| leaks_in(line, sign));
            findings.extend(leak.map(|(sign, what)| {
                Finding::new(LEAK, path, number, format!("`{sign}` is {what}"))
            }));
        }
    }
    findings
}

/// A path must begin there: `a/b/c` does not leak `/b/`.
fn leaks_in(line: &str, sign: &str) -> bool {
    line.match_indices(sign).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let goes_on = before.is_some_and(|c| c.is_alphanumeric() || "._-*}".contains(c));
        !(sign.starts_with('/') && goes_on)
    })
}
