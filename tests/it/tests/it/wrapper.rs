//! A user's type that wraps a supervisor is as good as the supervisor.

use std::sync::Arc;

use perennial::{
    ChildKind, ChildPath, ChildSpec, Context, Findings, InitializationError, Restart,
    ShutdownStrategy, Started, Supervisable, Supervisor, async_trait,
};
use perennial_test::{End, Events, Journal, Script, StartAct, StopAct, settle};
use tokio::sync::Notify;
use tokio::time::{Instant, advance};

use crate::support::{chain, paths, secs, started};

/// A part of an application that is a supervisor inside.
struct Storage(Supervisor);

#[async_trait]
impl Supervisable for Storage {
    fn name(&self) -> &str {
        "storage"
    }

    fn restart(&self) -> Restart {
        self.0.restart()
    }

    fn shutdown_strategy(&self) -> ShutdownStrategy {
        self.0.shutdown_strategy()
    }

    fn kind(&self) -> ChildKind {
        self.0.kind()
    }

    fn children(&self) -> &[ChildSpec] {
        self.0.children()
    }

    fn findings(&self, path: &ChildPath) -> Findings {
        self.0.findings(path)
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        self.0.initialize(ctx).await
    }
}

/// One that hands on nothing but the start: seen from above it is a worker.
struct Opaque(Supervisor);

#[async_trait]
impl Supervisable for Opaque {
    fn name(&self) -> &str {
        "opaque"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        self.0.initialize(ctx).await
    }
}

fn storage(journal: &Journal) -> Supervisor {
    let slow = |id| {
        let child = Script::new(id).noting(journal).stop(StopAct::Slow(secs(4)));
        child.spec().shutdown(ShutdownStrategy::Graceful(secs(5)))
    };
    Supervisor::rest_for_one("inner")
        .child(slow("database"))
        .child(slow("indexer"))
}

#[tokio::test(start_paused = true)]
async fn a_wrapped_supervisor_nests_stops_in_order_and_gets_its_time() {
    let journal = Journal::default();
    let (handle, _events) =
        started(&Supervisor::one_for_one("app").child(Storage(storage(&journal)))).await;
    let report = handle.shutdown().await;
    assert_eq!(journal.all("ends"), ["indexer", "database"]);
    assert_eq!(
        paths(&report),
        ["app/storage/indexer", "app/storage/database", "app/storage"]
    );
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_wrapped_supervisor_stands_in_snapshots_counts_and_paths() {
    let journal = Journal::default();
    let (handle, _events) =
        started(&Supervisor::one_for_one("app").child(Storage(storage(&journal)))).await;
    let snapshot = handle.snapshot();
    assert_eq!(
        snapshot.find("app/storage").unwrap().strategy,
        Some("rest-for-one")
    );
    assert!(snapshot.find("app/storage/indexer").is_some());
    assert_eq!(handle.count_children().await.unwrap().supervisors, 1);
    let inner = handle.supervisor("storage").unwrap();
    assert_eq!(inner.path().unwrap().to_string(), "app/storage");
    assert_eq!(inner.count_children().await.unwrap().active, 2);
}

#[tokio::test(start_paused = true)]
async fn the_faults_below_a_wrapped_supervisor_are_found() {
    let storage = Storage(
        Supervisor::one_for_one("inner")
            .child(Script::new("x"))
            .child(Script::new("x")),
    );
    let error = Supervisor::one_for_one("app")
        .child(storage)
        .start()
        .await
        .unwrap_err();
    assert!(
        chain(&error).contains("app/storage/x has the id of a sibling before it"),
        "{}",
        chain(&error)
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrapped_supervisor_is_restarted_with_its_own_children() {
    let journal = Journal::default();
    let storage = storage(&journal);
    let inner = storage.handle();
    let (handle, mut events) =
        started(&Supervisor::one_for_one("app").child(Storage(storage))).await;
    handle.kill_child("storage").await.unwrap();
    events.expect("app/storage is restarted").await;
    events.expect("app/storage runs").await;
    assert_eq!(inner.count_children().await.unwrap().active, 2);
    assert_eq!(journal.all("runs").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_wrapped_as_a_worker_runs_and_stops_all_the_same() {
    let child = Script::new("child");
    let opaque = Opaque(Supervisor::one_for_one("inner").child(child.clone()));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(opaque)).await;
    child.end(End::Error);
    settle().await;
    assert_eq!(child.starts(), 2);
    let report = handle.shutdown().await;
    assert_eq!(paths(&report), ["app/opaque/child", "app/opaque"]);
    assert_eq!(child.alive(), 0);
}

/// One that takes its time after the supervisor in it is up.
struct Leisurely(Supervisor, Arc<Notify>);

#[async_trait]
impl Supervisable for Leisurely {
    fn name(&self) -> &str {
        "leisurely"
    }

    fn kind(&self) -> ChildKind {
        self.0.kind()
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let started = self.0.initialize(ctx).await?;
        self.1.notified().await;
        Ok(started)
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_wrapped_supervisor_hears_late_it_hears_when_it_runs() {
    let deaf = Script::new("deaf").stop(StopAct::Hang);
    let slow = Script::new("slow").starts_with(StartAct::Slow(secs(1)));
    let inner = Supervisor::one_for_one("inner").child(deaf).child(slow);
    let (inside, go_on) = (inner.handle(), Arc::new(Notify::new()));
    let app = Supervisor::one_for_one("app").child(Leisurely(inner, Arc::clone(&go_on)));
    let mut events = Events::of(&app.handle());
    let start = tokio::spawn(async move { app.start().await });
    events.expect("app/leisurely/deaf runs").await;
    settle().await;
    let hold = inside.hold();
    events.expect("app/leisurely/slow runs").await;
    let stop = tokio::spawn(async move { inside.terminate_child("deaf").await });
    settle().await;
    // It finds both: that all its children are up, and the call.
    drop(hold);
    settle().await;
    advance(secs(20)).await;
    go_on.notify_one();
    events
        .expect("app/leisurely/deaf is to stop within 5 s")
        .await;
    let asked = Instant::now();
    events.expect("app/leisurely/deaf is killed").await;
    assert_eq!(asked.elapsed(), secs(5));
    stop.await.unwrap().unwrap();
    start.await.unwrap().unwrap().shutdown().await;
}
