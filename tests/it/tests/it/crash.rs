//! The story of each crash: what failed, when, and what was decided.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use perennial::{
    Backoff, BoxError, CrashDecision, CrashPhase, CrashReport, Crashes, DelayCause, Event,
    EventKind, ExitReason, ExitVerdict, InitPolicy, Intensity, Jitter, OnLimit,
    PartitionSupervisor, Restart, ShutdownStrategy, Strategy, Supervisor, SupervisorHandle, worker,
};
use perennial_test::{End, Events, Script, StartAct, StopAct, settle};
use tokio::time::advance;

use crate::support::{ms, secs, started};

/// The next crash that is told.
async fn crash(events: &mut Events) -> Arc<CrashReport> {
    let event = events
        .until("a crash", |event| {
            matches!(event.kind, EventKind::Crashed { .. })
        })
        .await;
    report(event)
}

fn report(event: Event) -> Arc<CrashReport> {
    match event.kind {
        EventKind::Crashed { report } => report,
        other => panic!("no crash: {other}"),
    }
}

fn kept(handle: &SupervisorHandle, path: &str) -> Crashes {
    let snapshot = handle.snapshot();
    let entry = snapshot.find(path).expect("the child is there");
    entry.crashes.clone()
}

fn decisions(reports: &[CrashReport]) -> Vec<CrashDecision> {
    reports.iter().map(|report| report.decision).collect()
}

