//! Children as calls to their supervisor tell of them.

use std::sync::Arc;

use super::ChildKind;
use crate::exit::ExitReason;
use crate::path::{ChildId, ChildPath, Incarnation};
use crate::tree::ChildState;

/// A child that was started by a call.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handle = Supervisor::one_for_one("app").start().await?;
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let child = handle.start_child(clock).await?;
/// assert_eq!(child.path().to_string(), "app/clock");
/// handle.terminate_child(child.id()).await?;
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ChildRef {
    pub(crate) path: ChildPath,
    pub(crate) incarnation: Option<Incarnation>,
}

/// A child as its supervisor lists it.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// for child in handle.which_children().await? {
///     println!("{} has been restarted {} times", child.id, child.restarts);
/// }
/// let clock = handle.which_child("clock").await?;
/// assert!(clock.incarnation.is_some() && clock.last_exit.is_none());
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its key among its siblings.
    pub id: ChildId,
    /// Worker or supervisor.
    pub kind: ChildKind,
    /// How far it is.
    pub state: ChildState,
    /// Its present life, if it has one.
    pub incarnation: Option<Incarnation>,
    /// How often it was restarted since its supervisor started.
    pub restarts: u64,
    /// How its life before ended.
    pub last_exit: Option<ExitReason>,
    /// The [`version`](crate::ChildSpec::version) of its spec, if that says one.
    pub version: Option<Arc<str>>,
}

impl ChildRef {
    /// The key of the child among its siblings.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        self.path.id()
    }

    /// Where the child stands in its tree.
    #[must_use]
    pub fn path(&self) -> &ChildPath {
        &self.path
    }

    /// The life that was started; `None` if the child declined to start.
    #[must_use]
    pub fn incarnation(&self) -> Option<Incarnation> {
        self.incarnation
    }
}
