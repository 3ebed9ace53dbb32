//! Hands that meddle with the tree: they kill, stop, start and look, whatever else goes on.

use std::sync::Arc;
use std::time::Duration;

use perennial::{ChildState, Restart, SupervisorHandle};
use tokio::time::{sleep, timeout};

use super::dice::Dice;
use super::site::{CROWD, ROOT, Site, subject};
use super::world::{BLOCK, Kind, World, explode};

/// How long a hand rests at most between two deeds.
const REST: Duration = Duration::from_millis(20);
/// Within what time each call has to be answered, however much goes on.
const ANSWER: Duration = Duration::from_secs(40);
/// How many children a hand starts again at a time.
const REVIVED: usize = 20;
/// A call that is not waited for is given up within that time.
const IMPATIENT: Duration = Duration::from_millis(5);

/// One of those who meddle with the tree.
pub(super) struct Hand {
    pub(super) world: Arc<World>,
    pub(super) site: Arc<Site>,
    pub(super) root: SupervisorHandle,
    pub(super) dice: Dice,
}

impl Hand {
    /// Meddles whenever faults befall; never ends.
    pub(super) async fn meddle(mut self) {
        loop {
            self.world.weather(true).await;
            let deed = DEEDS[self.dice.roll(DEEDS.len() as u64) as usize];
            let is_answered = match self.dice.roll(10) {
                // A caller who goes away in the middle.
                0 => {
                    let patience = self.dice.within(IMPATIENT);
                    let _given_up = timeout(patience, self.act(deed)).await;
                    true
                }
                _ => timeout(ANSWER, self.act(deed)).await.is_ok(),
            };
            if !is_answered {
                let what = format!("a call to {deed:?} was not answered within {ANSWER:?}");
                self.world.complain(what);
            }
            sleep(self.dice.within(REST)).await;
        }
    }

    /// What is refused is refused: a child may be gone by then.
    async fn act(&mut self, deed: Deed) {
        let Some(supervisor) = self.supervisor() else {
            self.world.count("nobody there");
            return;
        };
        match deed {
            Deed::Kill => self.kill(&supervisor).await,
            Deed::Terminate => self.terminate(&supervisor).await,
            Deed::Replace => self.replace(&supervisor).await,
            Deed::Revive => revive(&self.root, REVIVED).await,
            Deed::Add => self.add(&supervisor).await,
            Deed::Crowd => self.crowd().await,
            Deed::Errand => self.errand().await,
            Deed::Stop => {
                // Not the root, whose stop is the end.
                if supervisor.id().as_str() != ROOT {
                    supervisor.request_stop();
                }
            }
            Deed::Look => self.look(&supervisor).await,
        }
        self.world.count(deed.as_str());
    }

    /// Any supervisor of the tree that runs; the deeper ones more often.
    fn supervisor(&mut self) -> Option<SupervisorHandle> {
        let district = self.dice.roll(self.site.crowds.len() as u64);
        let below = match self.dice.roll(40) {
            0 => return Some(self.root.clone()),
            1..3 => "",
            3..10 => "/one",
            10..14 => "/one/inner",
            14..20 => "/all",
            20..24 => "/all/inner",
            24..29 => "/rest",
            29..33 => "/rest/inner",
            33..36 => "/crowd",
            36..38 => "/shards",
            _ => "/errands",
        };
        self.root.supervisor(&format!("d{district}{below}")).ok()
    }

    /// The id of a child; of the root seldom, as a whole district goes with it.
    async fn child(&mut self, supervisor: &SupervisorHandle) -> Option<String> {
        let children = supervisor.which_children().await.ok()?;
        let child = self.dice.one_of(&children)?;
        Some(child.id.as_str().to_owned())
    }

    async fn kill(&mut self, supervisor: &SupervisorHandle) {
        if let Some(id) = self.child(supervisor).await {
            // It may be down.
            let _killed = supervisor.kill_child(id).await;
        }
    }

    async fn terminate(&mut self, supervisor: &SupervisorHandle) {
        let Some(id) = self.child(supervisor).await else {
            return;
        };
        let _gone = supervisor.terminate_child(id.as_str()).await;
        if self.dice.roll(2) == 0 {
            let _back = supervisor.restart_child(id).await;
        }
    }

    /// Takes a child of the first ones of a hall out, and puts another one in its place.
    async fn replace(&mut self, supervisor: &SupervisorHandle) {
        let index = self.dice.roll(8) as usize;
        let id = format!("w{index}");
        let _gone = supervisor.terminate_child(id.as_str()).await;
        if supervisor.delete_child(id).await.is_ok() {
            let spec = subject(&self.world, index);
            let spec = match self.dice.roll(2) {
                // One that it needs from now on, if that one runs.
                0 => spec.after([format!("w{}", (index + 1) % 8)]),
                _ => spec,
            };
            if supervisor.start_child(spec).await.is_err() {
                let _there = supervisor.start_child(subject(&self.world, index)).await;
            }
        }
    }

