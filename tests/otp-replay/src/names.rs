//! Names in the two worlds: the paths of the traces, and those of the tree that is played.
//!
//! They differ in dynamic children only: what the traces call `d1` is `d1#7` in the tree, where each
//! start has a number of its own.

use perennial::ChildPath;

/// What begins the number of a dynamic child; an id of the traces never has it.
const SERIAL: char = '#';

/// The root supervisor's path, and its id.
pub(crate) const ROOT: &str = "root";

/// A path of the tree as the traces write it.
pub(crate) fn trace_path(path: &ChildPath) -> String {
    let path = path.to_string();
    let ids: Vec<&str> = path.split('/').map(trace_id).collect();
    ids.join("/")
}

/// An id of the tree as the traces write it.
pub(crate) fn trace_id(id: &str) -> &str {
    id.split_once(SERIAL).map_or(id, |(key, _serial)| key)
}

/// The path of the supervisor's child of that id.
pub(crate) fn join(supervisor: &str, id: &str) -> String {
    format!("{supervisor}/{id}")
}

/// The supervisor's path and the child's id; `None` for the root.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once('/')
}

/// The path from the root down, without the root; `None` for the root itself.
pub(crate) fn below_root(path: &str) -> Option<&str> {
    path.split_once('/').map(|(_root, below)| below)
}
