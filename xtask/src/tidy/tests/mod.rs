//! Each rule with a good and a bad snippet: the bad one is found, on the right line.

mod architecture;
mod style;

use super::tables::{Exception, fits};
use super::{Finding, Tree, findings};

type Rule = fn(&Tree) -> Vec<Finding>;

fn tree(path: &str, text: &str) -> Tree {
    Tree::new(vec![(path.to_owned(), text.to_owned())])
}

/// The rules and lines of the findings in one file.
fn found(rule: Rule, path: &str, text: &str) -> Vec<(&'static str, usize)> {
    let findings = rule(&tree(path, text))
        .into_iter()
        .filter(|finding| finding.path == path);
    findings
        .map(|finding| (finding.rule, finding.line))
        .collect()
}

const MACHINE: &str = "crates/core/src/supervisor/machine.rs";
const DRIVER: &str = "crates/core/src/supervisor/driver.rs";
const CHILD: &str = "crates/core/src/child/context.rs";
const NOTHING: [(&str, usize); 0] = [];

#[test]
fn an_exception_excuses_one_rule_in_one_file_and_must_be_of_use() {
    let tree = tree("examples/a.rs", "// FIXME\nunsafe {}\n");
    let exception = |rule, path| Exception {
        rule,
        path,
        reason: "a reason",
    };
    let open = exception("open-end", "examples/a.rs");
    let stale = exception("open-end", "examples/b.rs");
    let rules: Vec<&str> = findings(&tree, &[open, stale])
        .into_iter()
        .filter(|finding| finding.path.starts_with("examples/"))
        .map(|finding| finding.rule)
        .collect();
    assert_eq!(rules, ["unsafe", "exceptions"]);
}

#[test]
fn a_pattern_means_a_folder_a_file_or_an_ending() {
    assert!(fits(
        "crates/core/src/restart/backoff.rs",
        "restart/backoff.rs"
    ));
    assert!(fits("crates/core/src/restart/backoff.rs", "restart/"));
    assert!(fits("crates/core/src/app.rs", "crates/core/src/app.rs"));
    assert!(fits("crates/core/src/app.rs", ".rs"));
    assert!(!fits("crates/core/src/screwdriver.rs", "driver.rs"));
    assert!(!fits("crates/core/src/norestart/a.rs", "restart/"));
}
