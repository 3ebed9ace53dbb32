//! The pages show code and output of listings only, and all of it.

use std::collections::BTreeSet;

use crate::listings::LISTINGS;
use crate::source::{Files, book, within};

/// What else a block may be than code of ours.
const OTHER_LANGUAGES: &[&str] = &["text", "sh", "toml", "erlang", "elixir"];

const ANCHOR: &str = "// ANCHOR: ";
const ANCHOR_END: &str = "// ANCHOR_END: ";

/// `{{#include path}}` or `{{#include path:anchor}}`, taken apart.
struct Include<'a> {
    path: &'a str,
    anchor: Option<&'a str>,
}

#[test]
fn pages_show_the_listings_and_nothing_else() {
    assert_eq!(findings(&book()), Vec::<String>::new());
}

/// All that is wrong with what the pages show.
fn findings(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    let mut shown = BTreeSet::new();
    for (page, text) in within(files, "src", ".md") {
        let mut block = None;
        for (number, line) in text.lines().enumerate() {
            let mut say = |what: String| findings.push(format!("{page}.md:{}: {what}", number + 1));
            if let Some(fence) = line.trim_start().strip_prefix("```") {
                block = match block {
                    Some(_) => None,
                    None => Some(fence),
                };
                if block.is_some_and(|it| it != "rust" && !OTHER_LANGUAGES.contains(&it)) {
                    say(format!("no block is marked `{fence}`"));
                }
            } else if let Some(include) = Include::read(line) {
                match include {
                    Ok(include) => match include.resolve(files) {
                        Ok(what) => shown.extend(what),
                        Err(why) => say(why),
                    },
                    Err(why) => say(why),
                }
                if block.is_none() {
                    say("a listing stands in a block".to_owned());
                }
            } else if block == Some("rust") && !line.trim().is_empty() {
                say("code is a listing, not written in the page".to_owned());
            }
        }
        if block.is_some() {
            findings.push(format!("{page}.md: a block is not closed"));
        }
    }
    findings.extend(not_shown(files, &shown));
    findings
}

/// The parts of programs and the outputs that no page includes.
fn not_shown(files: &Files, shown: &BTreeSet<String>) -> Vec<String> {
    let mut missing = Vec::new();
    for (path, text) in files
        .iter()
        .filter(|(path, _)| path.starts_with("listings/"))
    {
        let all = match anchors(text) {
            // What has no anchors beside the listings is what they are made of.
            names if names.is_empty() && !path.starts_with(LISTINGS) => Vec::new(),
            names if names.is_empty() => vec![path.clone()],
            names => names.iter().map(|name| format!("{path}:{name}")).collect(),
        };
        missing.extend(all.into_iter().filter(|part| !shown.contains(part)));
    }
    missing
        .iter()
        .map(|part| format!("{part} is shown by no page"))
        .collect()
}

impl<'a> Include<'a> {
    /// The include in a line of a page, if there is one.
    fn read(line: &'a str) -> Option<Result<Self, String>> {
        let (_, rest) = line.split_once("{{#")?;
        let words = rest.split_once("}}").map(|(inside, _)| inside);
        let Some(target) = words.and_then(|words| words.strip_prefix("include ")) else {
            return Some(Err(format!("`{{{{#{rest}` is not an include")));
        };
        let (path, anchor) = match target.split_once(':') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (target, None),
        };
        Some(Ok(Self { path, anchor }))
    }

    /// What it shows, as [`not_shown`] names it.
    fn resolve(&self, files: &Files) -> Result<Option<String>, String> {
        let path = self.path.strip_prefix("../");
        let file = path.and_then(|path| Some((path, files.get(path)?)));
        let Some((path, text)) = file else {
            return Err(format!("there is no file {}", self.path));
        };
        let names = anchors(text);
        match self.anchor {
            // mdbook would show the marks of the anchors.
            None if !names.is_empty() => Err(format!("{path} has anchors: name one")),
            None => Ok(Some(path.to_owned())),
            // A part of an output: then another page shows the whole.
            Some(lines) if are_lines(lines) && names.is_empty() => Ok(None),
            Some(anchor) if !names.contains(&anchor) => {
                Err(format!("{path} has no anchor `{anchor}`"))
            }
            Some(anchor) => {
                let end = format!("{ANCHOR_END}{anchor}");
                match text.lines().any(|line| line.trim() == end) {
                    true => Ok(Some(format!("{path}:{anchor}"))),
                    false => Err(format!("the anchor `{anchor}` of {path} does not end")),
                }
            }
        }
    }
}

