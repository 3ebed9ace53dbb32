//! Workers that have nothing to initialize: they are up as soon as their task is spawned.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use perennial::{
    ChildSpec, ChildState, Context, Event, EventKind, ExitReason, InitializationError, Outcome,
    Restart, Started, Supervisable, Supervisor, async_trait, worker,
};
use perennial_test::{Events, settle};

use crate::support::{secs, started};

/// What a worker does that says it has nothing to initialize.
#[derive(Clone, Copy, Debug)]
enum Claim {
    Fails,
    Panics,
    Ignores,
    Hangs,
}

struct Claimant {
    claim: Claim,
    lives: Arc<AtomicUsize>,
}

#[async_trait]
impl Supervisable for Claimant {
    fn name(&self) -> &str {
        "claimant"
    }

    fn restart(&self) -> Restart {
        Restart::Transient
    }

    fn has_initialization(&self) -> bool {
        false
    }

    async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
        self.lives.fetch_add(1, Ordering::Relaxed);
        match self.claim {
            Claim::Fails => Err(InitializationError::new("out of paper")),
            Claim::Panics => panic!("out of ink"),
            Claim::Ignores => Ok(Started::Ignore),
            Claim::Hangs => std::future::pending().await,
        }
    }
}

fn claimant(claim: Claim) -> (ChildSpec, Arc<AtomicUsize>) {
    let lives = Arc::new(AtomicUsize::new(0));
    let child = Claimant {
        claim,
        lives: Arc::clone(&lives),
    };
    (ChildSpec::new(child), lives)
}

async fn app_of(claim: Claim) -> (perennial::SupervisorHandle, Events, Arc<AtomicUsize>) {
    let (spec, lives) = claimant(claim);
    let app = Supervisor::one_for_one("app").intensity(2, secs(5));
    let (handle, events) = started(&app.child(spec)).await;
    (handle, events, lives)
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_what_it_does_at_its_start() {
    let (handle, mut events, lives) = app_of(Claim::Hangs).await;
    events.expect("app/claimant is started").await;
    events.expect("app/claimant runs").await;
    let child = handle.which_child("claimant").await.unwrap();
    assert_eq!(child.state, ChildState::Running);
    settle().await;
    assert_eq!(lives.load(Ordering::Relaxed), 1);
    let report = handle.shutdown().await;
    assert!(report.children()[0].forced, "it has a grace like any other");
}

#[tokio::test(start_paused = true)]
async fn an_error_or_a_panic_at_its_start_is_an_exit_that_counts_as_a_restart() {
    for claim in [Claim::Fails, Claim::Panics] {
        let (handle, _events, lives) = app_of(claim).await;
        let Outcome::Exhausted(exhausted) = handle.wait().await else {
            panic!("{claim:?}: it must not be fatal at once")
        };
        assert_eq!(lives.load(Ordering::Relaxed), 3);
        let reasons = exhausted.history.iter().map(|(_, reason)| reason);
        for reason in reasons {
            let fits = match claim {
                Claim::Panics => matches!(reason, ExitReason::Panicked(_)),
                _ => matches!(reason, ExitReason::Failed(_)),
            };
            assert!(fits, "{claim:?}: {reason:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn if_it_has_nothing_to_run_that_is_a_normal_exit() {
    let (handle, mut events, _lives) = app_of(Claim::Ignores).await;
    events.expect("app/claimant runs").await;
    events.expect("app/claimant exited: normal").await;
    settle().await;
    let child = handle.which_child("claimant").await.unwrap();
    assert_eq!((child.state, child.restarts), (ChildState::Idle, 0));
    handle.restart_child("claimant").await.unwrap();
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_closure_and_what_it_does_first_is_never_an_initialization() {
    let app = Supervisor::one_for_one("app").intensity(0, secs(5));
    let app = app.child(worker("hasty", |_ctx| async { Err("at once".into()) }));
    let (handle, mut events) = started(&app).await;
    let passed = events.until("its end", |event| {
        matches!(event.kind, EventKind::Exited { .. })
    });
    passed.await;
    assert!(matches!(handle.wait().await, Outcome::Exhausted(_)));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_killed_as_soon_as_it_is_heard_of_is_restarted_however_many_start_with_it() {
    let list = Supervisor::one_for_one("app").intensity(1_000, secs(5));
    let handle = list.handle();
    let list = list.observer(move |event: &Event| {
        let starting = matches!(event.kind, EventKind::Starting { .. });
        if starting && event.path.parent().is_some() && event.incarnation.get().is_multiple_of(2) {
            // An observer must not wait, and the kill is done when it is first polled.
            let call = handle.kill_child(event.path.id().clone());
            let mut call = std::pin::pin!(call);
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let _killed = call.as_mut().poll(&mut cx);
        }
    });
    let list = (0..100).fold(list, |list, number| {
        list.child(worker(number.to_string(), |ctx| async move {
            ctx.stopping().await;
            Ok(())
        }))
    });
    let handle = list.start().await.unwrap();
    settle().await;
    assert_eq!(handle.count_children().await.unwrap().active, 100);
    let children = handle.which_children().await.unwrap();
    assert!(children.iter().any(|child| child.restarts > 0));
    assert!(handle.shutdown().await.is_clean());
}
