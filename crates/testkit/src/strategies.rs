//! Random trees and what may be done to them, as strategies of proptest (feature `proptest`).
//!
//! What is drawn is data, so that a case that fails prints and shrinks; [`TreePlan::grow`] makes a tree of it.

use std::time::Duration;

use perennial_core::{
    ChildId, ChildSpec, ExitReason, InitPolicy, Replace, Restart, ShutdownStrategy, Supervisor,
    SupervisorHandle,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::acts::{End, StartAct, StopAct};
use crate::script::Script;
use crate::support::settle;

/// How many levels a drawn tree has below its root at most.
const DEPTH: u32 = 4;
/// How many children it has in all, more or less, at most.
const SIZE: u32 = 50;
/// How many children a supervisor has at most.
const WIDTH: usize = 5;
/// How many things are done to a tree at most.
const DEEDS: usize = 24;

/// A tree to be: a supervisor and its children.
///
/// # Examples
///
/// ```
/// use perennial::{Restart, Strategy};
/// use perennial_test::StopAct;
/// use perennial_test::strategies::{ChildPlan, KindPlan, TreePlan};
///
/// let kind = KindPlan::Worker { stop: StopAct::Obey, start: None };
/// let child = ChildPlan { restart: Restart::Permanent, kind };
/// let plan = TreePlan { strategy: Strategy::OneForAll, children: vec![child] };
/// let (_app, workers) = plan.grow("app");
/// assert_eq!(workers.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct TreePlan {
    /// Which children are restarted together.
    pub strategy: perennial_core::Strategy,
    /// In the order of their starts.
    pub children: Vec<ChildPlan>,
}

/// A child to be, without a name.
///
/// # Examples
///
/// ```
/// use perennial::{Restart, Strategy};
/// use perennial_test::StopAct;
/// use perennial_test::strategies::{ChildPlan, KindPlan, TreePlan};
///
/// let kind = KindPlan::Worker { stop: StopAct::Obey, start: None };
/// let child = ChildPlan { restart: Restart::Permanent, kind };
/// let plan = TreePlan { strategy: Strategy::OneForAll, children: vec![child] };
/// let (_app, workers) = plan.grow("app");
/// assert_eq!(workers.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct ChildPlan {
    /// When it is restarted.
    pub restart: Restart,
    /// What it is.
    pub kind: KindPlan,
}

/// What a child is to be.
///
/// # Examples
///
/// ```
/// use perennial::{Restart, Strategy};
/// use perennial_test::StopAct;
/// use perennial_test::strategies::{ChildPlan, KindPlan, TreePlan};
///
/// let kind = KindPlan::Worker { stop: StopAct::Obey, start: None };
/// let child = ChildPlan { restart: Restart::Permanent, kind };
/// let plan = TreePlan { strategy: Strategy::OneForAll, children: vec![child] };
/// let (_app, workers) = plan.grow("app");
/// assert_eq!(workers.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub enum KindPlan {
    /// A [`Script`].
    Worker {
        /// What it does when it is asked to stop.
        stop: StopAct,
        /// What one of its restarts does: its number among the starts, and the act.
        start: Option<(usize, StartAct)>,
    },
    /// A supervisor with children of its own.
    Supervisor(TreePlan),
}

/// Something that is done to a running tree; the numbers choose whom, and fit into any tree.
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_test::strategies::Deed;
/// use perennial_test::{Script, settle};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut workers = vec![Script::new("web")];
/// let handle = Supervisor::one_for_one("app").child(workers[0].clone()).start().await?;
/// Deed::Kill(0).play(&handle, &mut workers).await;
/// settle().await;
/// assert_eq!(workers[0].starts(), 2);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// A worker ends: done, with an error, with a panic, or with a shutdown of its own.
    End(usize, usize),
    /// A child is killed.
    Kill(usize),
    /// A child is terminated by a call, whose answer is not waited for.
    Terminate(usize),
    /// A child is restarted by a call, whose answer is not waited for.
    Restart(usize),
    /// A child is deleted by a call, whose answer is not waited for.
    Delete(usize),
    /// A child is paused by a call, whose answer is not waited for.
    Pause(usize),
    /// A child is resumed by a call, whose answer is not waited for.
    Resume(usize),
    /// A child is replaced by a new worker, now if it says so and else at its next restart, by a call whose answer is not
    /// waited for.
    Replace(usize, bool),
    /// A child is added by a call, whose answer is not waited for.
    Add(usize),
    /// So many milliseconds pass, and all that can go on does.
    Wait(u64),
}

