//! Who opens and closes the accounts of a tree's children, and can be asked what stands on them.

use std::alloc::Layout;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial_core::{ChildPath, Memory, Meter};

use crate::accounts::{self, Account, OTHERS};
use crate::report::MemoryReport;

/// How many accounts with blocks that outlived their child are looked at when another is opened.
const LOOKS: usize = 2;

/// The memory of each child of a tree: a meter, to be given to
/// [`Supervisor::meter`](perennial_core::Supervisor::meter).
///
/// Its clones are one and the same. One tracker can be the meter of several trees whose roots have different ids.
///
/// # Examples
///
/// ```
/// use perennial::{ChildPath, Supervisor, worker};
/// use perennial_alloc::{Tracker, TrackingAllocator};
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let tracker = Tracker::new()?;
/// let handle = Supervisor::one_for_one("app").meter(tracker.clone()).child(clock).start().await?;
/// # tokio::task::yield_now().await;
/// let clock = tracker.usage(&ChildPath::root("app").join("clock")).ok_or("there is no clock")?;
/// println!("{} bytes in {} blocks", clock.live_bytes, clock.live_allocations);
/// # assert!(clock.live_allocations > 0);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tracker {
    books: Arc<Mutex<Books>>,
}

/// The global allocator is not a [`TrackingAllocator`](crate::TrackingAllocator), so there is nothing to be known.
///
/// # Examples
///
/// ```
/// use perennial_alloc::Tracker;
///
/// // No `#[global_allocator]` here.
/// let error = Tracker::new().err().ok_or("it is installed")?;
/// assert!(error.to_string().contains("TrackingAllocator"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotInstalled;

/// The accounts of a tracker.
#[derive(Debug, Default)]
struct Books {
    /// Sorted by account, not by age.
    rows: BTreeMap<Account, Row>,
    /// How many were ever opened.
    opened: u64,
    /// Closed, with blocks that are alive. Of several with one path the latest.
    left: HashMap<ChildPath, Account>,
    /// The same, each once; the one that was not looked at for the longest time is first.
    to_look_at: VecDeque<Account>,
    /// How many children share the account of those that are too many.
    others: usize,
}

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) path: ChildPath,
    /// Grows with the age of the tree.
    pub(crate) serial: u64,
    /// Its child may still be polled.
    pub(crate) is_open: bool,
    /// It is among those to look at.
    is_listed: bool,
}

impl Tracker {
    /// A tracker with no accounts yet.
    ///
    /// # Errors
    ///
    /// [`NotInstalled`]: the program has no [`TrackingAllocator`](crate::TrackingAllocator) as its
    /// `#[global_allocator]`. To go on without a meter is all that can be done then.
    pub fn new() -> Result<Self, NotInstalled> {
        if !is_installed() {
            return Err(NotInstalled);
        }
        Ok(Self {
            books: Arc::default(),
        })
    }

    /// What the child at `path` has allocated itself, without its children; `None` if there is no such
    /// child, or if it has no account of its own as there are too many.
    #[must_use]
    pub fn usage(&self, path: &ChildPath) -> Option<Memory> {
        let books = self.books();
        let rows = books.rows.iter().filter(|(_, row)| row.path == *path);
        rows.map(|(&account, _)| accounts::read(account))
            .reduce(|one, other| [one, other].into_iter().sum())
    }

    /// What all children have allocated, by supervisor, and what is nobody's.
    #[must_use]
    pub fn report(&self) -> MemoryReport {
        let mut books = self.books();
        books.look(usize::MAX);
        let rows: Vec<_> = books
            .rows
            .iter()
            .map(|(&account, row)| (row.clone(), accounts::read(account)))
            .collect();
        let others = books.others;
        drop(books);
        MemoryReport::new(rows, others)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // What is half done after a panic is one account that is not given back.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meter for Tracker {
    fn open(&self, path: &ChildPath) -> u64 {
        // The books are nobody's.
        let _outside = accounts::outside();
        self.books().open(path).into()
    }

    fn close(&self, account: u64) {
        let _outside = accounts::outside();
        self.books().close(own(account));
    }

    fn enter(&self, account: u64) -> u64 {
        accounts::enter(own(account)).into()
    }

    fn leave(&self, _account: u64, entered: u64) {
        accounts::leave(own(entered));
    }

    fn memory(&self, account: u64) -> Option<Memory> {
        // What many share says nothing of one.
        (own(account) != OTHERS).then(|| accounts::read(own(account)))
    }
}

impl Books {
    fn open(&mut self, path: &ChildPath) -> Account {
        self.look(LOOKS);
        let left = self.left.remove(path);
        if let Some(row) = left.and_then(|account| self.rows.get_mut(&account)) {
            row.is_open = true;
        }
        let Some(account) = left.or_else(accounts::take) else {
            self.others += 1;
            return OTHERS;
        };
        self.opened += 1;
        self.rows.entry(account).or_insert_with(|| Row {
            path: path.clone(),
            serial: self.opened,
            is_open: true,
            is_listed: false,
        });
        account
    }

    fn close(&mut self, account: Account) {
        if account == OTHERS {
            self.others -= 1;
        } else if let Some(row) = self.rows.get_mut(&account) {
            row.is_open = false;
            self.left.insert(row.path.clone(), account);
            self.settle(account);
        }
    }

    /// Gives back what is closed and has no blocks any more, among the first `count` of those left.
    fn look(&mut self, count: usize) {
        for _ in 0..count.min(self.to_look_at.len()) {
            let account = self.to_look_at.pop_front();
            if let Some((account, row)) = account.and_then(|it| Some((it, self.rows.get_mut(&it)?)))
            {
                row.is_listed = false;
                self.settle(account);
            }
        }
    }

    /// Gives the account back unless its child is there, or blocks of it are.
    fn settle(&mut self, account: Account) {
        let Some(row) = self.rows.get_mut(&account) else {
            return;
        };
        if row.is_open {
            // A child of the same path took it over; it is looked at again when that is gone.
            return;
        }
        if accounts::read(account).live_allocations > 0 {
            if !std::mem::replace(&mut row.is_listed, true) {
                self.to_look_at.push_back(account);
            }
            return;
        }
        if self.left.get(&row.path) == Some(&account) {
            self.left.remove(&row.path);
        }
        self.rows.remove(&account);
        accounts::give_back(account);
    }
}

/// A tracker that is dropped leaves no account behind but those with blocks in them.
impl Drop for Books {
    fn drop(&mut self) {
        self.look(usize::MAX);
    }
}

impl fmt::Display for NotInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the global allocator is not a TrackingAllocator: memory cannot be told by child",
        )
    }
}

impl Error for NotInstalled {}

/// The number of an account as it is here.
fn own(account: u64) -> Account {
    Account::try_from(account).unwrap_or(OTHERS)
}

/// Whether a block that is allocated is counted.
fn is_installed() -> bool {
    let account = accounts::take();
    let counted_to = account.unwrap_or(OTHERS);
    let before = accounts::read(counted_to).allocations;
    let inside = accounts::inside(counted_to);
    // Who is never looked at may never be allocated.
    drop(std::hint::black_box(Box::new(Layout::new::<u64>())));
    drop(inside);
    let after = accounts::read(counted_to).allocations;
    account.into_iter().for_each(accounts::give_back);
    after > before
}
