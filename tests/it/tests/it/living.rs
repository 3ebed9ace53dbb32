//! A tree that is changed while it runs: children that are paused and resumed.

use std::time::Duration;

use perennial::{
    Backoff, ChildError, ChildState, DynamicSupervisor, EventKind, EventStream, InitPolicy, Jitter,
    Restart, ShutdownStrategy, Supervisor,
};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use tokio::time::{advance, timeout};

use crate::support::{keeps_promises, ms, secs, started};

/// What was told up to now, line by line.
async fn story(events: &mut EventStream) -> Vec<String> {
    settle().await;
    let mut lines = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::ZERO, events.next()).await {
        lines.push(event.unwrap().to_string());
    }
    lines
}

// Pauses.

#[tokio::test(start_paused = true)]
async fn a_paused_child_is_down_until_it_is_resumed_and_keeps_its_counters() {
    let web = Script::new("web");
    let app = Supervisor::one_for_one("app").child(web.clone());
    let (handle, _events) = started(&app).await;
    web.end(End::Error);
    settle().await;
    let mut events = handle.events();

    handle.pause_child("web").await.unwrap();
    assert_eq!(web.alive(), 0);
    let info = handle.which_child("web").await.unwrap();
    assert_eq!((info.state, info.restarts), (ChildState::Paused, 1));
    assert!(info.last_exit.is_some() && info.incarnation.is_none());
    assert!(handle.snapshot().to_string().contains("paused"));
    advance(secs(3_600)).await;
    settle().await;
    assert_eq!(web.alive(), 0);

    let resumed = handle.resume_child("web").await.unwrap();
    let info = handle.which_child("web").await.unwrap();
    assert_eq!((info.state, info.restarts), (ChildState::Running, 1));
    assert_eq!(resumed.incarnation(), info.incarnation);
    let expected = [
        "app/web is to stop within 5 s",
        "app/web exited: shutdown",
        "app/web is paused",
        "app/web is resumed",
        "app/web runs",
    ];
    assert_eq!(story(&mut events).await, expected);
}

#[tokio::test(start_paused = true)]
async fn pauses_and_resumptions_do_not_use_the_intensity_up() {
    let app = Supervisor::one_for_all("app").intensity(0, secs(5));
    let app = app.child(Script::new("a")).child(Script::new("b"));
    let (handle, _events) = started(&app).await;
    for _ in 0..10 {
        handle.pause_child("a").await.unwrap();
        handle.resume_child("a").await.unwrap();
    }
    assert_eq!(handle.count_children().await.unwrap().active, 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_is_paused_as_its_shutdown_strategy_says() {
    let stuck = Script::new("stuck").stop(StopAct::Hang);
    let spec = stuck.spec().shutdown(ShutdownStrategy::Graceful(ms(200)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    let began = tokio::time::Instant::now();
    handle.pause_child("stuck").await.unwrap();
    assert_eq!((began.elapsed(), stuck.alive()), (ms(200), 0));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_is_paused_at_once() {
    let web = Script::new("web");
    let backoff = Backoff::constant(secs(60)).jitter(Jitter::None);
    let spec = web.spec().backoff(backoff.not_at_once());
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    web.end(End::Error);
    settle().await;
    handle.pause_child("web").await.unwrap();
    advance(secs(120)).await;
    settle().await;
    assert_eq!(
        web.starts(),
        1,
        "the restart that was due is not made up for"
    );
    handle.resume_child("web").await.unwrap();
    assert_eq!(web.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_paused_child_is_no_hindrance_for_the_health_of_its_tree() {
    let web = Script::new("web");
    let app = Supervisor::one_for_one("app").child(web.clone());
    let (handle, _events) = started(&app).await;
    web.end(End::Error);
    settle().await;
    handle.pause_child("web").await.unwrap();
    let health = handle.health();
    assert_eq!(health.to_string(), "startup: ok\nready: ok\nlive: ok");
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_forgotten_when_the_supervisor_itself_is_restarted() {
    let web = Script::new("web");
    let inner = Supervisor::one_for_one("inner").child(web.clone());
    let desk = inner.handle();
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(inner)).await;
    desk.pause_child("web").await.unwrap();
    handle.kill_child("inner").await.unwrap();
    settle().await;
    assert_eq!(web.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_child_has_stashed_outlives_a_pause() {
    let web = Script::new("web");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(web.clone())).await;
    web.context().stash().put(7_u32);
    handle.pause_child("web").await.unwrap();
    handle.resume_child("web").await.unwrap();
    assert_eq!(web.context().stash::<u32>().get(), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_resumed_is_down_and_not_tried_again() {
    let web = Script::new("web").start(2, StartAct::Fail);
    let spec = web.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    handle.pause_child("web").await.unwrap();
    let error = handle.resume_child("web").await.unwrap_err();
    assert!(
        matches!(error, ChildError::Initialization { .. }),
        "{error}"
    );
    settle().await;
    let info = handle.which_child("web").await.unwrap();
    assert_eq!((info.state, web.starts()), (ChildState::Idle, 2));
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_a_child_that_never_ran_is_told_in_the_name_of_its_supervisor() {
    let web = Script::new("web").starts_with(StartAct::Ignore);
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(web)).await;
    handle.pause_child("web").await.unwrap();
    let paused = events.expect("app/web is paused").await;
    assert!(matches!(paused.kind, EventKind::Paused));
    let root = handle.snapshot().entries()[0].incarnation;
    assert_eq!(Some(paused.incarnation), root);
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_stays_while_it_is_paused() {
    let job = Script::new("job");
    let spec = job.spec().restart(Restart::Temporary);
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    handle.pause_child("job").await.unwrap();
    handle.resume_child("job").await.unwrap();
    assert_eq!(job.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_children_of_a_template_are_not_paused() {
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job").spec());
    let jobs = jobs.start().await.unwrap();
    let job = jobs.start_child(()).await.unwrap();
    let refusals = [
        jobs.pause_child(job.id()).await.unwrap_err(),
        jobs.resume_child(job.id()).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, ChildError::Dynamic), "{refusal}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_with_paused_children_stops_in_order() {
    let app = ["a", "b", "c"]
        .map(Script::new)
        .into_iter()
        .fold(Supervisor::one_for_all("app"), Supervisor::child);
    let (handle, mut events) = started(&app).await;
    handle.pause_child("b").await.unwrap();
    let report = handle.shutdown().await;
    assert!(report.is_clean(), "{report}");
    keeps_promises(&events.rest().await);
}
