//! What a child is given.

use std::sync::{Arc, Mutex};

use perennial::{
    BoxError, ChildSpec, Context, ExitReason, Incarnation, InitializationError, ShutdownStrategy,
    Started, Supervisable, Supervisor, async_trait, worker,
};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use tokio::time::Instant;

use crate::support::{ms, secs, started};

#[tokio::test(start_paused = true)]
async fn a_context_tells_the_path_and_the_supervisor() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .child(Supervisor::one_for_one("nested").child(child.clone()));
    let (_handle, _events) = started(&app).await;
    let ctx = child.context();
    assert_eq!(ctx.path().to_string(), "app/nested/a");
    assert_eq!(ctx.supervisor().path().unwrap().to_string(), "app/nested");
    assert_eq!(ctx.supervisor().which_children().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_incarnation_is_unique_in_its_tree_and_greater_than_those_before() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let (handle, _events) = started(
        &Supervisor::one_for_one("app")
            .intensity(50, secs(5))
            .child(a.clone())
            .child(b.clone()),
    )
    .await;
    let mut lives: Vec<Incarnation> = vec![a.context().incarnation(), b.context().incarnation()];
    for _ in 0..10 {
        for child in [&a, &b] {
            child.end(End::Error);
            settle().await;
            lives.push(child.context().incarnation());
        }
    }
    assert!(
        lives.is_sorted_by(|before, after| before < after),
        "{lives:?}"
    );
    let shown = handle.which_child("b").await.unwrap().incarnation;
    assert_eq!(shown, lives.last().copied());
}

#[tokio::test(start_paused = true)]
async fn the_last_exit_says_how_the_life_before_ended() {
    let child = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    assert!(child.context().last_exit().is_none());
    child.end(End::Error);
    settle().await;
    assert_eq!(
        child.context().last_exit().unwrap().to_string(),
        "scripted failure"
    );
    handle.kill_child("a").await.unwrap();
    settle().await;
    assert!(matches!(
        child.context().last_exit(),
        Some(ExitReason::Killed)
    ));
    handle.terminate_child("a").await.unwrap();
    handle.restart_child("a").await.unwrap();
    assert!(matches!(
        child.context().last_exit(),
        Some(ExitReason::Shutdown)
    ));
}

#[tokio::test(start_paused = true)]
async fn the_stop_deadline_is_there_with_the_request_and_not_before() {
    let graceful = Script::new("graceful").stop(StopAct::Slow(secs(1)));
    let infinite = Script::new("infinite").stop(StopAct::Slow(secs(1)));
    let app = Supervisor::one_for_one("app")
        .child(infinite.spec().shutdown(ShutdownStrategy::Infinite))
        .child(
            graceful
                .spec()
                .shutdown(ShutdownStrategy::Graceful(secs(7))),
        );
    let (handle, mut events) = started(&app).await;
    assert_eq!(graceful.context().stop_deadline(), None);
    let began = Instant::now();
    handle.request_stop();
    events.expect("app/infinite is to stop").await;
    assert!(graceful.context().is_stopping() && infinite.context().is_stopping());
    assert_eq!(graceful.context().stop_deadline(), Some(began + secs(7)));
    assert_eq!(infinite.context().stop_deadline(), None);
    handle.wait().await;
}

