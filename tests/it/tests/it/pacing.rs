//! When restarts wait: backoff, storms, limits of a child's own; and what the user says to an exit.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial::{
    Backoff, ChildSpec, ChildState, Context, DelayCause, Event, EventKind, ExitReason, ExitVerdict,
    Fault, InitPolicy, InitializationError, Intensity, Jitter, OnLimit, Outcome, Restart,
    ShutdownStrategy, Started, StormGuard, Strategy, Supervisable, Supervisor, async_trait, worker,
};
use perennial_test::{End, Events, Script, StartAct, StopAct, settle};
use tokio::time::{Instant, timeout};

use crate::support::{exhausted, ms, secs, started};

fn steady(base: u64, cap: u64) -> Backoff {
    Backoff::exponential(ms(base), ms(cap)).jitter(Jitter::None)
}

/// A supervisor that bears everything.
fn patient(strategy: Strategy) -> Supervisor {
    Supervisor::new("app", strategy).unlimited_intensity()
}

/// Lets the child fail, and tells how long its restart took.
async fn restarted_after(child: &Script, events: &mut Events) -> Duration {
    let failed = Instant::now();
    child.end(End::Error);
    events
        .until("it runs again", |event| {
            event.path.id() == "child" && matches!(event.kind, EventKind::Started)
        })
        .await;
    let took = failed.elapsed();
    // It takes until the end of the turn that a restart is known to all.
    settle().await;
    took
}

/// Lets time pass, second by second, and all that happens in it.
async fn pass(seconds: u64) {
    for _ in 0..seconds {
        settle().await;
        tokio::time::advance(secs(1)).await;
    }
    settle().await;
}

/// What a child does for that long.
async fn span(time: Duration) {
    let mut ticks = tokio::time::interval(time);
    ticks.tick().await;
    ticks.tick().await;
}

/// How each delay of a restart was told.
fn delays(events: &[Event]) -> Vec<(Duration, DelayCause)> {
    let delays = events.iter().filter_map(|event| match event.kind {
        EventKind::Delayed { by, cause } => Some((by, cause)),
        _ => None,
    });
    delays.collect()
}

async fn up(spec: ChildSpec) -> (perennial::SupervisorHandle, Events) {
    let (handle, mut events) = started(&patient(Strategy::OneForOne).child(spec)).await;
    events
        .until("the tree is up", |event| {
            event.path.id() == "app" && matches!(event.kind, EventKind::Started)
        })
        .await;
    (handle, events)
}

