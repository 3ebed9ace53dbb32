//! The end of a whole tree from outside: its root is killed, or its runtime ends.

use perennial::{ChildError, Outcome, RunError, Semantics, Supervisor};
use perennial_test::{Events, Journal, Script, StopAct, settle};

use crate::support::{ms, secs, started};

fn tree(journal: &Journal) -> (Supervisor, [Script; 3]) {
    let children =
        ["a", "b", "c"].map(|id| Script::new(id).noting(journal).stop(StopAct::Slow(secs(1))));
    let [a, b, c] = children.clone();
    let deep = Supervisor::one_for_one("deep").child(a).child(b);
    let app = Supervisor::one_for_one("app")
        .child(Supervisor::one_for_one("nested").child(deep))
        .child(c);
    (app, children)
}

#[tokio::test(start_paused = true)]
async fn to_kill_the_root_kills_the_whole_tree() {
    let journal = Journal::default();
    let (app, children) = tree(&journal);
    let (handle, _events) = started(&app).await;
    let _starts = journal.take();
    let inner = handle.supervisor("nested/deep").unwrap();
    handle.kill();
    assert!(matches!(handle.wait().await, Outcome::Killed));
    settle().await;
    assert_eq!(children.map(|child| child.alive()), [0; 3]);
    assert!(journal.all("is to stop").is_empty(), "nobody is asked");
    assert!(matches!(inner.wait().await, Outcome::Killed));
    assert!(matches!(
        inner.terminate_child("a").await,
        Err(ChildError::NotRunning { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn with_orderly_orphans_the_supervisors_below_a_killed_root_stop_their_children_in_order() {
    let journal = Journal::default();
    let (app, children) = tree(&journal);
    let mut semantics = Semantics::default();
    semantics.orderly_orphans = true;
    let (handle, _events) = started(&app.semantics(semantics)).await;
    let _starts = journal.take();
    let nested = handle.supervisor("nested").unwrap();
    handle.kill();
    nested.wait().await;
    assert_eq!(children.map(|child| child.alive()), [0; 3]);
    assert_eq!(journal.all("is to stop"), ["b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn run_until_of_a_killed_tree_is_an_error() {
    let (app, _children) = tree(&Journal::default());
    let handle = app.handle();
    let mut events = Events::of(&handle);
    let run = tokio::spawn(async move { app.run_until(std::future::pending::<()>()).await });
    events.expect("app runs").await;
    handle.kill();
    assert!(matches!(run.await.unwrap(), Err(RunError::Killed { .. })));
}

#[test]
fn a_runtime_that_ends_while_a_tree_runs_takes_the_tree_with_it() {
    for threads in [1, 2] {
        let journal = Journal::default();
        let (app, children) = tree(&journal);
        let runtime = match threads {
            1 => tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            _ => tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap(),
        };
        let handle = runtime.block_on(app.start()).unwrap();
        let mut events = handle.events();
        drop(runtime);
        assert_eq!(children.map(|child| child.alive()), [0; 3]);
        let other = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        other.block_on(async {
            assert!(matches!(handle.wait().await, Outcome::Killed));
            assert!(handle.shutdown().await.children().is_empty());
            while events.next().await.is_some() {}
        });
    }
}

#[test]
fn a_tree_that_was_started_on_one_runtime_can_be_steered_from_another() {
    let home = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let away = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let child = Script::new("a");
    let handle = home
        .block_on(Supervisor::one_for_one("app").child(child.clone()).start())
        .unwrap();
    away.block_on(async {
        handle.start_child(Script::new("b")).await.unwrap();
        handle.terminate_child("a").await.unwrap();
        let report = tokio::time::timeout(ms(10_000), handle.shutdown())
            .await
            .unwrap();
        assert_eq!(report.children().len(), 1);
    });
}
