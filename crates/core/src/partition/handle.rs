//! What others hold of a partition supervisor.

use std::fmt;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use super::route::route;
use crate::child::SupervisorHandle;
use crate::path::ChildId;

/// A partition supervisor as others hold it: to find the partition of a key.
///
/// Cheap to clone, good before the supervisor starts and after it was restarted. It gives the
/// methods of a [`SupervisorHandle`] too. Dropping it stops nothing.
///
/// The partition of a key depends on nothing but the key's [`Hash`] and the number of partitions: keys that are
/// equal have the same partition, also after a restart and in each process of the same program. It may be another one
/// with another version of this crate or of Rust: do not store it.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{PartitionSupervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shards = PartitionSupervisor::new("shards", 4, |_partition| {
///     worker("shard", |ctx| async move { ctx.stopping().await; Ok(()) })
/// });
/// let shards = shards.start().await?;
/// let id = shards.child_id("alice");
/// assert_eq!(id.as_str(), shards.partition("alice").to_string());
/// shards.kill_child(&id).await?;                           // only this one is restarted
/// # shards.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct PartitionHandle<T = ()> {
    handle: SupervisorHandle,
    /// What belongs to each partition; at least one.
    partitions: Arc<[T]>,
}

impl<T> PartitionHandle<T> {
    pub(super) fn new(handle: SupervisorHandle, partitions: Arc<[T]>) -> Self {
        Self { handle, partitions }
    }

    /// The number of the partition that `key` belongs to, from zero on.
    #[must_use]
    pub fn partition<K: Hash + ?Sized>(&self, key: &K) -> usize {
        route(key, self.partitions.len())
    }

    /// What belongs to the partition of `key`, as [`PartitionSupervisor::with`](super::PartitionSupervisor::with) was given it.
    #[must_use]
    pub fn get<K: Hash + ?Sized>(&self, key: &K) -> &T {
        &self.partitions[self.partition(key)]
    }

    /// The id of the child that is the partition of `key`: its number.
    #[must_use]
    pub fn child_id<K: Hash + ?Sized>(&self, key: &K) -> ChildId {
        child_id(self.partition(key))
    }

    /// What belongs to each partition, in order: to do something with all of them, or to count them.
    #[must_use]
    pub fn partitions(&self) -> &[T] {
        &self.partitions
    }

    /// The same supervisor without its partitions.
    #[must_use]
    pub fn as_supervisor(&self) -> &SupervisorHandle {
        &self.handle
    }
}

impl<T> Deref for PartitionHandle<T> {
    type Target = SupervisorHandle;

    fn deref(&self) -> &SupervisorHandle {
        &self.handle
    }
}

impl<T> Clone for PartitionHandle<T> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            partitions: Arc::clone(&self.partitions),
        }
    }
}

impl<T> fmt::Debug for PartitionHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionHandle")
            .field("handle", &self.handle)
            .field("partitions", &self.partitions.len())
            .finish()
    }
}

/// The id of the child that is this partition.
pub(super) fn child_id(partition: usize) -> ChildId {
    ChildId::from(partition.to_string())
}
