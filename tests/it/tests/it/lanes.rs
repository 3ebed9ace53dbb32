//! Who starts and stops side by side, who needs whom, and when a child is ready.

use perennial::{
    ChildError, ChildSpec, ChildState, DelayCause, EventKind, Fault, StartChildError, StartError,
    StartMode, StopMode, Strategy, Supervisor, worker,
};
use perennial_test::{End, Journal, Script, StartAct, StopAct, paths, settle};
use tokio::time::Instant;

use crate::support::{init_error, ms, secs, started};

/// Children that take a second to start and a second to stop, and note it.
fn slow(ids: &[&str], journal: &Journal) -> Vec<Script> {
    let script = |id: &&str| {
        Script::new(*id)
            .starts_with(StartAct::Slow(secs(1)))
            .stop(StopAct::Slow(secs(1)))
            .noting(journal)
    };
    ids.iter().map(script).collect()
}

/// Lets time pass, and all that takes a second happen in it.
async fn pass(seconds: u64) {
    for _ in 0..seconds {
        settle().await;
        tokio::time::advance(secs(1)).await;
    }
    settle().await;
}

/// A web server that needs a database and a cache, of which the cache needs the database too; and a clock.
fn tree(start: StartMode, stop: StopMode) -> (Supervisor, Vec<Script>, Journal) {
    let journal = Journal::default();
    let children = slow(&["web", "cache", "clock", "database"], &journal);
    let app = Supervisor::rest_for_one("app")
        .start_mode(start)
        .stop_mode(stop)
        .child(children[0].spec().after(["database", "cache"]))
        .child(children[1].spec().after(["database"]))
        .child(children[2].clone())
        .child(children[3].clone());
    (app, children, journal)
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other_each_starts_behind_those_that_it_needs_and_stops_before_them() {
    let (app, _, journal) = tree(StartMode::Sequential, StopMode::Ordered);
    let began = Instant::now();
    let (handle, _events) = started(&app).await;
    assert_eq!(began.elapsed(), secs(4));
    let starts = [
        "clock starts",
        "clock runs",
        "database starts",
        "database runs",
    ];
    let rest = ["cache starts", "cache runs", "web starts", "web runs"];
    assert_eq!(journal.take(), [starts, rest].concat());
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert_eq!(began.elapsed(), secs(4));
    assert_eq!(
        paths(&report),
        ["app/web", "app/cache", "app/database", "app/clock"]
    );
}

#[tokio::test(start_paused = true)]
async fn in_waves_all_of_a_level_start_and_stop_side_by_side() {
    let (app, _, journal) = tree(StartMode::Waves, StopMode::Waves);
    let began = Instant::now();
    let (handle, _events) = started(&app).await;
    assert_eq!(began.elapsed(), secs(3));
    let starts = journal.take();
    assert_eq!(starts[..2], ["clock starts", "database starts"]);
    assert_eq!(starts[4..6], ["cache starts", "cache runs"]);
    let began = Instant::now();
    handle.shutdown().await;
    assert_eq!(began.elapsed(), secs(3));
    let stops = journal.take();
    assert_eq!(
        stops[..4],
        [
            "web is to stop",
            "web ends",
            "cache is to stop",
            "cache ends"
        ]
    );
    assert_eq!(stops[4..6], ["database is to stop", "clock is to stop"]);
}

#[tokio::test(start_paused = true)]
async fn concurrently_a_branch_waits_for_no_other_branch() {
    let journal = Journal::default();
    let children = slow(&["a1", "a2", "b1", "b2"], &journal);
    let app = Supervisor::one_for_one("app")
        .start_mode(StartMode::Concurrent)
        .stop_mode(StopMode::Concurrent)
        .child(children[0].clone())
        .child(children[1].spec().after(["a1"]))
        .child(ChildSpec::from(Script::new("quick").noting(&journal)))
        .child(children[2].spec().after(["quick"]))
        .child(children[3].clone());
    let began = Instant::now();
    let (handle, _events) = started(&app).await;
    assert_eq!(began.elapsed(), secs(2));
    let starts = journal.take();
    let at = |what: &str| starts.iter().position(|line| line == what);
    assert!(
        at("b1 starts") < at("a1 runs"),
        "the quick branch goes on: {starts:?}"
    );
    assert!(at("a2 starts") > at("a1 runs"), "{starts:?}");
    let began = Instant::now();
    handle.shutdown().await;
    assert_eq!(began.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_those_that_need_the_failed_child_and_nobody_else() {
    let (app, children, journal) = tree(StartMode::Concurrent, StopMode::Concurrent);
    let (handle, _events) = started(&app).await;
    let _starts = journal.take();
    children[1].end(End::Error);
    pass(4).await;
    let starts: Vec<usize> = children.iter().map(Script::starts).collect();
    assert_eq!(starts, [2, 2, 1, 1], "web and cache");
    let lines = journal.take();
    assert_eq!(lines[..3], ["cache ends", "web is to stop", "web ends"]);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_stops_what_was_started_side_by_side() {
    let journal = Journal::default();
    let good = Script::new("good").noting(&journal);
    let slow = Script::new("slow").starts_with(StartAct::Slow(secs(60)));
    let bad = Script::new("bad").starts_with(StartAct::Fail);
    let app = Supervisor::one_for_one("app")
        .start_mode(StartMode::Concurrent)
        .child(good.clone())
        .child(slow.clone())
        .child(bad.spec().after(["good"]));
    let began = Instant::now();
    let error = init_error(app.start().await.unwrap_err());
    assert_eq!(error.child().unwrap().to_string(), "app/bad");
    assert!(began.elapsed() < secs(1), "nobody waits for the slow one");
    assert_eq!((good.alive(), slow.alive()), (0, 0));
}

#[test]
fn a_circle_and_an_unknown_sibling_are_found_before_anything_starts() {
    let child = |id: &str| Script::new(id).spec();
    let app = Supervisor::one_for_one("app")
        .child(child("a").after(["c"]))
        .child(child("b").after(["a", "nobody"]))
        .child(child("c").after(["b"]));
    let error = app.check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "app/b is to start after nobody, but has no such sibling; \
         app/a can never start: it waits for itself, as a -> c -> b -> a"
    );
    let faults: Vec<&Fault> = error.faults().map(|(_, fault)| fault).collect();
    assert!(matches!(
        faults[..],
        [
            Fault::UnknownDependency { .. },
            Fault::DependencyCycle { .. }
        ]
    ));
}

#[test]
fn a_supervisor_cannot_say_that_it_is_ready_or_gets_on() {
    let inner = || ChildSpec::from(Supervisor::one_for_one("inner"));
    for spec in [
        inner().explicit_readiness(secs(1)),
        inner().watchdog(secs(1)),
    ] {
        let error = Supervisor::one_for_one("app")
            .child(spec)
            .check()
            .unwrap_err();
        let faults: Vec<&Fault> = error.faults().map(|(_, fault)| fault).collect();
        assert_eq!(faults, [&Fault::SaysNothing]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_added_needs_siblings_that_run() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let (handle, _events) = started(&Supervisor::rest_for_one("app").child(a.clone())).await;
    let unknown = handle.start_child(b.spec().after(["c"])).await;
    assert!(matches!(unknown, Err(StartChildError::Spec { .. })));
    handle.terminate_child("a").await.unwrap();
    let down = handle.start_child(b.spec().after(["a"])).await;
    assert!(matches!(down, Err(StartChildError::DependencyDown { id }) if id == "b"));
    handle.restart_child("a").await.unwrap();
    handle.start_child(b.spec().after(["a"])).await.unwrap();
    a.end(End::Error);
    settle().await;
    assert_eq!(
        (a.starts(), b.starts()),
        (3, 2),
        "it is restarted with what it needs"
    );
    let report = handle.shutdown().await;
    assert_eq!(paths(&report), ["app/b", "app/a"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_child_with_needs_may_stand_where_one_was_deleted() {
    let app = Supervisor::one_for_one("app")
        .child(Script::new("a"))
        .child(Script::new("b"))
        .child(Script::new("c"));
    let (handle, _events) = started(&app).await;
    handle.terminate_child("a").await.unwrap();
    handle.delete_child("a").await.unwrap();
    let late = Script::new("late");
    handle.start_child(late.spec().after(["c"])).await.unwrap();
    assert_eq!(late.alive(), 1);
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn all_of_a_large_group_are_restarted_side_by_side() {
    let journal = Journal::default();
    let ids: Vec<String> = (0..50).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let children = slow(&ids, &journal);
    let app = Supervisor::new("app", Strategy::OneForAll)
        .start_mode(StartMode::Concurrent)
        .stop_mode(StopMode::Concurrent);
    let app = children
        .iter()
        .fold(app, |app, child| app.child(child.clone()));
    let began = Instant::now();
    let (handle, _events) = started(&app).await;
    assert_eq!(began.elapsed(), secs(1));
    children[7].end(End::Panic);
    pass(3).await;
    assert!(
        children
            .iter()
            .all(|child| (child.starts(), child.alive()) == (2, 1))
    );
    let began = Instant::now();
    handle.shutdown().await;
    assert_eq!(began.elapsed(), secs(1));
}

/// A worker that is ready after that many seconds, if that is not too late, and asks for more time on its way.
fn late(seconds: u64, extend: bool) -> ChildSpec {
    let child = worker("late", move |ctx| async move {
        let mut ticks = tokio::time::interval(secs(1));
        for _ in 0..=seconds {
            ticks.tick().await;
            if extend {
                ctx.extend_start(secs(2));
            }
        }
        ctx.ready();
        ctx.stopping().await;
        Ok(())
    });
    child.explicit_readiness(secs(5))
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_up_when_those_who_say_so_themselves_are_ready() {
    let next = Script::new("next");
    let app = Supervisor::one_for_one("app")
        .child(late(3, false))
        .child(next.clone());
    let began = Instant::now();
    let (handle, mut events) = started(&app).await;
    assert_eq!((began.elapsed(), next.starts()), (secs(3), 1));
    let runs = events
        .until("it runs", |event| matches!(event.kind, EventKind::Started))
        .await;
    assert_eq!(runs.path.to_string(), "app/late");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_not_ready_in_time_has_failed_to_start_unless_it_asks_for_more() {
    let app = Supervisor::one_for_one("app").child(late(7, false));
    let began = Instant::now();
    let error = init_error(app.start().await.unwrap_err());
    assert_eq!(began.elapsed(), secs(5));
    let (_, reason) = error.origin().unwrap();
    assert_eq!(reason.to_string(), "initialization took longer than 5 s");

    let app = Supervisor::one_for_one("app").child(late(7, true));
    let began = Instant::now();
    let handle = app.start().await.unwrap();
    assert_eq!(began.elapsed(), secs(7));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_exit_before_it_is_ready_is_a_failed_start() {
    let child = worker("a", |_ctx| async { Err("no route".into()) }).explicit_readiness(secs(5));
    let Err(StartError::Initialization { source, .. }) =
        Supervisor::one_for_one("app").child(child).start().await
    else {
        panic!("it started");
    };
    let (path, reason) = source.origin().unwrap();
    assert_eq!(path.to_string(), "app/a");
    assert!(reason.to_string().contains("no route"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_it_is_ready_takes_effect_at_once() {
    let child = worker("late", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    let app = Supervisor::one_for_one("app").child(child.explicit_readiness(secs(5)));
    let handle = app.handle();
    let start = tokio::spawn(async move { app.start().await.map(|_| ()) });
    settle().await;
    assert_eq!(
        handle.which_child("late").await.unwrap().state,
        ChildState::Starting
    );
    let began = Instant::now();
    handle.request_stop();
    assert!(start.await.unwrap().is_err());
    assert!(began.elapsed() <= ms(1));
}

#[tokio::test(start_paused = true)]
async fn another_task_can_say_that_the_child_is_ready() {
    let child = worker("a", |ctx| async move {
        let said = ctx.clone();
        tokio::spawn(async move {
            tokio::time::interval(secs(2)).tick().await;
            said.ready();
        });
        ctx.stopping().await;
        Ok(())
    });
    let app = Supervisor::one_for_one("app").child(child.explicit_readiness(secs(5)));
    let handle = app.start().await.unwrap();
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_child_with_needs_that_comes_too_late_does_not_end_the_stop_of_the_others() {
    let slow = Script::new("slow").stop(StopAct::Slow(secs(2)));
    let app = Supervisor::one_for_one("app").child(slow.clone());
    let (handle, _events) = started(&app).await;
    let other = handle.clone();
    let stop = tokio::spawn(async move { other.shutdown().await });
    settle().await;
    let late = Script::new("late").spec().after(["slow"]);
    let refused = handle.start_child(late).await;
    assert!(
        matches!(refused, Err(StartChildError::ShuttingDown)),
        "{refused:?}"
    );
    settle().await;
    assert!(!stop.is_finished(), "it waits for its child");
    let report = stop.await.unwrap();
    assert_eq!(report.took(), secs(2));
    assert_eq!((paths(&report).len(), slow.alive()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_while_others_start_restarts_nobody_who_needs_it_not() {
    let journal = Journal::default();
    let [a, b] = ["a", "b"].map(Script::new);
    let late = &slow(&["late"], &journal)[0];
    let app = Supervisor::rest_for_one("app")
        .start_mode(StartMode::Concurrent)
        .child(a.clone())
        .child(b.clone())
        .child(late.spec().after(["b"]));
    let start = tokio::spawn(async move { app.start().await });
    settle().await;
    a.end(End::Error);
    pass(4).await;
    let handle = start.await.unwrap().unwrap();
    let starts = [&a, &b].map(Script::starts);
    assert_eq!(starts, [2, 1]);
    assert_eq!(late.alive(), 1);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_child_with_needs_does_not_cut_short_the_restart_of_a_group() {
    let journal = Journal::default();
    let [first, second] = ["first", "second"].map(Script::new);
    let third = &slow(&["third"], &journal)[0];
    let app = Supervisor::rest_for_one("app")
        .child(first.clone())
        .child(second.clone())
        .child(third.clone());
    let (handle, _events) = started(&app).await;
    second.end(End::Error);
    settle().await;
    let late = Script::new("late");
    handle
        .start_child(late.spec().after(["first"]))
        .await
        .unwrap();
    first.end(End::Error);
    pass(4).await;
    let alive = [&first, &second, third, &late].map(Script::alive);
    assert_eq!(alive, [1, 1, 1, 1]);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_holds_back_only_those_that_need_the_child() {
    let journal = Journal::default();
    let a = Script::new("a").start(2, StartAct::Fail);
    let b = &slow(&["b"], &journal)[0];
    let [x, y] = ["x", "y"].map(Script::new);
    let a_spec = a
        .spec()
        .init_policy(perennial::InitPolicy::FatalOnFirstStart);
    let app = Supervisor::rest_for_one("app")
        .start_mode(StartMode::Concurrent)
        .child(a_spec)
        .child(b.clone())
        .child(x.spec().after(["a"]))
        .child(y.spec().after(["b"]));
    let (handle, _events) = started(&app).await;
    b.end(End::Error);
    settle().await;
    a.end(End::Error);
    pass(4).await;
    let alive = [&a, b, &x, &y].map(Script::alive);
    assert_eq!(alive, [1, 1, 1, 1]);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn who_needs_a_dropped_child_waits_until_that_is_started_by_a_call() {
    use perennial::{Intensity, OnLimit};
    let journal = Journal::default();
    let a = Script::new("a").start(2, StartAct::Fail);
    let b = &slow(&["b"], &journal)[0];
    let [x, y] = ["x", "y"].map(Script::new);
    let a_spec = a
        .spec()
        .init_policy(perennial::InitPolicy::FatalOnFirstStart)
        .limit(Intensity::new(1, secs(60)), OnLimit::Drop);
    let app = Supervisor::rest_for_one("app")
        .start_mode(StartMode::Concurrent)
        .child(a_spec)
        .child(b.clone())
        .child(x.spec().after(["a"]))
        .child(y.spec().after(["b"]));
    let (handle, _events) = started(&app).await;
    b.end(End::Error);
    settle().await;
    a.end(End::Error);
    pass(4).await;
    let alive = || [&a, b, &x, &y].map(Script::alive);
    assert_eq!(alive(), [0, 1, 0, 1], "it waits for what it needs");
    handle.restart_child("a").await.unwrap();
    settle().await;
    assert_eq!(alive(), [1, 1, 1, 1]);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn who_needs_a_terminated_child_waits_for_it_in_the_restart_of_its_group() {
    let [a, b, x] = ["a", "b", "x"].map(Script::new);
    let app = Supervisor::rest_for_one("app")
        .child(a.clone())
        .child(b.clone())
        .child(x.spec().after(["a", "b"]));
    let (handle, mut events) = started(&app).await;
    handle.terminate_child("a").await.unwrap();
    assert_eq!(x.alive(), 1, "it is not stopped for that");
    b.end(End::Error);
    let told = events
        .until("it waits", |event| {
            matches!(event.kind, EventKind::Delayed { .. })
        })
        .await;
    assert_eq!(
        told.to_string(),
        "app/x is restarted later: a sibling that it needs does not run"
    );
    settle().await;
    let snapshot = handle.snapshot();
    let entry = snapshot.find("app/x").unwrap();
    assert_eq!(entry.state, ChildState::Backoff);
    assert_eq!(entry.delayed_by, Some(DelayCause::Dependency));
    assert_eq!((entry.restart_in, x.alive()), (None, 0));
    assert!(!handle.health().ready.is_ok());
    let refused = handle.restart_child("x").await;
    assert!(matches!(refused, Err(ChildError::DependencyDown { id }) if id == "x"));
    handle.restart_child("a").await.unwrap();
    settle().await;
    assert_eq!([&a, &b, &x].map(Script::alive), [1, 1, 1]);
    handle.shutdown().await;
}
