//! Blocks of memory and whose they are, with the allocator installed in this program.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;

use perennial::{ChildPath, Memory, Meter};
use perennial_alloc::{Tracker, TrackingAllocator};
use proptest::prelude::*;

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

/// An account of a tracker of its own, closed at the end.
struct Child {
    tracker: Tracker,
    account: u64,
}

#[repr(align(4096))]
struct Page([u8; 4096]);

#[repr(align(64))]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line(u8);

impl Child {
    fn new() -> Self {
        let tracker = Tracker::new().unwrap();
        let account = tracker.open(&ChildPath::root("app"));
        Self { tracker, account }
    }

    /// Does it as if in a poll of the child.
    fn polled<T>(&self, act: impl FnOnce() -> T) -> T {
        let entered = self.tracker.enter(self.account);
        let done = act();
        self.tracker.leave(self.account, entered);
        done
    }

    fn memory(&self) -> Memory {
        self.tracker.memory(self.account).unwrap()
    }

    /// Bytes and blocks that are alive.
    fn live(&self) -> (u64, u64) {
        let memory = self.memory();
        (memory.live_bytes, memory.live_allocations)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.tracker.close(self.account);
    }
}

#[test]
fn a_block_counts_to_who_was_polled_when_it_was_made_and_only_to_that_one() {
    let (one, other) = (Child::new(), Child::new());
    let block = one.polled(|| vec![1_u8; 1_000]);
    let outside = vec![2_u8; 500];
    assert_eq!((one.live(), other.live()), ((1_000, 1), (0, 0)));
    drop((block, outside));
    assert_eq!(one.live(), (0, 0));
    let memory = one.memory();
    assert_eq!((memory.allocated_bytes, memory.allocations), (1_000, 1));
}

#[test]
fn a_block_that_is_resized_is_one_allocation_of_its_owner_whoever_resizes_it() {
    let (one, other) = (Child::new(), Child::new());
    let mut block = one.polled(|| Vec::<u8>::with_capacity(100));
    block.extend([7; 100]);
    other.polled(|| block.reserve_exact(900));
    assert_eq!((one.live(), other.live()), ((1_000, 1), (0, 0)));
    assert!(block.iter().all(|&byte| byte == 7));
    block.truncate(10);
    block.shrink_to_fit();
    assert_eq!(
        (one.live(), block.as_slice()),
        ((10, 1), [7; 10].as_slice())
    );
    assert_eq!(one.memory().allocations, 1);
    other.polled(|| drop(block));
    assert_eq!((one.live(), other.memory()), ((0, 0), Memory::default()));
}

#[test]
fn a_block_that_grows_byte_by_byte_is_counted_as_large_as_it_is() {
    let child = Child::new();
    let mut text = String::new();
    for _ in 0..if cfg!(miri) { 100 } else { 10_000 } {
        child.polled(|| text.push('x'));
        assert_eq!(child.live(), (text.capacity() as u64, 1));
    }
    drop(text);
    assert_eq!(child.live(), (0, 0));
}

#[test]
fn what_has_no_size_is_no_block() {
    let child = Child::new();
    let empty = child.polled(|| {
        (
            Box::new(()),
            Vec::<u64>::new(),
            vec![(); 1_000],
            String::new(),
        )
    });
    assert_eq!(child.memory(), Memory::default());
    drop(empty);
    assert_eq!(child.memory(), Memory::default());
}

#[test]
fn a_block_keeps_its_alignment_and_zeros_are_zeros() {
    let child = Child::new();
    let page = child.polled(|| Box::new(Page([3; 4096])));
    assert_eq!((&raw const *page).addr() % 4096, 0);
    assert_eq!(child.live(), (4096, 1));
    let zeros = child.polled(|| vec![0_u8; if cfg!(miri) { 100 } else { 1 << 20 }]);
    assert!(zeros.iter().all(|&byte| byte == 0) && page.0.iter().all(|&byte| byte == 3));
    let mut lines = child.polled(|| vec![Line(1); 3]);
    lines.resize(1_000, Line(2));
    assert_eq!(lines.as_ptr().addr() % 64, 0);
    assert_eq!((lines[2], lines[999]), (Line(1), Line(2)));
    drop((page, zeros, lines));
    assert_eq!(child.live(), (0, 0));
}

