//! What is to be done so that a supervisor has the children that are wanted.

use super::Replace;
use crate::path::ChildId;

/// How the children of a supervisor differ from those that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Those that nobody wants, in the order in which they are to go.
    pub(crate) removed: Vec<ChildId>,
    /// What is to be done for which of the wanted ones, in this order.
    pub(crate) steps: Vec<(usize, Step)>,
    /// Which of them are there already.
    pub(crate) unchanged: Vec<usize>,
}

/// What is to be done for a child that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Replace(Replace),
    Add,
}
