//! Supervisors of n copies of one child, of which a key chooses one.
//!
//! `spec` is what users write, a supervisor of a spec list with what is known of each copy; `route` decides which
//! copy a key belongs to.

mod handle;
mod route;
mod spec;

pub use handle::PartitionHandle;
pub use spec::{PartitionSupervisor, Partitions};
