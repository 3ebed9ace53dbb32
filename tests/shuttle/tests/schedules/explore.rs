//! Plays a scenario in many orders.

use std::cell::Cell;
use std::env;
use std::future::Future;
use std::panic;
use std::path::PathBuf;
use std::sync::Once;

use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// How many orders are played of each scenario, unless the environment says so.
const SCHEDULES: usize = 500;

/// Where the draws begin, unless the environment says so: so the gate plays the same orders each time.
const SEED: u64 = 1;

/// How many times PCT makes the first task the last one: most bugs in the order of things need few.
const DEPTH: usize = 3;

/// After so many steps of one order, no end is in sight.
const STEPS: usize = 200_000;

/// Of one task, in bytes.
const STACK: usize = 512 * 1024;

thread_local! {
    /// How many panics the hook has seen on this thread, which plays one scenario.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Plays the scenario in as many orders as the environment says, half of them drawn evenly, half by PCT, which favors
/// few changes at bad moments; or only in the order of the file that `PERENNIAL_SCHEDULE` names.
pub(crate) fn explore<F: Future<Output = ()> + 'static>(scenario: fn() -> F) {
    if let Some(file) = env::var_os("PERENNIAL_SCHEDULE") {
        let replay = ReplayScheduler::new_from_file(file).expect("the file holds a schedule");
        return play(replay, FailurePersistence::None, scenario);
    }
    let schedules = number("PERENNIAL_SCHEDULES").unwrap_or(SCHEDULES);
    let seed = number("PERENNIAL_SEED").unwrap_or(SEED);
    let half = schedules.div_ceil(2);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let to_file = FailurePersistence::File(Some(folder));
    play(
        RandomScheduler::new_from_seed(seed, half),
        to_file.clone(),
        scenario,
    );
    play(
        PctScheduler::new_from_seed(seed, DEPTH, half),
        to_file,
        scenario,
    );
}

fn play<F: Future<Output = ()> + 'static>(
    scheduler: impl Scheduler + 'static,
    failures: FailurePersistence,
    scenario: fn() -> F,
) {
    count_panics();
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.failure_persistence = failures;
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || {
        let before = PANICS.get();
        shuttle::future::block_on(scenario());
        assert_eq!(
            PANICS.get(),
            before,
            "something has panicked that should not have, see above"
        );
    });
}

/// Children crash by `resume_unwind`, which the hook does not see: what it sees is an assertion that failed, also where
/// a supervisor catches it.
fn count_panics() {
    static COUNTING: Once = Once::new();
    COUNTING.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            before(info);
        }));
    });
}

fn number<N: std::str::FromStr>(name: &str) -> Option<N> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}
