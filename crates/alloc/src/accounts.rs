//! The accounts of the whole process: a fixed table of counters, as the allocator cannot wait or allocate.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use perennial_core::Memory;

/// How many children can have an account of their own at the same time, in all trees of the process.
pub const MAX_ACCOUNTS: usize = TABLE_SIZE - FIRST as usize;

/// Miri looks at all of it each time that it is borrowed.
const TABLE_SIZE: usize = if cfg!(miri) { 128 } else { 1 << 16 };

/// The accounts before this one are for what is in no child's poll: several, as all threads have to do
/// with them all the time.
const OUTSIDE: Account = 32;

/// What the children share that are too many.
pub(crate) const OTHERS: Account = OUTSIDE;

/// The first account that a child can have.
const FIRST: Account = OTHERS + 1;

/// A thread that has not allocated yet.
const UNKNOWN: Account = Account::MAX;

/// A place in the table; what stands in a block to say whose it is.
pub(crate) type Account = u32;

/// On a cache line of its own, as its neighbors are written by other threads.
#[repr(align(64))]
struct Counters {
    allocated_bytes: AtomicU64,
    allocations: AtomicU64,
    freed_bytes: AtomicU64,
    frees: AtomicU64,
}

/// Which accounts are free.
struct Free {
    /// None from here on was ever taken.
    next: Account,
    returned: Vec<Account>,
}

/// A poll, or what else is counted to an account, goes on.
pub(crate) struct Inside(Account);

static TABLE: [Counters; TABLE_SIZE] = [const { Counters::new() }; TABLE_SIZE];

static FREE: Mutex<Free> = Mutex::new(Free {
    next: FIRST,
    returned: Vec::new(),
});

/// Spreads the threads over the accounts of what is outside.
static THREADS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Who is polled on this thread. Without a destructor, so that it is there before main, and to the
    /// very end of a thread.
    static CURRENT: Cell<Account> = const { Cell::new(UNKNOWN) };
}

/// Whose a block is that is allocated now.
pub(crate) fn current() -> Account {
    let known = CURRENT.try_with(|current| {
        if current.get() == UNKNOWN {
            // Relaxed: any number will do.
            current.set(THREADS.fetch_add(1, Ordering::Relaxed) % OUTSIDE);
        }
        current.get()
    });
    known.unwrap_or_default()
}

/// Counts what this thread allocates to `account`; tells whose it was before.
pub(crate) fn enter(account: Account) -> Account {
    let before = CURRENT.try_with(|current| current.replace(account));
    before.unwrap_or(UNKNOWN)
}

/// Counts what this thread allocates to whom it was counted before.
pub(crate) fn leave(before: Account) {
    // A thread without this has allocated nothing in between either.
    let _ = CURRENT.try_with(|current| current.set(before));
}

/// Counts what this thread allocates to `account` until the answer is dropped.
pub(crate) fn inside(account: Account) -> Inside {
    Inside(enter(account))
}

/// As [`inside`], to nobody.
pub(crate) fn outside() -> Inside {
    inside(0)
}

/// A block was allocated.
pub(crate) fn allocated(owner: Account, size: usize) {
    grown(owner, size);
    if let Some(counters) = TABLE.get(owner as usize) {
        // Relaxed: whoever frees the block got it from here, by means that order the one after the other.
        counters.allocations.fetch_add(1, Ordering::Relaxed);
    }
}

/// A block was freed.
pub(crate) fn freed(owner: Account, size: usize) {
    shrunk(owner, size);
    if let Some(counters) = TABLE.get(owner as usize) {
        // Release: pairs with the Acquire in `read`.
        counters.frees.fetch_add(1, Ordering::Release);
    }
}

/// A block became larger.
pub(crate) fn grown(owner: Account, by: usize) {
    // A number that is none of ours stands in a block that somebody has overwritten; to panic is not
    // for an allocator.
    if let Some(counters) = TABLE.get(owner as usize) {
        // Relaxed: as in `allocated`.
        counters
            .allocated_bytes
            .fetch_add(by as u64, Ordering::Relaxed);
    }
}

