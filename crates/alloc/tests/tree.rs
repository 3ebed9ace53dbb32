//! The memory of the children of running trees, with the allocator installed in this program.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::sync::{Arc, Mutex};

use perennial::{
    ChildPath, ChildSpec, DynamicSupervisor, Memory, Restart, Supervisor, SupervisorHandle, worker,
};
use perennial_alloc::{Tracker, TrackingAllocator};
use perennial_test::settle;
use tokio::sync::Notify;

#[global_allocator]
static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();

const KIB: u64 = 1 << 10;

/// What a child does beside its memory is less than this.
const CHANGE: u64 = 32 * KIB;

/// Holds so many bytes while it runs, and allocates half of them after it was polled once more.
fn holding(id: &'static str, bytes: u64) -> ChildSpec {
    worker(id, move |ctx| async move {
        let first = vec![1_u8; bytes as usize / 2];
        tokio::task::yield_now().await;
        let second = vec![1_u8; bytes as usize / 2];
        ctx.stopping().await;
        drop((first, second));
        Ok(())
    })
}

/// A tree with a meter, and that meter.
async fn started(app: Supervisor) -> (SupervisorHandle, Tracker) {
    // So that the runtime has the list of those who yield, and no child is charged for it.
    tokio::task::yield_now().await;
    let tracker = Tracker::new().unwrap();
    let handle = app.meter(tracker.clone()).start().await.unwrap();
    settle().await;
    (handle, tracker)
}

fn about(bytes: u64, memory: Option<Memory>) -> bool {
    memory.is_some_and(|memory| (bytes..bytes + CHANGE).contains(&memory.live_bytes))
}

#[tokio::test(start_paused = true)]
async fn a_report_names_each_child_with_what_it_holds_and_sums_up_by_supervisor() {
    let storage = Supervisor::one_for_one("storage")
        .child(holding("cache", 512 * KIB))
        .child(holding("index", 64 * KIB));
    let web = holding("web", 0);
    let (handle, tracker) = started(Supervisor::one_for_one("app").child(storage).child(web)).await;
    let report = tracker.report();
    let own = |path| report.find(path).map(|entry| entry.own);
    let group = |path| report.find(path).map(|entry| entry.group);
    assert!(about(512 * KIB, own("app/storage/cache")), "{report}");
    assert!(about(64 * KIB, own("app/storage/index")), "{report}");
    assert!(about(0, own("app/web")) && about(0, own("app")), "{report}");
    assert!(about(576 * KIB, group("app/storage")), "{report}");
    assert!(about(576 * KIB, group("app")), "{report}");
    let lines: Vec<_> = report
        .entries()
        .iter()
        .map(|entry| entry.path.id().as_str())
        .collect();
    assert_eq!(lines, ["app", "storage", "cache", "index", "web"]);
    let text = report.to_string();
    assert!(
        text.contains("512.") && text.contains("outside of any child"),
        "{text}"
    );

    let snapshot = handle.snapshot();
    let cache = ChildPath::root("app").join("storage").join("cache");
    let shown = snapshot.find("app/storage/cache").unwrap().memory;
    assert_eq!(
        (shown, own("app/storage/cache")),
        (tracker.usage(&cache), shown)
    );
    assert!(snapshot.to_string().contains("memory 51"), "{snapshot}");
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn what_a_child_holds_is_gone_with_its_life_and_its_account_stays() {
    let app = Supervisor::one_for_one("app").child(holding("cache", 512 * KIB));
    let (handle, tracker) = started(app).await;
    let cache = ChildPath::root("app").join("cache");
    let first = tracker.usage(&cache).unwrap();
    for life in 2..5 {
        handle.kill_child("cache").await.unwrap();
        settle().await;
        let usage = tracker.usage(&cache).unwrap();
        assert!(about(512 * KIB, Some(usage)), "{usage:?}");
        assert!(usage.allocated_bytes >= life * 512 * KIB, "{usage:?}");
        assert_eq!(usage.live_allocations, first.live_allocations);
    }
    handle.terminate_child("cache").await.unwrap();
    assert_eq!(tracker.usage(&cache).unwrap().live_bytes, 0);
    handle.delete_child("cache").await.unwrap();
    settle().await;
    assert_eq!(tracker.usage(&cache), None);
}

#[tokio::test(start_paused = true)]
async fn what_a_child_hands_on_stays_its_own_until_others_free_it() {
    let letters: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let read = Arc::new(Notify::new());
    let sender = {
        let letters = Arc::clone(&letters);
        worker("sender", move |_ctx| {
            let letters = Arc::clone(&letters);
            async move {
                letters.lock().unwrap().push(vec![1; 256 << 10]);
                Ok(())
            }
        })
    };
    let reader = {
        let (letters, read) = (Arc::clone(&letters), Arc::clone(&read));
        worker("reader", move |_ctx| {
            let (letters, read) = (Arc::clone(&letters), Arc::clone(&read));
            async move {
                read.notified().await;
                letters.lock().unwrap().clear();
                std::future::pending().await
            }
        })
    };
    let app = Supervisor::one_for_one("app");
    let app = app.child(sender.restart(Restart::Temporary)).child(reader);
    let (handle, tracker) = started(app).await;
    assert!(handle.which_child("sender").await.is_err(), "it has ended");
    let report = tracker.report();
    let sender = report.find("app/sender").unwrap();
    assert!(
        !sender.is_present && about(256 * KIB, Some(sender.own)),
        "{report}"
    );
    read.notify_one();
    settle().await;
    // What holds the letters is the sender's too.
    let left = tracker
        .report()
        .find("app/sender")
        .map(|sender| sender.own.live_bytes);
    assert!(left.is_none_or(|bytes| bytes < KIB), "{left:?}");
}

#[tokio::test]
async fn a_thousand_children_that_come_and_go_leave_nothing_behind() {
    let jobs = DynamicSupervisor::new("jobs", |(): ()| {
        holding("job", 8 * KIB).restart(Restart::Temporary)
    });
    let open = jobs.handle();
    let (handle, tracker) = started(Supervisor::one_for_one("app").child(jobs)).await;
    let live = || tracker.report().find("app").unwrap().group.live_bytes;
    let mut before = 0;
    for round in 0..5 {
        for _ in 0..1_000 {
            open.start_child(()).await.unwrap();
        }
        for job in open.which_children().await.unwrap() {
            open.terminate_child(job.id).await.unwrap();
        }
        let report = tracker.report();
        assert!(report.entries().len() <= 3, "{report}");
        if round == 0 {
            before = live();
        }
    }
    assert!(live() <= before + CHANGE, "{} after {before}", live());
    assert!(handle.shutdown().await.is_clean());
}
