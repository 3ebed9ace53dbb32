//! Dynamic supervisors: many children of one template.

use std::sync::{Arc, Mutex};

use perennial::{
    ChildError, ChildSpec, DynamicHandle, DynamicSupervisor, Outcome, PathError, Restart,
    Semantics, ShutdownStrategy, StartChildError, Supervisor,
};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use tokio::time::Instant;

use crate::support::{exhausted, ms, secs, started};

/// A supervisor whose children are handed in.
fn jobs() -> DynamicSupervisor<Script> {
    DynamicSupervisor::new("jobs", |job: Script| job)
}

async fn running() -> DynamicHandle<Script> {
    jobs().start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn children_are_numbered_and_listed_in_the_order_of_their_starts() {
    let jobs = running().await;
    let mut paths = Vec::new();
    for _ in 0..3 {
        paths.push(
            jobs.start_child(Script::new("job"))
                .await
                .unwrap()
                .path()
                .to_string(),
        );
    }
    assert_eq!(paths, ["jobs/job#1", "jobs/job#2", "jobs/job#3"]);
    jobs.terminate_child("job#2").await.unwrap();
    jobs.start_child(Script::new("other")).await.unwrap();
    let ids: Vec<_> = jobs
        .which_children()
        .await
        .unwrap()
        .into_iter()
        .map(|child| child.id.to_string())
        .collect();
    assert_eq!(
        ids,
        ["job#1", "job#3", "other#4"],
        "a number is not used again"
    );
    assert_eq!(jobs.count_children().await.unwrap().specs, 1);
}

#[tokio::test(start_paused = true)]
async fn the_template_makes_a_child_of_what_the_caller_gives() {
    let made = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&made);
    let jobs = DynamicSupervisor::new("jobs", move |number: u32| {
        notes.lock().unwrap().push(number);
        Script::new(format!("job-{number}"))
    });
    let jobs = jobs.start().await.unwrap();
    let job = jobs.start_child(7).await.unwrap();
    assert_eq!(job.id().as_str(), "job-7#1");
    jobs.kill_child(job.id()).await.unwrap();
    settle().await;
    assert_eq!(
        *made.lock().unwrap(),
        [7],
        "a restart does not ask the template again"
    );
    assert_eq!(jobs.which_child(job.id()).await.unwrap().restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn each_child_is_restarted_alone_and_one_that_is_done_is_forgotten() {
    let (permanent, transient, temporary) = (Script::new("p"), Script::new("t"), Script::new("x"));
    let jobs = DynamicSupervisor::new("jobs", |(job, restart): (Script, Restart)| {
        job.spec().restart(restart)
    });
    let jobs = jobs.intensity(20, secs(5)).start().await.unwrap();
    for (job, restart) in [
        (&permanent, Restart::Permanent),
        (&transient, Restart::Transient),
        (&temporary, Restart::Temporary),
    ] {
        jobs.start_child((job.clone(), restart)).await.unwrap();
    }
    for job in [&permanent, &transient, &temporary] {
        job.end(End::Error);
    }
    settle().await;
    assert_eq!(
        (permanent.alive(), transient.alive(), temporary.alive()),
        (1, 1, 0)
    );
    permanent.end(End::Done);
    transient.end(End::Done);
    settle().await;
    let ids: Vec<_> = jobs
        .which_children()
        .await
        .unwrap()
        .into_iter()
        .map(|child| child.id.to_string())
        .collect();
    assert_eq!(ids, ["p#1"]);
}

#[tokio::test(start_paused = true)]
async fn max_children_counts_children_that_start_and_those_in_restart() {
    let jobs = jobs()
        .max_children(2)
        .intensity(20, secs(100))
        .start()
        .await
        .unwrap();
    let restarting = Script::new("a").start(2, StartAct::Slow(secs(20)));
    jobs.start_child(restarting.clone()).await.unwrap();
    restarting.end(End::Error);
    settle().await;
    let starting = jobs.start_child(Script::new("b").starts_with(StartAct::Slow(secs(10))));
    let refused = async {
        settle().await;
        jobs.start_child(Script::new("c")).await
    };
    let (started, refused) = tokio::join!(starting, refused);
    let error = refused.unwrap_err();
    assert!(
        matches!(error, StartChildError::MaxChildren { max: 2 }),
        "{error}"
    );
    assert_eq!(error.to_string(), "there are 2 children already");
    jobs.terminate_child(started.unwrap().id()).await.unwrap();
    jobs.start_child(Script::new("d")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_again_after_each_way_in_which_a_child_can_go() {
    let jobs = DynamicSupervisor::new("jobs", |job: Script| job.spec().restart(Restart::Temporary))
        .max_children(1);
    let jobs = jobs.start().await.unwrap();
    for act in [StartAct::Fail, StartAct::Panic, StartAct::Ignore] {
        let _refused = jobs.start_child(Script::new("job").starts_with(act)).await;
    }
    for end in [End::Done, End::Error, End::Panic] {
        let job = Script::new("job");
        jobs.start_child(job.clone()).await.unwrap();
        job.end(end);
        settle().await;
    }
    let killed = jobs.start_child(Script::new("job")).await.unwrap();
    jobs.kill_child(killed.id()).await.unwrap();
    settle().await;
    jobs.start_child(Script::new("job")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_child_that_declines_to_start_is_not_kept() {
    let jobs = running().await;
    let shy = jobs
        .start_child(Script::new("shy").starts_with(StartAct::Ignore))
        .await
        .unwrap();
    assert_eq!(shy.incarnation(), None);
    assert!(jobs.which_children().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn all_children_stop_at_the_same_time() {
    let jobs = running().await;
    for _ in 0..5 {
        jobs.start_child(Script::new("job").stop(StopAct::Slow(ms(200))))
            .await
            .unwrap();
    }
    let deaf = DynamicSupervisor::new("deaf", |job: Script| {
        job.spec().shutdown(ShutdownStrategy::Graceful(ms(300)))
    });
    let deaf = deaf.start().await.unwrap();
    for _ in 0..5 {
        deaf.start_child(Script::new("job").stop(StopAct::Hang))
            .await
            .unwrap();
    }
    let began = Instant::now();
    assert!(jobs.shutdown().await.is_clean());
    assert_eq!(began.elapsed(), ms(200));
    let report = deaf.shutdown().await;
    assert_eq!(began.elapsed(), ms(500));
    assert!(report.children().iter().all(|child| child.forced));
}

#[tokio::test(start_paused = true)]
async fn the_children_share_one_intensity() {
    let jobs = jobs().intensity(2, secs(5)).start().await.unwrap();
    let children: Vec<_> = (0..3).map(|_| Script::new("job")).collect();
    for child in &children {
        jobs.start_child(child.clone()).await.unwrap();
    }
    for child in &children {
        child.end(End::Error);
    }
    let exhausted = exhausted(jobs.wait().await);
    assert_eq!(exhausted.child.to_string(), "jobs/job#3");
    assert!(children.iter().all(|child| child.alive() == 0));
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_knows_no_restart_and_no_delete_by_calls() {
    let jobs = running().await;
    let job = jobs.start_child(Script::new("job")).await.unwrap();
    let plain = jobs.as_supervisor();
    assert!(matches!(
        plain.restart_child(job.id()).await,
        Err(ChildError::Dynamic)
    ));
    assert!(matches!(
        plain.delete_child(job.id()).await,
        Err(ChildError::Dynamic)
    ));
    assert!(matches!(
        plain.start_child(Script::new("x")).await,
        Err(StartChildError::Dynamic)
    ));
    assert!(matches!(
        jobs.terminate_child("none").await,
        Err(ChildError::NotFound { .. })
    ));
    jobs.terminate_child(job.id()).await.unwrap();
    assert!(matches!(
        jobs.terminate_child(job.id()).await,
        Err(ChildError::NotFound { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_child_is_terminated_by_its_id_through_any_handle_of_its_supervisor() {
    let jobs = jobs();
    let open = jobs.handle();
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(jobs)).await;
    let by_path = handle.supervisor("jobs").unwrap();
    for way in ["by path", "by context", "untyped", "dynamic"] {
        let (job, other) = (Script::new("job"), Script::new("job"));
        let child = open.start_child(job.clone()).await.unwrap();
        let kept = open.start_child(other.clone()).await.unwrap();
        let context = job.context();
        let id = child.id();
        let terminated = match way {
            "by path" => by_path.terminate_child(id).await,
            "by context" => context.supervisor().terminate_child(id).await,
            "untyped" => open.as_supervisor().terminate_child(id).await,
            _ => open.terminate_child(id).await,
        };
        terminated.unwrap_or_else(|error| panic!("{way}: {error}"));
        assert_eq!((job.alive(), other.alive()), (0, 1), "{way}");
        assert!(
            matches!(
                by_path.terminate_child(id).await,
                Err(ChildError::NotFound { .. })
            ),
            "{way}"
        );
        open.terminate_child(kept.id()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn with_lives_by_identity_an_untyped_handle_does_not_terminate() {
    let mut semantics = Semantics::default();
    semantics.lives_by_identity = true;
    let jobs = jobs().semantics(semantics).start().await.unwrap();
    let job = Script::new("job");
    let child = jobs.start_child(job.clone()).await.unwrap();
    let context = job.context();
    for handle in [jobs.as_supervisor(), context.supervisor()] {
        let terminated = handle.terminate_child(child.id()).await;
        assert!(matches!(terminated, Err(ChildError::Dynamic)));
    }
    assert_eq!(job.alive(), 1);
    jobs.terminate_child(child.id()).await.unwrap();
    assert_eq!(job.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_below_a_dynamic_one_is_found_through_the_handle_of_that() {
    let rooms = DynamicSupervisor::new("rooms", |child: Script| {
        ChildSpec::new(Supervisor::one_for_one("room").child(child))
    });
    let rooms = rooms.start().await.unwrap();
    let room = rooms.start_child(Script::new("worker")).await.unwrap();
    let found = rooms.supervisor("room#1").unwrap();
    assert_eq!(found.path().as_ref(), Some(room.path()));
    assert_eq!(found.count_children().await.unwrap().workers, 1);
    assert!(matches!(
        rooms.supervisor("room#2"),
        Err(PathError::NotFound { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn an_id_is_not_used_again_after_a_restart_of_the_dynamic_supervisor() {
    let jobs = jobs();
    let open = jobs.handle();
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(jobs)).await;
    let mut ids = Vec::new();
    for life in 1..=3 {
        let job = open.start_child(Script::new("job")).await.unwrap();
        assert_eq!(job.id().as_str(), format!("job#{life}"));
        for old in &ids {
            let terminated = open.terminate_child(old).await;
            assert!(
                matches!(terminated, Err(ChildError::NotFound { .. })),
                "{old}: {terminated:?}"
            );
        }
        assert_eq!(open.count_children().await.unwrap().active, 1);
        ids.push(job.id().clone());
        handle.kill_child("jobs").await.unwrap();
        events.expect("app/jobs is restarted").await;
        events.expect("app/jobs runs").await;
    }
}

#[tokio::test(start_paused = true)]
async fn to_terminate_means_the_child_and_with_lives_by_identity_the_life() {
    for by_identity in [false, true] {
        let mut semantics = Semantics::default();
        semantics.lives_by_identity = by_identity;
        let jobs = jobs().semantics(semantics).start().await.unwrap();
        let job = Script::new("job");
        let id = jobs.start_child(job.clone()).await.unwrap().id().clone();
        let hold = jobs.hold();
        job.end(End::Error);
        settle().await;
        let terminate = jobs.terminate_child(&id);
        let release = async {
            settle().await;
            drop(hold);
        };
        let (terminated, ()) = tokio::join!(terminate, release);
        terminated.unwrap();
        settle().await;
        assert_eq!(
            job.alive(),
            usize::from(by_identity),
            "by identity: {by_identity}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_a_dynamic_supervisor_that_ends_are_answered() {
    let jobs = running().await;
    jobs.start_child(Script::new("slow").stop(StopAct::Slow(secs(2))))
        .await
        .unwrap();
    let starting = jobs.start_child(Script::new("starting").starts_with(StartAct::Hang));
    let stop = async {
        settle().await;
        jobs.request_stop();
        settle().await;
        let error = jobs.start_child(Script::new("late")).await.unwrap_err();
        assert!(matches!(error, StartChildError::ShuttingDown), "{error}");
        let began = Instant::now();
        jobs.terminate_child("slow#1").await.unwrap();
        assert!(began.elapsed() <= secs(2));
    };
    let (cut, ()) = tokio::join!(starting, stop);
    assert!(matches!(cut, Err(StartChildError::Cancelled)));
    assert!(matches!(jobs.wait().await, Outcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_fails_follows_the_policy_of_the_child() {
    let jobs = DynamicSupervisor::new("jobs", |(job, policy): (Script, perennial::InitPolicy)| {
        job.spec().init_policy(policy)
    });
    let broken = || Script::new("job").start(2, StartAct::Fail);
    let retried = broken();
    let tree = Supervisor::one_for_one("app").child(jobs.clone());
    let (handle, mut events) = started(&tree).await;
    let open = jobs.handle();
    open.start_child((retried.clone(), perennial::InitPolicy::FatalOnFirstStart))
        .await
        .unwrap();
    retried.end(End::Error);
    settle().await;
    assert_eq!((retried.starts(), retried.alive()), (3, 1));
    let fatal = broken();
    open.start_child((fatal.clone(), perennial::InitPolicy::Fatal))
        .await
        .unwrap();
    fatal.end(End::Error);
    events
        .until("the escalation", |event| {
            matches!(event.kind, perennial::EventKind::Escalated { .. })
        })
        .await;
    assert!(matches!(
        handle.wait().await,
        Outcome::InitializationFailed(_)
    ));
}