fn patient(strategy: Strategy) -> Supervisor {
    Supervisor::new("app", strategy).unlimited_intensity()
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_told_after_the_exit_and_before_the_restart_that_was_decided() {
    let child = Script::new("a");
    let (handle, mut events) = started(&patient(Strategy::OneForOne).child(child.clone())).await;
    advance(secs(12)).await;
    child.end(End::Panic);
    let report = crash(&mut events).await;
    let before = events
        .passed()
        .last()
        .cloned()
        .expect("something was told before");
    assert!(matches!(before.kind, EventKind::Exited { .. }), "{before}");
    let after = events.until("what comes next", |_| true).await;
    assert!(matches!(after.kind, EventKind::Starting { .. }), "{after}");
    assert_eq!(
        (report.path.to_string(), report.incarnation, report.phase),
        ("app/a".to_owned(), before.incarnation, CrashPhase::Run)
    );
    assert_eq!((report.uptime, report.restarts), (Some(secs(12)), 0));
    assert_eq!(report.decision, CrashDecision::Restarted);
    assert!(matches!(report.exit, ExitReason::Panicked(_)));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_clean_exit_and_a_stop_are_no_crashes() {
    let (done, slow, asked) = (
        Script::new("done"),
        Script::new("slow"),
        Script::new("asked"),
    );
    let slow = slow.stop(StopAct::Hang);
    let app = patient(Strategy::OneForOne)
        .child(done.clone())
        .child(slow.spec().shutdown(ShutdownStrategy::Graceful(ms(10))))
        .child(asked.clone());
    let (handle, mut events) = started(&app).await;
    done.end(End::Done);
    handle.terminate_child("asked").await.unwrap();
    // It is killed when its grace is over.
    handle.terminate_child("slow").await.unwrap();
    handle.shutdown().await;
    let events = events.rest().await;
    let crashed = |event: &&Event| matches!(event.kind, EventKind::Crashed { .. });
    assert_eq!(events.iter().find(crashed).map(ToString::to_string), None);
}

#[tokio::test(start_paused = true)]
async fn the_latest_crashes_stay_in_the_snapshot_as_many_as_is_said() {
    for (keep, expected) in [(None, vec![2, 3, 4]), (Some(1), vec![4]), (Some(0), vec![])] {
        let child = Script::new("a");
        let mut app = patient(Strategy::OneForOne).child(child.clone());
        if let Some(keep) = keep {
            app = app.crash_reports(keep);
        }
        let (handle, mut events) = started(&app).await;
        for before in 0..5 {
            settle().await;
            child.end(End::Error);
            assert_eq!(crash(&mut events).await.restarts, before);
        }
        let kept = kept(&handle, "app/a");
        let restarts: Vec<_> = kept.iter().map(|report| report.restarts).collect();
        assert_eq!(restarts, expected);
        handle.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_restart_is_told_with_its_time_and_cause() {
    let child = Script::new("a");
    let wait = Backoff::constant(ms(1_600))
        .jitter(Jitter::None)
        .not_at_once();
    let app = patient(Strategy::OneForOne).child(child.spec().backoff(wait));
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    let cause = DelayCause::Backoff { attempt: 1 };
    let delayed = CrashDecision::Delayed {
        by: ms(1_600),
        cause,
    };
    assert_eq!(crash(&mut events).await.decision, delayed);
    assert_eq!(decisions(&kept(&handle, "app/a")), [delayed]);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_stays_down_says_why() {
    let limit = Intensity::new(0, secs(5));
    let cases = [
        (
            Script::new("a").spec().restart(Restart::Temporary),
            CrashDecision::StaysDown,
        ),
        (
            Script::new("a")
                .spec()
                .classify(|_| Some(ExitVerdict::Stop)),
            CrashDecision::StaysDown,
        ),
        (
            Script::new("a").spec().limit(limit, OnLimit::Drop),
            CrashDecision::Dropped,
        ),
        (
            Script::new("a")
                .spec()
                .limit(limit, OnLimit::Quarantine(secs(60))),
            CrashDecision::Delayed {
                by: secs(60),
                cause: DelayCause::Quarantine,
            },
        ),
    ];
    for (spec, expected) in cases {
        let (handle, mut events) = started(&patient(Strategy::OneForOne).child(spec)).await;
        handle.kill_child("a").await.unwrap();
        assert_eq!(crash(&mut events).await.decision, expected);
        handle.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_is_the_decision_and_its_other_children_are_named() {
    let (a, b, c) = (Script::new("a"), Script::new("b"), Script::new("c"));
    let app = Supervisor::one_for_one("app")
        .intensity(0, secs(1))
        .children_of([a, b.clone(), c]);
    let (handle, mut events) = started(&app).await;
    b.end(End::Error);
    let report = crash(&mut events).await;
    assert_eq!(report.decision, CrashDecision::GaveUp { own_limit: false });
    assert_eq!(
        (report.siblings(), report.sibling_count()),
        (&["a".into(), "c".into()][..], 2)
    );
    handle.wait().await;
}

/// Adds some children at once.
trait Children {
    fn children_of<const N: usize>(self, children: [Script; N]) -> Self;
}

impl Children for Supervisor {
    fn children_of<const N: usize>(self, children: [Script; N]) -> Self {
        children.into_iter().fold(self, Supervisor::child)
    }
}

#[tokio::test(start_paused = true)]
async fn ends_of_the_supervisor_are_told_apart() {
    let limit = Intensity::new(0, secs(5));
    let cases = [
        (
            Script::new("a").spec().limit(limit, OnLimit::Escalate),
            CrashDecision::GaveUp { own_limit: true },
        ),
        (
            Script::new("a")
                .spec()
                .classify(|_| Some(ExitVerdict::Escalate)),
            CrashDecision::Escalated,
        ),
        (
            Script::new("a").spec().stop_when(|_| true),
            CrashDecision::Satisfied,
        ),
    ];
    for (spec, expected) in cases {
        let (handle, mut events) = started(&patient(Strategy::OneForOne).child(spec)).await;
        handle.kill_child("a").await.unwrap();
        assert_eq!(crash(&mut events).await.decision, expected);
        handle.wait().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_siblings_of_a_group_that_restart_with_it_are_named() {
    let cases = [
        (Strategy::OneForOne, vec![]),
        (Strategy::OneForAll, vec!["a", "c", "d"]),
        (Strategy::RestForOne, vec!["c", "d"]),
    ];
    for (strategy, expected) in cases {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(Script::new);
        let app = patient(strategy).children_of([a, b.clone(), c, d]);
        let (handle, mut events) = started(&app).await;
        b.end(End::Error);
        let report = crash(&mut events).await;
        assert_eq!(report.decision, CrashDecision::Restarted);
        let names: Vec<_> = report.siblings().iter().map(|id| id.as_str()).collect();
        assert_eq!(names, expected);
        handle.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_large_group_the_first_are_named_and_the_others_counted() {
    let children = (0..20).map(|number| Script::new(format!("c{number}")));
    let broken = Script::new("broken");
    let app = children.fold(
        patient(Strategy::OneForAll).child(broken.clone()),
        Supervisor::child,
    );
    let (handle, mut events) = started(&app).await;
    broken.end(End::Error);
    let report = crash(&mut events).await;
    let names: Vec<_> = report.siblings().iter().map(|id| id.as_str()).collect();
    assert_eq!(names, ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"]);
    assert_eq!(report.sibling_count(), 20);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_first_start_ends_the_supervisor_and_is_told_once() {
    let child = Script::new("a").starts_with(StartAct::Fail);
    let app = Supervisor::one_for_one("app").child(child);
    let mut events = Events::of(&app.handle());
    assert!(app.start().await.is_err());
    let told = events.rest().await.into_iter();
    let crashes = told.filter_map(|event| match event.kind {
        EventKind::Crashed { report } => Some((report.phase, report.uptime, report.decision)),
        _ => None,
    });
    let crashes: Vec<_> = crashes.collect();
    let expected = (CrashPhase::Initialization, None, CrashDecision::Unstartable);
    assert_eq!(crashes, [expected]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_restart_that_is_tried_again_is_told_when_that_is_decided() {
    let child = Script::new("a").start(2, StartAct::Fail);
    let wait = Backoff::constant(ms(500)).jitter(Jitter::None);
    let spec = child.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let app = patient(Strategy::OneForOne).child(spec.backoff(wait));
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    assert_eq!(crash(&mut events).await.decision, CrashDecision::Restarted);
    let report = crash(&mut events).await;
    let cause = DelayCause::Backoff { attempt: 2 };
    let delayed = CrashDecision::Delayed { by: ms(500), cause };
    assert_eq!(
        (report.phase, report.decision),
        (CrashPhase::Initialization, delayed)
    );
    let kept = decisions(&kept(&handle, "app/a"));
    assert_eq!(kept, [CrashDecision::Restarted, delayed]);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_while_it_stops_is_told_as_one() {
    let child = Script::new("a").stop(StopAct::Fail);
    let (handle, mut events) = started(&patient(Strategy::OneForOne).child(child)).await;
    handle.terminate_child("a").await.unwrap();
    let report = crash(&mut events).await;
    assert_eq!(
        (report.phase, report.decision),
        (CrashPhase::Stop, CrashDecision::Stopped)
    );
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_stuck_has_crashed_while_it_ran() {
    let idle = worker("idle", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    let app = patient(Strategy::OneForOne).child(idle.watchdog(secs(3)));
    let (handle, mut events) = started(&app).await;
    let report = crash(&mut events).await;
    assert!(matches!(report.exit, ExitReason::Stuck(_)), "{report}");
    assert_eq!(
        (report.phase, report.decision),
        (CrashPhase::Run, CrashDecision::Restarted)
    );
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_left_behind_has_crashed() {
    let child = Script::new("a");
    let app = patient(Strategy::OneForOne)
        .abort_grace(ms(10))
        .child(child.clone());
    let (handle, mut events) = started(&app).await;
    let released = child.clone();
    child.end(End::Hang);
    settle().await;
    handle.kill_child("a").await.unwrap();
    let report = crash(&mut events).await;
    assert_eq!(report.decision, CrashDecision::Restarted);
    released.release();
    handle.shutdown().await;
}

/// An error of a user's who has a bug.
#[derive(Debug)]
struct Grenade;

impl fmt::Display for Grenade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a grenade")
    }
}

impl std::error::Error for Grenade {}

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("a bug of the user's")
    }
}

#[tokio::test(start_paused = true)]
async fn errors_that_panic_when_they_are_dropped_are_kept_and_dropped_one_by_one() {
    let starts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&starts);
    let child = worker("a", move |ctx| {
        let life = count.fetch_add(1, Ordering::Relaxed);
        async move {
            if life < 5 {
                return Err(BoxError::from(Grenade));
            }
            ctx.stopping().await;
            Ok(())
        }
    });
    let app = patient(Strategy::OneForOne).child(child);
    let handle = app.start().await.unwrap();
    settle().await;
    assert_eq!(starts.load(Ordering::Relaxed), 6);
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn where_children_need_others_those_who_need_the_crashed_one_are_named() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(Script::new);
    let app = patient(Strategy::RestForOne)
        .child(d.spec().after(["a"]))
        .child(a.clone())
        .child(b)
        .child(c.spec().after(["d"]));
    let (handle, mut events) = started(&app).await;
    a.end(End::Error);
    let report = crash(&mut events).await;
    assert_eq!(report.decision, CrashDecision::Restarted);
    let mut named = report.siblings().to_vec();
    named.sort_unstable();
    assert_eq!(named, ["c", "d"], "and not b, which stands behind it");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_supervisor_keeps_as_many_crashes_as_it_is_told() {
    for keep in [0, 1, 4] {
        let shard = Script::new("shard");
        let shards = PartitionSupervisor::new("shards", 1, |_| shard.spec())
            .unlimited_intensity()
            .crash_reports(keep);
        let handle = shards.start().await.unwrap();
        for _ in 0..3 {
            shard.end(End::Error);
            settle().await;
        }
        let snapshot = handle.as_supervisor().snapshot();
        let kept = snapshot.find("shards/0").unwrap().crashes.len();
        assert_eq!(kept, keep.min(3));
        handle.as_supervisor().shutdown().await;
    }
}
