//! Children that block their thread: nobody can end them, and nobody waits for ever. In real time, as a
//! blocked thread knows no other.

use std::time::{Duration, Instant};

use perennial::{EventKind, ExitReason, Restart, ShutdownStrategy, StartChildError, Supervisor};
use perennial_test::{End, Journal, Script, StartAct, StopAct};

use crate::support::{ms, paths, started};

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
    let killed = |event: &perennial::Event| matches!(event.kind, EventKind::Killed);
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
