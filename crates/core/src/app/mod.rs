//! A tree as the main job of an OS process: signals, the report of the stop, the exit code.

mod sentinel;

use std::fmt;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sentinel::Sentinel;

use crate::child::{Departure, Outcome, Report, SupervisorHandle};
use crate::exit::install_panic_hook;
use crate::supervisor::{StartError, Supervisor};

/// Runs a tree as the main job of an OS process.
///
/// Starts the tree, runs it until SIGTERM or SIGINT (Ctrl-C), stops it in order, and prints to stderr how
/// that went. A second signal ends it at once; the same one again within 100 ms counts as one, as
/// some send it both to a process and to its group. It notes where panics happen
/// ([`install_panic_hook`]).
///
/// When the tokio runtime cannot end the process, as all its threads are blocked, a thread
/// beside it does: if the runtime does not hear a signal, and if the process still runs some time
/// after `run` has returned; see [`last_resort`](Self::last_resort).
///
/// # Examples
///
/// ```no_run
/// use std::process::ExitCode;
/// # use perennial_core as perennial;
/// use perennial::{Application, Supervisor};
///
/// #[tokio::main]
/// async fn main() -> ExitCode {
///     let app = Supervisor::one_for_one("app");
///     Application::new(app).run().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "an application does nothing until it is run"]
pub struct Application {
    root: Supervisor,
    last_resort: Duration,
}

/// How the tree ended, before it is told.
enum End {
    NotStarted(StartError),
    Ended(Arc<Departure>),
}

impl Application {
    /// The application whose main job is this tree.
    pub fn new(root: Supervisor) -> Self {
        Self {
            root,
            last_resort: Duration::from_secs(5),
        }
    }

    /// Sets how long the runtime may take to hear a signal, and the process to end once
    /// [`run`](Self::run) has returned, before the process is ended all the same: 5 seconds by default.
    pub fn last_resort(mut self, after: Duration) -> Self {
        self.last_resort = after;
        self
    }

    /// Runs the tree until it ends or is stopped by a signal.
    ///
    /// The exit code is 0 if the tree stopped and every child with it in good order, or if it ended as
    /// planned by itself; 1 if it could not start, failed, or a child did not stop in good order; and
    /// 128 and the number of the signal if a second signal ended it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the tree is up kills it; afterwards the tree runs on, and nobody hears
    /// the signals any more.
    pub async fn run(self) -> ExitCode {
        install_panic_hook();
        let id = self.root.id().clone();
        let handle = self.root.handle();
        // Before the first child starts: a signal must not find the process without a handler.
        let sentinel = match Sentinel::spawn(self.last_resort).await {
            Ok(sentinel) => sentinel,
            Err(error) => {
                say(format_args!(
                    "{id} could not start: cannot listen for signals: {error}"
                ));
                return ExitCode::FAILURE;
            }
        };
        let end = supervise(&self.root, &handle, &sentinel).await;
        let code = match end {
            End::NotStarted(StartError::Stopped { .. }) if sentinel.heard().is_some() => {
                say(format_args!("{id} was stopped before it was up"));
                0
            }
            End::NotStarted(error) => {
                say(format_args!("{id} could not start: {}", reason(&error)));
                1
            }
            End::Ended(departure) => {
                let Departure { outcome, report } = &*departure;
                say(format_args!("{}", Told(id.as_str(), outcome, report)));
                u8::from(!(outcome.is_clean() && report.is_clean()))
            }
        };
        sentinel.over(code);
        ExitCode::from(code)
    }
}

async fn supervise(root: &Supervisor, handle: &SupervisorHandle, sentinel: &Sentinel) -> End {
    let start = root.start();
    tokio::pin!(start);
    let started = tokio::select! {
        biased;
        started = &mut start => started,
        _ = sentinel.next() => {
            handle.request_stop();
            start.await
        }
    };
    let handle = match started {
        Ok(handle) => handle,
        Err(error) => return End::NotStarted(error),
    };
    let mut departure = std::pin::pin!(handle.departure());
    End::Ended(tokio::select! {
        biased;
        departure = &mut departure => departure,
        _ = sentinel.next() => {
            handle.request_stop();
            departure.await
        }
    })
}

/// Why a tree did not start, in one sentence.
fn reason(error: &StartError) -> String {
    match error {
        StartError::Spec { source, .. } => source.to_string(),
        StartError::Initialization { source, .. } => source.story().to_string(),
        StartError::Exhausted { source, .. } => crate::exit::Chain(source.as_ref()).to_string(),
        StartError::Escalated { source, .. } => crate::exit::Chain(source.as_ref()).to_string(),
        StartError::NoRuntime { .. } => "there is no tokio runtime".to_string(),
        StartError::Stopped { .. } => "it was stopped before it was up".to_string(),
    }
}

/// How a tree ended, and the report if it was stopped.
struct Told<'a>(&'a str, &'a Outcome, &'a Report);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(id, outcome, report) = self;
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
            Outcome::Exhausted(_) | Outcome::Escalated(_) => outcome.fmt(f),
            Outcome::InitializationFailed(_) => write!(f, "{id} failed: {outcome}"),
            Outcome::SignificantExited { .. } | Outcome::Satisfied { .. } if !report.is_clean() => {
                write!(f, "{id} {outcome}, not in good order:\n{report}")
            }
            Outcome::SignificantExited { .. } | Outcome::Satisfied { .. } | Outcome::Killed => {
                write!(f, "{id} {outcome}")
            }
        }
    }
}

/// Tells whoever started the process; nowhere is left to tell that stderr is gone.
fn say(what: fmt::Arguments<'_>) {
    let text = what.to_string();
    let _told = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}