#[test]
fn a_block_that_no_machine_has_is_refused_and_not_counted() {
    let child = Child::new();
    let refused = child.polled(|| Vec::<u8>::new().try_reserve_exact(isize::MAX as usize));
    assert!(refused.is_err());
    let mut block = child.polled(|| vec![1_u8; 10]);
    assert!(block.try_reserve_exact(isize::MAX as usize - 10).is_err());
    assert_eq!((child.live(), block), ((10, 1), vec![1; 10]));
}

#[test]
fn a_block_may_be_freed_by_another_thread() {
    let child = Child::new();
    let block = child.polled(|| vec![1_u8; 1_000]);
    thread::spawn(move || drop(block)).join().unwrap();
    assert_eq!(child.live(), (0, 0));
}

#[test]
fn a_thread_that_a_child_starts_is_nobodys() {
    let child = Child::new();
    let before = child.memory().allocated_bytes;
    let block = child.polled(|| thread::scope(|scope| scope.spawn(|| vec![1_u8; 1 << 20]).join()));
    let by_spawning = child.memory().allocated_bytes - before;
    assert!(by_spawning < 1 << 20, "{by_spawning}");
    drop(block.unwrap());
}

#[test]
fn polls_nest_and_each_is_counted_apart() {
    let (outer, inner) = (Child::new(), Child::new());
    let blocks = outer.polled(|| {
        let first = inner.polled(|| vec![1_u8; 10]);
        (first, vec![1_u8; 100])
    });
    assert_eq!((outer.live(), inner.live()), ((100, 1), (10, 1)));
    drop(blocks);
    assert_eq!((outer.live(), inner.live()), ((0, 0), (0, 0)));
}

