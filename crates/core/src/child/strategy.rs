//! How a child is stopped, and what a failed start of it means.

use std::time::Duration;

/// How a supervisor ends a child.
///
/// After the abort of a child's task its supervisor waits for the time of
/// [`abort_grace`](crate::Supervisor::abort_grace); a child that still runs then is declared
/// unresponsive, named in the report, and left behind.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{ShutdownStrategy, worker};
///
/// let mailer = worker("mailer", |ctx| async move { ctx.stopping().await; Ok(()) })
///     .shutdown(ShutdownStrategy::Graceful(Duration::from_secs(30)));
/// let meter = worker("meter", |_| std::future::pending()).shutdown(ShutdownStrategy::Brutal);
/// assert_ne!(mailer.settings().shutdown, meter.settings().shutdown);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShutdownStrategy {
    /// It is asked to stop; if it still runs after this time, its task is aborted.
    Graceful(Duration),
    /// Its task is aborted without asking.
    Brutal,
    /// It is asked to stop, and waited for without a limit. The default of a nested supervisor, whose
    /// own children have limits: it gets the time that its tree needs.
    Infinite,
}

/// What follows when a child cannot start.
///
/// A panic in `initialize` and a timeout are such failures too. To be killed from outside meanwhile is
/// not: a restart that was cut short so is tried again, and counts. The failure of a child that is
/// started by [`start_child`](crate::SupervisorHandle::start_child) fails only that call.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{InitPolicy, worker};
///
/// let mailer = worker("mailer", |_| async { Ok(()) }).init_policy(InitPolicy::FatalOnFirstStart);
/// assert_eq!(mailer.settings().init_policy, InitPolicy::FatalOnFirstStart);
/// assert_eq!(InitPolicy::default(), InitPolicy::Fatal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InitPolicy {
    /// The supervisor ends, at the first start and at a restart, and so do those above it up to the
    /// root, unless their own policy for that supervisor is another one.
    #[default]
    Fatal,
    /// As [`Fatal`](Self::Fatal) at the child's first start in the life of its supervisor; at a
    /// restart it is tried again, and each try counts as a restart. OTP's way.
    FatalOnFirstStart,
}

impl ShutdownStrategy {
    /// The default of a worker: 5 seconds.
    pub(crate) const WORKER: Self = Self::Graceful(Duration::from_secs(5));
}

/// When a new spec takes the place of an old one.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Replace, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock.clone()).start().await?;
/// let first = handle.which_child("clock").await?.incarnation;
/// handle.replace_child(clock.clone(), Replace::AtNextRestart).await?;
/// assert_eq!(handle.which_child("clock").await?.incarnation, first);
/// handle.replace_child(clock, Replace::Now).await?;
/// assert!(handle.which_child("clock").await?.incarnation > first);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Replace {
    /// At once: the child is stopped as its old spec says, and started with the new one.
    Now,
    /// When the child is next started, for whatever reason: until then it goes on as it is.
    AtNextRestart,
}
