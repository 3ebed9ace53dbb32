//! Children that block their thread: nobody can end them, and nobody waits for ever. In real time, as a
//! blocked thread knows no other.

use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use perennial::{
    ChildState, CrashDecision, DynamicSupervisor, EventKind, ExitReason, ExitVerdict, Report,
    Restart, ShutdownStrategy, StartChildError, Supervisor, SupervisorHandle, worker,
};
use perennial_test::{End, Events, Journal, Script, StartAct, StopAct};
use tokio::time::{interval, timeout};

use crate::support::{ms, paths, secs, started};

/// Far more than any step of these tests takes, far less than a blocked child stays blocked.
const LIMIT: Duration = Duration::from_secs(15);

fn blocking(id: &str) -> Script {
    Script::new(id).stop(StopAct::Block)
}

fn app(abort_grace: Duration) -> Supervisor {
    Supervisor::one_for_one("app").abort_grace(abort_grace)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_child_that_ignores_its_abort_is_named_in_the_report_and_the_supervisor_goes_on() {
    let journal = Journal::default();
    let blocked = blocking("blocked");
    let nested = app(ms(100))
        .child(Script::new("first").noting(&journal))
        .child(blocked.spec().shutdown(ShutdownStrategy::Graceful(ms(100))));
    let root = Supervisor::one_for_one("root").child(nested);
    let (handle, mut events) = started(&root).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert!(began.elapsed() >= ms(200) && began.elapsed() < LIMIT);
    assert_eq!(
        paths(&report),
        ["root/app/blocked", "root/app/first", "root/app"]
    );
    let child = &report.children()[0];
    assert!(child.unresponsive && child.forced && matches!(child.exit, ExitReason::Unresponsive));
    assert!(report.to_string().contains("root/app/blocked"), "{report}");
    assert!(!report.is_clean());
    assert_eq!(journal.all("ends"), ["first"]);
    events
        .expect("root/app/blocked is unresponsive: its task does not end")
        .await;
    blocked.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn after_the_grace_has_expired_a_child_is_aborted_once_and_nothing_spins() {
    let blocked = blocking("blocked");
    let spec = blocked.spec().shutdown(ShutdownStrategy::Graceful(ms(50)));
    let (handle, mut events) = started(&app(ms(500)).child(spec)).await;
    handle.request_stop();
    events.expect("app/blocked is killed").await;
    let polls = blocked.polls();
    let unparks = || {
        let metrics = tokio::runtime::Handle::current().metrics();
        (0..3)
            .map(|worker| metrics.worker_park_unpark_count(worker))
            .sum::<u64>()
    };
    let before = unparks();
    events
        .expect("app/blocked is unresponsive: its task does not end")
        .await;
    assert_eq!(blocked.polls(), polls);
    assert!(
        unparks() - before < 1_000,
        "the supervisor waits for its timer only"
    );
    let killed = |event: &perennial::Event| matches!(event.kind, EventKind::Killed { .. });
    assert!(!events.passed().iter().any(killed), "it was aborted once");
    blocked.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_child_that_is_unresponsive_while_the_tree_runs_is_replaced() {
    let blocked = blocking("blocked");
    let (handle, mut events) = started(&app(ms(100)).child(blocked.clone())).await;
    blocked.end(End::Block);
    blocked.blocks().await;
    handle.kill_child("blocked").await.unwrap();
    events
        .expect("app/blocked is unresponsive: its task does not end")
        .await;
    events.expect("app/blocked runs").await;
    let info = handle.which_child("blocked").await.unwrap();
    assert!(
        matches!(info.last_exit, Some(ExitReason::Unresponsive)),
        "{info:?}"
    );
    blocked.release();
    handle.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_user_may_say_that_a_child_that_was_left_behind_is_not_replaced() {
    let blocked = blocking("blocked");
    let spec = blocked
        .spec()
        .classify(|exit| matches!(exit, ExitReason::Unresponsive).then_some(ExitVerdict::Stop));
    let (handle, mut events) = started(&app(ms(100)).child(spec)).await;
    blocked.end(End::Block);
    blocked.blocks().await;
    handle.kill_child("blocked").await.unwrap();
    events
        .until("what was decided", |event| {
            matches!(&event.kind, EventKind::Crashed { report } if report.decision == CrashDecision::StaysDown)
        })
        .await;
    blocked.release();
    handle.shutdown().await;
    assert_eq!(blocked.starts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_late_end_of_a_child_that_was_left_behind_disturbs_nobody() {
    let blocked = blocking("blocked");
    let (handle, mut events) = started(&app(ms(50)).child(blocked.clone())).await;
    blocked.end(End::Block);
    blocked.blocks().await;
    handle.kill_child("blocked").await.unwrap();
    events
        .expect("app/blocked is unresponsive: its task does not end")
        .await;
    events.expect("app/blocked runs").await;
    let life = handle.which_child("blocked").await.unwrap().incarnation;
    blocked.release();
    events
        .until("the late end", |event| {
            matches!(event.kind, EventKind::Exited { .. })
        })
        .await;
    let info = handle.which_child("blocked").await.unwrap();
    assert_eq!(info.incarnation, life);
    handle.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_initialization_that_blocks_is_given_up_all_the_same() {
    let blocked = Script::new("blocked").starts_with(StartAct::Block);
    let (handle, _events) = started(&app(ms(50)).child(Script::new("other"))).await;
    let error = handle
        .start_child(blocked.spec().init_timeout(ms(50)))
        .await
        .unwrap_err();
    let StartChildError::Initialization { source } = error else {
        panic!("{error}")
    };
    assert_eq!(source.timeout(), Some(ms(50)));
    blocked.release();
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn terminate_child_returns_although_the_child_does_not_react() {
    let blocked = blocking("blocked");
    let spec = blocked
        .spec()
        .restart(Restart::Temporary)
        .shutdown(ShutdownStrategy::Graceful(ms(50)));
    let (handle, _events) = started(&app(ms(50)).child(spec)).await;
    handle.terminate_child("blocked").await.unwrap();
    assert!(handle.which_children().await.unwrap().is_empty());
    assert!(handle.shutdown().await.children().is_empty());
    blocked.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_blocked_child_delays_no_call_about_another() {
    let blocked = blocking("blocked");
    let (handle, _events) = started(
        &app(ms(100))
            .child(blocked.clone())
            .child(Script::new("other")),
    )
    .await;
    blocked.end(End::Block);
    blocked.blocks().await;
    let began = Instant::now();
    handle.terminate_child("other").await.unwrap();
    handle.restart_child("other").await.unwrap();
    assert_eq!(handle.count_children().await.unwrap().active, 2);
    assert!(began.elapsed() < LIMIT);
    blocked.release();
    handle.shutdown().await;
}

fn is_told_as_unresponsive(report: &Report, path: &str) {
    let child = report.children().iter();
    let mut child = child.filter(|child| child.path.to_string() == path);
    let child = child
        .next()
        .unwrap_or_else(|| panic!("no {path} in\n{report}"));
    assert!(child.unresponsive, "{report}");
    assert!(!report.is_clean(), "{report}");
}

/// Kills a child that blocks its thread, and returns when its supervisor has heard of it.
async fn kill_blocked(handle: &SupervisorHandle, id: &str, blocked: &Script) {
    blocked.end(End::Block);
    blocked.blocks().await;
    handle.kill_child(id).await.unwrap();
    // What comes after it was heard, whatever the answer.
    let _heard = handle.terminate_child("nobody").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_blocked_child_that_was_killed_before_the_stop_is_told_in_the_report() {
    for in_a_group in [false, true] {
        let blocked = blocking("blocked");
        let app = if in_a_group {
            Supervisor::one_for_all("app")
        } else {
            Supervisor::one_for_one("app")
        };
        let app = app
            .abort_grace(ms(200))
            .child(Script::new("other"))
            .child(blocked.clone());
        let (handle, _events) = started(&app).await;
        kill_blocked(&handle, "blocked", &blocked).await;
        let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
        blocked.release();
        is_told_as_unresponsive(&report, "app/blocked");
        assert_eq!(paths(&report), ["app/blocked", "app/other"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_blocked_dynamic_child_that_was_killed_before_the_stop_is_told_in_the_report() {
    let jobs = DynamicSupervisor::new("jobs", |job: Script| job).abort_grace(ms(200));
    let jobs = jobs.start().await.unwrap();
    let blocked = blocking("blocked");
    jobs.start_child(blocked.clone()).await.unwrap();
    kill_blocked(&jobs, "blocked#1", &blocked).await;
    let report = timeout(LIMIT, jobs.shutdown()).await.unwrap();
    blocked.release();
    is_told_as_unresponsive(&report, "jobs/blocked#1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_restart_that_blocks_and_was_killed_before_the_stop_is_told_in_the_report() {
    let blocked = Script::new("blocked").start(2, StartAct::Block);
    let (handle, _events) = started(&app(ms(200)).child(blocked.clone())).await;
    blocked.end(End::Error);
    blocked.blocks().await;
    handle.kill_child("blocked").await.unwrap();
    let _heard = handle.terminate_child("nobody").await;
    let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
    blocked.release();
    is_told_as_unresponsive(&report, "app/blocked");
}

/// Blocks the thread that drops it, until the test says so.
struct Plug(mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>);

impl Drop for Plug {
    fn drop(&mut self) {
        // The test may be over.
        let _told = self.0.send(());
        let _until = self.1.lock().unwrap().recv_timeout(LIMIT);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_blocked_supervisor_is_given_up_after_a_kill_by_either_handle_or_by_both() {
    for (by_its_own, by_the_one_above) in [(false, true), (true, true), (true, false)] {
        let nested = Supervisor::one_for_one("nested");
        let inner = nested.handle();
        let (handle, mut events) = started(&app(ms(200)).child(nested)).await;
        let (blocks, is_blocked) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let plug = Plug(blocks, Mutex::new(released));
        let child = worker("child", move |ctx| {
            let _kept = &plug;
            async move {
                ctx.stopping().await;
                Ok(())
            }
        });
        inner.start_child(child).await.unwrap();
        inner.terminate_child("child").await.unwrap();
        // Nobody waits for an answer of a supervisor that blocks.
        drop(tokio::spawn({
            let inner = inner.clone();
            async move { inner.delete_child("child").await }
        }));
        is_blocked.recv_timeout(LIMIT).unwrap();
        if by_its_own {
            inner.kill();
        }
        if by_the_one_above {
            handle.kill_child("nested").await.unwrap();
        }
        let given_up = events.expect("app/nested is unresponsive: its task does not end");
        let given_up = timeout(LIMIT / 2, given_up).await;
        drop(release);
        assert!(given_up.is_ok(), "{by_its_own} {by_the_one_above}");
    }
}

/// How a child is told to end that was killed before.
#[derive(Clone, Copy, Debug)]
enum Told {
    Stop,
    Terminate,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_child_that_was_killed_and_is_told_to_end_is_shown_as_stopping() {
    for told in [Told::Stop, Told::Terminate] {
        let blocked = blocking("blocked");
        let app = app(secs(60))
            .child(Script::new("other"))
            .child(blocked.clone());
        let (handle, _events) = started(&app).await;
        kill_blocked(&handle, "blocked", &blocked).await;
        let end = match told {
            Told::Stop => {
                handle.request_stop();
                None
            }
            Told::Terminate => {
                let handle = handle.clone();
                let terminate = async move { handle.terminate_child("blocked").await };
                Some(tokio::spawn(terminate))
            }
        };
        // It is answered at once, and heard after the stop; a call beside it is as well.
        let shown = async {
            loop {
                handle.terminate_child("other").await.unwrap();
                let info = handle.which_child("blocked").await.unwrap();
                if info.state == ChildState::Stopping {
                    return handle.snapshot();
                }
            }
        };
        let snapshot = timeout(LIMIT, shown)
            .await
            .unwrap_or_else(|_| panic!("{told:?}:\n{}", handle.snapshot()));
        let entry = snapshot.find("app/blocked").unwrap();
        assert_eq!(entry.state, ChildState::Stopping, "{told:?}");
        blocked.release();
        if let Some(end) = end {
            end.await.unwrap().unwrap();
        }
        timeout(LIMIT, handle.shutdown()).await.unwrap();
    }
}

/// Kills a child again and again, until it was given up.
async fn is_given_up(handle: &SupervisorHandle, events: &mut Events) {
    let kills = async {
        let mut ticks = interval(ms(20));
        loop {
            ticks.tick().await;
            // It may have been given up just now.
            let _answer = handle.kill_child("blocked").await;
        }
    };
    let given_up = events.expect("app/blocked is unresponsive: its task does not end");
    let both = async {
        tokio::select! {
            () = kills => unreachable!("it goes on"),
            _ = given_up => (),
        }
    };
    let told = timeout(LIMIT, both).await;
    assert!(told.is_ok(), "it is not given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn kills_that_are_repeated_do_not_postpone_that_a_blocked_child_is_given_up() {
    let blocked = blocking("blocked");
    let (handle, mut events) = started(&app(ms(200)).child(blocked.clone())).await;
    blocked.end(End::Block);
    blocked.blocks().await;
    is_given_up(&handle, &mut events).await;
    blocked.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn kills_that_are_repeated_do_not_postpone_that_a_blocked_child_that_is_to_end_is_given_up() {
    let blocked = blocking("blocked");
    let spec = blocked.spec().shutdown(ShutdownStrategy::Graceful(ms(50)));
    let (handle, mut events) = started(&app(ms(200)).child(spec)).await;
    let terminate = tokio::spawn({
        let handle = handle.clone();
        async move { handle.terminate_child("blocked").await }
    });
    blocked.blocks().await;
    is_given_up(&handle, &mut events).await;
    timeout(LIMIT, terminate).await.unwrap().unwrap().unwrap();
    blocked.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn kills_that_are_repeated_do_not_postpone_that_an_initialization_that_blocks_is_given_up() {
    let blocked = Script::new("blocked").start(2, StartAct::Block);
    let (handle, mut events) = started(&app(ms(200)).child(blocked.clone())).await;
    blocked.end(End::Error);
    blocked.blocks().await;
    is_given_up(&handle, &mut events).await;
    blocked.release();
}
