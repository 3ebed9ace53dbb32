//! Snapshot and events as one stream.

use crate::child::SupervisorHandle;
use crate::observe::{Event, EventKind, EventStream};
use crate::tree::Snapshot;

/// A tree as it is, and then what changes in it: see [`watch_tree`](crate::SupervisorHandle::watch_tree).
///
/// First comes a [`Snapshot`], then each [`Event`] after its number, without a gap: followed, they give the tree as it is
/// then. A reader that is too slow for the events gets a new snapshot, with which it begins anew. The events are those of
/// the whole tree, also if the supervisor that was asked is a part of it.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Snapshot, Supervisor, TreeNews, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// let mut news = handle.watch_tree();
/// handle.terminate_child("clock").await?;
/// handle.delete_child("clock").await?;
/// handle.request_stop();
///
/// let mut tree = Snapshot::default();
/// let mut sizes = Vec::new();
/// while let Some(next) = news.next().await {
///     match next {
///         TreeNews::Snapshot(snapshot) => tree = snapshot,
///         TreeNews::Event(event) => tree.follow(&event)?,
///     }
///     sizes.push(tree.entries().len());
/// }
/// assert_eq!((sizes.first(), sizes.last()), (Some(&1), Some(&0)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TreeStream {
    handle: SupervisorHandle,
    events: EventStream,
    /// The number up to which all was told; `None` before the first snapshot.
    told: Option<u64>,
}

/// What a [`TreeStream`] tells.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::TreeNews;
///
/// fn line(news: &TreeNews) -> String {
///     match news {
///         TreeNews::Snapshot(snapshot) => format!("{} children", snapshot.entries().len()),
///         TreeNews::Event(event) => event.to_string(),
///     }
/// }
/// # let _ = line;
/// ```
#[derive(Clone, Debug)]
pub enum TreeNews {
    /// The tree as it is, in place of all that was told before.
    Snapshot(Snapshot),
    /// What happened next.
    Event(Event),
}

impl TreeStream {
    pub(super) fn new(handle: SupervisorHandle) -> Self {
        Self {
            // Before any snapshot is taken: what comes in between is in both.
            events: handle.events(),
            handle,
            told: None,
        }
    }

    /// The tree now, at the first call; afterwards waits for what changes. `None` when the tree is over.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<TreeNews> {
        let Some(mut told) = self.told else {
            return Some(self.begin(0));
        };
        loop {
            let event = match self.events.next().await? {
                Ok(event) => event,
                Err(_lost) => return Some(self.begin(0)),
            };
            if event.number <= told {
                continue;
            }
            let is_next = event.number == told + 1;
            told = event.number;
            // A part of a tree comes back as a whole.
            if !is_next || self.comes_back(&event) {
                return Some(self.begin(told));
            }
            self.told = Some(told);
            return Some(TreeNews::Event(event));
        }
    }

    /// A new snapshot, taken when all up to that number was told.
    fn begin(&mut self, told: u64) -> TreeNews {
        let mut snapshot = self.handle.snapshot();
        // It is empty if the supervisor does not run, and does not know of any event.
        snapshot.number = snapshot.number.max(told);
        self.told = Some(snapshot.number);
        TreeNews::Snapshot(snapshot)
    }

    /// Whether the supervisor that was asked is there again. A root is followed from its start.
    fn comes_back(&self, event: &Event) -> bool {
        let is_part = event.path.parent().is_some();
        let is_listed = matches!(event.kind, EventKind::Listed { .. });
        is_part && is_listed && self.handle.path().as_ref() == Some(&event.path)
    }
}
