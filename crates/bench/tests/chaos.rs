//! Chaos finds nothing in what is whole, and says so when something is broken.

use std::process::{Command, Output};

/// Runs it for two seconds on a small tree.
fn chaos(more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perennial-bench"))
        .args(["chaos", "--seconds", "2", "--n", "100", "--workers", "4"])
        .args(more)
        .output()
        .expect("the program of this package is there")
}

fn told(stream: &[u8]) -> String {
    String::from_utf8_lossy(stream).into_owned()
}

#[test]
fn a_tree_under_faults_of_a_seed_that_nobody_has_chosen_leaves_nothing_behind() {
    let run = chaos(&[]);
    let (said, wrong) = (told(&run.stdout), told(&run.stderr));
    assert!(run.status.success(), "{said}\n{wrong}");
    assert!(said.starts_with("chaos for 2s, seed "), "{said}");
    assert!(said.contains("nothing is broken"), "{said}");
}

#[test]
fn a_task_that_is_left_ends_it_with_a_failure_that_names_it_and_the_seed() {
    let run = chaos(&["--leak", "--seed", "7"]);
    let wrong = told(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{wrong}");
    assert!(wrong.contains("BROKEN, seed 7:"), "{wrong}");
    assert!(wrong.contains("tasks that outlived the tree: 1"), "{wrong}");
}

#[test]
fn what_it_does_not_know_is_refused() {
    let refused = chaos(&["--for-ever"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused.stderr).contains("chaos knows no `--for-ever`"));
}
