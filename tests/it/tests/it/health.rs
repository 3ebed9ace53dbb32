//! The health of a tree: started, ready, alive, and why not.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use perennial::{
    Backoff, DynamicSupervisor, ExitVerdict, Health, HealthImpact, HealthStream, HealthTrouble,
    HealthVerdict, InitPolicy, Intensity, Jitter, OnLimit, Supervisor, SupervisorHandle,
};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use tokio::time::advance;

use crate::support::{ms, secs, started};

fn patient() -> Supervisor {
    Supervisor::one_for_one("app").unlimited_intensity()
}

fn slow_restarts() -> Backoff {
    Backoff::constant(secs(60))
        .jitter(Jitter::None)
        .not_at_once()
}

/// Why not, as a text.
fn told(verdict: &HealthVerdict) -> String {
    verdict.to_string()
}

/// The next health that is told, if it is there.
fn now(stream: &mut HealthStream) -> Poll<Option<Health>> {
    pin!(stream.next()).poll(&mut Context::from_waker(Waker::noop()))
}

fn is_still(stream: &mut HealthStream) -> bool {
    now(stream).is_pending()
}

async fn up(app: &Supervisor) -> SupervisorHandle {
    let (handle, _) = started(app).await;
    settle().await;
    handle
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_started_when_each_child_was_up_once_and_stays_so() {
    let (quick, slow) = (Script::new("quick"), Script::new("slow"));
    let slow = slow.starts_with(StartAct::Hang);
    let app = patient()
        .child(quick.spec().backoff(slow_restarts()))
        .child(slow.clone());
    let handle = app.handle();
    assert_eq!(told(&handle.health().startup), "no: app does not run");
    let start = tokio::spawn({
        let app = app.clone();
        async move { app.start().await }
    });
    settle().await;
    let health = handle.health();
    assert_eq!(told(&health.startup), "no: app starts, app/slow starts");
    assert_eq!(told(&health.ready), "no: app starts, app/slow starts");
    assert!(health.live.is_ok());
    slow.release();
    start.await.unwrap().unwrap();
    settle().await;
    quick.end(End::Error);
    settle().await;
    let health = handle.health();
    assert_eq!(told(&health.startup), "ok");
    assert_eq!(told(&health.ready), "no: app/quick waits for its restart");
    assert_eq!(told(&health.live), "ok");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn each_way_of_not_running_keeps_a_tree_from_being_ready() {
    let none = Intensity::new(0, secs(5));
    let flaky = Script::new("a").start(2, StartAct::Hang);
    let cases = [
        (flaky.spec(), HealthTrouble::Starting),
        (
            Script::new("a").spec().backoff(slow_restarts()),
            HealthTrouble::Backoff,
        ),
        (
            Script::new("a")
                .spec()
                .limit(none, OnLimit::Quarantine(secs(60))),
            HealthTrouble::Quarantined,
        ),
        (
            Script::new("a").spec().limit(none, OnLimit::Drop),
            HealthTrouble::Down,
        ),
        (
            Script::new("a")
                .spec()
                .classify(|_| Some(ExitVerdict::Stop)),
            HealthTrouble::Down,
        ),
    ];
    for (spec, expected) in cases {
        let spec = spec.init_policy(InitPolicy::FatalOnFirstStart);
        let handle = up(&patient().child(spec)).await;
        assert!(handle.health().ready.is_ok());
        handle.kill_child("a").await.unwrap();
        settle().await;
        let health = handle.health();
        let [reason] = health.ready.reasons() else {
            panic!("{health}");
        };
        assert_eq!(
            (reason.path.to_string(), reason.trouble),
            ("app/a".into(), expected)
        );
        assert!(health.live.is_ok(), "{health}");
        handle.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_done_its_work_or_was_terminated_is_no_hindrance() {
    let (done, idle) = (Script::new("done"), Script::new("idle"));
    let ignored = Script::new("ignored").starts_with(StartAct::Ignore);
    let app = patient()
        .child(done.spec().restart(perennial::Restart::Transient))
        .child(idle)
        .child(ignored);
    let handle = up(&app).await;
    done.end(End::Done);
    handle.terminate_child("idle").await.unwrap();
    settle().await;
    assert_eq!(told(&handle.health().ready), "ok");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_optional_child_and_all_below_it_count_nowhere() {
    let (metrics, below) = (Script::new("metrics"), Script::new("below"));
    let below_spec = below.spec().backoff(slow_restarts());
    let extra = Supervisor::one_for_one("extra").child(below_spec);
    let app = patient()
        .child(
            metrics
                .spec()
                .backoff(slow_restarts())
                .health(HealthImpact::Optional),
        )
        .child(perennial::ChildSpec::new(extra).health(HealthImpact::Optional));
    let handle = up(&app).await;
    metrics.end(End::Error);
    below.end(End::Error);
    settle().await;
    assert_eq!(told(&handle.health().ready), "ok");
    // Who is asked itself counts.
    let extra = handle.supervisor("extra").unwrap();
    assert_eq!(
        told(&extra.health().ready),
        "no: app/extra/below waits for its restart"
    );
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_of_a_dynamic_supervisor_is_optional_unless_it_says_otherwise() {
    for (impact, expected) in [
        (None, "ok"),
        (
            Some(HealthImpact::Required),
            "no: jobs/job#1 waits for its restart",
        ),
    ] {
        let job = Script::new("job");
        let template = job.clone();
        let jobs = DynamicSupervisor::new("jobs", move |(): ()| {
            let spec = template.spec().backoff(slow_restarts());
            match impact {
                Some(impact) => spec.health(impact),
                None => spec,
            }
        });
        let jobs = jobs.unlimited_intensity().start().await.unwrap();
        jobs.start_child(()).await.unwrap();
        job.end(End::Error);
        settle().await;
        assert_eq!(told(&jobs.health().ready), expected);
        jobs.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_not_ready_as_soon_as_its_stop_begins_but_lives() {
    let slow = Script::new("slow").stop(StopAct::Slow(secs(2)));
    let handle = up(&patient().child(slow)).await;
    let mut stream = handle.watch_health();
    assert!(stream.next().await.unwrap().ready.is_ok());
    handle.request_stop();
    // Before its supervisor has heard anything.
    let Poll::Ready(Some(health)) = now(&mut stream) else {
        panic!("it is not told");
    };
    assert_eq!(told(&health.ready), "no: app is to stop");
    assert_eq!(told(&health.live), "ok");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_is_not_alive_while_it_stops_its_children() {
    let (broken, slow) = (Script::new("broken"), Script::new("slow"));
    let app = Supervisor::one_for_one("app")
        .intensity(0, secs(1))
        .child(slow.stop(StopAct::Slow(secs(2))))
        .child(broken.clone());
    let handle = up(&app).await;
    broken.end(End::Error);
    settle().await;
    let health = handle.health();
    assert_eq!(told(&health.live), "no: app has given up");
    assert!(health.startup.is_ok());
    assert!(!health.ready.is_ok());
    handle.wait().await;
    assert_eq!(told(&handle.health().live), "no: app does not run");
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_that_gives_up_is_for_the_one_above_to_mend() {
    let (broken, slow) = (Script::new("broken"), Script::new("slow"));
    let nested = Supervisor::one_for_one("nested")
        .intensity(0, secs(1))
        .child(slow.stop(StopAct::Slow(secs(2))))
        .child(broken.clone());
    let handle = up(&patient().child(nested)).await;
    broken.end(End::Error);
    settle().await;
    let health = handle.health();
    assert!(health.live.is_ok(), "{health}");
    assert!(
        told(&health.ready).starts_with("no: app/nested has given up"),
        "{health}"
    );
    advance(secs(3)).await;
    settle().await;
    assert_eq!(told(&handle.health().ready), "ok");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_its_watchdog_finds_stuck_is_a_matter_of_life_until_it_is_gone() {
    let idle = Script::new("idle").stop(StopAct::Slow(secs(2))).spec();
    let handle = up(&patient().child(idle.watchdog(secs(3)))).await;
    assert!(handle.health().live.is_ok());
    advance(secs(3) + ms(1)).await;
    settle().await;
    assert_eq!(told(&handle.health().live), "no: app/idle is stuck");
    advance(secs(2)).await;
    settle().await;
    assert_eq!(told(&handle.health().live), "ok");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn each_change_is_told_once_and_nothing_in_between() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let app = patient()
        .child(a.spec().backoff(slow_restarts()))
        .child(b.clone());
    let mut stream = app.handle().watch_health();
    assert!(
        !stream.next().await.unwrap().live.is_ok(),
        "it does not run"
    );
    assert!(is_still(&mut stream));
    let handle = app.start().await.unwrap();
    settle().await;
    assert!(stream.next().await.unwrap().ready.is_ok());
    // A restart that is over when somebody looks is no change.
    b.end(End::Error);
    settle().await;
    assert!(is_still(&mut stream));
    a.end(End::Error);
    let health = stream.next().await.unwrap();
    assert_eq!(told(&health.ready), "no: app/a waits for its restart");
    assert!(is_still(&mut stream));
    // On the paused clock, this is when the wait is over.
    assert!(stream.next().await.unwrap().ready.is_ok());
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_start_that_ends_is_told_although_no_event_follows_it() {
    let child = Script::new("a").start(2, StartAct::Hang);
    let handle = up(&patient().child(child.clone())).await;
    let mut stream = handle.watch_health();
    assert!(stream.next().await.unwrap().ready.is_ok());
    child.end(End::Error);
    let health = stream.next().await.unwrap();
    assert_eq!(told(&health.ready), "no: app/a starts");
    child.release();
    assert!(stream.next().await.unwrap().ready.is_ok());
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_with_the_tree() {
    let handle = up(&patient().child(Script::new("a"))).await;
    let mut stream = handle.watch_health();
    handle.shutdown().await;
    let mut last = None;
    while let Some(health) = stream.next().await {
        last = Some(health);
    }
    assert_eq!(told(&last.unwrap().live), "no: app does not run");
    assert!(stream.next().await.is_none());
    // One that comes too late says how it is, and ends.
    let mut late = handle.watch_health();
    drop(handle);
    assert!(late.next().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_verdict_names_the_first_reasons_and_counts_the_others() {
    let children: Vec<_> = (0..20)
        .map(|number| Script::new(format!("c{number}")))
        .collect();
    let specs = children
        .iter()
        .map(|child| child.spec().backoff(slow_restarts()));
    let handle = up(&specs.fold(patient(), Supervisor::child)).await;
    for child in &children {
        child.end(End::Error);
    }
    settle().await;
    let ready = handle.health().ready;
    assert_eq!((ready.reasons().len(), ready.count()), (16, 20));
    assert!(told(&ready).ends_with(" and 4 more"), "{ready}");
    handle.shutdown().await;
}
