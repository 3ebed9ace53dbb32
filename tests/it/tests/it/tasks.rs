//! Task supervisors: tasks that run once and have a result.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use perennial::{
    ExitReason, Fault, Semantics, ShutdownStrategy, StartChildError, Supervisor, Task, TaskError,
    TaskSupervisor, TaskSupervisorHandle, worker,
};
use perennial_test::{Exited, Journal, TestTree, in_a_thread, settle};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use crate::support::{ms, secs, started};

async fn running(max: usize) -> TaskSupervisorHandle {
    TaskSupervisor::new("tasks")
        .max_children(max)
        .start()
        .await
        .unwrap()
}

/// Notes that it was dropped.
struct Note(Journal);

impl Drop for Note {
    fn drop(&mut self) {
        self.0.note("dropped");
    }
}

/// A task that waits for ever, and the note of its drop.
async fn endless(tasks: &TaskSupervisorHandle) -> (Task<()>, Journal) {
    let journal = Journal::default();
    let note = Note(journal.clone());
    let task = tasks
        .spawn("endless", async move {
            let _note = note;
            pending().await
        })
        .await
        .unwrap();
    settle().await;
    (task, journal)
}

/// Takes that time, as work would.
async fn takes(time: Duration) {
    let _it_is_over = timeout(time, pending::<()>()).await;
}

