//! Which faults befall the workers of a tree: written down, or drawn from a seed.

use std::time::Duration;

use perennial_core::ChildPath;

use crate::acts::{End, StartAct, StopAct};
use crate::expectation::is_at;
use crate::stand_in::Cue;

/// Which faults befall the workers of a tree, life by life; none by default.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use perennial_core::{Supervisor, worker};
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
}

impl FaultPlan {
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
        let mut cue = Cue {
            start: StartAct::Run,
            end: None,
            stop: StopAct::Obey,
        };
        for (at, number, act) in &self.starts {
            if *number == nth && is_at(path, at) {
                cue.start = *act;
            }
        }
        for (at, number, after, end) in &self.ends {
            if *number == nth && is_at(path, at) {
                cue.end = Some((*after, end.clone()));
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
