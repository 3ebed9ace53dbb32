//! The first start of a tree: in order, acknowledged, all or nothing.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use perennial::{ChildSpec, ChildState, Outcome, Restart, StartError, Supervisor};
use perennial_test::{Events, Journal, Script, StartAct, settle};
use tokio::time::Instant;

use crate::support::{chain, in_a_thread, init_error, ms, secs, started};

#[tokio::test(start_paused = true)]
async fn children_start_one_after_the_other_and_start_returns_when_the_last_is_up() {
    let journal = Journal::default();
    let slow = |id| {
        Script::new(id)
            .noting(&journal)
            .starts_with(StartAct::Slow(ms(100)))
    };
    let app = Supervisor::one_for_one("app")
        .child(slow("a"))
        .child(slow("b"))
        .child(slow("c"));
    let began = Instant::now();
    let handle = app.start().await.unwrap();
    assert_eq!(began.elapsed(), ms(300));
    let expected = [
        "a starts", "a runs", "b starts", "b runs", "c starts", "c runs",
    ];
    assert_eq!(journal.take(), expected);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_starts_only_after_the_supervisor_before_it_is_up_with_all_its_children() {
    let journal = Journal::default();
    let slow = Script::new("inner")
        .noting(&journal)
        .starts_with(StartAct::Slow(ms(100)));
    let app = Supervisor::one_for_one("app")
        .child(Supervisor::one_for_one("nested").child(slow))
        .child(Script::new("last").noting(&journal));
    app.start().await.unwrap();
    assert_eq!(
        journal.take(),
        ["inner starts", "inner runs", "last starts", "last runs"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_first_start_stops_what_has_started_in_reverse_order() {
    let journal = Journal::default();
    let script = |id| Script::new(id).noting(&journal);
    let app = Supervisor::one_for_one("app")
        .child(script("a"))
        .child(script("b"))
        .child(script("c").starts_with(StartAct::Fail))
        .child(script("never"));
    app.start().await.unwrap_err();
    let expected = [
        "a starts",
        "a runs",
        "b starts",
        "b runs",
        "c starts",
        "c fails",
        "b is to stop",
        "b ends",
        "a is to stop",
        "a ends",
    ];
    assert_eq!(journal.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_failed_first_start_names_the_path_through_nested_supervisors() {
    let database = Script::new("database").starts_with(StartAct::Fail);
    let storage = Supervisor::rest_for_one("storage").child(database);
    let app = Supervisor::one_for_one("app").child(storage);
    let handle = app.handle();
    let error = init_error(app.start().await.unwrap_err());
    let (path, reason) = error.origin().unwrap();
    assert_eq!(path.to_string(), "app/storage/database");
    assert_eq!(reason.to_string(), "scripted failure");
    let story = "app/storage failed to initialize: app/storage/database failed to initialize: scripted failure";
    assert_eq!(chain(&error), story);
    let line = "app/storage/database failed to initialize: scripted failure";
    assert_eq!(handle.wait().await.to_string(), line);
}

#[tokio::test(start_paused = true)]
async fn an_initialization_is_given_up_after_thirty_seconds_by_default() {
    let stuck = Script::new("stuck").starts_with(StartAct::Hang);
    let app = Supervisor::one_for_one("app").child(stuck.clone());
    let began = Instant::now();
    let error = init_error(app.start().await.unwrap_err());
    assert_eq!(began.elapsed(), secs(30));
    assert_eq!(stuck.alive(), 0);
    let (_, reason) = error.origin().unwrap();
    assert_eq!(reason.to_string(), "initialization took longer than 30 s");
}

#[tokio::test(start_paused = true)]
async fn an_initialization_is_given_up_after_its_own_timeout() {
    let stuck = Script::new("stuck").starts_with(StartAct::Hang);
    let app = Supervisor::one_for_one("app").child(stuck.spec().init_timeout(ms(70)));
    let began = Instant::now();
    let error = init_error(app.start().await.unwrap_err());
    assert_eq!(began.elapsed(), ms(70));
    match error.origin().unwrap().1 {
        perennial::ExitReason::InitializationFailed(error) => {
            assert_eq!(error.timeout(), Some(ms(70)))
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_initialization_without_a_timeout_takes_as_long_as_it_likes() {
    let slow = Script::new("slow").starts_with(StartAct::Slow(secs(86_400)));
    let app = Supervisor::one_for_one("app").child(slow.spec().no_init_timeout());
    started(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_has_no_limit_for_its_start_beside_those_of_its_children() {
    let slow = |id| Script::new(id).starts_with(StartAct::Slow(secs(20)));
    let nested = Supervisor::one_for_one("nested")
        .child(slow("a"))
        .child(slow("b"))
        .child(slow("c"));
    started(&Supervisor::one_for_one("app").child(nested)).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_initialize_is_an_initialization_failure() {
    let broken = Script::new("broken").starts_with(StartAct::Panic);
    let app = Supervisor::one_for_one("app").child(broken);
    let error = init_error(app.start().await.unwrap_err());
    match error.origin().unwrap().1 {
        perennial::ExitReason::InitializationFailed(error) => {
            assert_eq!(error.panic().unwrap().message(), "scripted panic");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_tree_that_did_not_start_is_left() {
    let (good, broken) = (
        Script::new("good"),
        Script::new("broken").starts_with(StartAct::Fail),
    );
    let nested = Supervisor::one_for_all("nested").child(good.clone());
    let app = Supervisor::one_for_one("app")
        .child(nested)
        .child(broken.clone());
    let mut events = Events::of(&app.handle());
    app.start().await.unwrap_err();
    assert_eq!((good.alive(), broken.alive()), (0, 0));
    assert!(app.handle().snapshot().entries().is_empty());
    assert!(!events.rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_did_not_start_can_be_started_again() {
    let moody = Script::new("moody").start(1, StartAct::Fail);
    let app = Supervisor::one_for_one("app").child(moody);
    app.start().await.unwrap_err();
    let handle = app.start().await.unwrap();
    assert_eq!(
        app.handle().snapshot().entries().len(),
        2,
        "the handle follows"
    );
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_declines_to_start_keeps_its_spec_unless_it_is_temporary() {
    let ignoring = |id| Script::new(id).starts_with(StartAct::Ignore);
    let app = Supervisor::one_for_one("app")
        .child(ignoring("stays"))
        .child(ignoring("goes").spec().restart(Restart::Temporary));
    let (handle, _events) = started(&app).await;
    let children = handle.which_children().await.unwrap();
    assert_eq!(children.len(), 1);
    assert_eq!(
        (children[0].id.as_str(), children[0].state),
        ("stays", ChildState::Idle)
    );
    let added = handle.start_child(ignoring("added")).await.unwrap();
    assert_eq!(added.incarnation(), None);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_without_children_starts_also_a_nested_one() {
    let app = Supervisor::one_for_all("app").child(Supervisor::rest_for_one("empty"));
    let (handle, _events) = started(&app).await;
    let counts = handle.count_children().await.unwrap();
    assert_eq!((counts.active, counts.supervisors), (1, 1));
}

#[test]
fn a_start_outside_of_a_runtime_is_an_error_and_not_a_panic() {
    let app = Supervisor::one_for_one("app").child(Script::new("a"));
    let started = pin!(app.start()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(
        matches!(started, Poll::Ready(Err(StartError::NoRuntime { .. }))),
        "{started:?}"
    );
}

#[test]
fn a_start_on_a_runtime_without_timers_is_told_as_what_it_is() {
    for nested in [false, true] {
        in_a_thread(move || {
            let part = Supervisor::one_for_one("part").child(Script::new("a"));
            let app = if nested {
                Supervisor::one_for_one("app").child(part)
            } else {
                part
            };
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let error = runtime.unwrap().block_on(app.start()).unwrap_err();
            let told = matches!(
                error,
                StartError::Initialization { .. } | StartError::NoRuntime { .. }
            );
            assert!(told, "nested: {nested}: {}", chain(&error));
        });
    }
}

#[test]
fn a_tree_runs_on_a_runtime_of_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let nested = Supervisor::rest_for_one("nested")
            .child(Script::new("a"))
            .child(Script::new("b"));
        let handle = Supervisor::one_for_one("app")
            .child(nested)
            .start()
            .await
            .unwrap();
        assert!(handle.shutdown().await.is_clean());
    });
}

#[tokio::test(start_paused = true)]
async fn a_blueprint_that_is_started_twice_makes_two_trees() {
    let worker = Script::new("worker");
    let app = Supervisor::one_for_one("app").child(worker.clone());
    let (first, second) = (
        app.start().await.unwrap(),
        app.clone().start().await.unwrap(),
    );
    assert_eq!(worker.alive(), 2);
    first.shutdown().await;
    assert_eq!(worker.alive(), 1);
    assert!(
        app.handle().path().is_none(),
        "the blueprint's handle follows the first tree"
    );
    assert_eq!(second.snapshot().entries().len(), 2);
    second.shutdown().await;
    assert_eq!(worker.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_nested_blueprint_can_stand_at_two_places_under_two_ids() {
    let pool = Supervisor::one_for_one("pool").child(Script::new("worker"));
    let app = Supervisor::one_for_one("app")
        .child(ChildSpec::new(pool.clone()).id("left"))
        .child(ChildSpec::new(pool).id("right"));
    let (handle, _events) = started(&app).await;
    let path = |id| handle.supervisor(id).unwrap().path().unwrap().to_string();
    assert_eq!([path("left"), path("right")], ["app/left", "app/right"]);
    let report = handle.shutdown().await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_tree_starts_ends_the_start() {
    let (up, stuck) = (
        Script::new("up"),
        Script::new("stuck").starts_with(StartAct::Hang),
    );
    let app = Supervisor::one_for_one("app")
        .child(up.clone())
        .child(stuck.clone());
    let (handle, start) = (app.handle(), tokio::spawn(async move { app.start().await }));
    settle().await;
    let began = Instant::now();
    handle.shutdown().await;
    assert_eq!(began.elapsed(), ms(0));
    assert!(matches!(
        start.await.unwrap(),
        Err(StartError::Stopped { .. })
    ));
    assert_eq!((up.alive(), stuck.alive()), (0, 0));
    assert!(matches!(handle.wait().await, Outcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_comes_before_the_root_has_run_for_the_first_time_is_not_lost() {
    let worker = Script::new("worker");
    let app = Supervisor::one_for_one("app").child(worker.clone());
    let handle = app.handle();
    let mut start = Box::pin(app.start());
    let pending = start.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(
        pending.is_pending(),
        "the root was spawned, and has not run"
    );
    handle.shutdown().await;
    assert!(matches!(start.await, Err(StartError::Stopped { .. })));
    assert_eq!(worker.starts(), 0);
}