/// A block became smaller.
pub(crate) fn shrunk(owner: Account, by: usize) {
    if let Some(counters) = TABLE.get(owner as usize) {
        // Release: pairs with the Acquire in `read`.
        counters.freed_bytes.fetch_add(by as u64, Ordering::Release);
    }
}

/// What stands on an account.
pub(crate) fn read(account: Account) -> Memory {
    let counters = TABLE.get(account as usize);
    counters.map_or_else(Memory::default, Counters::read)
}

/// What is allocated in no poll of any child.
pub(crate) fn read_outside() -> Memory {
    (0..OUTSIDE).map(read).sum()
}

/// Takes an account that nobody has, with nothing on it.
pub(crate) fn take() -> Option<Account> {
    let mut free = free();
    let account = free.returned.pop().or_else(|| {
        let account = free.next;
        free.next = account + u32::from((account as usize) < TABLE_SIZE);
        ((account as usize) < TABLE_SIZE).then_some(account)
    })?;
    drop(free);
    TABLE[account as usize].clear();
    Some(account)
}

/// Gives an account back that no block belongs to, and whose child is never polled again.
pub(crate) fn give_back(account: Account) {
    free().returned.push(account);
}

/// Not for the allocator: it would wait, and the list of what is free allocates.
fn free() -> MutexGuard<'static, Free> {
    // Nothing in here is left half done by a panic.
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Counters {
    const fn new() -> Self {
        Self {
            allocated_bytes: AtomicU64::new(0),
            allocations: AtomicU64::new(0),
            freed_bytes: AtomicU64::new(0),
            frees: AtomicU64::new(0),
        }
    }

    fn read(&self) -> Memory {
        // What was freed first, and Acquire, which pairs with the Release of who freed: so what was
        // allocated is never less, and if no allocation is alive, no byte is either.
        let frees = self.frees.load(Ordering::Acquire);
        let freed_bytes = self.freed_bytes.load(Ordering::Acquire);
        let mut memory = Memory::default();
        memory.allocations = self.allocations.load(Ordering::Relaxed);
        memory.allocated_bytes = self.allocated_bytes.load(Ordering::Relaxed);
        memory.live_allocations = memory.allocations.saturating_sub(frees);
        memory.live_bytes = memory.allocated_bytes.saturating_sub(freed_bytes);
        memory
    }

    /// No block belongs to it, so nobody else writes it.
    fn clear(&self) {
        for counter in [
            &self.allocated_bytes,
            &self.allocations,
            &self.freed_bytes,
            &self.frees,
        ] {
            // Relaxed: who counts next is told of the account afterwards.
            counter.store(0, Ordering::Relaxed);
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        leave(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_to_an_account_is_read_back_and_is_gone_when_it_is_taken_again() {
        let account = take().expect("most are free");
        allocated(account, 100);
        allocated(account, 20);
        grown(account, 5);
        freed(account, 100);
        let memory = read(account);
        assert_eq!((memory.live_bytes, memory.live_allocations), (25, 1));
        assert_eq!((memory.allocated_bytes, memory.allocations), (125, 2));
        freed(account, 25);
        give_back(account);
        assert_eq!(read(account).live_bytes, 0);
        let mut again = Vec::new();
        while again.last() != Some(&account) {
            again.push(take().expect("it was given back"));
            assert_eq!(read(again[again.len() - 1]), Memory::default());
        }
        again.into_iter().for_each(give_back);
    }

    #[test]
    fn polls_nest() {
        let (outer, inner) = (inside(7), inside(8));
        assert_eq!(current(), 8);
        drop(inner);
        assert_eq!(current(), 7);
        drop(outer);
        assert!(current() < OUTSIDE);
    }

    #[test]
    fn a_number_that_is_no_account_counts_nowhere() {
        freed(UNKNOWN, 1);
        allocated(TABLE_SIZE as Account, 1);
        assert_eq!(read(UNKNOWN), Memory::default());
    }
}
