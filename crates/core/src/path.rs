//! Who in the tree: the id of a child, its place, and one life of it.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU64;
use std::sync::Arc;

/// Up to this length an id stands where it is used; a longer one is shared.
const SHORT: usize = 22;

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
#[derive(Clone, PartialEq, Eq)]
pub struct ChildId(Text);

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

/// The text of an id. Most are short, and there are many of them: these need no allocation.
#[derive(Clone, PartialEq, Eq)]
enum Text {
    /// What is behind `length` is zero.
    Short { length: u8, bytes: [u8; SHORT] },
    /// It is longer than `SHORT`.
    Long(Arc<str>),
}

impl ChildId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // It was taken from a text, so it is one.
            Text::Short { .. } => str::from_utf8(self.0.as_bytes()).unwrap_or_default(),
            Text::Long(text) => text,
        }
    }

    /// Whether the id can stand in a path.
    pub(crate) fn is_valid(&self) -> bool {
        let bytes = self.0.as_bytes();
        !bytes.is_empty() && !bytes.contains(&b'/')
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

    /// Where it stands in memory, which all its clones share: it tells apart what is alike in two trees.
    #[cfg(feature = "metrics")]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Text {
    fn new(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Short { length, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { length, bytes } => &bytes[..usize::from(*length)],
            Self::Long(text) => text.as_bytes(),
        }
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
        Self(Text::new(id))
    }
}

impl From<String> for ChildId {
    fn from(id: String) -> Self {
        Self(Text::new(&id))
    }
}

impl From<&ChildId> for ChildId {
    fn from(id: &ChildId) -> Self {
        id.clone()
    }
}

impl PartialOrd for ChildId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ChildId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_bytes().cmp(other.0.as_bytes())
    }
}

/// As the text: maps by id are asked with texts.
impl Hash for ChildId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for ChildId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for ChildId {
    fn eq(&self, other: &str) -> bool {
        self.0.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for ChildId {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
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

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use proptest::prelude::*;

    use super::*;

    /// Of some the length is just at the border.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![".{0,5}", "[ab]{20,24}", "[aß]{10,12}", ".{20,40}"]
    }

    proptest! {
        #[test]
        fn an_id_is_its_text_however_long(a in text(), b in text()) {
            let (id, other) = (ChildId::from(a.as_str()), ChildId::from(b.clone()));
            prop_assert_eq!(id.as_str(), &a);
            prop_assert_eq!(id.to_string(), a.clone());
            prop_assert_eq!(format!("{id:?}"), format!("{a:?}"));
            prop_assert!(id == *a && id == a.as_str());
            prop_assert_eq!(id == other, a == b);
            prop_assert_eq!(id == *b, a == b);
            prop_assert_eq!(id.cmp(&other), a.cmp(&b));
            let hasher = RandomState::new();
            prop_assert_eq!(hasher.hash_one(&id), hasher.hash_one(a.as_str()));
            prop_assert_eq!(id.is_valid(), !a.is_empty() && !a.contains('/'));
        }
    }
}
