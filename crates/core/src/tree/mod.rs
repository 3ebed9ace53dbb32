//! A tree as data: what stands where, and how it fares.

mod print;
mod snapshot;

pub use snapshot::{ChildKind, ChildState, Counts, HealthImpact, Snapshot, SnapshotEntry};
