//! How many restarts a supervisor bears, and what it says when it gives up.

use std::error::Error;

use perennial::{
    ChildSpec, Exhausted, ExitReason, InitPolicy, Outcome, Restart, RunError, Semantics,
    ShutdownStrategy, Supervisor,
};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use tokio::time::advance;

use crate::support::{chain, exhausted, ms, secs, started};

#[tokio::test(start_paused = true)]
async fn one_restart_more_than_the_limit_within_the_period_ends_the_supervisor() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(2, secs(10))
        .child(child.clone());
    let (handle, _events) = started(&app).await;
    for _ in 0..3 {
        child.end(End::Error);
        settle().await;
    }
    assert_eq!(child.starts(), 3);
    assert!(matches!(handle.wait().await, Outcome::Exhausted(_)));
}

#[tokio::test(start_paused = true)]
async fn restarts_that_have_left_the_period_do_not_count() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(1, secs(1))
        .child(child.clone());
    let (handle, _events) = started(&app).await;
    for _ in 0..20 {
        child.end(End::Error);
        settle().await;
        advance(secs(1)).await;
    }
    assert_eq!(child.starts(), 21);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_default_limit_is_three_restarts_in_five_seconds() {
    let child = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    for _ in 0..4 {
        child.end(End::Error);
        settle().await;
    }
    let exhausted = exhausted(handle.wait().await);
    assert_eq!((exhausted.restarts, exhausted.period), (3, secs(5)));
    assert_eq!(child.starts(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gave_up_says_which_child_how_it_last_ended_and_what_came_before() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let nested = Supervisor::one_for_one("nested")
        .intensity(1, secs(5))
        .child(a.clone())
        .child(b.clone());
    let app = Supervisor::one_for_one("app")
        .intensity(0, secs(5))
        .child(nested);
    let (handle, _events) = started(&app).await;
    a.end(End::Panic);
    settle().await;
    b.end(End::Error);
    let outer = exhausted(handle.wait().await);
    assert_eq!(
        (outer.path.to_string(), outer.child.to_string()),
        ("app".into(), "app/nested".into())
    );
    let ExitReason::Exhausted(inner) = outer.last_exit() else {
        panic!("{outer}")
    };
    assert_eq!(
        (inner.path.to_string(), inner.child.to_string()),
        ("app/nested".into(), "app/nested/b".into())
    );
    assert_eq!(inner.last_exit().to_string(), "scripted failure");
    let history: Vec<_> = inner
        .history
        .iter()
        .map(|(path, exit)| format!("{path}: {exit}"))
        .collect();
    assert_eq!(history.len(), 2);
    assert!(
        history[0].starts_with("app/nested/a: panicked: scripted panic"),
        "{history:?}"
    );
    assert_eq!(history[1], "app/nested/b: scripted failure");
    assert!(
        outer.source().unwrap().is::<Exhausted>(),
        "the chain goes down: {}",
        chain(&*outer)
    );
    assert!(
        chain(&*outer).ends_with("app/nested/b failed: scripted failure"),
        "{}",
        chain(&*outer)
    );
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_could_not_bring_a_child_back_names_that_failure() {
    let broken = Script::new("broken")
        .start(2, StartAct::Fail)
        .start(3, StartAct::Fail);
    let spec = broken.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let app = Supervisor::one_for_one("app")
        .intensity(2, secs(5))
        .child(spec);
    let (handle, _events) = started(&app).await;
    broken.end(End::Error);
    let exhausted = exhausted(handle.wait().await);
    assert!(
        matches!(exhausted.last_exit(), ExitReason::InitializationFailed(_)),
        "{exhausted:?}"
    );
    assert_eq!(exhausted.history.len(), 3);
    assert_eq!(broken.starts(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_a_sibling_does_meanwhile_does_not_change_whom_a_supervisor_that_gave_up_names() {
    let cases = [
        (Restart::Temporary, 1, End::Done),
        (Restart::Temporary, 1, End::Error),
        (Restart::Transient, 1, End::Done),
        // It is restarted itself, which is borne.
        (Restart::Permanent, 2, End::Panic),
    ];
    for (restart, bears, end) in cases {
        let broken = Script::new("broken").start(2, StartAct::SlowFail(ms(10)));
        let sibling = Script::new("sibling");
        let app = Supervisor::one_for_one("app")
            .intensity(bears, secs(5))
            .child(broken.spec().init_policy(InitPolicy::FatalOnFirstStart))
            .child(sibling.spec().restart(restart));
        let (handle, mut events) = started(&app).await;
        broken.end(End::Error);
        events.expect("app/broken is restarted").await;
        let hold = handle.hold();
        events
            .expect("app/broken could not start: scripted failure")
            .await;
        sibling.end(end);
        settle().await;
        // Heard now: that the start failed, that the sibling is gone, and that it is to be tried again.
        drop(hold);
        let exhausted = exhausted(handle.wait().await);
        assert_eq!(exhausted.child.to_string(), "app/broken", "{restart:?}");
        assert!(
            matches!(exhausted.last_exit(), ExitReason::InitializationFailed(_)),
            "{restart:?}: {exhausted}"
        );
        let told = chain(&*exhausted);
        let expected = "app/broken failed to initialize: scripted failure";
        assert!(told.ends_with(expected), "{restart:?}: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn exits_that_were_part_of_the_plan_are_not_in_the_history() {
    let [temporary, transient, permanent, failing] =
        ["temporary", "transient", "permanent", "failing"].map(Script::new);
    let app = Supervisor::one_for_one("app")
        .intensity(1, secs(5))
        .child(temporary.spec().restart(Restart::Temporary))
        .child(transient.spec().restart(Restart::Transient))
        .child(permanent.clone())
        .child(failing.clone());
    let (handle, _events) = started(&app).await;
    for child in [&permanent, &temporary, &transient] {
        child.end(End::Done);
        settle().await;
    }
    failing.end(End::Error);
    let exhausted = exhausted(handle.wait().await);
    let history = exhausted.history.iter();
    let history: Vec<_> = history
        .map(|(path, exit)| format!("{path}: {exit}"))
        .collect();
    assert_eq!(
        history,
        ["app/permanent: normal", "app/failing: scripted failure"]
    );
    assert_eq!(exhausted.last_exit().to_string(), "scripted failure");
}

#[tokio::test(start_paused = true)]
async fn the_history_is_bounded() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(50, secs(500))
        .child(child.clone());
    let (handle, _events) = started(&app).await;
    for _ in 0..51 {
        child.end(End::Error);
        settle().await;
    }
    assert_eq!(exhausted(handle.wait().await).history.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn an_unlimited_intensity_reserves_no_memory_and_never_gives_up() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(u32::MAX, secs(u64::MAX))
        .child(child.clone());
    let (handle, _events) = started(&app).await;
    for _ in 0..100 {
        child.end(End::Error);
        settle().await;
    }
    assert_eq!(child.starts(), 101);
    handle.shutdown().await;
}

/// A group whose stop outlasts the period, and which fails again each time.
fn slow_group(semantics: Semantics) -> (Supervisor, Script) {
    let child = Script::new("failing");
    let slow = Script::new("slow").stop(StopAct::Slow(ms(2_100)));
    let app = Supervisor::one_for_all("app")
        .semantics(semantics)
        .intensity(1, secs(1))
        .child(child.clone())
        .child(slow.spec().shutdown(ShutdownStrategy::Graceful(secs(5))));
    (app, child)
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_window_stands_still_while_a_group_is_stopped() {
    let (app, child) = slow_group(Semantics::default());
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    events.expect("app/slow is restarted").await;
    settle().await;
    child.end(End::Error);
    assert!(matches!(handle.wait().await, Outcome::Exhausted(_)));
    assert_eq!(child.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn with_whole_seconds_the_clock_of_the_window_goes_on_as_in_otp() {
    let mut semantics = Semantics::default();
    semantics.whole_seconds = true;
    let (app, child) = slow_group(semantics);
    let (handle, mut events) = started(&app).await;
    for _ in 0..3 {
        child.end(End::Error);
        events.expect("app/slow is restarted").await;
        settle().await;
    }
    assert_eq!(child.starts(), 4);
    handle.shutdown().await;
}

fn transient_nested(semantics: Semantics) -> (Supervisor, Script) {
    let child = Script::new("a");
    let nested = Supervisor::one_for_one("nested")
        .intensity(0, secs(1))
        .child(child.clone());
    let spec = ChildSpec::new(nested).restart(Restart::Transient);
    (
        Supervisor::one_for_one("app")
            .semantics(semantics)
            .child(spec),
        child,
    )
}

#[tokio::test(start_paused = true)]
async fn a_transient_supervisor_that_gave_up_is_restarted() {
    let (app, child) = transient_nested(Semantics::default());
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    events.expect("app/nested is restarted").await;
    events.expect("app/nested runs").await;
    let info = handle.which_child("nested").await.unwrap();
    assert!(info.last_exit.unwrap().is_abnormal());
    assert_eq!(child.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn with_clean_exhaustion_a_transient_supervisor_that_gave_up_is_not_restarted() {
    let mut semantics = Semantics::default();
    semantics.clean_exhaustion = true;
    let (app, child) = transient_nested(semantics);
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    events.expect("app/nested exited: shutdown").await;
    settle().await;
    assert_eq!(child.starts(), 1);
    assert_eq!(handle.count_children().await.unwrap().active, 0);
}

#[tokio::test(start_paused = true)]
async fn run_until_returns_the_exhaustion_as_an_error_and_prints_the_story() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(0, secs(5))
        .child(child.clone());
    let mut events = perennial_test::Events::of(&app.handle());
    let run = tokio::spawn(async move { app.run_until(std::future::pending::<()>()).await });
    events.expect("app runs").await;
    child.end(End::Error);
    let error = run.await.unwrap().unwrap_err();
    assert!(matches!(error, RunError::Exhausted { .. }));
    assert!(
        chain(&error).contains("app/a failed: scripted failure"),
        "{}",
        chain(&error)
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_counts_once_whatever_its_size() {
    let failing = Script::new("failing");
    let app = (0..10).fold(
        Supervisor::one_for_all("app").intensity(2, secs(100)),
        |app, index| app.child(Script::new(format!("other{index}"))),
    );
    let (handle, _events) = started(&app.child(failing.clone())).await;
    for _ in 0..2 {
        failing.end(End::Error);
        settle().await;
    }
    assert_eq!(failing.starts(), 3);
    assert!(handle.path().is_some(), "it runs");
}
