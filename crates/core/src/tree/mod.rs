//! A tree as data: what stands where, and how it fares.

mod print;
mod snapshot;

pub(crate) use snapshot::DYNAMIC;
pub use snapshot::{
    ChildKind, ChildOutline, ChildState, Counts, HealthImpact, Snapshot, SnapshotEntry,
};
