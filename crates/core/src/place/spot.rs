//! The places that there are.

use std::fmt;

use tokio::runtime::Handle;

/// Where a child runs.
///
/// Set by [`ChildSpec::place`](crate::ChildSpec::place), for one child, or for a supervisor and all below it:
/// a child that says nothing runs where its supervisor does. Wherever it runs, it is supervised in the same way:
///
/// - **A place of its own is gone before its exit is told.** The thread and the runtime of an
///   [`OwnThread`](Self::OwnThread) or [`OwnRuntime`](Self::OwnRuntime) are made at each start. When the child
///   is over, all that still runs on that runtime ends; only then has the child exited. What blocks its thread
///   for longer than the supervisor's `abort_grace` makes the child unresponsive: it is named and left behind.
///   Nobody else is blocked meanwhile.
/// - **A place that cannot be had** is an initialization failure of the child: no thread, no runtime, or the
///   runtime of a handle that was shut down.
/// - **Its clock is that of its runtime.** On a paused clock of tokio no other runtime is waited for, so time
///   limits of a child that is placed elsewhere are over at once: test such trees in real time.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ChildSpec, Place, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let thumbnails = worker("thumbnails", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let search = Supervisor::one_for_one("search")
///     .child(worker("index", |ctx| async move { ctx.stopping().await; Ok(()) }));
///
/// let app = Supervisor::one_for_one("app")
///     .child(thumbnails.place(Place::OwnThread))
///     .child(ChildSpec::new(search).place(Place::OwnRuntime { threads: 2 }));
/// let handle = app.start().await?;
/// println!("{}", handle.snapshot());
/// assert!(handle.shutdown().await.is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Place {
    /// On the runtime on which its supervisor runs.
    #[default]
    Here,
    /// On that runtime, which is somebody else's: the child shares it, and does not end it. One that nobody
    /// drives lets the child wait until its `init_timeout` is over.
    On(Handle),
    /// In a thread of its own, with a runtime that lives in that thread alone.
    OwnThread,
    /// On a runtime of its own.
    OwnRuntime {
        /// How many threads work for it, at least 1; one more waits for its end.
        threads: usize,
    },
}

impl Place {
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, Self::Here)
    }
}

/// Two handles are the same place if they are of one runtime.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::On(one), Self::On(other)) => one.id() == other.id(),
            (Self::OwnRuntime { threads: one }, Self::OwnRuntime { threads: other }) => {
                one == other
            }
            (Self::Here, Self::Here) | (Self::OwnThread, Self::OwnThread) => true,
            (Self::Here | Self::On(_) | Self::OwnThread | Self::OwnRuntime { .. }, _) => false,
        }
    }
}

impl Eq for Place {}

/// In a few words: `own runtime (2)`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("here"),
            Self::On(_) => f.write_str("other runtime"),
            Self::OwnThread => f.write_str("own thread"),
            Self::OwnRuntime { threads } => write!(f, "own runtime ({threads})"),
        }
    }
}
