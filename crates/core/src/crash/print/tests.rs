use std::sync::Arc;

use super::*;
use crate::crash::Siblings;
use crate::exit::{Exhausted, InitializationError, Panic};
use crate::path::{ChildPath, Incarnation};

/// An error with a cause, and so on.
#[derive(Debug)]
struct Step(&'static str, Option<Box<Step>>);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Step {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1
            .as_deref()
            .map(|cause| cause as &(dyn Error + 'static))
    }
}

/// Panics when it is printed.
#[derive(Debug)]
struct Grenade;

impl fmt::Display for Grenade {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a bug of the user's")
    }
}

impl Error for Grenade {}

/// Its own cause.
#[derive(Debug)]
struct Loop;

impl fmt::Display for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("again")
    }
}

impl Error for Loop {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

fn chain(texts: &[&'static str]) -> Step {
    let mut error = None;
    for &text in texts.iter().rev() {
        error = Some(Box::new(Step(text, error)));
    }
    *error.expect("there is a text")
}

fn path() -> ChildPath {
    ChildPath::root("app").join("storage").join("database")
}

fn report(exit: ExitReason, decision: CrashDecision) -> CrashReport {
    CrashReport {
        path: path(),
        incarnation: Incarnation(std::num::NonZeroU64::MIN),
        phase: CrashPhase::of(&exit, false).unwrap_or(CrashPhase::Run),
        exit,
        uptime: Some(Duration::from_micros(12_000_700)),
        restarts: 0,
        decision,
        siblings: None,
    }
}

fn siblings(names: &[&str], count: usize) -> Option<Arc<Siblings>> {
    let names = names.iter().map(|&name| name.into()).collect();
    Some(Arc::new(Siblings { names, count }))
}

#[test]
fn a_panic_is_told_with_its_place() {
    let panic = Panic::caught(&"index out of\n  bounds", Some("src/db.rs:12:5".into()));
    let delay = CrashDecision::Delayed {
        by: Duration::from_millis(1_600),
        cause: DelayCause::Backoff { attempt: 2 },
    };
    let expected = "\
app/storage/database crashed while it ran
  life      1, up for 12 s
  reason    panicked: index out of bounds
  at        src/db.rs:12:5
  decision  restarted in 1600 ms: backoff, attempt 2";
    assert_eq!(
        report(ExitReason::Panicked(panic), delay).to_string(),
        expected
    );
}

#[test]
fn a_chain_of_errors_is_told_a_line_each() {
    let error = chain(&["cannot save", "the disk is full", "quota of 10 GB"]);
    let mut report = report(ExitReason::failed(error), CrashDecision::Restarted);
    report.restarts = 1;
    let expected = "\
app/storage/database crashed while it ran
  life      1, up for 12 s, restarted once before
  reason    cannot save
  because   the disk is full
  because   quota of 10 GB
  decision  restarted at once";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn a_failed_start_is_told_as_one() {
    let error = InitializationError::new(chain(&["cannot connect", "connection refused"]));
    let mut report = report(
        ExitReason::InitializationFailed(error),
        CrashDecision::Unstartable,
    );
    report.uptime = None;
    let expected = "\
app/storage/database crashed in its initialization
  life      1, never up
  reason    cannot connect
  because   connection refused
  decision  its supervisor ends: the child could not start";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn the_restart_of_a_group_names_the_first_siblings_and_counts_the_others() {
    let mut report = report(ExitReason::Killed, CrashDecision::Restarted);
    report.restarts = 3;
    report.siblings = siblings(&["cache", "web"], 12);
    let expected = "\
app/storage/database crashed while it ran
  life      1, up for 12 s, restarted 3 times before
  reason    killed
  decision  restarted at once
  siblings  stopped and restarted with it: cache, web and 10 more";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn a_supervisor_that_gives_up_takes_the_siblings_along() {
    let exhausted = Exhausted {
        path: path(),
        child: path().join("log"),
        restarts: 3,
        period: Duration::from_secs(5),
        own_limit: false,
        history: vec![(path().join("log"), ExitReason::failed("no space"))],
    };
    let mut report = report(
        ExitReason::Exhausted(Arc::new(exhausted)),
        CrashDecision::GaveUp { own_limit: false },
    );
    report.siblings = siblings(&["web"], 1);
    let expected = "\
app/storage/database crashed while it ran
  life      1, up for 12 s
  reason    app/storage/database gave up after 3 restarts in 5 s: app/storage/database/log failed
  because   no space
  decision  its supervisor gives up: more restarts than it bears
  siblings  stopped: web";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn what_is_printed_has_twelve_lines_at_most() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let errors = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let long: &'static str = Box::leak("x".repeat(1_000).into_boxed_str());
    let mut exits = vec![
        ExitReason::failed(chain(&errors)),
        ExitReason::failed(Loop),
        ExitReason::failed(chain(&[long])),
        ExitReason::failed("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm"),
    ];
    exits.push(ExitReason::permanent(chain(&errors)));
    for exit in exits {
        let mut report = report(exit, CrashDecision::Restarted);
        report.siblings = siblings(&names, 100);
        let printed = report.to_string();
        assert!(printed.lines().count() <= 12, "{printed}");
        assert!(
            printed.lines().all(|line| line.chars().count() < 240),
            "{printed}"
        );
    }
}

#[test]
fn of_a_long_chain_the_first_causes_and_the_last_are_told() {
    let error = chain(&["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    let printed = report(ExitReason::failed(error), CrashDecision::StaysDown).to_string();
    let told: Vec<&str> = printed.lines().skip(2).map(|line| &line[12..]).collect();
    assert_eq!(
        told,
        ["1", "2", "3", "4", "5", "(4 more)", "10", "stays down"]
    );
}

#[test]
fn an_error_that_panics_when_it_is_printed_hurts_nobody() {
    let printed = report(ExitReason::failed(Grenade), CrashDecision::Restarted).to_string();
    assert!(printed.contains("panics when it is printed"), "{printed}");
    assert!(printed.ends_with("restarted at once"), "{printed}");
}