#[tokio::test(start_paused = true)]
async fn the_request_to_stop_can_be_awaited_by_many_at_any_time_and_a_dropped_signal_loses_nothing()
{
    let child = Script::new("a").stop(StopAct::Slow(secs(1)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    let ctx = child.context();
    let mut dropped = ctx.stopping();
    assert!(tokio::time::timeout(ms(1), &mut dropped).await.is_err());
    let kept = dropped.clone();
    drop(dropped);
    let waiting: Vec<_> = (0..5).map(|_| tokio::spawn(ctx.stopping())).collect();
    settle().await;
    assert!(!kept.is_requested());
    handle.request_stop();
    for signal in waiting {
        signal.await.unwrap();
    }
    kept.await;
    ctx.stopping().await;
}

#[tokio::test(start_paused = true)]
async fn the_token_is_cancelled_with_the_request_and_to_cancel_it_oneself_stops_nobody() {
    let child = Script::new("a").stop(StopAct::Slow(secs(1)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    let (mine, other) = (child.context().token(), child.context().token());
    mine.cancel();
    assert!(!other.is_cancelled() && !child.context().is_stopping());
    handle.request_stop();
    other.cancelled().await;
    assert!(
        child.context().token().is_cancelled(),
        "also one that is made afterwards"
    );
    handle.wait().await;
}

/// Sees the stop in its initialization, and says so.
struct Watchful(Arc<Mutex<Vec<&'static str>>>);

#[async_trait]
impl Supervisable for Watchful {
    fn name(&self) -> &str {
        "watchful"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        ctx.stopping().await;
        self.0.lock().unwrap().push("saw it");
        Ok(Started::Ignore)
    }
}

#[tokio::test(start_paused = true)]
async fn an_initialization_can_see_the_request_to_stop_and_end_by_itself() {
    let seen = Arc::default();
    let app = Supervisor::one_for_one("app").child(Watchful(Arc::clone(&seen)));
    let handle = app.handle();
    let start = tokio::spawn(async move { app.start().await });
    settle().await;
    handle.shutdown().await;
    start.await.unwrap().unwrap_err();
    assert_eq!(*seen.lock().unwrap(), ["saw it"]);
}

/// Starts a sibling from inside of its own initialization, and waits for it.
struct Elder;

#[async_trait]
impl Supervisable for Elder {
    fn name(&self) -> &str {
        "elder"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let younger = Script::new("younger").starts_with(StartAct::Slow(ms(10)));
        ctx.supervisor()
            .start_child(younger)
            .await
            .map_err(InitializationError::new)?;
        Ok(Started::run(async move { ctx.stopping().await }))
    }
}

#[tokio::test(start_paused = true)]
async fn start_child_from_inside_of_an_initialization_does_not_deadlock() {
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(Elder)).await;
    assert_eq!(handle.count_children().await.unwrap().active, 2);
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn start_child_from_inside_of_a_child_that_start_child_started_does_not_deadlock() {
    let (handle, _events) = started(&Supervisor::one_for_one("app")).await;
    handle.start_child(Elder).await.unwrap();
    assert_eq!(handle.count_children().await.unwrap().active, 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_can_stop_its_own_supervisor() {
    let app = Supervisor::one_for_one("app").child(worker("quitter", |ctx: Context| async move {
        ctx.supervisor().request_stop();
        ctx.stopping().await;
        Ok(())
    }));
    let handle = app.start().await.unwrap();
    assert!(matches!(handle.wait().await, perennial::Outcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_the_end_of_its_own_supervisor_is_killed_for_its_grace() {
    let app = Supervisor::one_for_one("app").child(worker("knot", |ctx: Context| async move {
        ctx.supervisor().shutdown().await;
        Ok(())
    }));
    let handle = app.start().await.unwrap();
    let report = handle.shutdown().await;
    assert!(report.children()[0].forced);
}

/// A worker that yields what it is told.
fn yielding<T: perennial::IntoExit + Send + 'static>(output: fn() -> T) -> ChildSpec {
    struct Yields<T>(fn() -> T);
    #[async_trait]
    impl<T: perennial::IntoExit + Send + 'static> Supervisable for Yields<T> {
        fn name(&self) -> &str {
            "a"
        }
        async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
            let output = self.0;
            Ok(Started::run(async move { output() }))
        }
    }
    ChildSpec::new(Yields(output)).restart(perennial::Restart::Temporary)
}

#[tokio::test(start_paused = true)]
async fn what_a_worker_yields_is_its_exit() {
    let cases = [
        (yielding(|| ()), "normal"),
        (yielding(|| Ok::<(), BoxError>(())), "normal"),
        (
            yielding(|| Err::<(), BoxError>("no disk".into())),
            "no disk",
        ),
        (
            yielding(|| Err::<(), std::fmt::Error>(std::fmt::Error)),
            "an error occurred when formatting an argument",
        ),
        (yielding(|| ExitReason::Normal), "normal"),
        (yielding(|| ExitReason::Shutdown), "shutdown"),
        (
            yielding(|| ExitReason::shutdown_with("moved")),
            "shutdown: moved",
        ),
        (yielding(|| ExitReason::failed("odd")), "odd"),
    ];
    let (handle, mut events) = started(&Supervisor::one_for_one("app")).await;
    for (spec, expected) in cases {
        handle.start_child(spec).await.unwrap();
        events.expect(&format!("app/a exited: {expected}")).await;
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_ok_after_the_request_to_stop_is_the_exit_shutdown_and_normal_without() {
    let (done, asked) = (Script::new("done"), Script::new("asked"));
    let app = Supervisor::one_for_one("app")
        .child(asked)
        .child(done.spec().restart(perennial::Restart::Transient));
    let (handle, mut events) = started(&app).await;
    done.end(End::Done);
    events.expect("app/done exited: normal").await;
    let report = handle.shutdown().await;
    assert!(matches!(report.children()[0].exit, ExitReason::Shutdown));
}