#[test]
fn the_destructors_of_a_thread_may_allocate_and_free() {
    /// Allocates once more when it is dropped, which is when its thread ends.
    struct Last(Vec<u8>, mpsc::Sender<usize>);
    impl Drop for Last {
        fn drop(&mut self) {
            let more = std::hint::black_box(vec![1_u8; 2 * self.0.len()]);
            let _heard = self.1.send(more.len());
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    let child = Child::new();
    let block = child.polled(|| vec![1_u8; 1_000]);
    let (said, heard) = mpsc::channel();
    let thread = thread::spawn(move || LAST.set(Some(Last(block, said))));
    thread.join().unwrap();
    assert_eq!((heard.recv(), child.live()), (Ok(2_000), (0, 0)));
}

#[test]
fn an_account_with_blocks_outlives_its_child_until_they_are_freed() {
    let tracker = Tracker::new().unwrap();
    let path = ChildPath::root("app").join("cache");
    let open = |tracker: &Tracker| Child {
        tracker: tracker.clone(),
        account: tracker.open(&path),
    };
    let child = open(&tracker);
    let leaked = child.polled(|| vec![1_u8; 1_000]);
    drop(child);
    let report = tracker.report();
    let left = report.find("app/cache").unwrap();
    assert!(!left.is_present && left.own.live_bytes == 1_000, "{report}");
    assert!(report.to_string().contains("cache (gone)"), "{report}");

    let again = open(&tracker);
    assert_eq!(again.live(), (1_000, 1), "the next of the same path has it");
    assert!(tracker.report().find("app/cache").unwrap().is_present);
    drop(again);
    assert!(tracker.usage(&path).is_some());
    drop(leaked);
    assert!(tracker.report().entries().is_empty());
    assert!(tracker.usage(&path).is_none());
}

#[test]
fn a_child_that_comes_again_and_again_and_leaves_a_block_each_time_has_one_account() {
    let tracker = Tracker::new().unwrap();
    let mut leaked = Vec::with_capacity(100);
    for round in 0..100 {
        let account = tracker.open(&ChildPath::root("app"));
        let child = Child {
            tracker: tracker.clone(),
            account,
        };
        assert_eq!(child.live().1, round);
        leaked.push(child.polled(|| Box::new(round)));
    }
    assert_eq!(tracker.report().entries().len(), 1);
    drop(leaked);
    assert!(tracker.report().entries().is_empty());
}

/// Miri is slow.
const MOST_ACTS: usize = if cfg!(miri) { 12 } else { 200 };

/// Blocks of several alignments.
#[derive(Debug)]
enum Block {
    Bytes(Vec<u8>),
    Words(Vec<u128>),
    Lines(Vec<Line>),
}

impl Block {
    fn new(kind: u8, len: usize) -> Self {
        match kind {
            0 => Self::Bytes(Vec::with_capacity(len)),
            1 => Self::Words(Vec::with_capacity(len)),
            _ => Self::Lines(Vec::with_capacity(len)),
        }
    }

    fn resize(&mut self, len: usize) {
        fn resize<T: Clone>(list: &mut Vec<T>, len: usize) {
            list.shrink_to(len);
            list.reserve_exact(len);
        }
        match self {
            Self::Bytes(list) => resize(list, len),
            Self::Words(list) => resize(list, len),
            Self::Lines(list) => resize(list, len),
        }
    }

    fn size(&self) -> u64 {
        let size = match self {
            Self::Bytes(list) => list.capacity(),
            Self::Words(list) => list.capacity() * size_of::<u128>(),
            Self::Lines(list) => list.capacity() * size_of::<Line>(),
        };
        size as u64
    }
}

#[derive(Clone, Debug)]
enum Act {
    New(u8, usize),
    Resize(usize, usize),
    Free(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let len = 1..2_000_usize;
    prop_oneof![
        3 => (0..3_u8, len.clone()).prop_map(|(kind, len)| Act::New(kind, len)),
        2 => (any::<usize>(), len).prop_map(|(which, len)| Act::Resize(which, len)),
        2 => any::<usize>().prop_map(Act::Free),
    ]
}

proptest! {
    #[test]
    fn the_live_bytes_of_each_child_are_those_of_the_blocks_that_it_has_made(
        acts in prop::collection::vec((0..3_usize, act()), 0..MOST_ACTS),
    ) {
        let children = [Child::new(), Child::new(), Child::new()];
        let mut blocks: Vec<(usize, Block)> = Vec::with_capacity(acts.len());
        for (who, act) in acts {
            children[who].polled(|| match act {
                Act::New(kind, len) => blocks.push((who, Block::new(kind, len))),
                Act::Resize(..) | Act::Free(_) if blocks.is_empty() => (),
                Act::Resize(which, len) => {
                    let which = which % blocks.len();
                    blocks[which].1.resize(len);
                }
                Act::Free(which) => {
                    blocks.swap_remove(which % blocks.len());
                }
            });
            for (who, child) in children.iter().enumerate() {
                let own = blocks.iter().filter(|(owner, _)| *owner == who);
                let sizes: Vec<u64> = own.map(|(_, block)| block.size()).collect();
                prop_assert_eq!(child.live(), (sizes.iter().sum(), sizes.len() as u64));
            }
        }
        drop(blocks);
        for child in &children {
            prop_assert_eq!(child.live(), (0, 0));
        }
    }
}

#[test]
fn nothing_is_lost_when_threads_pass_blocks_around() {
    const THREADS: usize = 8;
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 5_000 };
    let children: Vec<Child> = (0..THREADS).map(|_| Child::new()).collect();
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..THREADS).map(|_| mpsc::channel::<Vec<u8>>()).unzip();
    thread::scope(|scope| {
        for (who, (child, receiver)) in children.iter().zip(receivers).enumerate() {
            let next = senders[(who + 1) % THREADS].clone();
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let block = child.polled(|| vec![who as u8; 1 + round % 300]);
                    // Outside of the poll: a channel keeps blocks of its own.
                    let _heard = next.send(block);
                    for mut block in receiver.try_iter() {
                        child.polled(|| block.reserve_exact(500));
                    }
                }
                drop(next);
            });
        }
        drop(senders);
    });
    for child in &children {
        assert_eq!(child.live(), (0, 0));
        assert_eq!(child.memory().allocations, ROUNDS as u64);
    }
}
