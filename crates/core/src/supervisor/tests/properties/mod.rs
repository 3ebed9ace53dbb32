//! Whatever happens to trees of supervisors whose children need each other, each promise holds after every step.
//!
//! Drawn are trees of up to three levels below the root, of spec lists and dynamic supervisors: all strategies and
//! restart types, dependencies, modes of start and stop, backoff, limits, storm guards, watchdogs, auto shutdown;
//! and what happens to them: starts that succeed, fail, are declined or late, all kinds of exits, also judged ones,
//! aborts, progress, all calls, new specs among them, words that cross, time, and a stop. In the end the same tree is stopped
//! twice: once its children do what they are asked to, and once nobody reacts to anything and only time passes. Some supervisors
//! block: they hear nothing else while they start or stop a child, as OTP's; their trees are stopped in the first way only.
//!
//! What the promises are stands in [`laws`]; `tests/it` holds them for the whole library, on real tasks.

mod drawn;
mod grove;
mod laws;
mod node;

use std::sync::Arc;

use proptest::prelude::*;

use self::drawn::{Act, Branch, acts, trees};
use self::grove::Grove;
use super::random::cases;

/// Plays what happens to a tree, from a beginning that is calm or not.
fn play(root: Branch, is_calm: bool, acts: &[Act]) {
    let mut grove = Grove::plant(&Arc::new(root));
    if is_calm {
        grove.rest();
    }
    for act in acts {
        if grove.over.is_some() {
            break;
        }
        grove.act(act);
    }
    if grove.over.is_none() {
        grove.clone().cooperate();
    }
    if !grove.may_block {
        grove.resist();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(2_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees_with_dependencies_keep_each_promise_at_every_step(
        root in trees(),
        is_calm in prop::bool::weighted(0.8),
        acts in acts(),
    ) {
        play(root, is_calm, &acts);
    }
}
