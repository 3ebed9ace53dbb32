//! The arrows between packages, and each version stated once.

use super::manifest::{self, Entry};
use super::tables::{PACKAGES, Package};
use super::{Finding, Tree};

const ARROW: &str = "package-arrow";
const ONCE: &str = "stated-once";

/// What a member takes from the workspace instead of stating it again.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in &tree.texts {
        let Some(folder) = path.strip_suffix("Cargo.toml") else {
            continue;
        };
        let entries = manifest::entries(text);
        if folder.is_empty() {
            findings.extend(own_versions(path, &entries));
            continue;
        }
        let Some(package) = PACKAGES
            .iter()
            .find(|package| folder.trim_end_matches('/') == package.folder)
        else {
            let what = "the package stands in no row of the table of packages";
            findings.push(Finding::new(ARROW, path, 0, what));
            continue;
        };
        findings.extend(arrows(path, package, &entries));
        findings.extend(repeated(path, &entries));
    }
    findings
}

/// Our own packages have one version, which the list of dependencies names too.
fn own_versions(path: &str, entries: &[Entry]) -> Vec<Finding> {
    let version = entries
        .iter()
        .find(|entry| entry.section == "workspace.package" && entry.key == "version")
        .map(|entry| entry.value.trim_matches('"'));
    let ours = entries
        .iter()
        .filter(|entry| entry.section == "workspace.dependencies" && is_ours(&entry.key));
    ours.filter(|entry| entry.inside("version") != version)
        .map(|entry| {
            let what = format!("`{}` has another version than the workspace", entry.key);
            Finding::new(ONCE, path, entry.line, what)
        })
        .collect()
}

fn arrows(path: &str, package: &Package, entries: &[Entry]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in entries.iter().filter(|entry| entry.is_dependency()) {
        let name = entry.inside("package").unwrap_or(&entry.key);
        let allowed = if is_ours(name) {
            package.ours.contains(&name)
        } else {
            let others = package.others.filter(|_| entry.is_normal_dependency());
            others.is_none_or(|others| others.contains(&name))
        };
        if !allowed {
            let what = format!("`{}` may not depend on `{name}`", package.name);
            findings.push(Finding::new(ARROW, path, entry.line, what));
        }
    }
    let named = entries
        .iter()
        .find(|entry| entry.section == "package" && entry.key == "name");
    let wrong_name = named.filter(|entry| entry.value.trim_matches('"') != package.name);
    findings.extend(wrong_name.map(|entry| {
        let what = format!("the package of this folder is called `{}`", package.name);
        Finding::new(ARROW, path, entry.line, what)
    }));
    findings
}

/// What a member states although the workspace does.
fn repeated(path: &str, entries: &[Entry]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in INHERITED {
        let entry = entries
            .iter()
            .find(|entry| entry.section == "package" && entry.key == *key);
        if !entry.is_some_and(Entry::is_inherited) {
            let line = entry.map_or(0, |entry| entry.line);
            let what = format!("write `{key}.workspace = true`: it is stated in the root manifest");
            findings.push(Finding::new(ONCE, path, line, what));
        }
    }
    let lints = entries
        .iter()
        .find(|entry| entry.section == "lints" && entry.key == "workspace");
    if lints.is_none_or(|entry| entry.value != "true") {
        let what = "write `[lints]` with `workspace = true`: lints stand in the root manifest";
        findings.push(Finding::new(ONCE, path, 0, what));
    }
    for entry in entries.iter().filter(|entry| entry.is_dependency()) {
        let inherited = |other: &Entry| {
            other.section == entry.section && other.key == entry.key && other.is_inherited()
        };
        if !entries.iter().any(inherited) {
            let what = format!(
                "take `{}` with `workspace = true`, its version stands in the root manifest",
                entry.key
            );
            findings.push(Finding::new(ONCE, path, entry.line, what));
        }
    }
    findings
}

fn is_ours(name: &str) -> bool {
    PACKAGES.iter().any(|package| package.name == name)
}
