//! Who is restarted with a failed child, and when a supervisor ends by itself.

/// Which siblings are restarted together with a child; OTP's restart strategy.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Strategy, Supervisor, worker};
///
/// let cache = worker("cache", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let index = worker("index", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let storage = Supervisor::new("storage", Strategy::RestForOne)   // the index needs the cache
///     .child(cache)
///     .child(index);
/// assert!(storage.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Only the child itself.
    #[default]
    OneForOne,
    /// All children: the others are stopped in reverse order, then all are started in order.
    OneForAll,
    /// The child and those after it: these are stopped in reverse order, then all of them are
    /// started in order. Those before it are not touched.
    RestForOne,
}

/// Whether a supervisor ends by itself when its significant children have ended.
///
/// Only a significant child that ends by itself and is not restarted counts; one that is stopped by
/// a call or together with its siblings does not.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{AutoShutdown, Outcome, Restart, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let import = worker("import", |_| async { Ok(()) })   // it is done at once
///     .restart(Restart::Transient)
///     .significant();
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let job = Supervisor::one_for_one("job")
///     .auto_shutdown(AutoShutdown::AnySignificant)
///     .child(clock)
///     .child(import);
/// let outcome = job.start().await?.wait().await;
/// assert!(matches!(outcome, Outcome::SignificantExited { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutoShutdown {
    /// It does not; then no child may be significant.
    #[default]
    Never,
    /// It ends when the first significant child has ended.
    AnySignificant,
    /// It ends when the last significant child has ended.
    AllSignificant,
}

/// How the children of a supervisor start beside each other.
///
/// A child starts only when all that it is [`after`](crate::ChildSpec::after) are ready, whatever the mode.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{StartMode, StopMode, Supervisor, worker};
///
/// let database = worker("database", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let web = worker("web", |ctx| async move { ctx.stopping().await; Ok(()) }).after(["database"]);
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let app = Supervisor::one_for_one("app")
///     .start_mode(StartMode::Concurrent)                   // the clock does not wait for the database
///     .stop_mode(StopMode::Concurrent)
///     .child(web)
///     .child(database)
///     .child(clock);
/// assert!(app.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StartMode {
    /// One after the other, in the order of the list, each when the one before is ready.
    #[default]
    Sequential,
    /// First all that need nobody, side by side; when these are ready all that need only these, and so on.
    Waves,
    /// Each as soon as all that it needs are ready.
    Concurrent,
}

/// How the children of a supervisor stop beside each other.
///
/// A child stops only when all that are [`after`](crate::ChildSpec::after) it are gone, whatever the mode; see
/// [`StartMode`] for an example.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{StopMode, Supervisor};
///
/// let app = Supervisor::one_for_one("app").stop_mode(StopMode::Concurrent);   // all at once
/// # let _: Supervisor = app;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StopMode {
    /// One after the other, in the reverse order of the start.
    #[default]
    Ordered,
    /// First all that nobody needs, side by side; when these are gone all that only these needed, and so on.
    Waves,
    /// Each as soon as all that need it are gone.
    Concurrent,
}

impl Strategy {
    /// As snapshots write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OneForOne => "one-for-one",
            Self::OneForAll => "one-for-all",
            Self::RestForOne => "rest-for-one",
        }
    }
}