    /// Starts a temporary child.
    async fn add(&mut self, supervisor: &SupervisorHandle) {
        let number = self.dice.roll(4);
        let spec = subject(&self.world, self.dice.roll(8) as usize);
        let spec = spec.id(format!("extra-{number}"));
        let _there = supervisor
            .start_child(spec.restart(Restart::Temporary))
            .await;
    }

    /// Fills a crowd up; sometimes takes one out.
    async fn crowd(&mut self) {
        let Some(crowd) = self.dice.one_of(&self.site.crowds).cloned() else {
            return;
        };
        if self.dice.roll(3) == 0
            && let Some(id) = self.child(&crowd).await
        {
            let _gone = crowd.terminate_child(id).await;
        }
        for index in 0..CROWD {
            if crowd.start_child(index).await.is_err() {
                return;
            }
        }
    }

    /// Starts a task, and waits for it, stops it, drops it or leaves it alone.
    async fn errand(&mut self) {
        let Some(errands) = self.dice.one_of(&self.site.errands).cloned() else {
            return;
        };
        let (world, mut dice) = (Arc::clone(&self.world), self.dice.clone());
        let alive = world.token(Kind::Errand);
        let task = errands.spawn("errand", async move {
            let _alive = alive;
            match dice.roll(8) {
                0 => explode("an errand"),
                1 => std::future::pending().await,
                2 => world.block(dice.within(BLOCK)),
                _ => sleep(dice.within(REST)).await,
            }
        });
        let Ok(task) = task.await else { return };
        match self.dice.roll(4) {
            0 => {
                let _result = timeout(REST, task).await;
            }
            1 => {
                let _stopped = task.stop().await;
            }
            2 => drop(task.abort_on_drop()),
            _ => task.detach(),
        }
    }

    /// Looks at all that can be looked at.
    async fn look(&mut self, supervisor: &SupervisorHandle) {
        let snapshot = supervisor.snapshot();
        self.world.count("looked at");
        // What it prints is looked at elsewhere.
        let _printed = snapshot.to_string();
        let _counts = supervisor.count_children().await;
        if let Some(id) = self.child(supervisor).await {
            let _settings = supervisor.child_spec(id.as_str()).await;
            let _info = supervisor.which_child(id).await;
        }
        if let Ok(dataspace) = supervisor.dataspace() {
            let _published = dataspace.publications();
        }
        // A listener that soon loses events, as nobody reads them.
        let mut events = supervisor.events();
        let _event = timeout(IMPATIENT, events.next()).await;
        sleep(REST).await;
        let _event = timeout(IMPATIENT, events.next()).await;
    }
}

/// Starts children again that are down, from the top to the bottom, and at most so many.
pub(super) async fn revive(root: &SupervisorHandle, most: usize) {
    let snapshot = root.snapshot();
    let entries = snapshot.entries().iter();
    let down = entries.filter(|entry| entry.state == ChildState::Idle);
    for entry in down.take(most) {
        let Some(above) = entry.path.parent() else {
            continue;
        };
        let above = above.to_string();
        let above = match above.strip_prefix(ROOT).and_then(|at| at.strip_prefix('/')) {
            Some(below) => root.supervisor(below),
            None => Ok(root.clone()),
        };
        if let Ok(above) = above {
            // It may be up by now.
            let _back = above.restart_child(entry.path.id().clone()).await;
        }
    }
}

/// What a hand does; the more often it stands here, the more often it does it.
const DEEDS: [Deed; 16] = [
    Deed::Kill,
    Deed::Kill,
    Deed::Kill,
    Deed::Terminate,
    Deed::Terminate,
    Deed::Replace,
    Deed::Revive,
    Deed::Add,
    Deed::Crowd,
    Deed::Crowd,
    Deed::Errand,
    Deed::Errand,
    Deed::Stop,
    Deed::Look,
    Deed::Look,
    Deed::Errand,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Kill,
    Terminate,
    Replace,
    Revive,
    Add,
    Crowd,
    Errand,
    Stop,
    Look,
}

impl Deed {
    fn as_str(self) -> &'static str {
        match self {
            Self::Kill => "call: kill",
            Self::Terminate => "call: terminate",
            Self::Replace => "call: replace",
            Self::Revive => "call: revive",
            Self::Add => "call: add",
            Self::Crowd => "call: crowd",
            Self::Errand => "call: errand",
            Self::Stop => "call: stop",
            Self::Look => "call: look",
        }
    }
}