#[tokio::test(start_paused = true)]
async fn the_first_restart_is_at_once_and_the_next_wait_longer_and_longer() {
    let child = Script::new("child");
    let (handle, mut events) = up(child.spec().backoff(steady(100, 300))).await;
    let (mut waits, mut told) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        waits.push(restarted_after(&child, &mut events).await);
        told.extend(delays(events.passed()));
    }
    assert_eq!(waits, [ms(0), ms(100), ms(200), ms(300), ms(300)]);
    assert_eq!(told[0], (ms(100), DelayCause::Backoff { attempt: 2 }));
    assert_eq!(told.len(), 4);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_stayed_up_has_recovered_and_begins_anew() {
    let child = Script::new("child");
    let spec = child
        .spec()
        .backoff(steady(100, 1_000).stable_after(secs(5)));
    let (handle, mut events) = up(spec).await;
    assert_eq!(restarted_after(&child, &mut events).await, ms(0));
    assert_eq!(restarted_after(&child, &mut events).await, ms(100));
    let began = Instant::now();
    events
        .until("it has recovered", |event| {
            matches!(event.kind, EventKind::Recovered)
        })
        .await;
    assert_eq!(began.elapsed(), secs(5) - ms(1), "to settle takes 1 ms");
    assert_eq!(restarted_after(&child, &mut events).await, ms(0));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn while_a_child_waits_its_siblings_run_and_calls_are_answered() {
    let (child, sibling) = (Script::new("child"), Script::new("sibling"));
    let app = patient(Strategy::OneForAll)
        .child(sibling.clone())
        .child(child.spec().backoff(steady(60_000, 60_000).not_at_once()));
    let (handle, _events) = started(&app).await;
    child.end(End::Error);
    settle().await;
    assert_eq!((sibling.alive(), sibling.starts()), (1, 1));
    let info = handle.which_child("child").await.unwrap();
    assert_eq!(info.state, ChildState::Backoff);
    let snapshot = handle.snapshot();
    let entry = snapshot.find("app/child").unwrap();
    assert_eq!(entry.restart_in, Some(secs(60) - ms(1)));
    assert_eq!(entry.delayed_by, Some(DelayCause::Backoff { attempt: 1 }));
    let line = snapshot.to_string();
    assert!(line.contains("backoff    again in 59"), "{line}");
    handle.start_child(Script::new("another")).await.unwrap();
    tokio::time::advance(secs(60)).await;
    settle().await;
    assert_eq!(
        (child.starts(), sibling.starts()),
        (2, 2),
        "then as a group"
    );
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_backoff() {
    let child = Script::new("child");
    let (handle, _events) = up(child.spec().backoff(steady(60_000, 60_000).not_at_once())).await;
    child.end(End::Error);
    settle().await;
    let began = Instant::now();
    assert!(handle.shutdown().await.is_clean());
    assert_eq!((began.elapsed(), child.starts()), (ms(0), 1));
}

#[tokio::test(start_paused = true)]
async fn restart_child_skips_the_wait_and_terminate_child_ends_it() {
    let child = Script::new("child");
    let (handle, _events) = up(child.spec().backoff(steady(60_000, 60_000).not_at_once())).await;
    child.end(End::Error);
    settle().await;
    let began = Instant::now();
    handle.restart_child("child").await.unwrap();
    assert_eq!((began.elapsed(), child.starts()), (ms(0), 2));
    child.end(End::Error);
    settle().await;
    handle.terminate_child("child").await.unwrap();
    tokio::time::advance(secs(120)).await;
    settle().await;
    assert_eq!((child.starts(), child.alive()), (2, 0));
    handle.delete_child("child").await.unwrap();
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_fails_waits_before_it_is_tried_again() {
    let child = Script::new("child")
        .start(2, StartAct::Fail)
        .start(3, StartAct::Fail);
    let spec = child.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let (handle, mut events) = up(spec.backoff(steady(100, 1_000))).await;
    assert_eq!(restarted_after(&child, &mut events).await, ms(100 + 200));
    assert_eq!(child.starts(), 4);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_each_child_the_same_waits_of_its_own() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let backoff = Backoff::exponential(secs(1), secs(60))
            .not_at_once()
            .seed(7);
        let children = ["a", "b"].map(Script::new);
        let app = children
            .iter()
            .fold(patient(Strategy::OneForOne), |app, child| {
                app.child(child.spec().backoff(backoff))
            });
        let (handle, mut events) = started(&app).await;
        for child in &children {
            child.end(End::Error);
        }
        settle().await;
        handle.shutdown().await;
        runs.push(delays(&events.rest().await));
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0].len(), 2);
    assert_ne!(runs[0][0].0, runs[0][1].0, "they do not come back together");
}

#[tokio::test(start_paused = true)]
async fn in_a_storm_restarts_pause_once_and_are_then_released_one_by_one() {
    let children: Vec<Script> = (0..6).map(|id| Script::new(id.to_string())).collect();
    let guard = StormGuard::new(3).pause(secs(5)).spacing(secs(1));
    let app = children.iter().fold(
        patient(Strategy::OneForOne).storm_guard(guard),
        |app, child| app.child(child.clone()),
    );
    let (handle, mut events) = started(&app).await;
    for child in &children {
        child.end(End::Error);
    }
    settle().await;
    let running = || children.iter().filter(|child| child.alive() == 1).count();
    assert_eq!(running(), 3, "the first three are below the threshold");
    for (seconds, expected) in [(4, 3), (1, 4), (1, 5), (1, 6)] {
        tokio::time::advance(secs(seconds)).await;
        settle().await;
        assert_eq!(running(), expected);
    }
    let report = handle.shutdown().await;
    assert_eq!((report.storm_pauses(), report.restarts()), (1, 6));
    let told = events.rest().await;
    let pauses = told
        .iter()
        .filter(|event| matches!(event.kind, EventKind::StormPause { pause } if pause == secs(5)));
    assert_eq!(pauses.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_child_over_its_own_limit_is_quarantined_and_comes_back() {
    let (child, sibling) = (Script::new("child"), Script::new("sibling"));
    let limit = Intensity::new(1, secs(10));
    let app = Supervisor::one_for_one("app")
        .intensity(1, secs(10))
        .child(sibling.clone())
        .child(child.spec().limit(limit, OnLimit::Quarantine(secs(60))));
    let (handle, mut events) = started(&app).await;
    assert_eq!(restarted_after(&child, &mut events).await, ms(0));
    child.end(End::Error);
    settle().await;
    let info = handle.which_child("child").await.unwrap();
    assert_eq!(info.state, ChildState::Quarantined);
    assert_eq!((sibling.alive(), sibling.starts()), (1, 1));
    tokio::time::advance(secs(60)).await;
    settle().await;
    assert_eq!((child.alive(), child.starts()), (1, 3));
    handle.shutdown().await;
    let told = delays(&events.rest().await);
    assert_eq!(told, [(secs(60), DelayCause::Quarantine)]);
}

#[tokio::test(start_paused = true)]
async fn a_child_over_its_own_limit_can_be_dropped() {
    let (child, sibling) = (Script::new("child"), Script::new("sibling"));
    let spec = child
        .spec()
        .limit(Intensity::new(0, secs(1)), OnLimit::Drop);
    let app = patient(Strategy::OneForOne)
        .child(sibling.clone())
        .child(spec);
    let (handle, mut events) = started(&app).await;
    child.end(End::Panic);
    events
        .until("it is dropped", |event| {
            matches!(event.kind, EventKind::Dropped)
        })
        .await;
    settle().await;
    assert_eq!(
        handle.which_child("child").await.unwrap().state,
        ChildState::Idle
    );
    assert_eq!(sibling.alive(), 1);
    handle.restart_child("child").await.unwrap();
    assert_eq!(child.alive(), 1);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_over_its_own_limit_can_take_its_supervisor_along() {
    let child = Script::new("child");
    let spec = child
        .spec()
        .limit(Intensity::new(1, secs(7)), OnLimit::Escalate);
    let (handle, mut events) = up(spec).await;
    assert_eq!(restarted_after(&child, &mut events).await, ms(0));
    child.end(End::Error);
    let why = exhausted(handle.wait().await);
    assert!(why.own_limit);
    assert_eq!((why.restarts, why.period), (1, secs(7)));
    assert_eq!(why.child.to_string(), "app/child");
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_child_may_fail_as_often_as_it_likes() {
    let child = Script::new("child");
    let (handle, mut events) = up(child.spec()).await;
    for _ in 0..100 {
        restarted_after(&child, &mut events).await;
    }
    assert_eq!(handle.shutdown().await.restarts(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_planned_exit_is_followed_by_a_restart_that_counts_nowhere() {
    let child = Script::new("child");
    let app = Supervisor::one_for_one("app").intensity(0, secs(10)).child(
        child
            .spec()
            .restart(Restart::Transient)
            .backoff(steady(100, 100).not_at_once()),
    );
    let (handle, _events) = started(&app).await;
    for starts in 2..20 {
        pass(1).await;
        child.end(End::With(ExitReason::Planned));
        settle().await;
        assert_eq!((child.alive(), child.starts()), (1, starts));
    }
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_ends_every_supervisor_up_to_the_root_without_a_restart() {
    let child = Script::new("child");
    let inner = Supervisor::one_for_one("inner").child(child.clone());
    let app = patient(Strategy::OneForOne).child(inner);
    let (handle, mut events) = started(&app).await;
    child.end(End::With(ExitReason::permanent("the license has expired")));
    let Outcome::Escalated(why) = handle.wait().await else {
        panic!("it goes on");
    };
    assert_eq!(why.child.to_string(), "app/inner");
    assert!(why.exit.is_permanent());
    assert_eq!(
        ExitReason::Escalated(why).to_string(),
        "app gave up: app/inner gave up: app/inner gave up: app/inner/child failed for good: \
         the license has expired"
    );
    assert_eq!(child.starts(), 1);
    let told = events.rest().await;
    let told: Vec<_> = told
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Hopeless { .. }))
        .map(Event::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "app/inner gave up: app/inner/child failed for good: the license has expired",
            "app gave up: app/inner gave up: app/inner gave up: app/inner/child failed for good: the license has expired"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_classifier_can_keep_a_permanent_failure_from_going_further_up() {
    let child = Script::new("child");
    let inner = Supervisor::one_for_one("inner").child(child.clone());
    let bulkhead = ChildSpec::new(inner).classify(|_| Some(ExitVerdict::RestartAfter(secs(60))));
    let (handle, _events) = started(&patient(Strategy::OneForOne).child(bulkhead)).await;
    child.end(End::With(ExitReason::permanent("no license")));
    settle().await;
    assert_eq!((child.alive(), child.starts()), (0, 1));
    tokio::time::advance(secs(60)).await;
    settle().await;
    assert_eq!((child.alive(), child.starts()), (1, 2));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn each_verdict_of_a_classifier_is_followed() {
    let child = Script::new("child");
    let spec = child
        .spec()
        .classify(|exit| match exit.to_string().as_str() {
            "shutdown: again" => Some(ExitVerdict::Restart),
            "shutdown: later" => Some(ExitVerdict::RestartAfter(secs(9))),
            "shutdown: enough" => Some(ExitVerdict::Stop),
            "shutdown: help" => Some(ExitVerdict::Escalate),
            "shutdown: bug" => panic!("a classifier may be wrong"),
            _ => None,
        });
    let (handle, mut events) = up(spec.restart(Restart::Transient)).await;
    let say = |word: &str| child.end(End::With(ExitReason::shutdown_with(word)));
    say("again");
    settle().await;
    assert_eq!((child.alive(), child.starts()), (1, 2));
    say("later");
    settle().await;
    assert_eq!((child.alive(), child.starts()), (0, 2));
    tokio::time::advance(secs(9)).await;
    settle().await;
    assert_eq!((child.alive(), child.starts()), (1, 3));
    for word in ["enough", "as its type says", "bug"] {
        say(word);
        settle().await;
        assert_eq!(child.alive(), 0, "{word}");
        handle.restart_child("child").await.unwrap();
    }
    say("help");
    assert!(matches!(handle.wait().await, Outcome::Escalated(_)));
    let told = delays(&events.rest().await);
    assert_eq!(told, [(secs(9), DelayCause::Verdict)]);
}

#[tokio::test(start_paused = true)]
async fn a_supervision_can_end_satisfied_and_says_by_whom() {
    let (child, sibling) = (Script::new("child"), Script::new("sibling"));
    let spec = child.spec().stop_when(ExitReason::is_clean);
    let app = patient(Strategy::OneForOne)
        .child(sibling.clone())
        .child(spec);
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    settle().await;
    assert_eq!(child.starts(), 2);
    child.end(End::Done);
    let outcome = handle.wait().await;
    assert!(outcome.is_clean());
    let Outcome::Satisfied { child: who, exit } = outcome else {
        panic!("{outcome}");
    };
    assert_eq!(
        (who.to_string().as_str(), exit.to_string().as_str()),
        ("app/child", "normal")
    );
    assert_eq!(sibling.alive(), 0);
    let told = events.rest().await;
    assert!(
        told.iter()
            .any(|event| matches!(event.kind, EventKind::Satisfied { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_restart_is_judged_as_an_exit_is() {
    let child = Script::new("child").start(2, StartAct::Fail);
    let spec = child.spec().classify(|exit| {
        matches!(exit, ExitReason::InitializationFailed(_))
            .then_some(ExitVerdict::RestartAfter(secs(3)))
    });
    let (handle, mut events) = up(spec).await;
    assert_eq!(restarted_after(&child, &mut events).await, secs(3));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_makes_no_progress_is_stopped_and_restarted() {
    let child = worker("child", |ctx| async move {
        let mut work = tokio::time::interval(secs(2));
        for _ in 0..=5 {
            work.tick().await;
            ctx.progress();
        }
        ctx.stopping().await;
        Ok(())
    });
    let app = Supervisor::one_for_one("app").child(child.watchdog(secs(3)));
    let (handle, mut events) = started(&app).await;
    let began = Instant::now();
    let stuck = events
        .until("it is stuck", |event| {
            matches!(event.kind, EventKind::Stuck)
        })
        .await;
    assert_eq!(began.elapsed(), secs(10 + 3));
    assert_eq!(stuck.path.to_string(), "app/child");
    let exited = events
        .until("it ends", |event| {
            matches!(event.kind, EventKind::Exited { .. })
        })
        .await;
    assert!(
        matches!(exited.kind, EventKind::Exited { reason: ExitReason::Stuck(within) } if within == secs(3)),
        "{exited}"
    );
    settle().await;
    let info = handle.which_child("child").await.unwrap();
    assert_eq!((info.state, info.restarts), (ChildState::Running, 1));
    handle.shutdown().await;
}

/// Says again and again that it gets on, and hears nothing.
async fn get_on(ctx: Context) {
    let mut work = tokio::time::interval(ms(100));
    loop {
        work.tick().await;
        ctx.progress();
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_gets_on_but_does_not_stop_is_killed_when_its_grace_is_over() {
    let child = worker("child", |ctx| async move {
        get_on(ctx).await;
        Ok(())
    });
    let child = child
        .watchdog(secs(3))
        .shutdown(ShutdownStrategy::Graceful(secs(1)));
    let (handle, _) = started(&Supervisor::one_for_one("app").child(child)).await;
    tokio::time::advance(secs(5)).await;
    settle().await;
    let report = timeout(secs(60), handle.shutdown()).await.unwrap();
    let child = &report.children()[0];
    assert_eq!((child.took, child.forced), (secs(1), true), "{report}");
}

/// Gets on before it is up, which never comes.
struct Beginner;

#[async_trait]
impl Supervisable for Beginner {
    fn name(&self) -> &str {
        "beginner"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        get_on(ctx).await;
        Ok(Started::Ignore)
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_gets_on_before_it_is_up_is_given_up_in_time() {
    let spec = ChildSpec::new(Beginner).watchdog(secs(3));
    let app = Supervisor::one_for_one("app").child(spec.init_timeout(secs(1)));
    let began = Instant::now();
    let refused = timeout(secs(60), app.start()).await.unwrap().unwrap_err();
    assert_eq!(began.elapsed(), secs(1), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_child_is_paced_as_any_other() {
    use perennial::DynamicSupervisor;
    let script = Script::new("child");
    let template = script.clone();
    let backoff = steady(100, 100).not_at_once();
    let pool = DynamicSupervisor::new("app", move |()| {
        template
            .spec()
            .backoff(backoff)
            .limit(Intensity::new(1, secs(60)), OnLimit::Drop)
    });
    let handle = pool.start().await.unwrap();
    handle.start_child(()).await.unwrap();
    script.end(End::Error);
    settle().await;
    assert_eq!((script.alive(), script.starts()), (0, 1));
    tokio::time::advance(ms(100)).await;
    settle().await;
    assert_eq!((script.alive(), script.starts()), (1, 2));
    script.end(End::Error);
    settle().await;
    assert_eq!(
        handle.count_children().await.unwrap().workers,
        0,
        "it is dropped"
    );
    handle.shutdown().await;
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_starts() {
    let child = || Script::new("child").spec();
    let zero = Duration::ZERO;
    for (app, expected) in [
        (
            Supervisor::one_for_one("app").child(child().backoff(steady(100, 50))),
            Fault::Backoff,
        ),
        (
            Supervisor::one_for_one("app").child(child().watchdog(zero)),
            Fault::ZeroWatchdog,
        ),
        (
            Supervisor::one_for_one("app")
                .child(child().limit(Intensity::new(1, zero), OnLimit::Drop)),
            Fault::ZeroLimitPeriod,
        ),
        (
            Supervisor::one_for_one("app").storm_guard(StormGuard::new(0)),
            Fault::StormGuard,
        ),
    ] {
        let error = app.check().unwrap_err();
        let faults: Vec<_> = error.faults().map(|(_, fault)| fault.clone()).collect();
        assert_eq!(faults, [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_child_said_before_it_was_up_does_not_shorten_its_watch() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let starts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&starts);
    let child = worker("child", move |ctx| {
        let life = count.fetch_add(1, Ordering::SeqCst);
        async move {
            ctx.progress();
            span(secs(8)).await;
            ctx.ready();
            if life == 0 {
                return Err("once".into());
            }
            loop {
                span(secs(5)).await;
                ctx.progress();
            }
        }
    });
    let spec = child
        .explicit_readiness(secs(20))
        .watchdog(secs(10))
        .backoff(steady(1, 1).stable_after(secs(3)));
    let (handle, _events) = up(spec).await;
    pass(60).await;
    assert_eq!(starts.load(Ordering::SeqCst), 2);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_added_while_a_group_stops_is_watched_all_the_same() {
    let failing = Script::new("failing");
    let slow = Script::new("slow").stop(StopAct::Slow(secs(5)));
    let app = patient(Strategy::OneForAll)
        .child(failing.clone())
        .child(slow.clone());
    let (handle, mut events) = started(&app).await;
    failing.end(End::Error);
    settle().await;
    let idle = Script::new("idle");
    handle
        .start_child(idle.spec().watchdog(secs(1)))
        .await
        .unwrap();
    let stuck = timeout(
        secs(60),
        events.until("it is stuck", |event| {
            matches!(event.kind, EventKind::Stuck)
        }),
    );
    assert!(stuck.await.is_ok());
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_goes_on_without_a_child_that_is_dropped_at_its_start() {
    let child = Script::new("child").start(2, StartAct::Fail);
    let sibling = Script::new("sibling");
    let spec = child
        .spec()
        .classify(|exit| {
            matches!(exit, ExitReason::InitializationFailed(_)).then_some(ExitVerdict::Restart)
        })
        .limit(Intensity::new(1, secs(60)), OnLimit::Drop);
    let app = patient(Strategy::RestForOne)
        .child(spec)
        .child(sibling.clone());
    let (handle, _events) = started(&app).await;
    child.end(End::Error);
    pass(1).await;
    assert_eq!((child.alive(), sibling.alive()), (0, 1));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_goes_on_without_a_child_that_could_not_start_and_is_terminated() {
    let a = Script::new("a").start(2, StartAct::Fail);
    let [b, c] = ["b", "c"].map(Script::new);
    let backoff = Backoff::constant(secs(60)).jitter(Jitter::None);
    let a_spec = a
        .spec()
        .init_policy(InitPolicy::FatalOnFirstStart)
        .backoff(backoff);
    let app = Supervisor::rest_for_one("app")
        .child(a_spec)
        .child(b.clone())
        .child(c.clone());
    let (handle, _events) = started(&app).await;
    a.end(End::Error);
    settle().await;
    let alive = || [&a, &b, &c].map(Script::alive);
    assert_eq!(alive(), [0, 0, 0], "the first restart has failed");
    handle.terminate_child("a").await.unwrap();
    settle().await;
    assert_eq!(alive(), [0, 1, 1]);
    handle.shutdown().await;
}

/// What a classifier was asked, and what the child says of itself: a short name for each.
fn asked_of(child: &Script, verdict: Option<ExitVerdict>) -> (ChildSpec, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    let spec = child.spec().classify(move |exit| {
        notes.lock().unwrap().push(exit.to_string());
        verdict
    });
    (spec, asked)
}

#[tokio::test(start_paused = true)]
async fn a_classifier_is_asked_once_for_each_end_that_nobody_asked_for() {
    let child = Script::new("child")
        .start(2, StartAct::Ignore)
        .start(4, StartAct::Fail);
    let (spec, asked) = asked_of(&child, None);
    let spec = spec.init_policy(InitPolicy::FatalOnFirstStart);
    let app = patient(Strategy::OneForOne).child(spec.watchdog(secs(60)));
    let (handle, _events) = started(&app).await;
    let take = || std::mem::take(&mut *asked.lock().unwrap());
    child.end(End::Error);
    settle().await;
    assert_eq!(take(), ["scripted failure"], "and not when it declines");
    handle.restart_child("child").await.unwrap();
    child.end(End::Error);
    settle().await;
    assert_eq!(take(), ["scripted failure", "scripted failure"]);
    handle.kill_child("child").await.unwrap();
    settle().await;
    assert_eq!(take(), ["killed"]);
    pass(61).await;
    let stuck = take();
    assert!(
        stuck.len() == 1 && stuck[0].starts_with("stuck"),
        "{stuck:?}"
    );
    handle.terminate_child("child").await.unwrap();
    handle.restart_child("child").await.unwrap();
    handle.shutdown().await;
    assert_eq!(take(), Vec::<String>::new(), "it was told to");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_to_the_end_of_a_stuck_child_is_heeded() {
    let child = Script::new("child");
    let (spec, asked) = asked_of(&child, Some(ExitVerdict::Stop));
    let app = Supervisor::one_for_one("app").child(spec.watchdog(secs(3)));
    let (handle, _events) = started(&app).await;
    pass(5).await;
    assert_eq!((child.starts(), child.alive()), (1, 0));
    assert_eq!(asked.lock().unwrap().len(), 1);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_said_to_an_end_amid_the_restart_of_a_group_is_heeded() {
    for verdict in [
        ExitVerdict::Restart,
        ExitVerdict::Stop,
        ExitVerdict::Escalate,
    ] {
        let first = Script::new("first");
        let child = Script::new("child");
        let slow = Script::new("slow").stop(StopAct::Slow(secs(1)));
        let (spec, asked) = asked_of(&child, Some(verdict));
        let app = patient(Strategy::OneForAll)
            .child(first.clone())
            .child(spec)
            .child(slow.clone());
        let (handle, _events) = started(&app).await;
        first.end(End::Error);
        settle().await;
        // The last one is being stopped, and this one has its turn behind it.
        child.end(End::Error);
        pass(2).await;
        assert_eq!(asked.lock().unwrap().len(), 1, "{verdict:?}");
        let alive = [&first, &child, &slow].map(Script::alive);
        let expected = match verdict {
            ExitVerdict::Stop => [1, 0, 1],
            ExitVerdict::Escalate => [0, 0, 0],
            ExitVerdict::Restart | ExitVerdict::RestartAfter(_) => [1, 1, 1],
        };
        assert_eq!(alive, expected, "{verdict:?}");
        handle.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_planned_exit_in_the_first_second_is_a_restart_as_any_other() {
    let hasty = ChildSpec::new(Hasty);
    let app = Supervisor::one_for_one("app").child(hasty.clone());
    let handle = app.start().await.unwrap();
    let why = exhausted(handle.wait().await);
    assert_eq!(why.child.to_string(), "app/hasty");

    // With a backoff it waits, also if it is transient.
    let spec = hasty
        .restart(Restart::Transient)
        .backoff(steady(500, 500).not_at_once());
    let (handle, mut events) = started(&patient(Strategy::OneForOne).child(spec)).await;
    let delayed = events
        .until("it waits", |event| {
            matches!(event.kind, EventKind::Delayed { .. })
        })
        .await;
    assert_eq!(
        delayed.to_string(),
        "app/hasty is restarted in 500 ms: backoff"
    );
    handle.shutdown().await;
}

/// Wants to be replaced as soon as it runs.
#[derive(Debug)]
struct Hasty;

#[async_trait]
impl Supervisable for Hasty {
    fn name(&self) -> &str {
        "hasty"
    }

    async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
        Ok(Started::run(std::future::ready(ExitReason::Planned)))
    }
}
