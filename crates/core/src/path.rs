//! Who in the tree: the id of a child, its place, and one life of it.

use std::borrow::Borrow;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

/// The key of a child among its siblings; it survives restarts.
///
/// Must not be empty and must not contain `/`, which separates the ids of a [`ChildPath`];
/// [`Supervisor::check`](crate::Supervisor::check) says so.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::ChildId;
///
/// let id = ChildId::from("database");
/// assert_eq!(id.as_str(), "database");
/// assert_eq!(id, "database");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(Arc<str>);

/// The place of a child in its tree: the ids from the root down to it.
///
/// Linked to its parent's path, so that deep trees stay cheap; prints as `app/storage/database`.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::ChildPath;
///
/// let path = ChildPath::root("app").join("storage").join("database");
/// assert_eq!(path.to_string(), "app/storage/database");
/// assert_eq!(path.id(), "database");
/// assert_eq!(path.parent(), Some(&ChildPath::root("app").join("storage")));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ChildPath(Arc<Step>);

#[derive(PartialEq, Eq, Hash)]
struct Step {
    parent: Option<ChildPath>,
    id: ChildId,
}

/// One life of a child: from a start to the exit that ends it.
///
/// A number that no other life in the tree has; a later life has a greater one. So it tells apart
/// what was said by this life from what an earlier one said.
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
/// let first = handle.which_child("clock").await?.incarnation;
/// handle.terminate_child("clock").await?;
/// let second = handle.restart_child("clock").await?.incarnation();
/// assert!(second > first);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub(crate) NonZeroU64);

impl ChildId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id can stand in a path.
    pub(crate) fn is_valid(&self) -> bool {
        !self.0.is_empty() && !self.0.contains('/')
    }
}

impl ChildPath {
    /// The path of a tree's root supervisor.
    #[must_use]
    pub fn root(id: impl Into<ChildId>) -> Self {
        Self(Arc::new(Step {
            parent: None,
            id: id.into(),
        }))
    }

    /// The path of the child `id` of the supervisor at this path.
    #[must_use]
    pub fn join(&self, id: impl Into<ChildId>) -> Self {
        Self(Arc::new(Step {
            parent: Some(self.clone()),
            id: id.into(),
        }))
    }

    /// The id of the child at this path: the last one of the path.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        &self.0.id
    }

    /// The path of its supervisor; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<&ChildPath> {
        self.0.parent.as_ref()
    }
}

impl Incarnation {
    /// The number of this life.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl From<&str> for ChildId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for ChildId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<&ChildId> for ChildId {
    fn from(id: &ChildId) -> Self {
        id.clone()
    }
}

impl Borrow<str> for ChildId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ChildId {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for ChildId {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ChildPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A loop, not recursion: a tree may be thousands of levels deep.
        let mut steps: Vec<&ChildId> = Vec::new();
        let mut at = Some(self);
        while let Some(path) = at {
            steps.push(path.id());
            at = path.parent();
        }
        for (index, id) in steps.iter().rev().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            f.write_str(id.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ChildPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
