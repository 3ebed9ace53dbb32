//! Sizes of files, functions and crates, in lines of code: no docs, no blank lines, no tests.

use super::source::Source;
use super::tables::{CRATE_BUDGETS, FILE_BUDGETS, FUNCTION_LINES, fits};
use super::{Finding, Tree};

const FILE: &str = "file-size";
const FUNCTION: &str = "function-size";
const CRATE: &str = "crate-size";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = crates(tree, CRATE_BUDGETS);
    for source in &tree.sources {
        findings.extend(file(source));
        findings.extend(functions(source));
    }
    findings
}

pub(super) fn crates(tree: &Tree, budgets: &[(&str, usize)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, budget) in budgets {
        let members = tree
            .sources
            .iter()
            .filter(|source| source.path.starts_with(folder));
        let lines: usize = members.map(Source::code_lines).sum();
        if lines > *budget {
            let what = format!("the crate has {lines} lines of code, {budget} are its budget");
            findings.push(Finding::new(CRATE, folder, 0, what));
        }
    }
    findings
}

fn file(source: &Source) -> Option<Finding> {
    let (role, budget) = FILE_BUDGETS
        .iter()
        .find(|(role, _)| fits(&source.path, role))?;
    let mut code = source
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.solid && !line.test);
    let (first_too_many, _) = code.nth(*budget)?;
    let lines = source.code_lines();
    let what = format!("the file has {lines} lines of code, {budget} are the end for {role}");
    Some(Finding::new(FILE, &source.path, first_too_many, what))
}

fn functions(source: &Source) -> Vec<Finding> {
    let live = source
        .functions
        .iter()
        .filter(|function| !source.lines[function.line].test);
    live.filter_map(|function| {
        let body = &source.lines[function.line..=function.last_line];
        let lines = body.iter().filter(|line| line.solid).count();
        let what = format!(
            "`{}` has {lines} lines of code, {FUNCTION_LINES} are the end for a function",
            function.name
        );
        (lines > FUNCTION_LINES).then(|| Finding::new(FUNCTION, &source.path, function.line, what))
    })
    .collect()
}
