//! Every link of the book leads somewhere, and every page is reached.

use std::collections::BTreeSet;

use crate::source::{Files, book, within};

/// Where the reference stands once the crates are published.
const REFERENCE: &str = "https://docs.rs/";

/// The crates whose items the book links, and where their names are listed.
const CRATES: &[(&str, &str)] = &[
    (
        "perennial",
        include_str!("../../../../crates/perennial/src/lib.rs"),
    ),
    (
        "perennial-test",
        include_str!("../../../../crates/testkit/src/lib.rs"),
    ),
];

const SUMMARY: &str = "SUMMARY";

#[test]
fn links_lead_somewhere() {
    assert_eq!(broken(&book()), Vec::<String>::new());
}

#[test]
fn the_summary_names_each_page_once() {
    assert_eq!(unreached(&book()), Vec::<String>::new());
}

/// The links that lead nowhere.
fn broken(files: &Files) -> Vec<String> {
    let mut findings = Vec::new();
    for (page, text) in within(files, "src", ".md") {
        for (line, target) in links(text) {
            let verdict = match target.strip_prefix(REFERENCE) {
                Some(item) => reference(item),
                None if target.contains("://") => Err("an address outside".to_owned()),
                None => local(files, page, target),
            };
            if let Err(why) = verdict {
                findings.push(format!("{page}.md:{line}: {target}: {why}"));
            }
        }
    }
    findings
}

/// The pages that the summary leaves out or names twice.
fn unreached(files: &Files) -> Vec<String> {
    let summary = files.get("src/SUMMARY.md").map_or("", String::as_str);
    let mut named = BTreeSet::new();
    let mut findings = Vec::new();
    for (_, target) in links(summary) {
        if !named.insert(target.to_owned()) {
            findings.push(format!("{target} is named twice"));
        }
    }
    for (page, _) in within(files, "src", ".md") {
        if page != SUMMARY && !named.contains(&format!("{page}.md")) {
            findings.push(format!("{page}.md is not named"));
        }
    }
    findings
}

/// The targets of the links of a page with their lines, those in blocks of code left out.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut block = false;
    for (number, line) in text.lines().enumerate() {
        block ^= line.trim_start().starts_with("```");
        let parts = line.split("](").skip(1).filter(|_| !block);
        found.extend(parts.filter_map(|part| Some((number + 1, part.split_once(')')?.0))));
    }
    found
}

/// A page of the book, a heading of one, or both.
fn local(files: &Files, page: &str, target: &str) -> Result<(), String> {
    let (file, heading) = match target.split_once('#') {
        Some((file, heading)) => (file, Some(heading)),
        None => (target, None),
    };
    let path = match file {
        "" => format!("src/{page}.md"),
        file => format!("src/{file}"),
    };
    let text = files.get(&path).ok_or("there is no such page")?;
    match heading {
        Some(heading) if !headings(text).contains(heading) => {
            Err("there is no such heading".to_owned())
        }
        _ => Ok(()),
    }
}

/// The headings of a page as links name them.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|line| line.starts_with('#'));
    titles
        .map(|title| {
            let title = title.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            });
            kept.collect()
        })
        .collect()
}

/// An item of a crate of ours: `perennial/latest/perennial/struct.Supervisor.html#method.check`.
fn reference(item: &str) -> Result<(), String> {
    let file = item.split('#').next().unwrap_or_default();
    let parts: Vec<&str> = file.split('/').collect();
    let [name, "latest", module, page] = parts[..] else {
        return Err("write docs.rs/CRATE/latest/MODULE/PAGE".to_owned());
    };
    let listed = CRATES
        .iter()
        .find(|(it, _)| *it == name && it.replace('-', "_") == module);
    let Some((_, items)) = listed else {
        return Err("no crate of ours".to_owned());
    };
    if page == "index.html" {
        return Ok(());
    }
    let mut words = page.split('.');
    let (Some(_kind), Some(item), Some("html")) = (words.next(), words.next(), words.next()) else {
        return Err("an item is KIND.NAME.html".to_owned());
    };
    let is_listed = items
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|word| word == item);
    match is_listed {
        true => Ok(()),
        false => Err(format!("{name} has no {item}")),
    }
}

fn two_pages(link: &str) -> Files {
    let files = [
        ("src/SUMMARY.md", "- [A](a.md)\n- [B](b.md)\n".to_owned()),
        ("src/a.md", format!("# A page\n\nSee [there]({link}).\n")),
        ("src/b.md", "# B\n\n## What `it` is, and why\n".to_owned()),
    ];
    files
        .into_iter()
        .map(|(path, text)| (path.to_owned(), text))
        .collect()
}

#[test]
fn good_links_are_left_alone() {
    for link in [
        "b.md",
        "b.md#what-it-is-and-why",
        "#a-page",
        "https://docs.rs/perennial/latest/perennial/index.html",
        "https://docs.rs/perennial/latest/perennial/struct.Supervisor.html#method.check",
    ] {
        assert_eq!(broken(&two_pages(link)), Vec::<String>::new(), "{link}");
    }
}

#[test]
fn broken_links_are_found_on_their_line() {
    for link in [
        "c.md",
        "b.md#how-it-is",
        "#b",
        "https://docs.rs/perennial/latest/perennial/struct.Overseer.html",
        "https://docs.rs/elsewhere/latest/elsewhere/struct.Supervisor.html",
        "https://somewhere.else/",
    ] {
        let found = broken(&two_pages(link));
        assert!(
            matches!(&found[..], [one] if one.starts_with("a.md:3: ")),
            "{link}: {found:?}"
        );
    }
}

#[test]
fn a_page_that_nobody_reaches_is_found() {
    let mut files = two_pages("b.md");
    assert_eq!(unreached(&files), Vec::<String>::new());
    files.insert("src/c.md".to_owned(), String::new());
    assert_eq!(unreached(&files), ["c.md is not named"]);
}
