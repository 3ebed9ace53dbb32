//! The dataspace of a tree: its one table, under a lock that is held for moments only.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use super::error::{PublishError, WaitError};
use super::license::License;
use super::listener::{Interest, News};
use super::name::{Name, Publisher};
use super::published::Published;
use super::subscription::{Change, Subscription};
use super::table::{Aftermath, Heard, ListenerId, Refusal, Table, Ticket};
use crate::path::{ChildPath, Incarnation};
use crate::sync::{Mutex, MutexGuard};

/// How many values a tree may publish at a time.
const LIMIT: usize = 65_536;

/// A value of whatever type.
pub(crate) type Value = Arc<dyn Any + Send + Sync>;

/// What the children of a tree publish for each other: values, each known by its type and a key.
///
/// There is one for each tree, also for the parts of it that run on other runtimes; a clone is the same
/// one. A child [publishes](crate::Context::publish) a value in its own name, and it is withdrawn when
/// that life of the child ends, however it ends, before its supervisor hears of that: so the next life
/// finds the key free. Whoever has the dataspace can look, wait and subscribe, in tasks, threads and
/// other runtimes; nothing here needs one.
///
/// A tree may publish 65,536 values at a time. This is for what children need to find each other, as
/// addresses, handles and settings. For a flow of messages use channels, and publish their ends.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::net::SocketAddr;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let web = worker("web", |ctx| async move {
///     let bound = SocketAddr::from(([127, 0, 0, 1], 8080));
///     let _published = ctx.publish("web", bound)?;         // withdrawn when this life ends
///     ctx.stopping().await;
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(web).start().await?;
/// let address = handle.dataspace()?.wait::<SocketAddr>("web").await?;
/// assert_eq!(address.port(), 8080);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Dataspace {
    space: Arc<Space>,
}

/// The table of one tree.
struct Space {
    table: Mutex<Table<Value, Waker>>,
}

/// Which child publishes what: a line of [`Dataspace::publications`].
///
/// Prints as one line.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move {
///     let _published = ctx.publish("zone", 2_i8)?;
///     ctx.stopping().await;
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// let dataspace = handle.dataspace()?;
/// dataspace.wait::<i8>("zone").await?;
/// let publications = dataspace.publications();
/// assert_eq!(publications[0].to_string(), "zone: i8 by app/clock (life 2)");
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Publication {
    /// The type of the value, as the compiler names it.
    pub type_name: &'static str,
    /// The key.
    pub key: Arc<str>,
    /// The child that publishes it.
    pub by: ChildPath,
    /// Which life of the child.
    pub incarnation: Incarnation,
}

impl Dataspace {
    pub(crate) fn new() -> Self {
        let table = Mutex::new(Table::new(LIMIT));
        Self {
            space: Arc::new(Space { table }),
        }
    }