/// Whether it is `3:`, from a line on, or `3:5`.
fn are_lines(anchor: &str) -> bool {
    let Some((first, last)) = anchor.split_once(':') else {
        return false;
    };
    let is_line = |line: &str| line.parse::<usize>().is_ok();
    is_line(first) && (last.is_empty() || is_line(last))
}

fn anchors(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix(ANCHOR))
        .collect()
}

/// A small book with one page.
fn with_page(page: &str) -> Files {
    let listing = "//! A tree.\n// ANCHOR: main\nfn main() {}\n// ANCHOR_END: main\n";
    let files = [
        ("src/a.md", page),
        ("listings/src/bin/ch01.rs", listing),
        ("listings/src/bin/ch01.out", "1 s  air\n"),
    ];
    files
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

const GOOD: &str = "```rust\n{{#include ../listings/src/bin/ch01.rs:main}}\n```\n\n\
                    ```text\n{{#include ../listings/src/bin/ch01.out}}\n```\n";

#[test]
fn a_page_that_shows_its_listing_is_good() {
    assert_eq!(findings(&with_page(GOOD)), Vec::<String>::new());
}

#[test]
fn a_part_of_an_output_does_not_replace_the_whole() {
    let both = format!("{GOOD}```text\n{{{{#include ../listings/src/bin/ch01.out:1:}}}}\n```\n");
    assert_eq!(findings(&with_page(&both)), Vec::<String>::new());
    let part = GOOD.replace("ch01.out", "ch01.out:1:");
    let found = findings(&with_page(&part));
    assert_eq!(found, ["listings/src/bin/ch01.out is shown by no page"]);
}

#[test]
fn each_breach_is_found() {
    for (broken, what) in [
        (GOOD.replace("ch01.rs", "ch02.rs"), "there is no file"),
        (GOOD.replace(":main", ":body"), "has no anchor `body`"),
        (GOOD.replace(":main", ""), "has anchors: name one"),
        (
            GOOD.replace("```rust", "```rust,ignore"),
            "no block is marked",
        ),
        (GOOD.replace("```text", "```"), "no block is marked"),
        (GOOD.replace("#include", "#playground"), "is not an include"),
        (
            format!("{GOOD}```rust\nfn f() {{}}\n```\n"),
            "code is a listing",
        ),
        (format!("{GOOD}```text\n"), "a block is not closed"),
        (
            GOOD.replace("```rust\n", "```text\n```\n"),
            "a listing stands in a block",
        ),
        (
            GOOD.replace("{{#include ../listings/src/bin/ch01.out}}", ""),
            "ch01.out is shown by no page",
        ),
        (
            GOOD.replace("{{#include ../listings/src/bin/ch01.rs:main}}", ""),
            "ch01.rs:main is shown by no page",
        ),
    ] {
        let found = findings(&with_page(&broken));
        assert!(
            found.iter().any(|it| it.contains(what)),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn an_anchor_without_an_end_is_found() {
    let mut files = with_page(GOOD);
    let listing = files
        .get_mut("listings/src/bin/ch01.rs")
        .expect("it is there");
    *listing = listing.replace("// ANCHOR_END: main\n", "");
    let found = findings(&files);
    assert!(
        found.iter().any(|it| it.contains("does not end")),
        "{found:?}"
    );
}
