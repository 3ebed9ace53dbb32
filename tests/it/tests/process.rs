//! Whole processes: signals, exit codes and the last resort, in real time with generous limits.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a process may take to do what is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// The fixture in one of its modes.
struct Process {
    child: Child,
    stdout: mpsc::Receiver<String>,
}

impl Process {
    fn start(mode: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_process-fixture"))
            .arg(mode)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the fixture was built with this test");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (sender, stdout) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, stdout }
    }

    /// Waits until it says that a child runs.
    fn wait_for(&self, line: &str) {
        loop {
            let said = self.stdout.recv_timeout(LIMIT);
            if said.expect("it says so within the limit") == line {
                return;
            }
        }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("kill is there on Unix");
        assert!(sent.success(), "kill {signal}");
    }

    /// Its exit and what it said on stderr; it is killed if it does not end.
    fn end(mut self) -> (ExitStatus, String) {
        let mut stderr = self.child.stderr.take().expect("it is piped");
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = stderr.read_to_string(&mut text);
            // The test may have given up.
            let _heard = sender.send(read.map(|_| text));
        });
        let said = said.recv_timeout(LIMIT);
        if said.is_err() {
            self.child.kill().expect("it is ours");
        }
        let status = self.child.wait().expect("it is ours");
        let said = said.expect("it ended within the limit");
        (status, said.expect("stderr is text"))
    }
}

#[test]
fn a_signal_stops_the_tree_in_order_and_prints_the_report() {
    for signal in ["-TERM", "-INT"] {
        let process = Process::start("obedient");
        process.wait_for("second runs");
        process.signal(signal);
        let (status, said) = process.end();
        assert_eq!(status.code(), Some(0), "{said}");
        let places = ["app stopped in", "app/storage/second", "app/storage/first"].map(|text| {
            let place = said.find(text);
            place.unwrap_or_else(|| panic!("{text} is missing in:\n{said}"))
        });
        assert!(places.is_sorted(), "{said}");
    }
}

#[test]
fn a_tree_that_cannot_start_says_why_in_one_sentence() {
    let (status, said) = Process::start("unstartable").end();
    assert_eq!(status.code(), Some(1));
    let expected = "app could not start: app/storage/database failed to initialize: no such disk\n";
    assert_eq!(said, expected);

    let (status, said) = Process::start("faulty").end();
    assert_eq!(status.code(), Some(1));
    let expected = "app could not start: app/twice has the id of a sibling before it\n";
    assert_eq!(said, expected);
}

#[test]
fn a_tree_that_gives_up_says_why_with_the_place_of_the_panic() {
    let (status, said) = Process::start("crashing").end();
    assert_eq!(status.code(), Some(1));
    let last = said.lines().last().unwrap_or_default();
    let story = "app gave up after 3 restarts in 5 s: app/index panicked: out of range (";
    assert!(last.starts_with(story), "{said}");
    assert!(last.contains("process-fixture.rs:"), "{said}");
}

#[test]
fn a_tree_that_has_done_its_work_ends_with_success() {
    let (status, said) = Process::start("done").end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert_eq!(said, "app ended, as app/import has ended\n");
}

#[test]
fn a_child_that_blocks_its_thread_is_named_and_does_not_keep_the_process() {
    let process = Process::start("blocked");
    process.wait_for("blocking runs");
    process.signal("-TERM");
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("app/blocking  unresponsive"), "{said}");
    assert!(said.contains("app/first     shutdown"), "{said}");
    // The blocked thread keeps the runtime from ending.
    assert!(said.contains("the runtime did not end"), "{said}");
}

#[test]
fn a_runtime_that_hears_nothing_is_ended_from_beside() {
    let process = Process::start("starved");
    process.wait_for("blocking runs");
    process.signal("-TERM");
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(143), "{said}");
    assert!(said.contains("the runtime did not react"), "{said}");
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let process = Process::start("slow");
    process.wait_for("slow runs");
    process.signal("-TERM");
    process.signal("-INT");
    let (status, said) = process.end();
    assert!(matches!(status.code(), Some(130 | 143)), "{status} {said}");
    assert!(said.contains("by a second signal"), "{said}");
}

#[test]
fn a_tree_that_asks_itself_to_stop_in_good_order_ends_with_success() {
    let (status, said) = Process::start("leaving").end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("app stopped"), "{said}");
    assert!(!said.contains("not in good order"), "{said}");
}

#[test]
fn a_tree_that_asks_itself_to_stop_and_has_to_force_a_child_names_it_and_fails() {
    let (status, said) = Process::start("deaf").end();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("app stopped"), "{said}");
    for (child, end) in [
        ("app/leaving", "shutdown"),
        ("app/deaf", "had to be killed"),
    ] {
        let line = said.lines().find(|line| line.contains(child));
        let line = line.unwrap_or_else(|| panic!("{child} is missing in:\n{said}"));
        assert!(line.contains(end), "{said}");
    }
}
