//! Which children are restarted, with whom, and how they ended.

use perennial::{
    ChildState, Context, EventKind, ExitReason, InitializationError, Restart, Started, Strategy,
    Supervisable, Supervisor, async_trait, install_panic_hook, worker,
};
use perennial_test::{End, Journal, Script, settle};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{secs, started};

fn tree(strategy: Strategy) -> (Supervisor, [Script; 3], Journal) {
    let journal = Journal::default();
    let children = ["a", "b", "c"].map(|id| Script::new(id).noting(&journal));
    let app = children
        .iter()
        .fold(Supervisor::new("app", strategy), |app, child| {
            app.child(child.clone())
        });
    (app, children, journal)
}

#[tokio::test(start_paused = true)]
async fn one_for_one_restarts_the_failed_child_alone() {
    let (app, [_, b, _], journal) = tree(Strategy::OneForOne);
    let (_handle, _events) = started(&app).await;
    let _starts = journal.take();
    b.end(End::Error);
    settle().await;
    assert_eq!(journal.take(), ["b ends", "b starts", "b runs"]);
}

#[tokio::test(start_paused = true)]
async fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    let (app, [_, b, _], journal) = tree(Strategy::OneForAll);
    let (_handle, _events) = started(&app).await;
    let _starts = journal.take();
    b.end(End::Error);
    settle().await;
    let expected = [
        "b ends",
        "c is to stop",
        "c ends",
        "a is to stop",
        "a ends",
        "a starts",
        "a runs",
        "b starts",
        "b runs",
        "c starts",
        "c runs",
    ];
    assert_eq!(journal.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_leaves_those_before_the_failed_child_alone() {
    let (app, [_, b, _], journal) = tree(Strategy::RestForOne);
    let (_handle, _events) = started(&app).await;
    let _starts = journal.take();
    b.end(End::Error);
    settle().await;
    let expected = [
        "b ends",
        "c is to stop",
        "c ends",
        "b starts",
        "b runs",
        "c starts",
        "c runs",
    ];
    assert_eq!(journal.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_was_added_at_run_time_is_restarted_with_its_group_at_its_place() {
    let (app, [a, ..], journal) = tree(Strategy::OneForAll);
    let (handle, _events) = started(&app).await;
    handle
        .start_child(Script::new("added").noting(&journal))
        .await
        .unwrap();
    let _starts = journal.take();
    a.end(End::Error);
    settle().await;
    assert_eq!(journal.all("ends"), ["a", "added", "c", "b"]);
    assert_eq!(journal.all("runs"), ["a", "b", "c", "added"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_was_added_at_run_time_is_gone_when_its_supervisor_is_restarted() {
    let nested = Supervisor::one_for_one("nested").child(Script::new("own"));
    let inner = nested.handle();
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(nested)).await;
    inner.start_child(Script::new("added")).await.unwrap();
    handle.kill_child("nested").await.unwrap();
    events.expect("app/nested is restarted").await;
    events.expect("app/nested runs").await;
    let ids: Vec<_> = inner
        .which_children()
        .await
        .unwrap()
        .into_iter()
        .map(|child| child.id)
        .collect();
    assert_eq!(ids, ["own"]);
}

/// Restart type, how it ends, and whether it is restarted.
#[tokio::test(start_paused = true)]
async fn the_restart_type_decides_which_exits_are_followed_by_a_restart() {
    let clean = || {
        [
            End::Done,
            End::With(ExitReason::Shutdown),
            End::With(ExitReason::shutdown_with("moved")),
        ]
    };
    let abnormal = || [End::Error, End::Panic, End::With(ExitReason::Killed)];
    let cases = [
        (Restart::Permanent, true, true),
        (Restart::Transient, false, true),
        (Restart::Temporary, false, false),
    ];
    for (restart, after_clean, after_abnormal) in cases {
        let ends = clean().map(|end| (end, after_clean)).into_iter();
        for (end, expected) in ends.chain(abnormal().map(|end| (end, after_abnormal))) {
            let child = Script::new("a");
            let app = Supervisor::one_for_one("app").child(child.spec().restart(restart));
            let (handle, _events) = started(&app).await;
            child.end(end.clone());
            settle().await;
            assert_eq!(child.alive() == 1, expected, "{restart:?} after {end:?}");
            let kept = !handle.which_children().await.unwrap().is_empty();
            assert_eq!(kept, restart != Restart::Temporary);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_exit_that_is_not_followed_by_a_restart_touches_nobody_and_is_not_counted() {
    let siblings = Script::new("sibling");
    let workers: Vec<_> = (0..20)
        .map(|index| Script::new(format!("job{index}")))
        .collect();
    let app = Supervisor::one_for_all("app")
        .intensity(0, secs(1_000))
        .child(siblings.clone());
    let spec = |job: &Script| job.spec().restart(Restart::Transient);
    let app = workers.iter().fold(app, |app, job| app.child(spec(job)));
    let (handle, _events) = started(&app).await;
    for job in &workers {
        job.end(End::Done);
    }
    settle().await;
    assert_eq!(handle.count_children().await.unwrap().active, 1);
    assert_eq!(siblings.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_kill_from_outside_is_an_abnormal_exit_that_the_restart_type_judges() {
    let (transient, temporary) = (Script::new("transient"), Script::new("temporary"));
    let app = Supervisor::one_for_one("app")
        .child(transient.spec().restart(Restart::Transient))
        .child(temporary.spec().restart(Restart::Temporary));
    let (handle, mut events) = started(&app).await;
    handle.kill_child("transient").await.unwrap();
    events.expect("app/transient exited: killed").await;
    events.expect("app/transient runs").await;
    handle.kill_child("temporary").await.unwrap();
    events.expect("app/temporary exited: killed").await;
    settle().await;
    assert_eq!((transient.starts(), temporary.starts()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_told_with_its_message_and_its_location() {
    install_panic_hook();
    let app = Supervisor::one_for_one("app").child(worker("indexer", |_ctx| async {
        let page = std::hint::black_box(7);
        assert!(page < 3, "there is no page {page}");
        Ok(())
    }));
    let (handle, mut events) = started(&app).await;
    let exited = events
        .until("the panic", |event| {
            matches!(event.kind, EventKind::Exited { .. })
        })
        .await;
    let EventKind::Exited {
        reason: ExitReason::Panicked(panic),
    } = exited.kind
    else {
        panic!("{exited}")
    };
    assert_eq!(panic.message(), "there is no page 7");
    assert!(panic.location().unwrap().contains("restart.rs:"), "{panic}");
    handle.wait().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_with_a_value_that_is_no_text_is_told_too() {
    let app = Supervisor::one_for_one("app").child(
        worker("odd", |_ctx| async { std::panic::panic_any(42) }).restart(Restart::Transient),
    );
    let (_handle, mut events) = started(&app).await;
    events
        .until("the panic", |event| {
            event.to_string().contains("a value that is not text")
        })
        .await;
}

/// Its name differs each time it is asked.
struct Fickle(AtomicUsize, String, String);

#[async_trait]
impl Supervisable for Fickle {
    fn name(&self) -> &str {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => &self.1,
            _ => &self.2,
        }
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        Ok(Started::run(async move { ctx.stopping().await }))
    }
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_child_is_read_once_and_stays_over_restarts() {
    let fickle = Fickle(AtomicUsize::new(0), "first".into(), "other".into());
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(fickle)).await;
    handle.kill_child("first").await.unwrap();
    events.expect("app/first is restarted").await;
    events.expect("app/first runs").await;
    let child = &handle.which_children().await.unwrap()[0];
    assert_eq!(
        (child.id.as_str(), child.state, child.restarts),
        ("first", ChildState::Running, 1)
    );
}
