//! What becomes of published values, as a subscriber is told.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::task::coop;

use super::listener::News;
use super::space::{Dataspace, Value, typed};
use super::table::ListenerId;
use crate::path::ChildPath;

/// What becomes of the values that were subscribed to, from [`Dataspace::subscribe`],
/// [`subscribe_prefix`](Dataspace::subscribe_prefix) and [`watch`](Dataspace::watch).
///
/// It begins with what is published at that moment and goes on with what changes, and nothing is
/// missed in between. Of one key it tells in turn: published, any number of updates, withdrawn, and so on.
///
/// A slow reader holds nobody up and loses nothing that still counts: for each key it is told how things are
/// now, not what came and went since it last asked. So no more waits for it than two changes for each value
/// that a tree may publish. Between different keys the order is that of the first change that it has not read.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Change, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shard = worker("shard", |ctx| async move {
///     let _published = ctx.publish("shard/1", "10.0.0.1".to_string())?;
///     ctx.stopping().await;
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(shard).start().await?;
/// let mut shards = handle.dataspace()?.subscribe_prefix::<String>("shard/");
/// handle.dataspace()?.wait::<String>("shard/1").await?;
/// handle.shutdown().await;
/// while let Some(change) = shards.next().await {
///     match change {
///         Change::Published { key, value, .. } => println!("{key} is at {value}"),
///         Change::Withdrawn { key, by, .. } => println!("{key} is gone, as {by} has ended"),
///         _ => (),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a subscription tells nothing unless `next` is awaited"]
pub struct Subscription<T> {
    dataspace: Dataspace,
    listener: ListenerId,
    /// It gives out values, and holds none.
    _type: PhantomData<fn() -> T>,
}

/// What became of a value.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Change, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move {
///     let _published = ctx.publish("zone", 2_i8)?;
///     ctx.stopping().await;
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// let mut zone = handle.dataspace()?.watch::<i8>("zone");
/// assert!(matches!(zone.next().await, Some(Change::Published { value, .. }) if *value == 2));
/// handle.terminate_child("clock").await?;
/// assert!(matches!(zone.next().await, Some(Change::Withdrawn { .. })));
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Change<T> {
    /// It is published: at the moment of the subscription, or since.
    #[non_exhaustive]
    Published {
        /// The key.
        key: Arc<str>,
        /// The value.
        value: Arc<T>,
        /// The child that publishes it.
        by: ChildPath,
    },
    /// Its publisher has replaced it.
    #[non_exhaustive]
    Updated {
        /// The key.
        key: Arc<str>,
        /// The new value.
        value: Arc<T>,
        /// The child that publishes it.
        by: ChildPath,
    },
    /// It is not published any more, mostly as the life of its publisher has ended.
    #[non_exhaustive]
    Withdrawn {
        /// The key.
        key: Arc<str>,
        /// The child that published it.
        by: ChildPath,
    },
}

impl<T> Subscription<T> {
    pub(super) fn new(dataspace: Dataspace, listener: ListenerId) -> Self {
        Self {
            dataspace,
            listener,
            _type: PhantomData,
        }
    }
}

impl<T: Send + Sync + 'static> Subscription<T> {
    /// Waits for the next change; `None` when the tree is over and all was told.
    ///
    /// # Cancel safety
    ///
    /// No change is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Change<T>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Change<T>>> {
        // Others have their turn, however much there is to tell.
        let budget = ready!(coop::poll_proceed(cx));
        let news = ready!(self.dataspace.poll_next(self.listener, cx));
        budget.made_progress();
        Poll::Ready(news.map(Change::of))
    }
}

impl<T: Send + Sync + 'static> Change<T> {
    fn of(news: News<Value>) -> Self {
        match news {
            News::Published(name, value, by) => Self::Published {
                key: Arc::clone(name.key()),
                value: typed(value),
                by: by.path,
            },
            News::Updated(name, value, by) => Self::Updated {
                key: Arc::clone(name.key()),
                value: typed(value),
                by: by.path,
            },
            News::Withdrawn(name, by) => Self::Withdrawn {
                key: Arc::clone(name.key()),
                by: by.path,
            },
        }
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.dataspace.dismiss(self.listener);
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
