//! The exploration finds what it is there to find.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};
use tokio::std::sync::OnceLock;
use tokio::std::sync::atomic::AtomicUsize;
use tokio::{all_tasks_ended, spawn};

/// Whether some of many orders end in a panic.
fn fails(scenario: fn()) -> [bool; 2] {
    let config = || {
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::None;
        config.silence_warnings = true;
        config
    };
    let drawn = move || Runner::new(RandomScheduler::new_from_seed(1, 200), config()).run(scenario);
    let pct = move || Runner::new(PctScheduler::new_from_seed(1, 3, 200), config()).run(scenario);
    [catch_unwind(drawn).is_err(), catch_unwind(pct).is_err()]
}

#[test]
fn two_who_read_and_write_without_a_lock_are_caught() {
    fn lost_update() {
        shuttle::future::block_on(async {
            let count = Arc::new(AtomicUsize::new(0));
            for _ in 0..2 {
                let count = Arc::clone(&count);
                let _detached = spawn(async move {
                    let seen = count.load(Ordering::SeqCst);
                    count.store(seen + 1, Ordering::SeqCst);
                });
            }
            all_tasks_ended().await;
            assert_eq!(count.load(Ordering::SeqCst), 2);
        });
    }
    assert_eq!(fails(lost_update), [true, true]);
}

#[test]
fn two_who_set_a_value_once_are_told_apart_in_either_order() {
    fn first_wins() {
        shuttle::future::block_on(async {
            let place = Arc::new(OnceLock::new());
            for who in [1, 2] {
                let place = Arc::clone(&place);
                let _detached = spawn(async move {
                    let _first = place.set(who);
                });
            }
            all_tasks_ended().await;
            assert_eq!(place.get(), Some(&1));
        });
    }
    assert_eq!(fails(first_wins), [true, true]);
}

#[test]
fn a_task_that_nobody_wakes_is_a_deadlock() {
    fn forgotten() {
        shuttle::future::block_on(async {
            let _detached = spawn(std::future::pending::<()>());
            all_tasks_ended().await;
        });
    }
    assert_eq!(fails(forgotten), [true, true]);
}
