//! Handles: good before the start, over restarts, and after the end.

use perennial::{
    CallError, ChildError, ChildSpec, DynamicSupervisor, Outcome, PathError, Restart,
    StartChildError, Supervisor,
};
use perennial_test::{End, Events, Script, settle};
use tokio::time::timeout;

use crate::support::{ms, secs, started};

#[tokio::test(start_paused = true)]
async fn a_handle_is_good_before_the_start_and_says_that_nothing_runs() {
    let app = Supervisor::one_for_one("app").child(Script::new("a"));
    let handle = app.handle();
    assert!(matches!(
        handle.count_children().await,
        Err(CallError::NotRunning { .. })
    ));
    assert!(matches!(
        handle.terminate_child("a").await,
        Err(ChildError::NotRunning { .. })
    ));
    assert!(matches!(
        handle.start_child(Script::new("b")).await,
        Err(StartChildError::NotRunning { .. })
    ));
    assert_eq!(
        (handle.path(), handle.snapshot().entries().len()),
        (None, 0)
    );
    assert!(
        handle.shutdown().await.children().is_empty(),
        "there is nothing to stop"
    );
    let (waiting, mut events) = (
        tokio::spawn({
            let handle = handle.clone();
            async move { handle.wait().await }
        }),
        Events::of(&handle),
    );
    settle().await;
    app.start().await.unwrap();
    events.expect("app runs").await;
    assert_eq!(handle.count_children().await.unwrap().active, 1);
    handle.shutdown().await;
    assert!(matches!(waiting.await.unwrap(), Outcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn the_handle_of_a_nested_supervisor_survives_its_restarts() {
    let nested = Supervisor::one_for_one("nested").child(Script::new("a"));
    let inner = nested.handle();
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(nested)).await;
    let by_path = handle.supervisor("nested").unwrap();
    for _ in 0..3 {
        handle.kill_child("nested").await.unwrap();
        events.expect("app/nested is restarted").await;
        events.expect("app/nested runs").await;
        for handle in [&inner, &by_path] {
            assert_eq!(handle.path().unwrap().to_string(), "app/nested");
            assert_eq!(handle.count_children().await.unwrap().active, 1);
        }
    }
}

fn path(handle: &perennial::SupervisorHandle) -> Option<String> {
    Some(handle.path()?.to_string())
}

#[tokio::test(start_paused = true)]
async fn the_handle_of_a_nested_blueprint_survives_restarts_of_it_and_of_all_above_it() {
    let deep = Supervisor::one_for_one("deep").child(Script::new("a"));
    let kept = deep.handle();
    let middle = Supervisor::one_for_one("middle").child(deep);
    let app = Supervisor::one_for_one("app")
        .intensity(10, secs(5))
        .child(middle);
    let (handle, mut events) = started(&app).await;
    for above in ["middle", "", "middle", ""] {
        let (above, id) = match above {
            "" => (handle.clone(), "middle"),
            above => (handle.supervisor(above).unwrap(), "deep"),
        };
        above.kill_child(id).await.unwrap();
        events.expect("app/middle/deep runs").await;
        settle().await;
        assert_eq!(path(&kept).as_deref(), Some("app/middle/deep"));
        assert_eq!(kept.count_children().await.unwrap().active, 1);
        kept.kill_child("a").await.unwrap();
        events.expect("app/middle/deep/a is restarted").await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_places_of_one_blueprint_each_keeps_its_handle_over_restarts() {
    let part = Supervisor::one_for_one("part").child(Script::new("worker"));
    let app = Supervisor::one_for_all("app")
        .intensity(10, secs(5))
        .child(ChildSpec::new(part.clone()).id("x"))
        .child(ChildSpec::new(part).id("y"))
        .child(Script::new("last"));
    let (handle, mut events) = started(&app).await;
    let [x, y] = ["x", "y"].map(|id| handle.supervisor(id).unwrap());
    // With one of them the other is stopped and started as well.
    for id in ["y", "x", "last", "y"] {
        handle.kill_child(id).await.unwrap();
        events.expect("app/last runs").await;
        settle().await;
        let paths = [path(&x), path(&y)];
        assert_eq!(paths, [Some("app/x".to_owned()), Some("app/y".to_owned())]);
        for handle in [&x, &y] {
            assert_eq!(handle.count_children().await.unwrap().active, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_places_of_one_blueprint_one_that_is_restarted_alone_keeps_its_handle() {
    let part = Supervisor::one_for_one("part").child(Script::new("worker"));
    let app = Supervisor::one_for_one("app")
        .intensity(10, secs(5))
        .child(ChildSpec::new(part.clone()).id("x"))
        .child(ChildSpec::new(part).id("y"));
    let (handle, mut events) = started(&app).await;
    let [x, y] = ["x", "y"].map(|id| handle.supervisor(id).unwrap());
    for id in ["y", "x", "y"] {
        handle.kill_child(id).await.unwrap();
        events.expect(&format!("app/{id} runs")).await;
        settle().await;
        let paths = [path(&x), path(&y)];
        assert_eq!(paths, [Some("app/x".to_owned()), Some("app/y".to_owned())]);
    }
    // Both at once: none takes the place of the other.
    x.kill();
    y.kill();
    for id in ["x", "y"] {
        events.expect(&format!("app/{id} runs")).await;
    }
    settle().await;
    y.kill_child("worker").await.unwrap();
    events.expect("app/y/worker is restarted").await;
    assert_eq!(path(&x).as_deref(), Some("app/x"));
}

#[tokio::test(start_paused = true)]
async fn the_handle_of_a_room_never_addresses_another_room_of_the_same_blueprint() {
    let room = Supervisor::one_for_one("room").child(Script::new("worker"));
    let rooms = DynamicSupervisor::new("rooms", move |()| {
        ChildSpec::new(room.clone()).restart(Restart::Temporary)
    });
    let rooms = rooms.start().await.unwrap();
    for _ in 0..2 {
        rooms.start_child(()).await.unwrap();
    }
    let [first, second] = ["room#1", "room#2"].map(|id| rooms.supervisor(id).unwrap());
    assert_eq!(path(&first).as_deref(), Some("rooms/room#1"));
    rooms.terminate_child("room#1").await.unwrap();
    assert_eq!(path(&first), None);
    rooms.start_child(()).await.unwrap();
    let third = rooms.supervisor("room#3").unwrap();
    let paths = [path(&first), path(&second), path(&third)];
    let expected = [None, Some("rooms/room#2"), Some("rooms/room#3")];
    assert_eq!(paths, expected.map(|path| path.map(str::to_owned)));
    let life = rooms.which_child("room#3").await.unwrap().incarnation;
    first.request_stop();
    first.kill();
    settle().await;
    assert_eq!(
        rooms.which_child("room#3").await.unwrap().incarnation,
        life,
        "it was meant for another"
    );
    assert!(matches!(
        first.terminate_child("worker").await,
        Err(ChildError::NotRunning { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_handle_of_a_supervisor_that_has_ended_says_so() {
    let app = Supervisor::one_for_one("app").child(Script::new("a"));
    let handle = app.start().await.unwrap();
    handle.shutdown().await;
    let error = handle.which_children().await.unwrap_err();
    assert_eq!(error.to_string(), "supervisor app is not running");
    assert_eq!(
        handle.restart_child("a").await.unwrap_err().to_string(),
        "supervisor app is not running"
    );
    handle.request_stop();
    handle.kill();
}

#[tokio::test(start_paused = true)]
async fn wait_tells_how_the_supervisor_ended_also_afterwards() {
    let nested = Supervisor::one_for_one("nested").child(Script::new("a"));
    let inner = nested.handle();
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(nested)).await;
    assert!(timeout(ms(10), inner.wait()).await.is_err(), "it runs");
    inner.request_stop();
    assert!(matches!(inner.wait().await, Outcome::Stopped));
    events.expect("app/nested is restarted").await;
    events.expect("app/nested runs").await;
    assert!(
        timeout(ms(10), inner.wait()).await.is_err(),
        "it runs again"
    );
    handle.kill_child("nested").await.unwrap();
    assert!(matches!(inner.wait().await, Outcome::Killed));
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_that_is_asked_to_stop_is_restarted_as_its_restart_type_says() {
    for (restart, again) in [(Restart::Permanent, true), (Restart::Transient, false)] {
        let child = Script::new("a");
        let nested = Supervisor::one_for_one("nested").child(child.clone());
        let spec = ChildSpec::new(nested).restart(restart);
        let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
        handle.supervisor("nested").unwrap().shutdown().await;
        settle().await;
        assert_eq!(child.starts() == 2, again, "{restart:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_is_found_by_its_path_and_each_error_says_where_the_way_ended() {
    let deep = Supervisor::one_for_one("deep").child(Script::new("leaf"));
    let down = Supervisor::one_for_one("down");
    let middle = Supervisor::one_for_one("middle")
        .child(deep)
        .child(Script::new("worker"))
        .child(down);
    let app = Supervisor::one_for_one("app").child(middle);
    let (handle, _events) = started(&app).await;
    handle
        .supervisor("middle")
        .unwrap()
        .terminate_child("down")
        .await
        .unwrap();
    let found = handle.supervisor("middle/deep").unwrap();
    assert_eq!(found.path().unwrap().to_string(), "app/middle/deep");
    let no = |path: &str| handle.supervisor(path).unwrap_err().to_string();
    assert_eq!(no("middle/none/deep"), "middle has no child none");
    assert_eq!(no("middle/worker"), "child worker is not a supervisor");
    assert_eq!(no("middle/worker/deep"), "child worker is not a supervisor");
    assert_eq!(no("middle/down"), "supervisor down is not running");
    assert_eq!(no("app/middle"), "app has no child app");
    let empty = handle.supervisor("").unwrap_err();
    assert!(matches!(empty, PathError::NotFound { .. }));
    handle.shutdown().await;
    assert_eq!(no("middle"), "supervisor app is not running");
}

#[tokio::test(start_paused = true)]
async fn a_child_ref_tells_id_path_and_the_life_that_was_started() {
    let child = Script::new("new");
    let (handle, _events) = started(&Supervisor::one_for_one("app")).await;
    let new = handle.start_child(child.clone()).await.unwrap();
    assert_eq!(
        (new.id().as_str(), new.path().to_string()),
        ("new", "app/new".to_owned())
    );
    assert_eq!(new.incarnation(), Some(child.context().incarnation()));
    child.end(End::Error);
    settle().await;
    assert!(
        new.incarnation() < Some(child.context().incarnation()),
        "it means the life that it was"
    );
    handle.terminate_child("new").await.unwrap();
    let again = handle.restart_child("new").await.unwrap();
    assert_eq!(again.incarnation(), Some(child.context().incarnation()));
}

#[tokio::test(start_paused = true)]
async fn the_handle_of_a_dynamic_supervisor_is_good_before_the_start_and_over_restarts() {
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job"));
    let open = jobs.handle();
    assert!(matches!(
        open.start_child(()).await,
        Err(StartChildError::NotRunning { .. })
    ));
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(jobs)).await;
    open.start_child(()).await.unwrap();
    handle.kill_child("jobs").await.unwrap();
    events.expect("app/jobs is restarted").await;
    events.expect("app/jobs runs").await;
    assert_eq!(
        open.count_children().await.unwrap().active,
        0,
        "its children are gone with it"
    );
    open.start_child(()).await.unwrap();
    assert_eq!(open.count_children().await.unwrap().active, 1);
    assert!(matches!(
        handle
            .supervisor("jobs")
            .unwrap()
            .start_child(Script::new("x"))
            .await,
        Err(StartChildError::Dynamic)
    ));
}
