//! The arrows inside core: between its folders, and between the files of one folder.

use super::source::{CodePath, Source};
use super::tables::{CORE, CORE_ROWS, CORE_VALUES, ROLES, Row, fits};
use super::{Finding, Tree};

const BETWEEN: &str = "core-arrow";
const WITHIN: &str = "folder-arrow";

/// Where the rows themselves stand.
const TABLES: &str = "xtask/src/tidy/tables.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = rows_of_nothing(tree);
    for source in &tree.sources {
        findings.extend(between_folders(source));
        findings.extend(within_folder(source));
    }
    findings
}

/// A row whose folder is gone would let its name come back unnoticed.
pub(super) fn rows_of_nothing(tree: &Tree) -> Vec<Finding> {
    let folder_of = |source: &Source| source.path.starts_with(CORE).then(|| source.module());
    let modules: Vec<Vec<String>> = tree.sources.iter().filter_map(folder_of).collect();
    let exists = |row: &&Row| {
        modules
            .iter()
            .any(|module| module.first().is_some_and(|first| first == row.folder))
    };
    CORE_ROWS
        .iter()
        .filter(|row| !exists(row))
        .map(|row| {
            let what = format!(
                "the table has a row for `{}`, which core has not",
                row.folder
            );
            Finding::new(BETWEEN, TABLES, 0, what)
        })
        .collect()
}

pub(super) fn between_folders(source: &Source) -> Vec<Finding> {
    let module = source.module();
    let Some(folder) = module.first().filter(|_| source.path.starts_with(CORE)) else {
        return Vec::new(); // `lib.rs` lists the folders and may name all of them.
    };
    let Some(row) = row(folder) else {
        let what = format!("the folder `{folder}` has no row in the table of core");
        return vec![Finding::new(BETWEEN, &source.path, 0, what)];
    };
    live_paths(source)
        .filter_map(|path| {
            let target = path
                .segments
                .get(1)
                .filter(|_| path.segments[0] == "crate")?;
            let what = breach(row, target)?;
            Some(Finding::new(BETWEEN, &source.path, path.line, what))
        })
        .collect()
}

fn breach(from: &Row, target: &str) -> Option<String> {
    let is_value = CORE_VALUES.contains(&from.folder);
    let allowed = target == from.folder
        || (!is_value && CORE_VALUES.contains(&target))
        || from.may_import.contains(&target);
    if allowed {
        None
    } else if row(target).is_some() {
        Some(format!("`{}` may not import `{target}`", from.folder))
    } else {
        Some(format!(
            "`crate::{target}` hides where it comes from: name its folder"
        ))
    }
}

fn row(folder: &str) -> Option<&'static Row> {
    CORE_ROWS.iter().find(|row| row.folder == folder)
}

pub(super) fn within_folder(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let roles = ROLES.iter().filter(|role| {
        source.path.starts_with("crates/") && role.files.iter().any(|file| fits(&source.path, file))
    });
    for role in roles {
        for path in live_paths(source).filter(|path| path.segments[0] == "crate") {
            let met = path
                .segments
                .iter()
                .find(|segment| role.never_imports.contains(&segment.as_str()));
            findings.extend(met.map(|met| {
                let what = format!("`{}` may not import `{met}`", source.file_name());
                Finding::new(WITHIN, &source.path, path.line, what)
            }));
        }
    }
    findings
}

/// The paths that stand in code that is not for tests only.
fn live_paths(source: &Source) -> impl Iterator<Item = &CodePath> {
    source
        .paths
        .iter()
        .filter(|path| !source.lines[path.line].test)
}
