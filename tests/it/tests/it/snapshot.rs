//! Pictures of a running tree.

use perennial::{ChildState, InitPolicy, Restart, Supervisor};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use tokio::time::advance;

use crate::support::{secs, started};

#[tokio::test(start_paused = true)]
async fn a_snapshot_prints_the_tree_with_what_is_worth_knowing() {
    let (indexer, import) = (Script::new("indexer"), Script::new("import"));
    let storage = Supervisor::rest_for_one("storage")
        .child(Script::new("database"))
        .child(indexer.clone());
    let app = Supervisor::one_for_one("app")
        .child(storage)
        .child(import.spec().restart(Restart::Transient));
    let (handle, _events) = started(&app).await;
    import.end(End::With(perennial::ExitReason::shutdown_with("all read")));
    advance(secs(130)).await;
    indexer.end(End::Error);
    settle().await;
    advance(secs(10)).await;
    let text = handle.snapshot().to_string();
    let expected = [
        "app            one-for-one  running    1/2",
        "├─ storage     rest-for-one running    2/2  up 2 m 20 s",
        "│  ├─ database worker       running    up 2 m 20 s",
        "│  └─ indexer  worker       running    up 10 s  restarts 1",
        "└─ import      worker       idle       shutdown: all read",
    ];
    for (line, expected) in text.lines().zip(expected) {
        let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeeze(line).starts_with(&squeeze(expected)), "{text}");
    }
    assert_eq!(text.lines().count(), expected.len(), "{text}");
}

#[tokio::test(start_paused = true)]
async fn dot_and_mermaid_show_every_child() {
    let app = Supervisor::one_for_one("app")
        .child(Supervisor::one_for_one("nested").child(Script::new("say \"hi\"")))
        .child(Script::new("last"));
    let (handle, _events) = started(&app).await;
    let snapshot = handle.snapshot();
    let (dot, mermaid) = (snapshot.to_dot(), snapshot.to_mermaid());
    assert_eq!(
        (
            dot.matches(" -> ").count(),
            mermaid.matches(" --> ").count()
        ),
        (3, 3)
    );
    assert!(
        dot.contains("say \\\"hi\\\"") && mermaid.contains("say #quot;hi#quot;"),
        "{dot}\n{mermaid}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_how_far_each_child_is() {
    let starting = Script::new("starting").start(2, StartAct::Hang);
    let stopping = Script::new("stopping").stop(StopAct::Slow(secs(4)));
    let app = Supervisor::one_for_one("app")
        .child(starting.spec().init_policy(InitPolicy::FatalOnFirstStart))
        .child(stopping)
        .child(Script::new("idle"))
        .child(Script::new("running"));
    let (handle, mut events) = started(&app).await;
    starting.end(End::Error);
    handle.terminate_child("idle").await.unwrap();
    let background = handle.clone();
    tokio::spawn(async move { background.terminate_child("stopping").await });
    events.expect("app/stopping is to stop within 5 s").await;
    settle().await;
    let snapshot = handle.snapshot();
    for (id, state) in [
        ("starting", ChildState::Starting),
        ("stopping", ChildState::Stopping),
        ("idle", ChildState::Idle),
        ("running", ChildState::Running),
    ] {
        let entry = snapshot.find(&format!("app/{id}")).unwrap();
        assert_eq!(entry.state, state, "{id}");
        assert_eq!(
            entry.uptime.is_some(),
            matches!(state, ChildState::Running | ChildState::Stopping),
            "{id}"
        );
        assert_eq!(
            entry.incarnation.is_some(),
            state != ChildState::Idle,
            "{id}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_a_nested_supervisor_is_that_part_of_the_tree() {
    let nested = Supervisor::one_for_one("nested").child(Script::new("a"));
    let app = Supervisor::one_for_one("app")
        .child(nested)
        .child(Script::new("b"));
    let (handle, _events) = started(&app).await;
    let part = handle.supervisor("nested").unwrap().snapshot();
    let shown: Vec<_> = part
        .entries()
        .iter()
        .map(|entry| (entry.path.to_string(), entry.depth))
        .collect();
    assert_eq!(
        shown,
        [("app/nested".to_owned(), 0), ("app/nested/a".to_owned(), 1)]
    );
}