fn stopped<T: std::fmt::Debug>(result: Result<T, TaskError>) -> ExitReason {
    match result {
        Err(TaskError::Stopped { exit, .. }) => exit,
        other => panic!("it was not stopped: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_hands_its_result_to_who_awaits_it() {
    let tasks = running(8).await;
    let word = String::from("wind");
    let task = tasks
        .spawn("length", async move { word.len() })
        .await
        .unwrap();
    assert_eq!(task.id().as_str(), "length#1");
    assert_eq!(task.path().to_string(), "tasks/length#1");
    assert_eq!(task.await.unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_good_before_the_start_and_after_a_restart() {
    let tasks = TaskSupervisor::new("tasks").max_children(1);
    let handle = tasks.handle();
    for refused in [
        handle.spawn("early", async {}).await.err(),
        handle.free_place().await.err(),
    ] {
        assert!(matches!(refused, Some(StartChildError::NotRunning { .. })));
    }
    let (app, mut events) = started(&Supervisor::one_for_one("app").child(tasks)).await;
    for life in 1..=2 {
        let (task, _) = endless(&handle).await;
        assert_eq!(task.id().as_str(), format!("endless#{life}"));
        app.kill_child("tasks").await.unwrap();
        events.expect("app/tasks runs").await;
        assert!(matches!(stopped(task.await), ExitReason::Killed));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_to_who_awaits_and_to_nobody_else_but_the_events() {
    let tasks = TaskSupervisor::new("tasks");
    let handle = tasks.handle();
    let (app, mut events) = started(&Supervisor::one_for_one("app").child(tasks)).await;
    for _ in 0..10 {
        let task = handle.spawn("sum", async { panic!("scripted panic: too much") });
        let error = task.await.unwrap().await.map(|(): ()| ()).unwrap_err();
        let TaskError::Panicked { id, panic, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(id.as_str().starts_with("sum#"));
        assert_eq!(panic.message(), "scripted panic: too much");
        assert!(
            error
                .to_string()
                .contains("panicked: scripted panic: too much")
        );
    }
    // Other tests of this process may have installed the hook that adds the place.
    events
        .until("the last panic", |event| {
            let told = event.to_string();
            told.contains("app/tasks/sum#10 exited: panicked: scripted panic: too much")
        })
        .await;
    assert_eq!(app.which_child("tasks").await.unwrap().restarts, 0);
    assert!(handle.which_children().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_task_is_a_result_and_its_exit_is_normal() {
    let tasks = TaskSupervisor::new("tasks");
    let handle = tasks.handle();
    let (_app, mut events) = started(&Supervisor::one_for_one("app").child(tasks)).await;
    let task = handle
        .spawn("parse", async { "x".parse::<u8>() })
        .await
        .unwrap();
    assert!(task.await.unwrap().is_err());
    events.expect("app/tasks/parse#1 exited: normal").await;
}

#[tokio::test(start_paused = true)]
async fn more_tasks_than_allowed_are_refused() {
    let tasks = running(2).await;
    let (first, _) = endless(&tasks).await;
    let (second, _) = endless(&tasks).await;
    let refused = tasks.spawn("third", async {}).await;
    assert!(matches!(
        refused,
        Err(StartChildError::MaxChildren { max: 2 })
    ));
    let refused = tasks.run("third", async {}).await.unwrap_err();
    assert_eq!(refused.to_string(), "task third was not started");
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn when_a_result_is_there_the_task_is_gone_and_its_place_is_free() {
    let tasks = running(1).await;
    for round in 0..50 {
        let task = tasks.spawn("round", async move { round }).await.unwrap();
        assert_eq!(task.await.unwrap(), round);
        assert!(tasks.which_children().await.unwrap().is_empty());
    }
}

#[test]
fn when_a_result_is_there_its_place_is_free_also_on_many_threads() {
    in_a_thread(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let tasks = running(1).await;
            for round in 0..2_000 {
                let task = tasks.spawn("round", async move { round }).await.unwrap();
                assert_eq!(task.await.unwrap(), round);
            }
            tasks.shutdown().await;
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_free_place_is_waited_for_first_come_first_served() {
    let tasks = running(1).await;
    let order = Journal::default();
    let (first, _) = endless(&tasks).await;
    let wait = |name: &'static str| {
        let (tasks, order) = (tasks.clone(), order.clone());
        async move {
            let place = tasks.free_place().await.unwrap();
            order.note(name);
            place.spawn(name, async {}).await.unwrap().await.unwrap();
        }
    };
    let free = async {
        settle().await;
        assert!(order.take().is_empty());
        stopped(first.stop().await);
    };
    tokio::join!(wait("a"), wait("b"), wait("c"), free);
    assert_eq!(order.take(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn who_stops_to_wait_for_a_place_leaves_it_to_the_next() {
    let tasks = running(1).await;
    let (first, _) = endless(&tasks).await;
    assert!(timeout(secs(1), tasks.free_place()).await.is_err());
    stopped(first.stop().await);
    let place = timeout(secs(1), tasks.free_place()).await.unwrap().unwrap();
    assert!(tasks.spawn("other", async {}).await.is_err());
    drop(place);
    tasks.spawn("other", async {}).await.unwrap().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_is_told_when_the_supervisor_ends() {
    let tasks = TaskSupervisor::new("tasks").max_children(1);
    let tasks = tasks
        .shutdown(ShutdownStrategy::Graceful(secs(10)))
        .start()
        .await
        .unwrap();
    let task = tasks
        .spawn_with("stubborn", |_ctx| pending::<()>())
        .await
        .unwrap();
    let waiting = tasks.free_place();
    let stop = async {
        settle().await;
        tasks.shutdown().await
    };
    let (place, report) = tokio::join!(waiting, stop);
    assert!(!report.is_clean());
    assert!(matches!(stopped(task.await), ExitReason::Killed));
    // It may have got the place in the last moment; then the start is refused.
    let refused = match place {
        Ok(place) => place.spawn("late", async {}).await.unwrap_err(),
        Err(refused) => refused,
    };
    assert!(
        matches!(refused, StartChildError::NotRunning { .. }),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_task_goes_on() {
    let tasks = running(1).await;
    let (go, gone) = oneshot::channel::<()>();
    let (done, is_done) = oneshot::channel();
    let task = async move {
        gone.await.unwrap();
        done.send(7).unwrap();
    };
    tasks.spawn("task", task).await.unwrap().detach();
    settle().await;
    go.send(()).unwrap();
    assert_eq!(is_done.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_bound_ends_when_it_is_dropped() {
    let tasks = TaskSupervisor::new("tasks");
    let handle = tasks.handle();
    let (_app, mut events) = started(&Supervisor::one_for_one("app").child(tasks)).await;
    let (task, journal) = endless(&handle).await;
    let task = task.abort_on_drop();
    settle().await;
    assert!(journal.take().is_empty());
    drop(task);
    events
        .expect("app/tasks/endless#1 exited: shutdown: nobody waits for its result")
        .await;
    assert_eq!(journal.take(), ["dropped"]);
    // One that hears the request to stop is bound as well.
    let task = handle
        .spawn_with("deaf", |_ctx| pending::<()>())
        .await
        .unwrap();
    drop(task.abort_on_drop());
    settle().await;
    assert!(handle.which_children().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_ends_its_task() {
    let tasks = running(1).await;
    let journal = Journal::default();
    let note = Note(journal.clone());
    let run = tasks.run("endless", async move {
        let _note = note;
        pending::<()>().await
    });
    assert!(timeout(secs(1), run).await.is_err());
    settle().await;
    assert_eq!(journal.take(), ["dropped"]);
    assert_eq!(tasks.run("next", async { 1 }).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_before_its_start_was_told_ends_its_task_too() {
    let tasks = running(1).await;
    let hold = tasks.hold();
    let began = Arc::new(AtomicUsize::new(0));
    let polls = Arc::clone(&began);
    let run = tasks.run("endless", async move {
        polls.fetch_add(1, Ordering::Relaxed);
        pending::<()>().await
    });
    assert!(timeout(secs(1), run).await.is_err());
    drop(hold);
    settle().await;
    assert!(tasks.which_children().await.unwrap().is_empty());
    assert!(began.load(Ordering::Relaxed) <= 1);
}

#[tokio::test(start_paused = true)]
async fn a_plain_task_is_dropped_at_once_when_it_is_to_stop() {
    let tasks = running(8).await;
    let (task, journal) = endless(&tasks).await;
    let began = Instant::now();
    assert!(matches!(stopped(task.stop().await), ExitReason::Shutdown));
    assert_eq!(began.elapsed(), ms(0));
    assert_eq!(journal.take(), ["dropped"]);
    let (task, _) = endless(&tasks).await;
    let began = Instant::now();
    let report = tasks.shutdown().await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(began.elapsed(), ms(0));
    stopped(task.await);
}

#[tokio::test(start_paused = true)]
async fn a_task_with_a_context_has_its_grace_and_a_result_all_the_same() {
    let tasks = TaskSupervisor::new("tasks").shutdown(ShutdownStrategy::Graceful(secs(2)));
    let tasks = tasks.start().await.unwrap();
    let tidy = tasks.spawn_with("tidy", |ctx| async move {
        ctx.stopping().await;
        takes(secs(1)).await;
        "tidied up"
    });
    let tidy = tidy.await.unwrap();
    let deaf = tasks
        .spawn_with("deaf", |_ctx| pending::<()>())
        .await
        .unwrap();
    let began = Instant::now();
    assert_eq!(tidy.stop().await.unwrap(), "tidied up");
    assert_eq!(began.elapsed(), secs(1));
    assert!(matches!(stopped(deaf.stop().await), ExitReason::Killed));
    assert_eq!(began.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_killed_task_is_told_as_stopped() {
    let tasks = running(8).await;
    let (task, _) = endless(&tasks).await;
    tasks.kill_child(task.id()).await.unwrap();
    assert!(matches!(stopped(task.await), ExitReason::Killed));
    // Also one that never got to run.
    let hold = tasks.spawn("new", pending::<()>()).await.unwrap();
    tasks.kill_child(hold.id()).await.unwrap();
    assert!(matches!(stopped(hold.await), ExitReason::Killed));
}

#[tokio::test(start_paused = true)]
async fn a_result_that_was_there_before_the_stop_is_kept() {
    let tasks = running(8).await;
    let task = tasks.spawn("quick", async { 5 }).await.unwrap();
    settle().await;
    assert_eq!(task.stop().await.unwrap(), 5);
}

#[test]
fn a_task_that_is_left_behind_is_told_and_keeps_its_place_until_it_ends() {
    in_a_thread(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(3)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let tasks = TaskSupervisor::new("tasks")
                .max_children(1)
                .abort_grace(ms(20))
                .shutdown(ShutdownStrategy::Brutal)
                .start()
                .await
                .unwrap();
            let (block, blocked) = std::sync::mpsc::channel::<()>();
            let (up, is_up) = oneshot::channel();
            let task = tasks.spawn("blocks", async move {
                up.send(()).unwrap();
                let _unblocked = blocked.recv();
            });
            let task = task.await.unwrap();
            is_up.await.unwrap();
            assert!(matches!(
                stopped(task.stop().await),
                ExitReason::Unresponsive
            ));
            assert!(tasks.which_children().await.unwrap().is_empty());
            let refused = tasks.spawn("next", async {}).await;
            assert!(matches!(refused, Err(StartChildError::MaxChildren { .. })));
            drop(block);
            tasks
                .free_place()
                .await
                .unwrap()
                .spawn("next", async {})
                .await
                .unwrap()
                .detach();
            tasks.shutdown().await;
        });
    });
}

#[tokio::test(start_paused = true)]
async fn map_gives_the_results_in_order_and_runs_no_more_at_once_than_asked() {
    let tasks = running(8).await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    let results = tasks.map("double", 3, 0..9_u64, |n| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            takes(secs(10 - n)).await;
            now.fetch_sub(1, Ordering::Relaxed);
            assert_ne!(n, 4, "scripted panic");
            n * 2
        }
    });
    let results = results.await;
    let values: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().ok().copied())
        .collect();
    let expected: Vec<_> = (0..9).map(|n| (n != 4).then_some(n * 2)).collect();
    assert_eq!(values, expected);
    assert!(matches!(results[4], Err(TaskError::Panicked { .. })));
    assert_eq!(most.load(Ordering::Relaxed), 3);
    // One that is done early makes room for the next, whatever the order.
    assert!(
        began.elapsed() < secs(10 + 7 + 4 + 1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn map_waits_for_places_and_is_told_when_there_will_be_none() {
    let tasks = running(2).await;
    let results = tasks.map("one", 100, 0..10, |n| async move { n }).await;
    assert_eq!(results.len(), 10);
    assert!(results.iter().all(Result::is_ok));
    assert!(
        tasks
            .map("none", 0, 0..3, |n| async move { n })
            .await
            .iter()
            .all(Result::is_ok)
    );
    let endless = tasks.map("endless", 9, 0..4, |_| pending::<()>());
    let stop = async {
        settle().await;
        tasks.shutdown().await
    };
    let (results, _report) = tokio::join!(endless, stop);
    for (index, result) in results.into_iter().enumerate() {
        match result {
            Err(TaskError::Stopped { .. }) => assert!(index < 2),
            Err(TaskError::NotStarted { .. }) => assert!(index >= 2),
            other => panic!("{index}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_map_that_is_dropped_ends_its_tasks() {
    let tasks = running(8).await;
    let map = tasks.map("endless", 4, 0..10, |_| pending::<()>());
    assert!(timeout(secs(1), map).await.is_err());
    settle().await;
    assert!(tasks.which_children().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn room_for_no_task_is_a_fault_with_its_place() {
    let app = Supervisor::one_for_one("app").child(TaskSupervisor::new("tasks").max_children(0));
    let error = app.check().unwrap_err();
    let (path, fault) = error.faults().next().unwrap();
    assert_eq!(
        (path.to_string().as_str(), fault),
        ("app/tasks", &Fault::NoChildrenAllowed)
    );
}

#[tokio::test(start_paused = true)]
async fn two_trees_of_one_blueprint_have_places_of_their_own() {
    let tasks = TaskSupervisor::new("tasks").max_children(1);
    let (first, second) = (tasks.start().await.unwrap(), tasks.start().await.unwrap());
    let (_one, _) = endless(&first).await;
    let (_two, _) = endless(&second).await;
    assert_eq!(second.count_children().await.unwrap().active, 1);
}

#[tokio::test(start_paused = true)]
async fn tasks_stand_in_the_picture_of_the_tree_and_take_no_other_children() {
    let tasks = TaskSupervisor::new("tasks");
    let handle = tasks.handle();
    let (app, _events) = started(&Supervisor::one_for_one("app").child(tasks)).await;
    let (_task, _) = endless(&handle).await;
    let picture = app.snapshot().to_string();
    assert!(picture.contains("endless#1"), "{picture}");
    let foreign = worker("foreign", |_ctx| async { Ok(()) });
    assert!(matches!(
        handle.start_child(foreign).await,
        Err(StartChildError::Dynamic)
    ));
}

#[tokio::test(start_paused = true)]
async fn what_a_task_holds_is_gone_before_its_result_is_there() {
    let tasks = running(1).await;
    let dropped = Arc::new(Notify::new());
    let held = Arc::clone(&dropped);
    let task = tasks.spawn("holds", async move {
        let _held = &held;
        3
    });
    assert_eq!(task.await.unwrap().await.unwrap(), 3);
    assert_eq!(Arc::strong_count(&dropped), 1);
}

#[tokio::test(start_paused = true)]
async fn tasks_keep_to_the_letter_of_otp_too() {
    let tasks = TaskSupervisor::new("tasks").max_children(2);
    let tasks = tasks
        .semantics(Semantics::otp_exact())
        .start()
        .await
        .unwrap();
    let (endless, _) = endless(&tasks).await;
    assert_eq!(tasks.run("sum", async { 1 + 1 }).await.unwrap(), 2);
    assert!(matches!(
        stopped(endless.stop().await),
        ExitReason::Shutdown
    ));
    let error = tasks.run("bad", async { panic!("scripted panic") }).await;
    assert!(matches!(
        error.map(|(): ()| ()),
        Err(TaskError::Panicked { .. })
    ));
    assert!(tasks.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_made_to_fail_by_a_test_is_told_and_nothing_is_left_of_it() {
    let tasks = TaskSupervisor::new("tasks");
    let handle = tasks.handle();
    TestTree::run(Supervisor::one_for_one("app").child(tasks), async |tree| {
        let task = handle.spawn("endless", pending::<()>()).await.unwrap();
        settle().await;
        tree.crash("tasks/endless#1").await;
        tree.expect(Exited("tasks/endless#1")).await;
        let error = task.await.unwrap_err();
        assert!(matches!(error, TaskError::Panicked { .. }), "{error}");
    })
    .await;
}
