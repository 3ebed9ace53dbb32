//! What can be supervised.

use std::fmt;
use std::pin::Pin;

use async_trait::async_trait;

use super::{ChildKind, ChildSpec, Context, Findings, InitPolicy, ShutdownStrategy};
use crate::exit::{ExitReason, InitializationError, IntoExit};
use crate::path::ChildPath;
use crate::place::Place;
use crate::restart::Restart;

/// A child of a supervisor: a worker, or a supervisor of its own.
///
/// One value is started again and again, so everything that a start needs stands in its fields.
/// Its own settings are defaults; a [`ChildSpec`] can set others for one place in a tree. For a
/// function or a closure use [`worker`](crate::worker); for a type with a plain `async fn run` the
/// derive of the same name writes the implementation.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Context, InitializationError, Started, Supervisable, async_trait};
///
/// struct Ticker {
///     every: std::time::Duration,
/// }
///
/// #[async_trait]
/// impl Supervisable for Ticker {
///     fn name(&self) -> &str {
///         "ticker"
///     }
///
///     async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
///         let mut ticks = tokio::time::interval(self.every);
///         Ok(Started::run(async move {
///             loop {
///                 tokio::select! {
///                     () = ctx.stopping() => return,
///                     _ = ticks.tick() => println!("tick"),
///                 }
///             }
///         }))
///     }
/// }
/// ```
#[async_trait]
pub trait Supervisable: Send + Sync + 'static {
    /// The id of the child, unless its spec gives another; read once, when the spec is made.
    fn name(&self) -> &str;

    /// When it is restarted. By default always.
    fn restart(&self) -> Restart {
        Restart::Permanent
    }

    /// How it is ended. By default it gets 5 seconds.
    fn shutdown_strategy(&self) -> ShutdownStrategy {
        ShutdownStrategy::WORKER
    }

    /// What follows when it cannot start. By default its supervisor ends.
    fn init_policy(&self) -> InitPolicy {
        InitPolicy::Fatal
    }

    /// Where it runs. By default where its supervisor does.
    fn place(&self) -> Place {
        Place::Here
    }

    /// Which version of itself it is, in whatever words: see [`ChildSpec::version`]. By default it says nothing.
    ///
    /// Read once, when the spec is made.
    fn version(&self) -> Option<&str> {
        None
    }

    /// Whether there is anything to initialize. By default there is.
    ///
    /// A worker that answers `false` is up as soon as its task is spawned: nobody waits for its
    /// [`initialize`](Self::initialize), which must do nothing but to say what runs. That makes its starts
    /// cheaper. What comes of it is then the exit of a child that ran: an error and a panic are no initialization
    /// failures, and [`Started::Ignore`] is a normal exit.
    /// A supervisor is not asked, and who runs in a [`place`](Self::place) elsewhere is waited for all the same. Read once, when the spec is made.
    fn has_initialization(&self) -> bool {
        true
    }

    /// What it is. A type that wraps a supervisor hands on what the supervisor answers to this method,
    /// the next two, `shutdown_strategy` and `place`; all others leave this one and the next two alone.
    fn kind(&self) -> ChildKind {
        ChildKind::Worker
    }

    /// The specs of its own children, if it is a supervisor.
    fn children(&self) -> &[ChildSpec] {
        &[]
    }

    /// What is to be said of its own settings and of its children's specs, but not of what is below
    /// these, if it stands at `path`.
    fn findings(&self, path: &ChildPath) -> Findings {
        let _a_worker_has_none = path;
        Findings::default()
    }

    /// Starts it: to return is to say that it runs, or why it does not.
    ///
    /// Called at each start and restart. The next child is not started before this one has returned.
    /// The future is dropped when the child is to stop meanwhile, and when its
    /// [`init_timeout`](ChildSpec::init_timeout) is over.
    ///
    /// # Errors
    ///
    /// An error, and likewise a panic, is an initialization failure: see [`InitPolicy`].
    ///
    /// # Cancel safety
    ///
    /// The supervisor may drop the future at any await: nothing that a later start needs may be lost by that.
    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError>;
}

/// What the run future of a child yields: the reason of its exit if it has one of its own; see [`IntoExit`].
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ExitReason, RunFuture, Started};
///
/// let run: RunFuture<'_> = Box::pin(async { Some(ExitReason::shutdown_with("all rows are in")) });
/// assert!(matches!(Started::Run(run), Started::Run(_)));   // `Started::run` boxes by itself
/// ```
pub type RunFuture<'a> = Pin<Box<dyn Future<Output = Option<ExitReason>> + Send + 'a>>;

/// What an initialization ends with.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Context, InitializationError, Started, Supervisable, async_trait};
///
/// struct Metrics {
///     enabled: bool,
/// }
///
/// #[async_trait]
/// impl Supervisable for Metrics {
///     fn name(&self) -> &str {
///         "metrics"
///     }
///
///     async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
///         if !self.enabled {
///             return Ok(Started::Ignore);
///         }
///         Ok(Started::run(async move { ctx.stopping().await }))
///     }
/// }
/// ```
pub enum Started<'a> {
    /// The child runs: until this future is done.
    Run(RunFuture<'a>),
    /// There is nothing to run; OTP's `ignore`. Its spec stays, unless it is temporary.
    Ignore,
}

impl<'a> Started<'a> {
    /// The child runs: until `future` is done.
    #[must_use]
    pub fn run<F>(future: F) -> Self
    where
        F: Future<Output: IntoExit> + Send + 'a,
    {
        Self::Run(Box::pin(async move { future.await.into_exit() }))
    }
}

impl fmt::Debug for Started<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run(_) => "Run(..)",
            Self::Ignore => "Ignore",
        })
    }
}
