//! The memory of each child of a supervision tree.
//!
//! A global allocator counts each block to the child that is polled on its thread, and remembers with
//! the block whose it is: whoever frees it, on whatever thread, it is taken off its owner's count.
//!
//! ```
//! use perennial::{Supervisor, worker};
//! use perennial_alloc::{Tracker, TrackingAllocator};
//!
//! #[global_allocator]
//! static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = worker("cache", |ctx| async move {
//!     let pages = vec![7_u8; 1 << 20];
//!     ctx.stopping().await;
//!     drop(pages);
//!     Ok(())
//! });
//! let tracker = Tracker::new()?;
//! let handle = Supervisor::one_for_one("app").meter(tracker.clone()).child(cache).start().await?;
//! # tokio::task::yield_now().await;
//! println!("{}", tracker.report());
//! let snapshot = handle.snapshot();
//! let cache = snapshot.find("app/cache").and_then(|cache| cache.memory);
//! assert!(cache.is_some_and(|memory| memory.live_bytes >= 1 << 20));
//! # handle.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What is counted, and to whom
//!
//! - A child is charged for what it allocates in its polls, `initialize` included. Its own supervisor is
//!   charged for the task that it spawns for it, and for its row. Where a list of the runtime's grows
//!   in a poll, say that of those who yield, that is charged too.
//! - What is handed on stays with who allocated it: a message counts to its sender until it is freed.
//!   A block that is resized keeps its owner, also when another child resizes it.
//! - Tasks that a child spawns, and threads, are nobody's: they are [outside](MemoryReport::outside).
//!   So is what its drop allocates when it ends.
//! - An account belongs to the child, not to one of its lives. It is closed when the child is removed, or its
//!   supervisor is restarted or ends, and nothing of the child is left. While blocks of it are alive it
//!   stays in the report: that is what the child has left behind. If a child of the same path is
//!   started meanwhile, the account is that one's.
//! - There are [`MAX_ACCOUNTS`] accounts in a process. Children beyond that share one, and the report
//!   says how many.
//!
//! # What it costs
//!
//! Four bytes a block, and two additions to counters for each block that is made or freed; no lock, and no
//! allocation of its own. The table of accounts takes 4 MiB of address space, of which only the pages
//! that are used take memory. The README has figures.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accounts;
#[allow(unsafe_code, reason = "an allocator hands out raw memory")]
mod allocator;
mod report;
mod tracker;

pub use accounts::MAX_ACCOUNTS;
pub use allocator::TrackingAllocator;
pub use report::{MemoryEntry, MemoryReport};
pub use tracker::{NotInstalled, Tracker};
