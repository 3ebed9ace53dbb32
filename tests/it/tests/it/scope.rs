//! Tasks that belong to a life of a child.

use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use perennial::{
    BoxError, ChildSpec, Context, DynamicSupervisor, Event, EventKind, ExitReason,
    InitializationError, Restart, ScopedTaskError, ShutdownStrategy, StartError, Started,
    Supervisable, Supervisor, async_trait, install_panic_hook, worker,
};
use perennial_test::{Events, Journal, Panicked, TestTree, settle};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::support::{init_error, ms, paths, secs, started};

/// Notes in a journal when it is dropped.
struct Held(&'static str, Journal);

impl Drop for Held {
    fn drop(&mut self) {
        self.1.note(self.0);
    }
}

/// Is done after that time.
async fn work(time: Duration) {
    let _over = timeout(time, pending::<()>()).await;
}

/// A tree of one worker whose end is noted with what its tasks note.
fn app_of(spec: impl Into<ChildSpec>, journal: &Journal) -> Supervisor {
    let told = journal.clone();
    Supervisor::one_for_one("app")
        .observer(move |event: &Event| {
            if let EventKind::Exited { reason } = &event.kind
                && event.path.id().as_str() == "a"
            {
                told.note(format!("exited: {reason}"));
            }
        })
        .child(spec)
}

/// What a worker yields.
type Ended = Result<(), BoxError>;

/// A worker with two tasks that never end by themselves, whose own part is `end`.
fn with_two_tasks<F, R>(journal: &Journal, end: F) -> ChildSpec
where
    F: Fn(Context) -> R + Send + Sync + 'static,
    R: Future<Output = Ended> + Send + 'static,
{
    let journal = journal.clone();
    worker("a", move |ctx| {
        let run = Held("run", journal.clone());
        let scope = ctx.scope();
        for name in ["first", "second"] {
            let held = Held(name, journal.clone());
            scope.spawn(async move {
                let _held = held;
                pending::<()>().await;
            });
        }
        let end = end(ctx);
        async move {
            let _run = run;
            end.await
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_task_runs_beside_its_child_and_yields_its_result() {
    let (send, seen) = mpsc::channel();
    let child = worker("a", move |ctx| {
        let send = send.clone();
        async move {
            let scope = ctx.scope();
            let double = scope.spawn(async { 21 * 2 });
            let failed = scope.spawn(async { Err::<(), _>("no paper") });
            send.send((double.await?, failed.await?))?;
            scope.join().await;
            assert!(scope.is_empty());
            ctx.stopping().await;
            Ok(())
        }
    });
    let tree = TestTree::start(Supervisor::one_for_one("app").child(child)).await;
    settle().await;
    assert_eq!(seen.try_recv(), Ok((42, Err("no paper"))));
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_left_when_a_child_ends_is_dropped_before_its_exit_is_told() {
    let ends: [(_, fn() -> Ended); 3] = [
        ("exited: normal", || Ok(())),
        ("exited: no paper", || Err("no paper".into())),
        ("exited: panicked: jam", || panic!("jam")),
    ];
    for (told, end) in ends {
        let journal = Journal::default();
        let spec = with_two_tasks(&journal, move |_ctx| async move { end() });
        let app = app_of(spec.restart(Restart::Temporary), &journal);
        let (_handle, mut events) = started(&app).await;
        let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
        events.until("its end", is_end).await;
        let mut noted = journal.take();
        let exit = noted.pop().unwrap();
        assert!(exit.starts_with(told), "{exit}");
        assert_eq!(noted, ["run", "first", "second"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_child_is_gone_when_its_tasks_are() {
    let journal = Journal::default();
    let spec = with_two_tasks(&journal, |_ctx| pending());
    let (handle, mut events) = started(&app_of(spec, &journal)).await;
    settle().await;
    handle.kill_child("a").await.unwrap();
    events.expect("app/a is restarted").await;
    let mut noted = journal.take();
    assert_eq!(noted.pop().unwrap(), "exited: killed");
    noted.sort();
    assert_eq!(noted, ["first", "run", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_brutal_stop_and_a_grace_that_is_over_end_the_tasks_too() {
    for shutdown in [
        ShutdownStrategy::Brutal,
        ShutdownStrategy::Graceful(secs(1)),
    ] {
        let journal = Journal::default();
        let spec = with_two_tasks(&journal, |_ctx| pending()).shutdown(shutdown);
        let (handle, _events) = started(&app_of(spec, &journal)).await;
        settle().await;
        let report = handle.shutdown().await;
        let mut noted = journal.take();
        assert_eq!(noted.pop().unwrap(), "exited: killed");
        noted.sort();
        assert_eq!(noted, ["first", "run", "second"]);
        assert!(!report.children()[0].unresponsive);
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_hear_the_request_to_stop_and_a_child_can_wait_for_them() {
    let journal = Journal::default();
    let noting = journal.clone();
    let child = worker("a", move |ctx| {
        let journal = noting.clone();
        async move {
            let (scope, task_ctx) = (ctx.scope(), ctx.clone());
            scope.spawn(async move {
                task_ctx.stopping().await;
                work(secs(2)).await;
                journal.note("flushed");
            });
            ctx.stopping().await;
            scope.join().await;
            Ok(())
        }
    });
    let (handle, _events) = started(&app_of(child, &journal)).await;
    settle().await;
    let report = handle.shutdown().await;
    assert_eq!(journal.take(), ["flushed", "exited: shutdown"]);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.children()[0].took, secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_wait_for_its_tasks_stops_at_once_and_in_good_order() {
    let journal = Journal::default();
    let spec = with_two_tasks(&journal, |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    let (handle, _events) = started(&app_of(spec, &journal)).await;
    settle().await;
    let report = handle.shutdown().await;
    assert_eq!(
        journal.take(),
        ["run", "first", "second", "exited: shutdown"]
    );
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.children()[0].took, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_life_is_left_when_its_group_is_raised_again() {
    let alive = Arc::new(AtomicUsize::new(0));
    let fail = Arc::new(Notify::new());
    let child = |id: &'static str| {
        let (alive, fail) = (Arc::clone(&alive), Arc::clone(&fail));
        worker(id, move |ctx| {
            for _ in 0..3 {
                let present = Arc::clone(&alive);
                present.fetch_add(1, Ordering::SeqCst);
                let leaving = Leaving(present);
                ctx.scope().spawn(async move {
                    let _leaving = leaving;
                    pending::<()>().await;
                });
            }
            let fail = Arc::clone(&fail);
            async move {
                if id == "first" {
                    fail.notified().await;
                    return Err("first".into());
                }
                ctx.stopping().await;
                Ok(())
            }
        })
    };
    let (told, journal) = (Arc::clone(&alive), Journal::default());
    let noting = journal.clone();
    let app = Supervisor::one_for_all("app")
        .observer(move |event: &Event| {
            if matches!(&event.kind, EventKind::Starting { .. }) && event.path.id() == "first" {
                let alive = told.load(Ordering::SeqCst);
                noting.note(format!("starts beside {alive}"));
            }
        })
        .child(child("first"))
        .child(child("second"));
    let (handle, mut events) = started(&app).await;
    settle().await;
    fail.notify_one();
    events.expect("app/second is restarted").await;
    settle().await;
    assert_eq!(journal.take(), ["starts beside 0", "starts beside 0"]);
    assert_eq!(alive.load(Ordering::SeqCst), 6);
    handle.shutdown().await;
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

/// Counts itself out.
struct Leaving(Arc<AtomicUsize>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_task_is_a_panic_of_its_child() {
    install_panic_hook();
    let journal = Journal::default();
    let spec = with_two_tasks(&journal, |ctx| {
        let is_first = ctx.last_exit().is_none();
        ctx.scope().spawn(async move {
            work(ms(1)).await;
            assert!(!is_first, "jam");
        });
        pending()
    });
    let app = app_of(spec.restart(Restart::Transient), &journal);
    let tree = TestTree::start(app).await;
    let event = tree.expect(Panicked("a")).await;
    let EventKind::Exited {
        reason: ExitReason::Panicked(panic),
    } = event.kind
    else {
        panic!("it is told as the exit of the child");
    };
    assert_eq!(panic.message(), "jam");
    let place = panic.location().unwrap();
    assert!(place.contains("scope.rs:"), "{place}");
    let mut noted = journal.take();
    assert_eq!(noted.pop().unwrap(), format!("exited: panicked: {panic}"));
    noted.sort();
    assert_eq!(noted, ["first", "run", "second"]);
    settle().await;
    let info = tree.handle().which_child("a").await.unwrap();
    assert_eq!(info.restarts, 1);
    tree.handle().terminate_child("a").await.unwrap();
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_of_two_panics_is_the_end_of_the_child() {
    let child = worker("a", |ctx| {
        for text in ["first", "second"] {
            ctx.scope().spawn(async move { panic!("{text}") });
        }
        pending()
    });
    let app = Supervisor::one_for_one("app").child(child.restart(Restart::Temporary));
    let (_handle, mut events) = started(&app).await;
    let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
    let end = events.until("its end", is_end).await;
    assert!(end.to_string().contains("panicked: first"), "{end}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_that_came_first_is_the_end_also_of_a_child_that_returns() {
    let child = worker("a", |ctx| async move {
        let task = ctx.scope().spawn(async { panic!("jam") });
        // In one poll: it does not come to drop the run future.
        while !task.is_finished() {
            tokio::task::block_in_place(std::thread::yield_now);
        }
        Ok(())
    });
    let app = Supervisor::one_for_one("app").child(child.restart(Restart::Temporary));
    let (_handle, mut events) = started(&app).await;
    let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
    let end = events.until("its end", is_end).await;
    assert!(end.to_string().contains("panicked: jam"), "{end}");
}

/// One that has a task at work before it runs.
struct Early {
    task: fn(),
    start: fn() -> Option<Started<'static>>,
    journal: Journal,
}

#[async_trait]
impl Supervisable for Early {
    fn name(&self) -> &str {
        "a"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let (task, held) = (self.task, Held("task", self.journal.clone()));
        ctx.scope().spawn(async move {
            let _held = held;
            tokio::task::yield_now().await;
            task();
            pending::<()>().await;
        });
        match (self.start)() {
            Some(started) => Ok(started),
            None => pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_task_is_the_end_of_an_initialization() {
    let child = Early {
        task: || panic!("jam"),
        start: || None,
        journal: Journal::default(),
    };
    let app = Supervisor::one_for_one("app").child(child);
    let error = init_error(app.start().await.unwrap_err());
    let (path, reason) = error.origin().unwrap();
    let ExitReason::InitializationFailed(error) = reason else {
        panic!("{path} came past its initialization: {reason}");
    };
    assert_eq!(error.panic().unwrap().message(), "jam");
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_a_child_that_declines_to_start_or_takes_too_long_are_ended() {
    for start in [|| Some(Started::Ignore), || None] {
        let journal = Journal::default();
        let child = Early {
            task: || (),
            start,
            journal: journal.clone(),
        };
        let app = Supervisor::one_for_one("app").child(ChildSpec::new(child).init_timeout(secs(1)));
        match app.start().await {
            Ok(handle) => assert_eq!(handle.count_children().await.unwrap().active, 0),
            Err(StartError::Initialization { source, .. }) => {
                assert!(source.to_string().contains("took longer") || source.child().is_some());
            }
            Err(other) => panic!("{other}"),
        }
        assert_eq!(journal.take(), ["task"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_aborted_by_its_handle_is_cancelled_and_the_child_goes_on() {
    let (send, seen) = mpsc::channel();
    let child = worker("a", move |ctx| {
        let send = send.clone();
        async move {
            let scope = ctx.scope();
            let one = scope.spawn(pending::<()>());
            let other = scope.spawn(pending::<()>());
            one.abort();
            assert!(matches!(one.await, Err(ScopedTaskError::Cancelled)));
            assert!(!other.is_finished());
            scope.abort_all();
            scope.join().await;
            assert!(matches!(other.await, Err(ScopedTaskError::Cancelled)));
            send.send(scope.spawn(ready(7)).await?)?;
            ctx.stopping().await;
            Ok(())
        }
    });
    let tree = TestTree::start(Supervisor::one_for_one("app").child(child)).await;
    settle().await;
    assert_eq!(seen.try_recv(), Ok(7));
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handles_of_scope_and_task_ends_nothing() {
    let journal = Journal::default();
    let spec = with_two_tasks(&journal, |ctx| {
        drop(ctx.scope().spawn(pending::<()>()));
        async move {
            ctx.stopping().await;
            assert_eq!(ctx.scope().len(), 3);
            Ok(())
        }
    });
    let tree = TestTree::start(Supervisor::one_for_one("app").child(spec)).await;
    settle().await;
    assert!(journal.take().is_empty());
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn join_waits_for_what_comes_in_meanwhile() {
    let journal = Journal::default();
    let noting = journal.clone();
    let child = worker("a", move |ctx| {
        let journal = noting.clone();
        async move {
            let scope = ctx.scope();
            let inner = scope.clone();
            scope.spawn(async move {
                work(secs(1)).await;
                inner.spawn(async move {
                    work(secs(1)).await;
                    journal.note("late");
                });
            });
            scope.join().await;
            ctx.supervisor().request_stop();
            Ok(())
        }
    });
    let app = app_of(child.restart(Restart::Temporary), &journal);
    let (handle, _events) = started(&app).await;
    handle.wait().await;
    assert_eq!(journal.take(), ["late", "exited: normal"]);
}

/// Spawns into a scope when it is dropped.
struct Heir(Context, Journal);

impl Drop for Heir {
    fn drop(&mut self) {
        let held = Held("refused", self.1.clone());
        let task = self.0.scope().spawn(async move {
            held.1.note("run all the same");
        });
        assert!(task.is_finished());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_spawned_while_a_life_is_torn_down_is_refused() {
    let journal = Journal::default();
    let noting = journal.clone();
    let child = worker("a", move |ctx| {
        let heir = Heir(ctx.clone(), noting.clone());
        ctx.scope().spawn(async move {
            let _heir = heir;
            pending::<()>().await;
        });
        async move {
            ctx.stopping().await;
            Ok(())
        }
    });
    let (handle, _events) = started(&app_of(child, &journal)).await;
    settle().await;
    assert!(handle.shutdown().await.is_clean());
    settle().await;
    assert_eq!(journal.take(), ["refused", "exited: shutdown"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_spawned_when_a_life_is_over_is_refused() {
    for had_a_scope in [true, false] {
        let (send, contexts) = mpsc::channel();
        let child = worker("a", move |ctx| {
            if had_a_scope {
                ctx.scope().spawn(ready(()));
            }
            send.send(ctx).unwrap();
            ready(Ok(()))
        });
        let app = Supervisor::one_for_one("app").child(child.restart(Restart::Temporary));
        let (handle, _events) = started(&app).await;
        settle().await;
        let ctx = contexts.try_recv().unwrap();
        let task = ctx.scope().spawn(async { panic!("it runs") });
        assert!(task.is_finished() && ctx.scope().is_empty());
        let result: Result<(), _> = task.await;
        assert!(matches!(result, Err(ScopedTaskError::Cancelled)));
        assert!(handle.shutdown().await.is_clean());
    }
}

/// Panics when it is dropped.
struct Trap;

impl Drop for Trap {
    fn drop(&mut self) {
        panic!("a trap");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drop_that_panics_in_a_task_hurts_nobody() {
    let journal = Journal::default();
    let child = worker("a", |ctx| {
        for _ in 0..3 {
            let trap = Trap;
            ctx.scope().spawn(async move {
                let _trap = trap;
                pending::<()>().await;
            });
        }
        // Nobody wants the result.
        ctx.scope().spawn(async { Trap });
        async move {
            ctx.stopping().await;
            assert_eq!(ctx.scope().len(), 3);
            Ok(())
        }
    });
    let (handle, _events) = started(&app_of(child, &journal)).await;
    settle().await;
    assert!(handle.shutdown().await.is_clean());
    assert_eq!(journal.take(), ["exited: shutdown"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_task_empties_the_stash() {
    let child = worker("a", |ctx| async move {
        if ctx.last_exit().is_none() {
            ctx.stash().put(7_u32);
            ctx.scope().spawn(async { panic!("jam") });
            pending::<()>().await;
        }
        assert!(ctx.stash::<u32>().is_empty());
        ctx.stopping().await;
        Ok(())
    });
    let tree = TestTree::start(Supervisor::one_for_one("app").child(child)).await;
    tree.expect(Panicked("a")).await;
    settle().await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn when_a_supervisor_is_killed_the_tasks_below_it_end_before_the_events_do() {
    let journal = Journal::default();
    let spec = with_two_tasks(&journal, |_ctx| pending());
    let (handle, mut events) = started(&app_of(spec, &journal)).await;
    settle().await;
    handle.kill();
    events.rest().await;
    assert_eq!(journal.take().last().unwrap(), "exited: killed");
}

#[tokio::test(start_paused = true)]
async fn the_children_of_a_template_own_their_tasks_too() {
    let journal = Journal::default();
    let noting = journal.clone();
    let jobs = DynamicSupervisor::new("jobs", move |(): ()| {
        with_two_tasks(&noting, |_ctx| pending())
    });
    let jobs = jobs.start().await.unwrap();
    let job = jobs.start_child(()).await.unwrap();
    settle().await;
    jobs.terminate_child(job.id()).await.unwrap();
    let mut noted = journal.take();
    noted.sort();
    assert_eq!(noted, ["first", "run", "second"]);
}

/// A worker with a task that blocks its thread until it is let go.
fn with_a_blocking_task(
    end: fn(Context) -> Pin<Box<dyn Future<Output = Ended> + Send>>,
) -> (ChildSpec, mpsc::SyncSender<()>, mpsc::Receiver<()>) {
    let (blocks, blocked) = mpsc::channel();
    let (release, released) = mpsc::sync_channel::<()>(1);
    let released = Arc::new(std::sync::Mutex::new(released));
    let child = worker("a", move |ctx| {
        if ctx.last_exit().is_none() {
            let (blocks, released) = (blocks.clone(), Arc::clone(&released));
            ctx.scope().spawn(async move {
                blocks.send(()).unwrap();
                // A test that fails ends all the same.
                let _released = released.lock().unwrap().recv_timeout(secs(30));
            });
        }
        end(ctx)
    });
    (child, release, blocked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_task_that_blocks_its_thread_makes_a_child_that_ends_unresponsive() {
    let (child, release, blocked) = with_a_blocking_task(|ctx| {
        Box::pin(async move {
            if ctx.last_exit().is_none() {
                // The task blocks by then.
                work(ms(100)).await;
                return Err("no paper".into());
            }
            ctx.stopping().await;
            Ok(())
        })
    });
    let app = Supervisor::one_for_one("app").abort_grace(ms(50));
    let (handle, mut events) = started(&app.child(child)).await;
    heard(blocked).await;
    let unresponsive = events.expect("app/a is unresponsive: its task does not end");
    timeout(secs(15), unresponsive).await.unwrap();
    events.expect("app/a runs").await;
    release.send(()).unwrap();
    let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
    let late = events.until("the late end", is_end).await;
    assert!(late.to_string().contains("no paper"), "{late}");
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_task_that_blocks_its_thread_is_not_waited_for_longer_than_the_abort_grace() {
    let (child, release, blocked) = with_a_blocking_task(|ctx| {
        Box::pin(async move {
            ctx.stopping().await;
            Ok(())
        })
    });
    let app = Supervisor::one_for_one("app").abort_grace(ms(50));
    let child = child.shutdown(ShutdownStrategy::Infinite);
    let (handle, _events) = started(&app.child(child)).await;
    heard(blocked).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert!(began.elapsed() < secs(15));
    assert_eq!(paths(&report), ["app/a"]);
    assert!(report.children()[0].unresponsive && !report.is_clean());
    release.send(()).unwrap();
}

/// With several threads: others spawn into the scope while its child is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_task_outlives_its_life_however_late_it_is_spawned() {
    const LIVES: usize = 200;
    let alive = Arc::new(AtomicUsize::new(0));
    let (counted, told) = (Arc::clone(&alive), Arc::clone(&alive));
    let child = worker("a", move |ctx| {
        let alive = Arc::clone(&counted);
        // It belongs to nobody, and goes on after the end of the life.
        tokio::spawn(async move {
            loop {
                let present = Arc::clone(&alive);
                let task = ctx.scope().spawn(async move {
                    present.fetch_add(1, Ordering::SeqCst);
                    let _leaving = Leaving(present);
                    pending::<()>().await;
                });
                if task.is_finished() && task.await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
        pending()
    });
    let late = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&late);
    let app = Supervisor::one_for_one("app")
        .intensity(u32::try_from(LIVES).unwrap(), secs(1))
        // A busy machine may take its time to end them all.
        .abort_grace(secs(60))
        .observer(move |event: &Event| {
            if matches!(event.kind, EventKind::Exited { .. }) {
                seen.fetch_add(told.load(Ordering::SeqCst), Ordering::SeqCst);
            }
        })
        .child(child);
    let events = Events::of(&app.handle());
    let handle = app.start().await.unwrap();
    for _ in 0..LIVES {
        // It may be between two lives.
        let _killed = handle.kill_child("a").await;
        tokio::task::yield_now().await;
    }
    handle.shutdown().await;
    drop(events);
    assert_eq!(late.load(Ordering::SeqCst), 0);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

/// A worker that blocks its thread until it is let go; the context of its first life is handed out
/// from within the poll that blocks.
fn blocking() -> (ChildSpec, mpsc::SyncSender<()>, mpsc::Receiver<Context>) {
    let (send, contexts) = mpsc::channel();
    let (release, released) = mpsc::sync_channel::<()>(1);
    let released = Arc::new(std::sync::Mutex::new(released));
    let child = worker("a", move |ctx| {
        let (send, released) = (send.clone(), Arc::clone(&released));
        async move {
            send.send(ctx).unwrap();
            let _released = released.lock().unwrap().recv_timeout(secs(30));
            Ok(())
        }
    });
    (child.restart(Restart::Temporary), release, contexts)
}

async fn heard<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> T {
    let heard = tokio::task::spawn_blocking(move || receiver.recv().unwrap());
    heard.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_tasks_of_a_killed_child_end_also_while_it_blocks_its_own_thread() {
    let (child, release, contexts) = blocking();
    let app = Supervisor::one_for_one("app").abort_grace(secs(1));
    let (handle, mut events) = started(&app.child(child)).await;
    let task = heard(contexts).await.scope().spawn(pending::<()>());
    handle.kill_child("a").await.unwrap();
    let ended = timeout(secs(15), task).await.unwrap();
    assert!(matches!(ended, Err(ScopedTaskError::Cancelled)));
    let unresponsive = events.expect("app/a is unresponsive: its task does not end");
    timeout(secs(15), unresponsive).await.unwrap();
    release.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_child_that_blocks_its_thread_when_its_task_panics_is_unresponsive() {
    let (child, release, contexts) = blocking();
    let app = Supervisor::one_for_one("app").abort_grace(ms(50));
    let (_handle, mut events) = started(&app.child(child)).await;
    let ctx = heard(contexts).await;
    let task = ctx.scope().spawn(async { panic!("jam") });
    let result: Result<(), _> = task.await;
    let Err(ScopedTaskError::Panicked { panic }) = result else {
        panic!("its handle tells of the panic");
    };
    assert_eq!(panic.message(), "jam");
    let unresponsive = events.expect("app/a is unresponsive: its task does not end");
    timeout(secs(15), unresponsive).await.unwrap();
    release.send(()).unwrap();
    let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
    let late = events.until("the late end", is_end).await;
    assert!(late.to_string().contains("panicked: jam"), "{late}");
}
