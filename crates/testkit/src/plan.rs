//! Which faults befall the workers of a tree: written down, or drawn from a seed.

use std::time::Duration;

use perennial_core::ChildPath;

use crate::acts::{End, StartAct, StopAct};
use crate::dice::Dice;
use crate::expectation::is_at;

/// Which faults befall the workers of a tree, life by life; none by default.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use perennial::{Supervisor, worker};
/// use perennial_test::{End, FaultPlan, Restarted, StartAct, TestTree};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let web = worker("web", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let plan = FaultPlan::default()
///     .start("web", 1, StartAct::Slow(Duration::from_secs(5)))
///     .end("web", 1, Duration::from_secs(40), End::Panic);
/// let tree = TestTree::start_with(Supervisor::one_for_one("app").child(web), plan).await?;
/// tree.expect(Restarted("web")).await;
/// tree.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a plan does nothing until a tree is started with it"]
pub struct FaultPlan {
    starts: Vec<(String, usize, StartAct)>,
    ends: Vec<(String, usize, Duration, End)>,
    stops: Vec<(String, StopAct)>,
    /// Of what else befalls.
    seed: Option<u64>,
    spared: Vec<String>,
}

/// How long a drawn fault lets a life run at most.
const LIFE: u64 = 60_000;
/// How much longer a drawn slow start or stop takes at most.
const SLOW: u64 = 5_000;

/// What a life is to do.
#[derive(Clone, Debug)]
pub(crate) struct Cue {
    pub(crate) start: StartAct,
    /// How it ends by itself, and after what time.
    pub(crate) end: Option<(Duration, End)>,
    /// That time does not begin before the whole tree is up.
    pub(crate) is_patient: bool,
    pub(crate) stop: StopAct,
}

impl FaultPlan {
    /// A plan that draws what befalls each life of each worker: the same seed, the same faults.
    ///
    /// What is drawn depends on the seed, the path of the worker and the number of the life, and on nothing
    /// else. A first start may be slow, a later one may also fail, panic or hang; once the tree is up, three of
    /// four lives end within a minute, with an error, with a panic, as if their work were done, or by doing
    /// nothing more; and some stop slowly, with an error, or not before they are killed. What is set beside goes
    /// before.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed: Some(seed),
            ..Self::default()
        }
    }

    /// Lets a worker live in peace, apart from what is set for it.
    pub fn spare(mut self, path: impl Into<String>) -> Self {
        self.spared.push(path.into());
        self
    }

    /// The seed of what is drawn.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Sets what the n-th start of a worker does before its own initialization; the first one is 1.
    pub fn start(mut self, path: impl Into<String>, nth: usize, act: StartAct) -> Self {
        self.starts.push((path.into(), nth, act));
        self
    }

    /// Sets how the n-th life of a worker ends, so long after it began to run.
    pub fn end(mut self, path: impl Into<String>, nth: usize, after: Duration, end: End) -> Self {
        self.ends.push((path.into(), nth, after, end));
        self
    }

    /// Sets what a worker does when it is asked to stop, before it hears of that.
    pub fn stop(mut self, path: impl Into<String>, act: StopAct) -> Self {
        self.stops.push((path.into(), act));
        self
    }

    /// What the n-th life of a worker is to do.
    pub(crate) fn cue(&self, path: &ChildPath, nth: usize) -> Cue {
        let is_spared = self.spared.iter().any(|at| is_at(path, at));
        let mut cue = match self.seed {
            Some(seed) if !is_spared => drawn(seed, path, nth),
            _ => Cue::PEACE,
        };
        for (at, number, act) in &self.starts {
            if *number == nth && is_at(path, at) {
                cue.start = *act;
            }
        }
        for (at, number, after, end) in &self.ends {
            if *number == nth && is_at(path, at) {
                cue.end = Some((*after, end.clone()));
                cue.is_patient = false;
            }
        }
        for (at, act) in &self.stops {
            if is_at(path, at) {
                cue.stop = *act;
            }
        }
        cue
    }
}

impl Cue {
    /// Nothing happens that the worker does not do itself.
    pub(crate) const PEACE: Self = Self {
        start: StartAct::Run,
        end: None,
        is_patient: false,
        stop: StopAct::Obey,
    };
}

/// What befalls the n-th life of the worker at `path`.
fn drawn(seed: u64, path: &ChildPath, nth: usize) -> Cue {
    let mut dice = Dice::new(seed);
    // Each step of the way scatters what comes after it.
    for byte in path.to_string().bytes().map(usize::from).chain([nth]) {
        dice = Dice::new(dice.draw() ^ byte as u64);
    }
    let mut millis = |most: u64| Duration::from_millis(dice.draw() % most);
    let (slow, after, late) = (millis(SLOW), millis(LIFE), millis(SLOW));
    let start = match dice.roll(100) {
        0..70 => StartAct::Run,
        70..85 => StartAct::Slow(slow),
        _ if nth == 1 => StartAct::Slow(slow),
        85..90 => StartAct::Fail,
        90..95 => StartAct::Panic,
        _ => StartAct::Hang,
    };
    let end = match dice.roll(100) {
        0..25 => None,
        25..55 => Some(End::Error),
        55..75 => Some(End::Panic),
        75..95 => Some(End::Done),
        _ => Some(End::Hang),
    };
    let stop = match dice.roll(100) {
        0..70 => StopAct::Obey,
        70..85 => StopAct::Slow(late),
        85..95 => StopAct::Fail,
        _ => StopAct::Hang,
    };
    Cue {
        start,
        end: end.map(|end| (after, end)),
        is_patient: true,
        stop,
    }
}
