//! How the tree of an application ended, and the exit code of that.

use std::fmt;
use std::io;

use crate::child::{Outcome, Report};
use crate::exit::Chain;
use crate::path::ChildId;
use crate::supervisor::StartError;

// Not 2, which is a wrong command line by custom, nor 101, a panic of main. Those of systemd's list
// have the meaning that it shows for them; those of ours are in no list.
const GOOD_ORDER: u8 = 0;
const NOT_STARTED: u8 = 1;
/// `EX_SOFTWARE` of sysexits.
const FAILED: u8 = 70;
const NOT_IN_GOOD_ORDER: u8 = 80;
/// Of a process that had to be ended from beside.
pub(super) const LAST_RESORT: u8 = 81;

/// How the tree of an [`Application`](crate::Application) ended: what its exit code is made of.
///
/// | code | when |
/// |---|---|
/// | 0 | stopped as asked, each child in good order; or ended as planned by itself |
/// | 1 | could not start |
/// | 70 | failed once it was up: gave up, say. `EX_SOFTWARE` of sysexits |
/// | 80 | stopped, but a child did not stop in good order |
/// | 81 | did not stop when a signal asked: the last resort ended the process |
/// | 130, 143 | ended at once by a second signal, SIGINT or SIGTERM: 128 and its number |
///
/// The last two are of a process that is ended from beside, and no `ApplicationEnd`. None is 2, which is a wrong
/// command line by custom, or 101, a panic of `main`.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Application, ApplicationEnd, Supervisor};
///
/// // systemd is told not to try again after this one: `RestartPreventExitStatus=78`.
/// let app = Application::new(Supervisor::one_for_one("app")).exit_code(|end| match end {
///     ApplicationEnd::NotStarted { .. } => 78,
///     other => other.exit_code(),
/// });
/// # let _: Application = app;
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ApplicationEnd {
    /// It ran and ended: as it was asked to, as planned, or by a failure.
    Ended {
        /// What became of it.
        outcome: Outcome,
        /// How its children were stopped.
        report: Report,
    },
    /// A signal stopped it before it was up.
    StoppedEarly,
    /// It could not start.
    NotStarted {
        /// Why.
        error: StartError,
    },
    /// It was not started, as the signals of the operating system could not be listened for.
    Deaf {
        /// Why.
        error: io::Error,
    },
}

/// An end as it is told.
pub(super) struct Told<'a>(pub(super) &'a ChildId, pub(super) &'a ApplicationEnd);

impl ApplicationEnd {
    /// The exit code of it, by the table above.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Ended { outcome, .. } if !outcome.is_clean() => FAILED,
            Self::Ended { report, .. } if !report.is_clean() => NOT_IN_GOOD_ORDER,
            Self::Ended { .. } | Self::StoppedEarly => GOOD_ORDER,
            Self::NotStarted { .. } | Self::Deaf { .. } => NOT_STARTED,
        }
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(id, end) = self;
        match end {
            ApplicationEnd::Ended { outcome, report } => tell_ended(f, id, outcome, report),
            ApplicationEnd::StoppedEarly => write!(f, "{id} was stopped before it was up"),
            ApplicationEnd::NotStarted { error } => {
                write!(f, "{id} could not start: {}", reason(error))
            }
            ApplicationEnd::Deaf { error } => {
                write!(
                    f,
                    "{id} could not start: cannot listen for signals: {error}"
                )
            }
        }
    }
}

/// How a tree ended, and the report if it was stopped.
fn tell_ended(
    f: &mut fmt::Formatter<'_>,
    id: &ChildId,
    outcome: &Outcome,
    report: &Report,
) -> fmt::Result {
    match outcome {
        Outcome::Stopped => {
            let took = report.took().as_millis();
            write!(f, "{id} stopped in {took} ms")?;
            if !report.is_clean() {
                f.write_str(", not in good order")?;
            }
            write!(f, ":\n{report}")
        }
        // It names the supervisor itself.
        Outcome::Exhausted(_) | Outcome::Escalated(_) => write!(f, "{outcome}"),
        Outcome::InitializationFailed(_) => write!(f, "{id} failed: {outcome}"),
        Outcome::SignificantExited { .. } | Outcome::Satisfied { .. } if !report.is_clean() => {
            write!(f, "{id} {outcome}, not in good order:\n{report}")
        }
        Outcome::SignificantExited { .. } | Outcome::Satisfied { .. } | Outcome::Killed => {
            write!(f, "{id} {outcome}")
        }
    }
}

/// Why a tree did not start, in one sentence.
fn reason(error: &StartError) -> String {
    match error {
        StartError::Spec { source, .. } => source.to_string(),
        StartError::Initialization { source, .. } => source.story().to_string(),
        StartError::Exhausted { source, .. } => Chain(source.as_ref()).to_string(),
        StartError::Escalated { source, .. } => Chain(source.as_ref()).to_string(),
        StartError::StallDetector { source, .. } => {
            format!("there is no thread for its stall detector: {source}")
        }
        StartError::NoRuntime { .. } => "there is no tokio runtime".to_string(),
        StartError::Stopped { .. } => "it was stopped before it was up".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::child::{ChildSpec, ShutdownStrategy, worker};
    use crate::exit::InitializationError;
    use crate::supervisor::Supervisor;

    async fn end_of(child: ChildSpec) -> ApplicationEnd {
        let app = Supervisor::one_for_one("app").intensity(0, Duration::from_secs(1));
        let handle = app.child(child).start().await.expect("nothing can fail");
        tokio::task::yield_now().await;
        handle.request_stop();
        let departure = handle.departure().await;
        ApplicationEnd::Ended {
            outcome: departure.outcome.clone(),
            report: departure.report.clone(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_end_has_its_exit_code() {
        let obedient = worker("obedient", |ctx| async move {
            ctx.stopping().await;
            Ok(())
        });
        let deaf = worker("deaf", |_ctx| std::future::pending())
            .shutdown(ShutdownStrategy::Graceful(Duration::from_secs(1)));
        let broken = worker("broken", |_ctx| async { Err("no disk".into()) });
        let not_started = StartError::Initialization {
            id: "app".into(),
            source: InitializationError::msg("no such disk"),
        };
        let cases = [
            (end_of(obedient).await, 0),
            (ApplicationEnd::StoppedEarly, 0),
            (ApplicationEnd::NotStarted { error: not_started }, 1),
            (
                ApplicationEnd::Deaf {
                    error: io::Error::other("no file descriptors"),
                },
                1,
            ),
            (end_of(broken).await, 70),
            (end_of(deaf).await, 80),
        ];
        for (end, code) in cases {
            assert_eq!(end.exit_code(), code, "{end:?}");
        }
    }

    #[test]
    fn no_code_of_ours_is_mistaken_for_another() {
        let ours = [
            GOOD_ORDER,
            NOT_STARTED,
            FAILED,
            NOT_IN_GOOD_ORDER,
            LAST_RESORT,
        ];
        for (index, code) in ours.iter().enumerate() {
            assert!(!ours[..index].contains(code), "{code} stands for one end");
            // A wrong command line, a panic of main, and a shell's own with the signals above them.
            assert!(*code != 2 && *code != 101 && *code < 126, "{code}");
        }
    }
}
