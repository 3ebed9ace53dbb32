//! What a published value is known by, and who publishes it.

use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use crate::path::{ChildPath, Incarnation};

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    id: TypeId,
    pub(super) name: &'static str,
}

/// What a value is known by: its type and its key. Those of one type stand together, by key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    kind: Kind,
    key: Arc<str>,
}

/// The life that publishes a value.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    pub(crate) path: ChildPath,
    pub(crate) incarnation: Incarnation,
}

impl Name {
    pub(crate) fn of<T: 'static>(key: impl Into<Arc<str>>) -> Self {
        Self {
            kind: Kind {
                id: TypeId::of::<T>(),
                name: type_name::<T>(),
            },
            key: key.into(),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn key(&self) -> &Arc<str> {
        &self.key
    }

    /// Whether it is of the same type and its key begins with that of `prefix`.
    pub(super) fn begins_with(&self, prefix: &Self) -> bool {
        self.kind == prefix.kind && self.key.starts_with(&*prefix.key)
    }
}

impl Publisher {
    /// Whether it is a later life of the same child.
    pub(super) fn succeeds(&self, other: &Self) -> bool {
        self.incarnation > other.incarnation && self.path == other.path
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind.name, self.key)
    }
}
