//! The allocator: each block has four bytes more than was asked for, in which its owner stands.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;

use crate::accounts::{self, Account};

/// A global allocator that counts blocks to the children of supervision trees, by means of another one,
/// which is the system's by default.
///
/// It counts to nobody until a tree has a [`Tracker`](crate::Tracker).
///
/// # Examples
///
/// ```
/// use std::alloc::System;
/// use perennial_alloc::TrackingAllocator;
///
/// // `TrackingAllocator::new()` for the allocator of the system; of another one, say:
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator<System> = TrackingAllocator::with(System);
/// # fn main() {
/// # assert!(perennial_alloc::Tracker::new().is_ok());
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TrackingAllocator<A = System> {
    inner: A,
}

/// How many bytes the owner takes.
const MARK: usize = size_of::<Account>();

impl TrackingAllocator {
    /// Allocates by means of the system's allocator.
    #[must_use]
    pub const fn new() -> Self {
        Self::with(System)
    }
}

impl<A> TrackingAllocator<A> {
    /// Allocates by means of `inner`.
    #[must_use]
    pub const fn with(inner: A) -> Self {
        Self { inner }
    }
}

// SAFETY: what is handed out is what `inner` hands out for a layout that is larger and aligned alike, so
// it fits; only the bytes behind those that were asked for are written. Nothing in here unwinds: there is
// no panic, and thread locals are asked by `try_with`.
unsafe impl<A: GlobalAlloc> GlobalAlloc for TrackingAllocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(whole) = marked(layout) else {
            return ptr::null_mut();
        };
        // SAFETY: it is not of size zero, as the mark is in it.
        let block = unsafe { self.inner.alloc(whole) };
        // SAFETY: the block is of the layout `whole`, or null.
        unsafe { begin(block, layout.size()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(whole) = marked(layout) else {
            return ptr::null_mut();
        };
        // SAFETY: as in `alloc`.
        let block = unsafe { self.inner.alloc_zeroed(whole) };
        // SAFETY: as in `alloc`.
        unsafe { begin(block, layout.size()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller has it from here, with this layout: its mark stands behind it.
        let owner = unsafe { owner(block, layout.size()) };
        accounts::freed(owner, layout.size());
        // SAFETY: it was allocated with this layout, which was one then.
        unsafe { self.inner.dealloc(block, marked_again(layout)) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let resized = Layout::from_size_align(new_size, layout.align());
        let Some(new) = resized.ok().and_then(marked) else {
            return ptr::null_mut();
        };
        // SAFETY: as in `dealloc`; before the block is moved or cut.
        let owner = unsafe { owner(block, layout.size()) };
        // SAFETY: as in `dealloc`, and the new size is that of a layout.
        let moved = unsafe { self.inner.realloc(block, marked_again(layout), new.size()) };
        if moved.is_null() {
            return moved;
        }
        // SAFETY: it has room for the mark behind `new_size` bytes.
        unsafe { mark(moved, new_size, owner) };
        match new_size.checked_sub(layout.size()) {
            Some(more) => accounts::grown(owner, more),
            None => accounts::shrunk(owner, layout.size() - new_size),
        }
        moved
    }
}

/// The layout of a block with its mark; `None` if there is no memory so large.
fn marked(layout: Layout) -> Option<Layout> {
    let size = layout.size().checked_add(MARK)?;
    Layout::from_size_align(size, layout.align()).ok()
}

/// The layout of a block that was allocated with its mark.
///
/// # Safety
///
/// [`marked`] has an answer for it.
unsafe fn marked_again(layout: Layout) -> Layout {
    // SAFETY: `marked` made the same layout of it when it was allocated.
    unsafe { Layout::from_size_align_unchecked(layout.size() + MARK, layout.align()) }
}

/// Counts a new block to whom it belongs, and writes that into its mark.
///
/// # Safety
///
/// The block is null, or has room for the mark behind `size` bytes.
unsafe fn begin(block: *mut u8, size: usize) -> *mut u8 {
    if !block.is_null() {
        let owner = accounts::current();
        // SAFETY: the caller says so.
        unsafe { mark(block, size, owner) };
        accounts::allocated(owner, size);
    }
    block
}

/// Writes whose the block is.
///
/// # Safety
///
/// The block has room for the mark behind `size` bytes.
unsafe fn mark(block: *mut u8, size: usize, owner: Account) {
    // SAFETY: the caller says so; no alignment is asked for.
    unsafe { block.add(size).cast::<Account>().write_unaligned(owner) }
}

/// Whose the block is. The pointer that comes back may be that of a `Box`, which says that it is for fewer
/// bytes; to look behind them is within the rules of tree borrows, by which miri is to judge this.
///
/// # Safety
///
/// Its mark stands behind `size` bytes.
unsafe fn owner(block: *mut u8, size: usize) -> Account {
    // SAFETY: the caller says so; no alignment is asked for.
    unsafe { block.add(size).cast::<Account>().read_unaligned() }
}
