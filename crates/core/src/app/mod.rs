//! A tree as the main job of an OS process: signals, the report of the stop, the exit code.

mod end;
mod reload;
mod sentinel;
mod signals;
mod words;

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

pub use end::ApplicationEnd;
use end::Told;
use reload::{Reload, Reloading};
use sentinel::Sentinel;
use words::say;

use crate::child::SupervisorHandle;
use crate::exit::{BoxError, install_panic_hook};
use crate::supervisor::{StartError, Supervisor};

/// Runs a tree as the main job of an OS process.
///
/// Starts the tree, runs it until SIGTERM or SIGINT (Ctrl-C), stops it in order, and prints to stderr how
/// that went. It notes where panics happen ([`install_panic_hook`]).
///
/// | signal | what happens |
/// |---|---|
/// | SIGTERM, SIGINT | the tree is stopped in order |
/// | one of them again | the process ends at once. The same one within 100 ms counts as one, as some send it both to a process and to its group |
/// | SIGHUP | [`EventKind::ReloadRequested`](crate::EventKind), and what [`reload`](Self::reload) says. The tree goes on, also if nobody does anything |
/// | SIGUSR1 | the tree is printed as a [`Snapshot`](crate::Snapshot): by `tracing`, target `perennial::tree`, or to stderr if no subscriber takes that. Also while all threads of the runtime are blocked |
///
/// On systems other than Unix there is only Ctrl-C. The exit codes stand at [`ApplicationEnd`].
///
/// A thread of its own hears the signals. When the runtime cannot end the process, as its threads are
/// blocked, that thread does, as a last resort, and names the children that are still there: if the
/// runtime does not hear a signal, if the tree overruns its time, and if the process still runs some
/// time after `run` has returned; see [`last_resort`](Self::last_resort).
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
#[must_use = "an application does nothing until it is run"]
pub struct Application {
    root: Supervisor,
    last_resort: Duration,
    reload: Option<Reload>,
    exit_code: Box<dyn Fn(&ApplicationEnd) -> u8 + Send + Sync>,
}

impl Application {
    /// The application whose main job is this tree.
    pub fn new(root: Supervisor) -> Self {
        Self {
            root,
            last_resort: Duration::from_secs(5),
            reload: None,
            exit_code: Box::new(ApplicationEnd::exit_code),
        }
    }

    /// Sets how late things may be before the process is ended from beside: 5 seconds by default.
    ///
    /// From the first signal on, it is what the runtime may take to hear of it; and what the tree
    /// may take in addition to its own time, which is the shutdown strategies and `abort_grace` of its
    /// children added up, and without a limit if a worker is
    /// [`Infinite`](crate::ShutdownStrategy::Infinite). It is also how long the process may go on once
    /// [`run`](Self::run) has returned, as the drop of a runtime waits for threads that are blocked: raise
    /// it if `main` has more to do then.
    pub fn last_resort(mut self, after: Duration) -> Self {
        self.last_resort = after;
        self
    }

    /// Sets what is done at SIGHUP, beside the event: nothing by default.
    ///
    /// One at a time; any number of signals meanwhile means once more. An error or a panic is told, by
    /// `tracing` or on stderr, and the tree goes on. A signal that comes before the tree is up waits
    /// for that; a reload that is not done when the tree has ended is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial_core as perennial;
    /// use perennial::{Application, Supervisor};
    ///
    /// let app = Supervisor::one_for_one("app");
    /// let app = Application::new(app).reload(|handle| async move {
    ///     handle.terminate_child("web").await?;            // it reads its configuration as it starts
    ///     handle.restart_child("web").await?;
    ///     Ok(())
    /// });
    /// # let _: Application = app;
    /// ```
    pub fn reload<F, R>(mut self, reload: F) -> Self
    where
        F: Fn(SupervisorHandle) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.reload = Some(Arc::new(move |handle| -> Reloading {
            Box::pin(reload(handle))
        }));
        self
    }

    /// Sets the exit code of each end that [`run`](Self::run) returns from: [`ApplicationEnd::exit_code`] by default.
    ///
    /// Those of a second signal and of the last resort stay as they are.
    pub fn exit_code(
        mut self,
        code: impl Fn(&ApplicationEnd) -> u8 + Send + Sync + 'static,
    ) -> Self {
        self.exit_code = Box::new(code);
        self
    }

    /// Runs the tree until it ends or is stopped by a signal, and tells the exit code, see [`ApplicationEnd`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the tree is up kills it; afterwards the tree runs on, and nobody hears
    /// the signals any more.
    pub async fn run(self) -> ExitCode {
        install_panic_hook();
        let handle = self.root.handle();
        // Before the first child starts: a signal must not find the process without a handler.
        let sentinel = match Sentinel::spawn(handle.clone(), self.last_resort).await {
            Ok(sentinel) => sentinel,
            Err(error) => return ExitCode::from(self.conclude(&ApplicationEnd::Deaf { error })),
        };
        let end = self.supervise(&handle, &sentinel).await;
        let code = self.conclude(&end);
        sentinel.over(code);
        ExitCode::from(code)
    }

    async fn supervise(&self, handle: &SupervisorHandle, sentinel: &Sentinel) -> ApplicationEnd {
        let start = self.root.start();
        tokio::pin!(start);
        let started = tokio::select! {
            biased;
            started = &mut start => started,
            () = sentinel.stop_requested() => {
                handle.request_stop();
                start.await
            }
        };
        match started {
            Ok(_handle) => (),
            Err(StartError::Stopped { .. }) if sentinel.has_heard() => {
                return ApplicationEnd::StoppedEarly;
            }
            Err(error) => return ApplicationEnd::NotStarted { error },
        }
        let ended = async {
            let mut departure = std::pin::pin!(handle.departure());
            tokio::select! {
                biased;
                departure = &mut departure => departure,
                () = sentinel.stop_requested() => {
                    handle.request_stop();
                    departure.await
                }
            }
        };
        let departure = tokio::select! {
            biased;
            departure = ended => departure,
            never = reload::serve(sentinel, handle, self.reload.as_ref()) => match never {},
        };
        ApplicationEnd::Ended {
            outcome: departure.outcome.clone(),
            report: departure.report.clone(),
        }
    }

    /// Tells how it ended; the exit code.
    fn conclude(&self, end: &ApplicationEnd) -> u8 {
        say(format_args!("{}", Told(self.root.id(), end)));
        (self.exit_code)(end)
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("root", &self.root)
            .field("last_resort", &self.last_resort)
            .finish_non_exhaustive()
    }
}
