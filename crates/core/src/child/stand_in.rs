//! In tests of trees: who is started in a child's place. Not covered by semantic versioning.

use std::fmt;
use std::sync::Arc;

use super::{Life, Supervisable};
use crate::path::{ChildPath, Incarnation};

/// Chooses who is started in the place of the child at that path, for that life.
type Choose =
    dyn Fn(&ChildPath, Incarnation, Arc<dyn Supervisable>) -> Arc<dyn Supervisable> + Send + Sync;

/// Who is started in the place of which child of a tree; everybody himself by default.
#[derive(Clone, Default)]
pub(crate) struct StandIns(Option<Arc<Choose>>);

impl StandIns {
    pub(crate) fn new(choose: Arc<Choose>) -> Self {
        Self(Some(choose))
    }

    /// Who is started for that life in the place of `child`.
    pub(crate) fn cast(&self, life: &Life, child: Arc<dyn Supervisable>) -> Arc<dyn Supervisable> {
        match &self.0 {
            Some(choose) => choose(&life.path, life.incarnation, child),
            None => child,
        }
    }
}

impl fmt::Debug for StandIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chosen = self.0.is_some();
        f.debug_tuple("StandIns").field(&chosen).finish()
    }
}
