//! Random trees under random treatment: whatever happens, the promises hold.

use perennial::{InitPolicy, Supervisor};
use perennial_test::strategies::{Deed, TreePlan, deeds, trees};
use perennial_test::{
    Events, FaultPlan, Script, TestTree, on_the_paused_clock, settle, silence_scripted_panics,
};
use proptest::prelude::*;

use crate::support::{keeps_promises, secs};

async fn treat(plan: &TreePlan, deeds: &[Deed]) {
    let (root, mut workers) = plan.grow("r");
    let mut events = Events::of(&root.handle());
    let handle = root.start().await.unwrap();
    for deed in deeds {
        deed.play(&handle, &mut workers).await;
    }
    // A call that comes with the stop is carried out beside it: the order is that of the stop alone.
    settle().await;
    let report = handle.shutdown().await;
    settle().await;
    for worker in &workers {
        assert_eq!(
            worker.alive(),
            0,
            "after the shutdown nothing runs: {report}"
        );
    }
    keeps_promises(&events.rest().await);
}

/// How many random cases are tried: so many, or what `PROPTEST_CASES` says.
fn cases(usual: u32) -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(1_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_random_tree_under_random_treatment_keeps_its_promises(plan in trees(), deeds in deeds()) {
        on_the_paused_clock(treat(&plan, &deeds));
    }
}

/// A tree of all strategies, whose supervisors bear a lot.
fn plant() -> Supervisor {
    let child = |id: &str| {
        let spec = Script::new(id).spec();
        spec.init_policy(InitPolicy::FatalOnFirstStart)
    };
    let group = |id: &str, strategy| {
        let group = Supervisor::new(id, strategy).intensity(20, secs(60));
        ["a", "b", "c"]
            .map(child)
            .into_iter()
            .fold(group, Supervisor::child)
    };
    let line = group("line", perennial::Strategy::OneForAll);
    let hall = group("hall", perennial::Strategy::RestForOne).child(line);
    group("plant", perennial::Strategy::OneForOne).child(hall)
}

#[test]
fn a_tree_under_drawn_faults_keeps_its_promises_and_every_stop_its_grace() {
    silence_scripted_panics();
    for seed in 0..u64::from(cases(200)) {
        let run = TestTree::endure(plant(), FaultPlan::seeded(seed), secs(600));
        let verdict = on_the_paused_clock(run);
        assert!(
            verdict.events().len() > 24,
            "every child starts, seed {seed}"
        );
    }
}
