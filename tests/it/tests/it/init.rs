//! What follows when a child cannot start: `InitPolicy`, obeyed at every level.

use perennial::{
    ChildSpec, DynamicSupervisor, EventKind, ExitReason, InitPhase, InitPolicy, Outcome, Restart,
    StartCause, StartChildError, Supervisor,
};
use perennial_test::{End, Script, StartAct, settle};
use tokio::time::Instant;

use crate::support::{chain, ms, secs, started};

/// The ways in which an initialization can fail.
const FAILURES: [StartAct; 3] = [StartAct::Fail, StartAct::Panic, StartAct::Hang];

fn failing_at(nth: usize, act: StartAct) -> Script {
    Script::new("leaf").start(nth, act)
}

fn tree(leaf: &Script, leaf_policy: InitPolicy, nested_policy: InitPolicy) -> Supervisor {
    let nested = Supervisor::one_for_one("nested").child(leaf.spec().init_policy(leaf_policy));
    Supervisor::one_for_one("app").child(ChildSpec::new(nested).init_policy(nested_policy))
}

#[tokio::test(start_paused = true)]
async fn a_fatal_failure_at_a_restart_climbs_to_the_root_with_path_phase_and_source() {
    for act in FAILURES {
        let leaf = failing_at(2, act);
        let (handle, _events) = started(&tree(&leaf, InitPolicy::Fatal, InitPolicy::Fatal)).await;
        leaf.end(End::Error);
        let outcome = handle.wait().await;
        let Outcome::InitializationFailed(error) = &outcome else {
            panic!("{outcome}")
        };
        assert_eq!(error.child().unwrap().to_string(), "app/nested");
        assert_eq!(error.phase(), Some(InitPhase::Restart));
        let (path, reason) = error.origin().unwrap();
        assert_eq!(path.to_string(), "app/nested/leaf");
        let ExitReason::InitializationFailed(source) = reason else {
            panic!("{reason}")
        };
        let line = format!("app/nested/leaf failed to initialize at a restart: {source}");
        assert_eq!(outcome.to_string(), line);
        assert!(chain(error).ends_with(&source.to_string()), "{error}");
        assert_eq!(leaf.starts(), 2, "it is not tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_for_a_nested_supervisor_lets_the_one_above_restart_it() {
    let leaf = failing_at(2, StartAct::Fail);
    let app = tree(&leaf, InitPolicy::Fatal, InitPolicy::FatalOnFirstStart);
    let (handle, mut events) = started(&app).await;
    leaf.end(End::Error);
    events.expect("app/nested is restarted").await;
    events.expect("app/nested runs").await;
    assert_eq!(leaf.starts(), 3);
    assert_eq!(handle.which_child("nested").await.unwrap().restarts, 1);
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_a_restart_is_tried_again_and_each_try_counts_if_the_policy_says_so() {
    for act in FAILURES {
        let leaf = failing_at(2, act).start(3, act);
        let spec = leaf.spec().init_policy(InitPolicy::FatalOnFirstStart);
        let app = Supervisor::one_for_one("app")
            .intensity(3, secs(1_000))
            .child(spec);
        let (handle, mut events) = started(&app).await;
        leaf.end(End::Error);
        for _ in 0..2 {
            events
                .until("a failed start", |event| {
                    matches!(event.kind, EventKind::StartFailed { .. })
                })
                .await;
        }
        events.expect("app/leaf runs").await;
        assert_eq!(leaf.starts(), 4);
        leaf.end(End::Error);
        let outcome = handle.wait().await;
        assert!(
            matches!(outcome, Outcome::Exhausted(_)),
            "three tries were counted: {outcome}"
        );
    }
}

/// A supervisor of one connection.
fn session(connection: &Script, restart: Restart) -> ChildSpec {
    let session = Supervisor::one_for_one("session").child(connection.clone());
    ChildSpec::new(session).restart(restart)
}

#[tokio::test(start_paused = true)]
async fn a_temporary_session_whose_worker_cannot_start_again_takes_down_only_itself() {
    for act in FAILURES {
        let (broken, good, web) = (
            Script::new("connection").start(2, act),
            Script::new("connection"),
            Script::new("web"),
        );
        let sessions = DynamicSupervisor::new("sessions", |connection: Script| {
            session(&connection, Restart::Temporary)
        });
        let open = sessions.handle();
        let app = Supervisor::one_for_one("app")
            .child(sessions)
            .child(web.clone());
        let (handle, mut events) = started(&app).await;
        for connection in [&broken, &good] {
            open.start_child(connection.clone()).await.unwrap();
        }
        broken.end(End::Error);
        let escalated = events
            .until("the end of the session", |event| {
                matches!(event.kind, EventKind::Escalated { .. })
            })
            .await;
        assert_eq!(escalated.path.to_string(), "app/sessions/session#1");
        settle().await;
        let left = open.which_children().await.unwrap();
        let left: Vec<_> = left.iter().map(|child| child.id.as_str()).collect();
        assert_eq!(left, ["session#2"], "{act:?}");
        assert_eq!((broken.starts(), broken.alive()), (2, 0));
        for untouched in [&good, &web] {
            assert_eq!((untouched.starts(), untouched.alive()), (1, 1), "{act:?}");
        }
        assert!(handle.shutdown().await.is_clean());
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_supervisor_of_a_list_whose_worker_cannot_start_again_takes_down_only_itself() {
    for act in FAILURES {
        let (broken, web) = (Script::new("connection").start(2, act), Script::new("web"));
        let app = Supervisor::one_for_all("app")
            .child(session(&broken, Restart::Temporary))
            .child(web.clone());
        let (handle, mut events) = started(&app).await;
        broken.end(End::Error);
        events
            .until("the end of the session", |event| {
                matches!(event.kind, EventKind::Escalated { .. })
            })
            .await;
        settle().await;
        let left = handle.which_children().await.unwrap();
        let left: Vec<_> = left.iter().map(|child| child.id.as_str()).collect();
        assert_eq!(left, ["web"], "{act:?}");
        assert_eq!((broken.starts(), broken.alive()), (2, 0));
        assert_eq!((web.starts(), web.alive()), (1, 1), "{act:?}");
        assert!(handle.shutdown().await.is_clean());
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_of_another_restart_type_whose_worker_cannot_start_again_takes_all_down() {
    for restart in [Restart::Permanent, Restart::Transient] {
        for dynamic in [false, true] {
            let connection = Script::new("connection").start(2, StartAct::Fail);
            let app = Supervisor::one_for_one("app");
            let (handle, path) = if dynamic {
                let template = move |connection: Script| session(&connection, restart);
                let sessions = DynamicSupervisor::new("sessions", template);
                let open = sessions.handle();
                let (handle, _events) = started(&app.child(sessions)).await;
                open.start_child(connection.clone()).await.unwrap();
                (handle, "app/sessions/session#1/connection")
            } else {
                let (handle, _events) = started(&app.child(session(&connection, restart))).await;
                (handle, "app/session/connection")
            };
            connection.end(End::Error);
            let outcome = handle.wait().await;
            assert_eq!(
                outcome.to_string(),
                format!("{path} failed to initialize at a restart: scripted failure"),
                "{restart:?}"
            );
            assert_eq!(connection.starts(), 2);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_the_first_start_is_fatal_under_either_policy() {
    for policy in [InitPolicy::Fatal, InitPolicy::FatalOnFirstStart] {
        for act in FAILURES {
            let leaf = failing_at(1, act);
            tree(&leaf, policy, policy).start().await.unwrap_err();
            assert_eq!((leaf.starts(), leaf.alive()), (1, 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_start_in_a_new_life_of_its_supervisor_is_a_first_start_again() {
    let leaf = failing_at(2, StartAct::Fail);
    let app = tree(
        &leaf,
        InitPolicy::FatalOnFirstStart,
        InitPolicy::FatalOnFirstStart,
    );
    let (handle, mut events) = started(&app).await;
    handle.kill_child("nested").await.unwrap();
    let failed = events
        .until("the failure", |event| {
            matches!(event.kind, EventKind::Escalated { .. })
        })
        .await;
    let EventKind::Escalated { error } = failed.kind else {
        unreachable!("it was waited for")
    };
    assert_eq!(error.phase(), Some(InitPhase::FirstStart));
    let restarted = events.expect("app/nested is restarted").await;
    assert!(matches!(
        restarted.kind,
        EventKind::Starting {
            cause: StartCause::Restart
        }
    ));
    events.expect("app/nested runs").await;
    assert_eq!(leaf.starts(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_that_cannot_come_back_is_fatal_if_its_policy_says_so() {
    let leaf = failing_at(2, StartAct::Fail);
    let app = tree(&leaf, InitPolicy::FatalOnFirstStart, InitPolicy::Fatal);
    let (handle, _events) = started(&app).await;
    handle.kill_child("nested").await.unwrap();
    let outcome = handle.wait().await;
    assert_eq!(
        outcome.to_string(),
        "app/nested/leaf failed to initialize at a restart: scripted failure"
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_start_child_cannot_start_fails_only_that_call() {
    let sibling = Script::new("sibling");
    let (handle, mut events) =
        started(&Supervisor::one_for_all("app").child(sibling.clone())).await;
    for act in FAILURES {
        let began = Instant::now();
        let child = failing_at(1, act).spec().init_timeout(ms(50));
        let error = handle.start_child(child).await.unwrap_err();
        assert!(
            matches!(error, StartChildError::Initialization { .. }),
            "{error}"
        );
        assert!(began.elapsed() <= ms(50));
    }
    assert_eq!(
        handle.which_children().await.unwrap().len(),
        1,
        "no spec is kept"
    );
    assert_eq!(sibling.starts(), 1);
    assert!(handle.shutdown().await.is_clean());
    let gave_up =
        |kind: &EventKind| matches!(kind, EventKind::Escalated { .. } | EventKind::GaveUp { .. });
    assert!(!events.rest().await.iter().any(|event| gave_up(&event.kind)));
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_child_that_cannot_start_fails_only_its_start_child() {
    let jobs = DynamicSupervisor::new("jobs", |act: StartAct| Script::new("job").starts_with(act));
    let open = jobs.handle();
    let (_handle, _events) = started(&Supervisor::one_for_one("app").child(jobs)).await;
    let good = open.start_child(StartAct::Run).await.unwrap();
    for act in FAILURES {
        let error = open.start_child(act).await.unwrap_err();
        assert!(
            matches!(error, StartChildError::Initialization { .. }),
            "{error}"
        );
    }
    let children = open.which_children().await.unwrap();
    assert_eq!(children.len(), 1);
    assert_eq!(children[0].incarnation, good.incarnation());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_restart_child_cannot_start_stays_down_and_nothing_else_happens() {
    let child = failing_at(2, StartAct::Fail);
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    handle.terminate_child("leaf").await.unwrap();
    let error = handle.restart_child("leaf").await.unwrap_err();
    assert_eq!(
        chain(&error),
        "child leaf could not start: scripted failure"
    );
    assert_eq!(child.starts(), 2);
    handle.restart_child("leaf").await.unwrap();
    assert_eq!(child.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn to_be_killed_during_a_restart_says_nothing_against_the_child() {
    let leaf = failing_at(2, StartAct::Hang);
    let app = tree(&leaf, InitPolicy::Fatal, InitPolicy::Fatal);
    let (handle, mut events) = started(&app).await;
    leaf.end(End::Error);
    events.expect("app/nested/leaf is restarted").await;
    let nested = handle.supervisor("nested").unwrap();
    nested.kill_child("leaf").await.unwrap();
    events.expect("app/nested/leaf runs").await;
    assert_eq!(leaf.starts(), 3);
    let restarts = nested.which_child("leaf").await.unwrap().restarts;
    assert_eq!(restarts, 2, "each try counts");
    assert!(handle.shutdown().await.is_clean());
}
