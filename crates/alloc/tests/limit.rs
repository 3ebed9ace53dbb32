//! More children than there are accounts: a program of its own, as the accounts are the process's.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use perennial::{ChildPath, Meter};
use perennial_alloc::{MAX_ACCOUNTS, Tracker, TrackingAllocator};

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

#[test]
fn children_beyond_the_limit_share_an_account_and_the_report_says_so_loudly() {
    let tracker = Tracker::new().unwrap();
    let jobs = ChildPath::root("app");
    let open = |number: usize| tracker.open(&jobs.join(number.to_string()));
    let accounts: Vec<u64> = (0..MAX_ACCOUNTS + 3).map(open).collect();
    let (last, rest) = accounts.split_last().unwrap();
    let entered = tracker.enter(*last);
    let block = vec![1_u8; 1_000];
    tracker.leave(*last, entered);

    let report = tracker.report();
    let (count, others) = report.others();
    assert_eq!((count, others.live_bytes), (3, 1_000));
    let loud = format!("3 CHILDREN BEYOND THE LIMIT OF {MAX_ACCOUNTS}");
    assert!(report.to_string().contains(&loud));
    assert!(
        tracker.memory(*last).is_none(),
        "what three share is no one's"
    );
    assert!(Tracker::new().is_ok(), "it is installed all the same");

    drop(block);
    tracker.close(*last);
    assert_eq!(tracker.report().others().0, 2);
    for account in rest {
        tracker.close(*account);
    }
    assert!(tracker.report().entries().is_empty());
    let again = open(0);
    assert!(tracker.memory(again).is_some(), "accounts are free again");
}
