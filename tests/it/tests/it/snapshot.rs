//! Pictures of a running tree.

use perennial::{ChildKind, ChildState, DynamicSupervisor, InitPolicy, Restart, Supervisor};
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
        assert!(squeezed(line).starts_with(&squeezed(expected)), "{text}");
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

#[tokio::test(start_paused = true)]
async fn each_entry_tells_whether_it_is_a_worker_or_a_supervisor_also_when_it_is_down() {
    let app = Supervisor::one_for_one("app")
        .child(Supervisor::rest_for_one("storage").child(Script::new("database")))
        .child(DynamicSupervisor::new("jobs", |job: Script| job))
        .child(Script::new("web"));
    let (handle, _events) = started(&app).await;
    let check = |expected: &[(&str, ChildKind)]| {
        let snapshot = handle.snapshot();
        let kinds = snapshot
            .entries()
            .iter()
            .map(|entry| (&entry.path, entry.kind));
        let kinds: Vec<_> = kinds.map(|(path, kind)| (path.to_string(), kind)).collect();
        let kinds: Vec<_> = kinds
            .iter()
            .map(|(path, kind)| (path.as_str(), *kind))
            .collect();
        assert_eq!(kinds, expected);
    };
    check(&[
        ("app", ChildKind::Supervisor),
        ("app/storage", ChildKind::Supervisor),
        ("app/storage/database", ChildKind::Worker),
        ("app/jobs", ChildKind::Supervisor),
        ("app/web", ChildKind::Worker),
    ]);
    for id in ["storage", "jobs", "web"] {
        handle.terminate_child(id).await.unwrap();
    }
    check(&[
        ("app", ChildKind::Supervisor),
        ("app/storage", ChildKind::Supervisor),
        ("app/jobs", ChildKind::Supervisor),
        ("app/web", ChildKind::Worker),
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_down_prints_as_a_supervisor() {
    let app = Supervisor::one_for_one("app")
        .child(Supervisor::rest_for_one("storage"))
        .child(Script::new("web"));
    let (handle, _events) = started(&app).await;
    for id in ["storage", "web"] {
        handle.terminate_child(id).await.unwrap();
    }
    let snapshot = handle.snapshot();
    let text = snapshot.to_string();
    let lines = text.lines().skip(1).map(squeezed);
    for (line, expected) in lines.zip(["├─ storage supervisor idle", "└─ web worker idle"])
    {
        assert!(line.starts_with(expected), "{text}");
    }
    for text in [snapshot.to_dot(), snapshot.to_mermaid()] {
        assert_eq!(text.matches("supervisor, idle").count(), 1, "{text}");
        assert_eq!(text.matches("worker, idle").count(), 1, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_entry_of_a_nested_snapshot_is_what_the_supervisor_above_shows_of_it() {
    let nested = Supervisor::one_for_one("nested").child(Script::new("a"));
    let inner = nested.handle();
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(nested)).await;
    for restarts in 1..=2 {
        handle.kill_child("nested").await.unwrap();
        events.expect("app/nested is restarted").await;
        events.expect("app/nested runs").await;
        settle().await;
        let (whole, part) = (handle.snapshot(), inner.snapshot());
        let (above, own) = (whole.find("app/nested").unwrap(), &part.entries()[0]);
        assert_eq!((above.restarts, own.restarts), (restarts, restarts));
        assert_eq!(above.incarnation, own.incarnation);
        assert!(own.last_exit.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_entry_of_a_snapshot_is_starting_while_it_boots_and_stopping_while_it_stops() {
    let child = Script::new("a")
        .starts_with(StartAct::Hang)
        .stop(StopAct::Slow(secs(4)));
    let nested = Supervisor::one_for_one("nested").child(child.clone());
    let inner = nested.handle();
    let app = Supervisor::one_for_one("app").child(nested);
    let root = app.handle();
    let check = |expected: ChildState| {
        for handle in [&root, &inner] {
            let snapshot = handle.snapshot();
            assert_eq!(snapshot.entries()[0].state, expected, "{snapshot}");
        }
    };
    let start = tokio::spawn(async move { app.start().await });
    settle().await;
    check(ChildState::Starting);
    child.release();
    start.await.unwrap().unwrap();
    settle().await;
    check(ChildState::Running);
    root.request_stop();
    settle().await;
    check(ChildState::Stopping);
    assert!(root.shutdown().await.is_clean());
}

/// A line without the spaces that make columns of it.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
