//! Whole processes: signals, exit codes and the last resort, in real time with generous limits.

#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How long a process may take to do what is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// The fixture in one of its modes.
struct Process {
    child: Child,
    stdout: mpsc::Receiver<String>,
    stderr: mpsc::Receiver<String>,
    /// What of stderr was read.
    said: String,
}

impl Process {
    fn start(mode: &str) -> Self {
        let mut process = Self::start_unread(mode);
        let stderr = process.child.stderr.take().expect("it is piped");
        process.stderr = lines(stderr);
        process
    }

    /// Reads nothing of its stderr.
    fn start_unread(mode: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_process-fixture"))
            .arg(mode)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the fixture was built with this test");
        Self {
            stdout: lines(child.stdout.take().expect("it is piped")),
            stderr: mpsc::channel().1,
            child,
            said: String::new(),
        }
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

    /// Waits until there is a line on stderr with that text.
    fn wait_for_word(&mut self, word: &str) {
        while !self.said.contains(word) {
            let line = self.stderr.recv_timeout(LIMIT);
            self.said += &line.expect("it says so within the limit");
            self.said.push('\n');
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
        let ended = loop {
            match self.stderr.recv_timeout(LIMIT) {
                Ok(line) => {
                    self.said += &line;
                    self.said.push('\n');
                }
                Err(why) => break why == RecvTimeoutError::Disconnected,
            }
        };
        let status = self.wait(ended);
        (status, self.said)
    }

    /// Its exit; it is killed if it does not end.
    fn end_unread(mut self) -> ExitStatus {
        // It says nothing any more, and its stdout ends with it.
        let rest = self.stdout.recv_timeout(LIMIT);
        self.wait(rest == Err(RecvTimeoutError::Disconnected))
    }

    fn wait(&mut self, has_ended: bool) -> ExitStatus {
        if !has_ended {
            self.child.kill().expect("it is ours");
        }
        let status = self.child.wait().expect("it is ours");
        assert!(has_ended, "it ended within the limit");
        status
    }
}

/// What comes out of a pipe, line by line.
fn lines(pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
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
    assert_eq!(status.code(), Some(70));
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
    assert_eq!(status.code(), Some(80), "{said}");
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
    assert_eq!(status.code(), Some(81), "{said}");
    assert!(said.contains("the runtime did not react"), "{said}");
    assert!(said.contains("\n  app/blocking  running\n"), "{said}");
}

#[test]
fn a_child_that_blocks_the_only_thread_is_named_on_stderr_meanwhile() {
    let mut process = Process::start("stalling");
    process.wait_for_word("perennial: app/blocking is in one poll for ");
    process.signal("-TERM");
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(81), "{said}");
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
    assert!(said.contains("\n  app/slow  "), "{said}");
}

#[test]
fn a_tree_that_overruns_its_time_is_ended_from_beside() {
    let process = Process::start("stuck");
    process.wait_for("second runs");
    process.signal("-TERM");
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(81), "{said}");
    // Twice a grace and an abort grace of 20 ms, and the last resort of 300 ms.
    let story = "the tree did not end within 380ms: the process is ended\n  app/first  ";
    assert!(said.contains(story), "{said}");
}

#[test]
fn a_hangup_is_told_as_an_event_and_the_tree_goes_on() {
    let process = Process::start("listening");
    process.wait_for("listening runs");
    for _ in 0..2 {
        process.signal("-HUP");
        process.wait_for("reload runs");
    }
    process.signal("-TERM");
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!said.contains("reload"), "{said}");
}

#[test]
fn a_hangup_runs_the_reload_of_the_application() {
    let process = Process::start("reloading");
    process.wait_for("listening runs");
    process.signal("-HUP");
    process.wait_for("listening runs");
    process.signal("-TERM");
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn a_reload_that_fails_or_panics_is_told_and_the_tree_goes_on() {
    for (mode, why) in [
        ("unreloadable", "no such file"),
        ("panicking", "panicked: out of range"),
        ("unprintable", "panicked: nothing to print"),
    ] {
        let process = Process::start(mode);
        process.wait_for("listening runs");
        // The second one is begun when the first has failed.
        for _ in 0..2 {
            process.signal("-HUP");
            process.wait_for("reload runs");
        }
        process.signal("-TERM");
        let (status, said) = process.end();
        assert_eq!(status.code(), Some(0), "{said}");
        let story = format!("app could not reload: {why}\n");
        assert!(said.contains(&story), "{said}");
    }
}

#[test]
fn the_tree_is_printed_on_request_also_by_a_process_whose_runtime_is_blocked() {
    for mode in ["obedient", "starved"] {
        let mut process = Process::start(mode);
        let last = match mode {
            "obedient" => "second",
            _ => "blocking",
        };
        process.wait_for(&format!("{last} runs"));
        process.signal("-USR1");
        process.wait_for_word(&format!("└─ {last}"));
        process.signal("-TERM");
        let (_status, said) = process.end();
        assert!(said.starts_with("the tree of app:\napp"), "{said}");
    }
}

#[test]
fn a_log_that_takes_the_tree_gets_it_in_place_of_stderr() {
    let process = Process::start("logging");
    process.wait_for("second runs");
    process.signal("-USR1");
    process.wait_for("perennial::tree runs");
    process.signal("-TERM");
    let (status, said) = process.end();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.starts_with("app stopped in"), "{said}");
}

#[test]
fn a_stderr_that_nobody_reads_does_not_keep_the_process() {
    let process = Process::start_unread("mute");
    process.wait_for("blocking runs");
    process.signal("-TERM");
    assert_eq!(process.end_unread().code(), Some(81));
}

#[test]
fn an_application_can_set_its_exit_codes() {
    let (status, said) = Process::start("crashing-mapped").end();
    assert_eq!(status.code(), Some(170), "{said}");
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
    assert_eq!(status.code(), Some(80), "{said}");
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
