//! What the report of a stop says.

use perennial::{
    ChildSpec, DynamicSupervisor, ExitReason, Report, Restart, ShutdownStrategy, Supervisor,
};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use tokio::time::advance;

use crate::support::{ms, paths, secs, started};

#[tokio::test(start_paused = true)]
async fn the_report_tells_of_the_whole_tree_in_the_order_of_the_ends() {
    let inner = Supervisor::one_for_one("inner")
        .child(Script::new("x"))
        .child(Script::new("y"));
    let outer = Supervisor::one_for_one("outer")
        .child(inner)
        .child(Script::new("z"));
    let app = Supervisor::one_for_one("app")
        .child(outer)
        .child(Script::new("last"));
    let (handle, _events) = started(&app).await;
    let report = handle.shutdown().await;
    let expected = [
        "app/last",
        "app/outer/z",
        "app/outer/inner/y",
        "app/outer/inner/x",
        "app/outer/inner",
        "app/outer",
    ];
    assert_eq!(paths(&report), expected);
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn it_tells_how_long_each_took_and_who_had_to_be_forced() {
    let deaf = Script::new("deaf").stop(StopAct::Hang);
    let inner = Supervisor::one_for_one("inner")
        .child(deaf.spec().shutdown(ShutdownStrategy::Graceful(ms(300))))
        .child(Script::new("slow").stop(StopAct::Slow(ms(40))));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(inner)).await;
    let report = handle.shutdown().await;
    let told = |report: &Report| -> Vec<_> {
        report
            .children()
            .iter()
            .map(|child| (child.path.to_string(), child.took, child.forced))
            .collect()
    };
    let expected = [
        ("app/inner/slow", ms(40), false),
        ("app/inner/deaf", ms(300), true),
        ("app/inner", ms(340), false),
    ];
    assert_eq!(
        told(&report),
        expected.map(|(path, took, forced)| (path.to_owned(), took, forced))
    );
    assert!(!report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn who_has_ended_when_its_grace_is_over_was_not_forced() {
    let grace = ShutdownStrategy::Graceful(ms(20));
    let child = Script::new("a").stop(StopAct::Slow(ms(10)));
    let app = Supervisor::one_for_one("app").child(child.spec().shutdown(grace));
    let (handle, _events) = started(&app).await;
    let stopping = tokio::spawn({
        let handle = handle.clone();
        async move { handle.shutdown().await }
    });
    settle().await;
    // The supervisor hears of the end later than of the time.
    let hold = handle.hold();
    advance(ms(15)).await;
    settle().await;
    assert_eq!(child.alive(), 0);
    advance(ms(15)).await;
    settle().await;
    drop(hold);
    let report = stopping.await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_while_it_stops_is_not_a_clean_stop() {
    let app = Supervisor::one_for_one("app")
        .child(Script::new("a").stop(StopAct::Fail))
        .child(Script::new("b"));
    let (handle, _events) = started(&app).await;
    let report = handle.shutdown().await;
    assert!(!report.is_clean());
    assert_eq!(
        report.to_string(),
        "app/b  shutdown after 0 ms\napp/a  scripted failure after 0 ms"
    );
}

#[tokio::test(start_paused = true)]
async fn an_initialization_that_fails_while_the_tree_stops_is_told() {
    let children =
        ["a", "b"].map(|id| Script::new(id).start(2, StartAct::Hang).stop(StopAct::Fail));
    let app = children
        .iter()
        .fold(Supervisor::one_for_one("app"), |app, child| {
            app.child(child.clone())
        });
    let failing = Script::new("c").start(2, StartAct::SlowFail(ms(10)));
    let (handle, mut events) = started(&app.child(failing.clone())).await;
    failing.end(End::Error);
    events.expect("app/c is restarted").await;
    let hold = handle.hold();
    events
        .expect("app/c could not start: scripted failure")
        .await;
    handle.request_stop();
    drop(hold);
    let report = handle.shutdown().await;
    let exits: Vec<_> = report
        .children()
        .iter()
        .map(|child| child.exit.to_string())
        .collect();
    assert_eq!(paths(&report), ["app/c", "app/b", "app/a"]);
    assert_eq!(
        exits, ["scripted failure"; 3],
        "all of them, not only the first"
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_fails_by_itself_before_its_turn_to_stop_is_in_the_report() {
    for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
        for end in [End::Error, End::Panic] {
            let first = Script::new("first");
            let app = Supervisor::one_for_one("app")
                .child(first.spec().restart(restart))
                .child(Script::new("slow").stop(StopAct::Slow(secs(1))));
            let (handle, mut events) = started(&app).await;
            handle.request_stop();
            events.expect("app/slow is to stop within 5 s").await;
            first.end(end);
            let report = handle.shutdown().await;
            assert_eq!(paths(&report), ["app/first", "app/slow"], "{restart:?}");
            assert!(report.children()[0].exit.is_abnormal(), "{report}");
            assert!(!report.is_clean(), "{report}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn children_that_ended_before_the_stop_are_not_in_the_report() {
    let gone = Script::new("gone");
    let app = Supervisor::one_for_one("app")
        .child(gone.spec().restart(Restart::Transient))
        .child(Script::new("there"));
    let (handle, _events) = started(&app).await;
    gone.end(End::Done);
    settle().await;
    assert_eq!(paths(&handle.shutdown().await), ["app/there"]);
}

#[tokio::test(start_paused = true)]
async fn what_stopped_before_with_a_group_or_a_call_is_not_in_the_report() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let app = Supervisor::one_for_all("app")
        .child(a.clone())
        .child(b.clone());
    let (handle, mut events) = started(&app).await;
    a.end(End::Error);
    events.expect("app/b is restarted").await;
    events.expect("app/b runs").await;
    handle.terminate_child("b").await.unwrap();
    assert_eq!(paths(&handle.shutdown().await), ["app/a"]);
}

#[tokio::test(start_paused = true)]
async fn the_children_of_a_dynamic_supervisor_stand_in_the_report() {
    let jobs = DynamicSupervisor::new("jobs", |slow: u64| {
        Script::new("job").stop(StopAct::Slow(secs(slow)))
    });
    let open = jobs.handle();
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(jobs)).await;
    for slow in [2, 1] {
        open.start_child(slow).await.unwrap();
    }
    let report = handle.shutdown().await;
    assert_eq!(
        paths(&report),
        ["app/jobs/job#2", "app/jobs/job#1", "app/jobs"]
    );
    assert_eq!(report.children()[2].took, secs(2), "all at the same time");
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_that_is_killed_for_its_grace_is_told_as_forced() {
    let deaf = Script::new("deaf").stop(StopAct::Hang);
    let nested = Supervisor::one_for_one("nested").child(deaf);
    let spec = ChildSpec::new(nested).shutdown(ShutdownStrategy::Graceful(ms(100)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    let report = handle.shutdown().await;
    let nested = report.children().last().unwrap();
    assert!(nested.forced, "{report}");
    assert!(matches!(nested.exit, ExitReason::Killed), "{report}");
}
