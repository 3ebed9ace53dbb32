//! Supervision trees.
