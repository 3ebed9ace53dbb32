//! Random trees under random treatment: whatever happens, the promises hold.
//!
//! Which test holds what, here and elsewhere. *Properties* are those of `crates/core/src/supervisor/tests/properties`:
//! random trees of machines whose children need each other, one function a promise, checked after every step; 2,000 trees
//! in the gate, 100,000 in `cargo xtask deep`. The walk is `walk.rs` beside it, every reachable state of machines of three
//! children; the machines are `random.rs`, random ones of up to 50; both check the promises of `promises.rs` after each
//! step. Chaos is that of the bench, on real threads. *Trees* are those of `properties.rs` beside this file: random trees
//! with dependencies on real tasks, judged by their events.
//!
//! | | promise | held by |
//! |---|---|---|
//! | a | a stop goes backward: no child is told to end that another one which lives needs, or that stands before it | `stops_go_backward` of the properties, and of the trees; `broken_promises` here, for the root; `check_order` and `check_lanes` of the walk and the machines |
//! | b | never more restarts in a window than the limits | `restarts_stay_within_the_limits` of the properties; `check_counted` of the walk and the machines; `intensity.rs` |
//! | c | after a request to stop no child starts | `nobody_starts_after_a_request_to_stop` of the properties, and of the trees; `broken_promises` here; the walk and the machines |
//! | d | each life that began has one end | `each_life_ends_once` of the properties; `broken_lives` here, in the trees and in chaos |
//! | e | a stop keeps its time | `the_stop_keeps_its_time` of the properties, also if nobody reacts to anything; each stop its grace, here; the whole tree its budget, in the trees, `stop.rs` and chaos |
//! | f | no wait without a deadline but `Infinite` | `no_wait_is_without_a_deadline` of the properties; `check_rows` of the walk and the machines; that a tree here stops at all |
//! | g | a dynamic supervisor has at most `max_children`, and a place for each that has gone | `a_dynamic_supervisor_has_a_place_for_each_child` of the properties; `there_is_a_place_for_each_child` of the trees; the walk in `dynamic/tests.rs`; `dynamic.rs`, `tasks.rs` |
//! | h | calls are answered while something else starts or stops | `calls_are_answered_whatever_else_goes_on` of the properties, and of the trees; `calls.rs`, each call in each state; `amid.rs`; the deeds here; within 40 seconds of real time in chaos |

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
pub(crate) fn cases(usual: u32) -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(2_000), failure_persistence: None, ..ProptestConfig::default() })]

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
