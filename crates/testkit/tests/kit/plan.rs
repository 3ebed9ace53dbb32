//! Drawn faults are the same each time, befall every kind of worker, and a tree that endures them is judged.

use std::collections::HashSet;

use perennial_core::{
    ChildSpec, DynamicSupervisor, EventKind, Restart, Supervisor, SupervisorHandle, worker,
};
use perennial_test::{
    Escalated, FaultPlan, TestTree, on_the_paused_clock, silence_scripted_panics,
};

use crate::support::{panic_of, plain, secs};

fn app() -> Supervisor {
    let storage = Supervisor::rest_for_one("storage")
        .child(plain("database"))
        .child(plain("indexer"));
    Supervisor::one_for_one("app")
        .intensity(10, secs(5))
        .child(storage)
        .child(plain("web").restart(Restart::Transient))
}

/// What a tree tells under the plan of that seed.
fn story(seed: u64) -> Vec<String> {
    silence_scripted_panics();
    let run = TestTree::endure(app(), FaultPlan::seeded(seed), secs(300));
    let verdict = on_the_paused_clock(run);
    let lines = verdict.events().iter().map(ToString::to_string);
    lines.collect()
}

#[test]
fn the_same_seed_brings_the_same_events_and_another_one_others() {
    let stories: Vec<_> = (0..20).map(story).collect();
    for (seed, first) in (0..).zip(&stories) {
        assert_eq!(&story(seed), first, "seed {seed}");
    }
    let different: HashSet<_> = stories.into_iter().collect();
    assert!(different.len() > 15, "{}", different.len());
}

#[test]
fn every_kind_of_fault_is_drawn() {
    let stories: Vec<_> = (0..100).flat_map(story).collect();
    for fault in [
        "app/web exited: scripted failure",
        "app/web exited: panicked: scripted panic",
        "app/web exited: normal",
        "app/storage/indexer is killed",
        "app/storage/indexer could not start: scripted failure",
        "app/storage/indexer could not start: panicked: scripted panic",
        "app/storage/indexer could not start: initialization took longer than 30 s",
        "app/storage exited: killed",
    ] {
        let is_drawn = stories.iter().any(|line| line == fault);
        // A supervisor is not hurt itself.
        assert_eq!(
            is_drawn,
            !fault.starts_with("app/storage exited"),
            "{fault}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_spared_lives_in_peace() {
    let plan = |seed| {
        let plan = FaultPlan::seeded(seed);
        plan.spare("storage/database").spare("storage/indexer")
    };
    for seed in 0..20 {
        let verdict = TestTree::endure(app(), plan(seed), secs(300)).await;
        let hurt = verdict.events().iter().filter(|event| match &event.kind {
            EventKind::Exited { reason } => reason.is_abnormal(),
            kind => matches!(
                kind,
                EventKind::Killed { .. } | EventKind::StartFailed { .. }
            ),
        });
        let mut hurt = hurt.map(|event| event.path.to_string());
        assert!(hurt.all(|path| path == "app/web" || path == "app"));
    }
}

/// A supervisor of the user's own whose work the kit does not know.
fn rebellious(handle: SupervisorHandle) -> ChildSpec {
    worker("rebel", move |ctx| {
        let handle = handle.clone();
        async move {
            if ctx.last_exit().is_some() {
                // Nobody asked for this one.
                assert!(
                    handle.snapshot().entries().is_empty(),
                    "a bug in the second life"
                );
            }
            ctx.stopping().await;
            Ok(())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_bug_that_only_a_fault_brings_to_light_fails_the_test_and_the_seed_is_told() {
    let app = Supervisor::one_for_one("app");
    let app = app.clone().child(rebellious(app.handle()));
    let run = TestTree::endure(app, FaultPlan::seeded(3), secs(3_600));
    let message = panic_of(run).await;
    assert!(message.starts_with("with seed 3: tree app: "), "{message}");
    assert!(message.contains("a bug in the second life"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn dynamic_children_meet_drawn_faults_too() -> Result<(), perennial_core::BoxError> {
    let jobs = DynamicSupervisor::new("jobs", |()| plain("job")).intensity(1_000, secs(5));
    let open = jobs.handle();
    let app = Supervisor::one_for_one("app").child(jobs);
    let tree = TestTree::start_with(app, FaultPlan::seeded(1)).await?;
    for _ in 0..10 {
        open.start_child(()).await?;
    }
    let first =
        tree.expect(|event: &perennial_core::Event| matches!(event.kind, EventKind::Exited { .. }));
    assert!(first.await.path.to_string().starts_with("app/jobs/job#"));
    tree.allow(Escalated("jobs"));
    tree.stop().await;
    Ok(())
}