    /// The value that is published under `key`, if one is.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self, key: impl Into<Arc<str>>) -> Option<Arc<T>> {
        let name = Name::of::<T>(key);
        let value = self.lock().get(&name).cloned();
        value.map(typed)
    }

    /// Waits until a value is published under `key`; if one is, it is there at once.
    ///
    /// A value that is withdrawn again before the waiting task runs is not seen. To go on with what comes
    /// after it, use [`watch`](Self::watch).
    ///
    /// # Errors
    ///
    /// [`WaitError::Over`]: the tree is over, so nobody will publish it.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn wait<T: Send + Sync + 'static>(
        &self,
        key: impl Into<Arc<str>>,
    ) -> Result<Arc<T>, WaitError> {
        let key = key.into();
        let mut changes = self.watch::<T>(Arc::clone(&key));
        loop {
            match changes.next().await {
                Some(Change::Published { value, .. }) => return Ok(value),
                Some(Change::Updated { .. } | Change::Withdrawn { .. }) => (),
                None => return Err(WaitError::Over { key }),
            }
        }
    }

    /// What becomes of the value under `key`, beginning with the present one if there is one.
    pub fn watch<T: Send + Sync + 'static>(&self, key: impl Into<Arc<str>>) -> Subscription<T> {
        self.listen(&Interest::One(Name::of::<T>(key)))
    }

    /// What becomes of all values of this type, beginning with those that are published now.
    pub fn subscribe<T: Send + Sync + 'static>(&self) -> Subscription<T> {
        self.subscribe_prefix("")
    }

    /// What becomes of the values of this type whose keys begin with `prefix`, beginning with those that
    /// are published now.
    pub fn subscribe_prefix<T: Send + Sync + 'static>(
        &self,
        prefix: impl Into<Arc<str>>,
    ) -> Subscription<T> {
        self.listen(&Interest::Prefix(Name::of::<T>(prefix)))
    }

    /// What is published now, and by whom: by type, and then by key.
    #[must_use]
    pub fn publications(&self) -> Vec<Publication> {
        let table = self.lock();
        let lines = table.publishers().map(|(name, by)| Publication {
            type_name: name.kind().name,
            key: Arc::clone(name.key()),
            by: by.path.clone(),
            incarnation: by.incarnation,
        });
        let mut lines: Vec<_> = lines.collect();
        drop(table);
        lines.sort_by(|a, b| (a.type_name, &a.key).cmp(&(b.type_name, &b.key)));
        lines
    }

    /// Publishes a value in the name of a life that has this license.
    pub(crate) fn publish<T: Send + Sync + 'static>(
        &self,
        name: Name,
        value: T,
        by: Publisher,
        license: &License,
    ) -> Result<Published<T>, PublishError> {
        let path = by.path.clone();
        if !license.take_up() {
            return Err(PublishError::Over { path });
        }
        let value: Value = Arc::new(value);
        let known = name.clone();
        let (ticket, left) = self.change(|table, after| {
            if license.is_expired() {
                after.values.push(value);
                return None;
            }
            Some(table.publish(name, value, by, after))
        });
        drop(left);
        match ticket {
            Some(Ok(ticket)) => Ok(Published::new(self.clone(), ticket, path)),
            Some(Err(Refusal::Taken(by))) => Err(PublishError::Taken {
                type_name: known.kind().name,
                key: Arc::clone(known.key()),
                by: by.path,
            }),
            Some(Err(Refusal::Full(limit))) => Err(PublishError::Full { limit }),
            None => Err(PublishError::Over { path }),
        }
    }

    /// Replaces the value of a publication; `false` if it was withdrawn.
    pub(super) fn update(&self, ticket: &Ticket, value: Value) -> bool {
        let (updated, left) = self.change(|table, after| table.update(ticket, value, after));
        drop(left);
        updated
    }

    /// Withdraws a publication, unless that has happened before.
    pub(super) fn withdraw(&self, ticket: &Ticket) {
        let ((), left) = self.change(|table, after| table.withdraw(ticket, after));
        drop(left);
    }

    /// Withdraws all that a life publishes, whose license has expired. The values are to be dropped with
    /// the care that values of the user's need.
    #[must_use]
    pub(crate) fn retire(&self, life: Incarnation) -> Vec<Value> {
        self.change(|table, after| table.retire(life, after)).1
    }

    /// The tree is over, and all that was published is withdrawn: nobody needs to wait any more.
    pub(crate) fn close(&self) {
        let ((), left) = self.change(|table, after| table.close(after));
        debug_assert!(left.is_empty(), "every life has withdrawn its own");
    }

    /// What a listener is told next; `None` if nothing comes any more.
    pub(super) fn poll_next(
        &self,
        listener: ListenerId,
        cx: &mut Context<'_>,
    ) -> Poll<Option<News<Value>>> {
        // Before the lock is taken: a waker is somebody else's code, and so is the drop of one.
        let waker = cx.waker().clone();
        let mut table = self.lock();
        let (polled, unused) = match table.next(listener) {
            Heard::News(news) => (Poll::Ready(Some(news)), Some(waker)),
            Heard::Over => (Poll::Ready(None), Some(waker)),
            Heard::Nothing => (Poll::Pending, table.arm(listener, waker)),
        };
        drop(table);
        drop(unused);
        polled
    }

    pub(super) fn dismiss(&self, listener: ListenerId) {
        let listener = self.lock().dismiss(listener);
        // Outside of the lock: there may be a waker in it.
        drop(listener);
    }

    fn listen<T>(&self, interest: &Interest) -> Subscription<T> {
        let listener = self.lock().listen(interest);
        Subscription::new(self.clone(), listener)
    }

    /// Changes the table and wakes those who are concerned; the values that are left are to be dropped
    /// by the caller.
    fn change<R>(
        &self,
        act: impl FnOnce(&mut Table<Value, Waker>, &mut Aftermath<Value, Waker>) -> R,
    ) -> (R, Vec<Value>) {
        let mut after = Aftermath::default();
        let done = act(&mut self.lock(), &mut after);
        for waker in after.wakers {
            waker.wake();
        }
        (done, after.values)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Table<Value, Waker>> {
        // No code of the user's runs under the lock: nothing in here is left half done by a panic.
        self.space
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value as the type that its name says.
pub(super) fn typed<T: Send + Sync + 'static>(value: Value) -> Arc<T> {
    value
        .downcast()
        .unwrap_or_else(|_| unreachable!("a value stands under the name of its own type"))
}

impl fmt::Debug for Dataspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.lock().publishers().len();
        f.debug_struct("Dataspace")
            .field("values", &values)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").finish_non_exhaustive()
    }
}

impl fmt::Display for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            type_name,
            key,
            by,
            incarnation,
        } = self;
        write!(f, "{key}: {type_name} by {by} (life {incarnation})")
    }
}
