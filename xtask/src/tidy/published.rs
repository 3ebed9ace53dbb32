//! What goes to the registry is whole: licenses, a README, a description, settings of docs.rs, a list of the API.

use super::manifest::{self, Entry};
use super::tables::FEATURES_BY_THE_FACADE;
use super::{Finding, Tree};

const RULE: &str = "published";

const CRATES: &str = "crates/";

/// Each published crate has a copy: the registry serves one crate without the others.
const LICENSES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// The list that `cargo xtask api` compares.
const LIST: &str = "public-api.txt";

/// What the manifest of a published crate says: sections and keys.
const SAID: &[(&str, &str)] = &[
    ("package", "description"),
    ("package", "documentation"),
    ("package", "readme"),
    ("package", "keywords"),
    ("package", "categories"),
    ("package", "include"),
    ("package.metadata.docs.rs", "all-features"),
    ("package.metadata.docs.rs", "rustdoc-args"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.texts {
        let entries = match path.strip_suffix("Cargo.toml") {
            Some("") => {
                findings.extend(defaults(path, &manifest::entries(text)));
                continue;
            }
            Some(folder) if folder.starts_with(CRATES) => manifest::entries(text),
            _ => continue,
        };
        if manifest::is_published(&entries) {
            findings.extend(said(path, &entries));
            findings.extend(beside(tree, path));
        }
    }
    findings
}

/// The facade can only turn off what the list of dependencies has not turned on.
fn defaults(path: &str, entries: &[Entry]) -> Vec<Finding> {
    let forwarded = entries.iter().filter(|entry| {
        entry.section == "workspace.dependencies"
            && FEATURES_BY_THE_FACADE.contains(&entry.key.as_str())
    });
    forwarded
        .filter(|entry| !entry.value.contains("default-features = false"))
        .map(|entry| {
            let what = format!(
                "write `default-features = false` at `{}`: the facade turns its features on",
                entry.key
            );
            Finding::new(RULE, path, entry.line, what)
        })
        .collect()
}

fn said(path: &str, entries: &[Entry]) -> Vec<Finding> {
    let missing = SAID.iter().filter(|(section, key)| {
        !entries
            .iter()
            .any(|entry| entry.section == *section && entry.key == *key)
    });
    missing
        .map(|(section, key)| {
            let what = format!("a published crate says `{key}` under `[{section}]`");
            Finding::new(RULE, path, 0, what)
        })
        .collect()
}

fn beside(tree: &Tree, path: &str) -> Vec<Finding> {
    let folder = path.trim_end_matches("Cargo.toml");
    let mut findings = Vec::new();
    for license in LICENSES {
        let copy = text_of(tree, &format!("{folder}{license}"));
        if copy.is_none() || copy != text_of(tree, license) {
            let what = format!("a published crate has `{license}` beside it, as it is in the root");
            findings.push(Finding::new(RULE, path, 0, what));
        }
    }
    if text_of(tree, &format!("{folder}{LIST}")).is_none() {
        let what = format!("a published crate has `{LIST}` beside it: run `cargo xtask bless`");
        findings.push(Finding::new(RULE, path, 0, what));
    }
    findings
}

fn text_of<'a>(tree: &'a Tree, path: &str) -> Option<&'a str> {
    let (_, text) = tree.texts.iter().find(|(other, _)| other == path)?;
    Some(text)
}