/// Draws a restart type; most are permanent.
pub fn restarts() -> impl Strategy<Value = Restart> {
    select(vec![
        Restart::Permanent,
        Restart::Permanent,
        Restart::Transient,
        Restart::Temporary,
    ])
}

/// Draws a child: a worker, or a supervisor of up to 5 children.
pub fn children() -> impl Strategy<Value = ChildPlan> {
    let ms = Duration::from_millis;
    let stops = select(vec![
        StopAct::Obey,
        StopAct::Obey,
        StopAct::Slow(ms(300)),
        StopAct::Hang,
        StopAct::Fail,
    ]);
    let starts = select(vec![
        StartAct::Fail,
        StartAct::Panic,
        StartAct::Ignore,
        StartAct::Slow(ms(50)),
        StartAct::Hang,
    ]);
    let start = proptest::option::weighted(0.3, (2..4_usize, starts));
    let worker = (restarts(), stops, start).prop_map(|(restart, stop, start)| ChildPlan {
        restart,
        kind: KindPlan::Worker { stop, start },
    });
    worker.prop_recursive(DEPTH, SIZE, WIDTH as u32 + 1, |inner| {
        (restarts(), branches(inner)).prop_map(|(restart, tree)| ChildPlan {
            restart,
            kind: KindPlan::Supervisor(tree),
        })
    })
}

/// Draws a tree: up to 4 levels below its root, and up to about 50 children.
///
/// # Examples
///
/// ```
/// use perennial_test::strategies::trees;
/// use perennial_test::{TestTree, on_the_paused_clock};
/// use proptest::test_runner::TestRunner;
///
/// let every_tree_stops = TestRunner::default().run(&trees(), |plan| {
///     let (app, workers) = plan.grow("app");
///     on_the_paused_clock(TestTree::run(app, async |_| ()));
///     assert!(workers.iter().all(|worker| worker.alive() == 0));
///     Ok(())
/// });
/// assert!(every_tree_stops.is_ok());
/// ```
pub fn trees() -> impl Strategy<Value = TreePlan> {
    branches(children())
}

fn branches(inner: impl Strategy<Value = ChildPlan>) -> impl Strategy<Value = TreePlan> {
    use perennial_core::Strategy::{OneForAll, OneForOne, RestForOne};
    let strategies = select(vec![OneForOne, OneForAll, RestForOne]);
    let children = prop::collection::vec(inner, 0..=WIDTH);
    (strategies, children).prop_map(|(strategy, children)| TreePlan { strategy, children })
}

/// Draws what is done to a tree, one thing after the other: up to 24.
pub fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let who = 0..1_000_usize;
    let deed = prop_oneof![
        4 => (who.clone(), 0..4_usize).prop_map(|(who, how)| Deed::End(who, how)),
        1 => who.clone().prop_map(Deed::Kill),
        1 => who.clone().prop_map(Deed::Terminate),
        1 => who.clone().prop_map(Deed::Restart),
        1 => who.clone().prop_map(Deed::Delete),
        1 => who.clone().prop_map(Deed::Pause),
        1 => who.clone().prop_map(Deed::Resume),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, now)| Deed::Replace(who, now)),
        1 => who.prop_map(Deed::Add),
        2 => (0..500_u64).prop_map(Deed::Wait),
    ];
    prop::collection::vec(deed, 0..=DEEDS)
}

impl TreePlan {
    /// The tree, and all its workers: `c0`, `c1`, … below the root, `c00`, `c01`, … below the first of them.
    ///
    /// A start that is planned to fail is not fatal to the supervisor; it takes 200 ms at most, a stop 400 ms.
    pub fn grow(&self, id: impl Into<ChildId>) -> (Supervisor, Vec<Script>) {
        let mut workers = Vec::new();
        let root = Supervisor::new(id, self.strategy).intensity(10, Duration::from_secs(1));
        let root = self.add_to(root, "c", &mut workers);
        (root, workers)
    }

    fn add_to(&self, above: Supervisor, name: &str, workers: &mut Vec<Script>) -> Supervisor {
        let children = self.children.iter().enumerate();
        children.fold(above, |above, (index, child)| {
            above.child(child.grow(format!("{name}{index}"), workers))
        })
    }
}

