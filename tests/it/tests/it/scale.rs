//! Trees that are deep, and supervisors with many children.

use perennial::{ChildSpec, DynamicSupervisor, Restart, Supervisor, worker};
use perennial_test::{End, Events, Script, settle};

use crate::support::secs;

const DEPTH: usize = 2_000;
const WIDTH: usize = 100_000;

/// A worker that waits to be stopped.
fn patient(id: &str) -> ChildSpec {
    worker(id, |ctx| async move {
        ctx.stopping().await;
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn a_tree_of_two_thousand_levels_starts_is_looked_at_and_stops() {
    let leaf = Script::new("leaf");
    let mut tree = Supervisor::one_for_one("s").child(leaf.clone());
    for _ in 1..DEPTH {
        tree = Supervisor::one_for_one("s").child(tree);
    }
    assert!(tree.check().unwrap().is_empty());
    let handle = tree.start().await.unwrap();
    let snapshot = handle.snapshot();
    assert_eq!(snapshot.entries().len(), DEPTH + 1);
    assert_eq!(snapshot.entries().last().unwrap().depth, DEPTH);
    let path = vec!["s"; DEPTH - 1].join("/");
    assert_eq!(
        handle
            .supervisor(&path)
            .unwrap()
            .count_children()
            .await
            .unwrap()
            .active,
        1
    );
    leaf.end(End::Error);
    settle().await;
    assert_eq!(leaf.starts(), 2);
    let report = handle.shutdown().await;
    assert_eq!(report.children().len(), DEPTH);
    assert_eq!(leaf.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_two_thousand_levels_down_climbs_to_the_root() {
    let leaf = Script::new("leaf");
    let mut tree = Supervisor::one_for_one("s")
        .intensity(0, secs(1))
        .child(leaf.clone());
    for _ in 1..DEPTH {
        tree = Supervisor::one_for_one("s")
            .intensity(0, secs(1))
            .child(tree);
    }
    let handle = tree.start().await.unwrap();
    leaf.end(End::Error);
    let outcome = handle.wait().await;
    assert!(outcome.to_string().ends_with("failed: scripted failure"));
    drop((tree, outcome, handle));
}

#[tokio::test(start_paused = true)]
async fn a_tree_of_two_thousand_levels_is_killed_and_dropped() {
    let leaf = Script::new("leaf");
    let mut tree = Supervisor::one_for_one("s").child(leaf.clone());
    for _ in 1..DEPTH {
        tree = Supervisor::one_for_one("s").child(tree);
    }
    let handle = tree.start().await.unwrap();
    handle.kill();
    handle.wait().await;
    settle().await;
    assert_eq!(leaf.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_of_a_hundred_thousand_children_starts_restarts_one_and_stops() {
    let special = Script::new("special");
    let mut app = Supervisor::one_for_one("app").child(special.clone());
    for number in 1..WIDTH {
        app = app.child(patient(&number.to_string()));
    }
    let handle = app.start().await.unwrap();
    assert_eq!(handle.count_children().await.unwrap().active, WIDTH);
    let mut events = Events::of(&handle);
    special.end(End::Error);
    events.expect("app/special runs").await;
    drop(events);
    handle.terminate_child("50000").await.unwrap();
    handle.delete_child("50000").await.unwrap();
    assert_eq!(handle.shutdown().await.children().len(), WIDTH - 1);
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_supervisor_of_a_hundred_thousand_children_starts_restarts_one_and_stops() {
    let jobs = DynamicSupervisor::new("jobs", |(): ()| patient("job").restart(Restart::Permanent));
    let jobs = jobs.start().await.unwrap();
    for _ in 0..WIDTH {
        jobs.start_child(()).await.unwrap();
    }
    jobs.kill_child("job#777").await.unwrap();
    settle().await;
    assert_eq!(jobs.which_child("job#777").await.unwrap().restarts, 1);
    assert_eq!(jobs.shutdown().await.children().len(), WIDTH);
}
