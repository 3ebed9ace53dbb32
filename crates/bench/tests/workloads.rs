//! Every workload does what it is timed for, and prints lines of the form that the README names.
//! What it takes stands in no test.

use std::process::Command;

use serde_json::Value;

const WORKLOADS: &[&str] = &[
    "spawn-call",
    "memory",
    "shutdown",
    "shutdown-ordered",
    "restart-err",
    "restart-panic",
    "ofa",
    "depth",
    "storm",
    "snapshot",
];

/// Runs the program with a small n and m.
fn lines(workload: &str, system: &str, more: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_perennial-bench"))
        .args([workload, "--n", "7", "--m", "3", "--system", system])
        .args(more)
        .output()
        .expect("the program of this package is there");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{workload} {system}: {said}");
    let printed = String::from_utf8_lossy(&output.stdout);
    let line = |line| serde_json::from_str(line).expect("each line is JSON");
    printed.lines().map(line).collect()
}

fn has_a_number(line: &Value, field: &str) -> bool {
    line[field].as_f64().is_some_and(|number| number >= 0.0)
}

#[test]
fn the_first_line_of_each_workload_is_of_its_name_and_of_the_system_that_was_asked_for() {
    for workload in WORKLOADS {
        for system in [
            "perennial",
            "perennial-init",
            "perennial-busy",
            "perennial-stalls",
            "raw",
        ] {
            if (*workload, system) == ("snapshot", "raw") {
                continue;
            }
            let lines = lines(workload, system, &[]);
            assert_eq!(lines[0]["name"], *workload);
            assert_eq!(lines[0]["system"], system);
        }
    }
}

#[test]
fn each_line_has_the_fields_that_its_reader_expects() {
    for workload in WORKLOADS {
        for line in lines(workload, "perennial", &[]) {
            for field in ["n", "m", "workers", "ops", "ns_per_op", "rss_kib"] {
                assert!(has_a_number(&line, field), "{field} in {line}");
            }
            assert_eq!(line["n"], 7, "{line}");
        }
    }
    for workload in ["restart-err", "restart-panic", "ofa", "storm", "snapshot"] {
        let line = &lines(workload, "perennial", &[])[0];
        for field in ["p50_ns", "p99_ns"] {
            assert!(has_a_number(line, field), "{field} in {line}");
        }
    }
    for workload in ["spawn-call", "memory"] {
        let line = &lines(workload, "perennial", &[])[0];
        assert!(has_a_number(line, "bytes_per"), "{line}");
    }
}

#[test]
fn what_is_counted_is_what_was_done() {
    for system in ["perennial", "raw"] {
        let ops = |workload| lines(workload, system, &[])[0]["ops"].clone();
        assert_eq!(ops("spawn-call"), 7);
        assert_eq!(ops("restart-err"), 3);
        assert_eq!(ops("ofa"), 21);
    }
}

#[test]
fn one_worker_thread_is_enough_for_each_workload() {
    for workload in WORKLOADS {
        let lines = lines(workload, "perennial", &["--workers", "1"]);
        assert_eq!(lines[0]["workers"], 1);
    }
}

#[test]
fn restarts_that_stand_in_the_window_are_not_counted() {
    let lines = lines("restart-err", "perennial", &["--window", "5"]);
    assert_eq!(lines[0]["ops"], 3);
}

#[test]
fn a_workload_that_does_not_exist_is_refused() {
    let refused = Command::new(env!("CARGO_BIN_EXE_perennial-bench"))
        .arg("nothing")
        .output()
        .expect("the program of this package is there");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no workload `nothing`"));
}