impl ChildPlan {
    fn grow(&self, id: String, workers: &mut Vec<Script>) -> ChildSpec {
        let spec = match &self.kind {
            KindPlan::Worker { stop, start } => {
                let script = Script::new(id).stop(*stop);
                let script = start
                    .iter()
                    .fold(script, |script, &(nth, act)| script.start(nth, act));
                workers.push(script.clone());
                let grace = ShutdownStrategy::Graceful(Duration::from_millis(400));
                let spec = script.spec().shutdown(grace);
                spec.init_timeout(Duration::from_millis(200))
            }
            KindPlan::Supervisor(tree) => {
                let nested = Supervisor::new(id.as_str(), tree.strategy);
                let nested = nested.intensity(3, Duration::from_secs(1));
                ChildSpec::new(tree.add_to(nested, &id, workers))
            }
        };
        let policy = InitPolicy::FatalOnFirstStart;
        spec.restart(self.restart).init_policy(policy)
    }
}

impl Deed {
    /// Does it to a tree with these workers; one that is added is added to them.
    ///
    /// # Cancel safety
    ///
    /// A call that was made is carried out all the same.
    pub async fn play(self, root: &SupervisorHandle, workers: &mut Vec<Script>) {
        match self {
            Self::End(who, how) => {
                let living: Vec<_> = workers.iter().filter(|worker| worker.alive() > 0).collect();
                if let Some(at) = who.checked_rem(living.len()) {
                    let ends = [
                        End::Done,
                        End::Error,
                        End::Panic,
                        End::With(ExitReason::Shutdown),
                    ];
                    // It may be about to end already.
                    let _lives = living[at].try_end(ends[how % ends.len()].clone());
                }
            }
            Self::Add(who) => {
                let all = supervisors(root);
                let above = all[who % all.len()].clone();
                let new = Script::new(format!("new{}", workers.len()));
                workers.push(new.clone());
                tokio::spawn(async move { above.start_child(new).await });
            }
            Self::Replace(who, now) => {
                if let Some((above, id)) = somebody(root, who).await {
                    let new = Script::new(id.as_str());
                    workers.push(new.clone());
                    let when = if now {
                        Replace::Now
                    } else {
                        Replace::AtNextRestart
                    };
                    tokio::spawn(async move { above.replace_child(new, when).await });
                }
            }
            Self::Wait(millis) => {
                tokio::time::advance(Duration::from_millis(millis)).await;
                settle().await;
            }
            Self::Kill(who)
            | Self::Terminate(who)
            | Self::Restart(who)
            | Self::Delete(who)
            | Self::Pause(who)
            | Self::Resume(who) => {
                if let Some((above, id)) = somebody(root, who).await {
                    self.call(above, id).await;
                }
            }
        }
    }

    /// A call is made and not waited for: what follows comes while it is under way.
    async fn call(self, above: SupervisorHandle, id: ChildId) {
        match self {
            Self::Kill(_) => {
                // It may be down.
                let _down = above.kill_child(id).await;
            }
            Self::Terminate(_) => {
                tokio::spawn(async move { above.terminate_child(id).await });
            }
            Self::Restart(_) => {
                tokio::spawn(async move { above.restart_child(id).await });
            }
            Self::Pause(_) => {
                tokio::spawn(async move { above.pause_child(id).await });
            }
            Self::Resume(_) => {
                tokio::spawn(async move { above.resume_child(id).await });
            }
            _ => {
                tokio::spawn(async move { above.delete_child(id).await });
            }
        }
    }
}

/// The supervisors of the tree as it is now.
fn supervisors(root: &SupervisorHandle) -> Vec<SupervisorHandle> {
    let snapshot = root.snapshot();
    let top = format!("{}/", root.id());
    let entries = snapshot.entries().iter();
    let nested = entries.filter(|entry| entry.strategy.is_some() && entry.depth > 0);
    let paths = nested.map(|entry| entry.path.to_string());
    let found = paths.filter_map(|path| root.supervisor(path.strip_prefix(&top)?).ok());
    std::iter::once(root.clone()).chain(found).collect()
}

/// Some supervisor, and the id of one of its children.
async fn somebody(root: &SupervisorHandle, who: usize) -> Option<(SupervisorHandle, ChildId)> {
    let all = supervisors(root);
    let supervisor = all[who % all.len()].clone();
    let children = supervisor.which_children().await.ok()?;
    let child = children.get((who / all.len()).checked_rem(children.len())?)?;
    Some((supervisor, child.id.clone()))
}
