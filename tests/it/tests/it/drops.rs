//! What a drop does: of each handle, and of each future that waits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use perennial::{
    Context, DynamicSupervisor, Event, EventKind, ExitReason, InitializationError, Outcome,
    Restart, Started, Supervisable, Supervisor, worker,
};
use perennial_test::{Events, Journal, Script, StartAct, StopAct, settle};
use tokio::time::timeout;

use crate::support::{ms, secs, started};

#[tokio::test(start_paused = true)]
async fn dropping_every_handle_of_a_tree_stops_nothing() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app").child(child.clone());
    let handle = app.start().await.unwrap();
    let events = Events::of(&handle);
    let new = handle.start_child(Script::new("b")).await.unwrap();
    drop((new, handle.supervisor("x"), events, app, handle));
    settle().await;
    assert_eq!((child.alive(), child.starts()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_of_a_dynamic_supervisor_stops_nothing() {
    let child = Script::new("job");
    let template = child.clone();
    let jobs = DynamicSupervisor::new("jobs", move |(): ()| template.clone())
        .start()
        .await
        .unwrap();
    let job = jobs.start_child(()).await.unwrap();
    drop((jobs, job));
    settle().await;
    assert_eq!(child.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_context_or_a_stop_signal_loses_no_request() {
    let child = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    drop((
        child.context().stopping(),
        child.context().token(),
        child.context(),
    ));
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_context_that_outlives_its_child_keeps_nothing_alive() {
    let child = Script::new("a");
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    let kept = child.context();
    handle.shutdown().await;
    assert_eq!(
        events.rest().await.last().unwrap().to_string(),
        "app exited: shutdown"
    );
    assert!(kept.is_stopping() && kept.supervisor().path().is_none());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_start_kills_what_was_started() {
    let (up, stuck) = (
        Script::new("up").stop(StopAct::Hang),
        Script::new("stuck").starts_with(StartAct::Hang),
    );
    let nested = Supervisor::one_for_one("nested").child(up.clone());
    let app = Supervisor::one_for_one("app")
        .child(nested)
        .child(stuck.clone());
    assert!(timeout(ms(10), app.start()).await.is_err());
    settle().await;
    assert_eq!((up.alive(), stuck.alive()), (0, 0));
    assert!(matches!(app.handle().wait().await, Outcome::Killed));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_run_until_kills_the_tree() {
    let child = Script::new("a").stop(StopAct::Slow(secs(1)));
    let app = Supervisor::one_for_one("app")
        .child(Supervisor::one_for_one("nested").child(child.clone()));
    assert!(
        timeout(ms(10), app.run_until(std::future::pending::<()>()))
            .await
            .is_err()
    );
    settle().await;
    assert_eq!(child.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_run_until_while_the_tree_stops_kills_the_rest() {
    let children = ["a", "b"].map(|id| Script::new(id).stop(StopAct::Slow(secs(4))));
    let app = children
        .iter()
        .fold(Supervisor::one_for_one("app"), |app, child| {
            app.child(child.clone())
        });
    assert!(
        timeout(secs(5), app.run_until(std::future::ready(())))
            .await
            .is_err()
    );
    settle().await;
    assert_eq!(children.map(|child| child.alive()), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_start_child_leaves_a_child_that_was_heard_of() {
    let child = Script::new("slow").starts_with(StartAct::Slow(secs(1)));
    let (handle, mut events) = started(&Supervisor::one_for_one("app")).await;
    assert!(
        timeout(ms(10), handle.start_child(child.clone()))
            .await
            .is_err()
    );
    events.expect("app/slow runs").await;
    assert_eq!(child.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_start_child_before_it_is_polled_starts_nothing() {
    let child = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app")).await;
    drop(handle.start_child(child.clone()));
    settle().await;
    assert_eq!(child.starts(), 0);
}

/// As the docs promise: before the supervisor has heard the call, a drop takes it back.
#[tokio::test(start_paused = true)]
async fn dropping_a_call_before_the_supervisor_has_heard_it_takes_it_back() {
    let (new, old) = (Script::new("new"), Script::new("old"));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(old.clone())).await;
    let hold = handle.hold();
    assert!(
        timeout(ms(1), handle.start_child(new.clone()))
            .await
            .is_err()
    );
    assert!(timeout(ms(1), handle.terminate_child("old")).await.is_err());
    drop(hold);
    settle().await;
    assert_eq!((new.starts(), old.alive()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_shutdown_does_not_take_the_request_back() {
    let child = Script::new("a").stop(StopAct::Slow(secs(1)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    assert!(timeout(ms(10), handle.shutdown()).await.is_err());
    assert!(matches!(handle.wait().await, Outcome::Stopped));
    assert_eq!(child.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_wait_changes_nothing() {
    let child = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    assert!(timeout(ms(10), handle.wait()).await.is_err());
    assert_eq!(child.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_read_of_events_loses_none() {
    let (handle, _events) = started(&Supervisor::one_for_one("app")).await;
    let mut stream = handle.events();
    assert!(timeout(ms(10), stream.next()).await.is_err());
    handle.start_child(Script::new("a")).await.unwrap();
    assert_eq!(
        stream.next().await.unwrap().unwrap().to_string(),
        "app/a is added"
    );
}

/// Notes in a journal when it is dropped.
struct Held(&'static str, Journal);

impl Drop for Held {
    fn drop(&mut self) {
        self.1.note(self.0);
    }
}

/// A child, each part of which is noted when it is dropped.
struct Noted(Held);

impl Noted {
    fn held(&self, what: &'static str) -> Held {
        Held(what, self.0.1.clone())
    }
}

impl Supervisable for Noted {
    fn name(&self) -> &str {
        "noted"
    }

    fn initialize<'a, 'b>(
        &'a self,
        _ctx: Context,
    ) -> Pin<Box<dyn Future<Output = Result<Started<'a>, InitializationError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let (initialization, run) = (self.held("initialization"), self.held("run"));
        let mut run = Some(Box::pin(async move {
            let _run = run;
            Some(ExitReason::Normal)
        }));
        // Unlike an async block it holds what it has until it is dropped.
        Box::pin(std::future::poll_fn(move |_| {
            let _held = &initialization;
            Poll::Ready(Ok(Started::Run(run.take().expect("it is polled once"))))
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_life_holds_is_dropped_before_others_are_told_how_far_it_is() {
    let journal = Journal::default();
    let (told, made) = (journal.clone(), journal.clone());
    let app = Supervisor::one_for_one("app")
        .observer(move |event: &Event| {
            if event.path.id().as_str() == "noted" {
                told.note(event.to_string());
            }
        })
        // Who stands in is made for one life, and held by nobody else.
        .stand_ins(move |_, _, _| Arc::new(Noted(Held("child", made.clone()))))
        .child(worker("noted", |_ctx| async { Ok(()) }).restart(Restart::Temporary));
    let (handle, mut events) = started(&app).await;
    let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
    events.until("its end", is_end).await;
    handle.shutdown().await;
    assert_eq!(
        journal.take(),
        [
            "app/noted is started",
            "initialization",
            "app/noted runs",
            "run",
            "child",
            "app/noted exited: normal",
            "app/noted is removed",
        ]
    );
}
