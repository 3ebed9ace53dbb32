//! Machines as children of machines: what one says is what the one above is told.
//!
//! A nested machine's `Up` starts its row in the machine above, its `Finish` is that row's exit, and a
//! request to stop goes down. What is said travels on its own time, so that all of it may cross.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::machine::Settings;
use super::super::protocol::{Action, End, Exit, Input, Slot, Traits};
use super::super::strategy::AutoShutdown;
use super::random::cases;
use super::script::*;
use super::world::World;
use crate::child::{InitPolicy, ShutdownStrategy};

/// A child as its spec says; with a list it is a supervisor.
#[derive(Clone, Debug)]
struct Spec {
    traits: Traits,
    list: Option<(Settings, Vec<Spec>)>,
}

/// A supervisor that runs.
struct Node {
    world: World,
    list: Vec<Spec>,
    above: Option<(Id, Slot)>,
    below: BTreeMap<Slot, Id>,
}

/// One life of a supervisor.
type Id = usize;

struct Tree {
    nodes: BTreeMap<Id, Node>,
    lives: usize,
    /// What was said and has not arrived.
    said: Vec<(Id, Input)>,
    /// How the root ended.
    over: Option<End>,
}

const ROOT: Id = 0;

impl Tree {
    fn start(root: &Spec) -> Self {
        let mut tree = Self {
            nodes: BTreeMap::new(),
            lives: 0,
            said: Vec::new(),
            over: None,
        };
        tree.begin(root, None);
        tree
    }

    fn begin(&mut self, spec: &Spec, above: Option<(Id, Slot)>) {
        let (settings, list) = spec.list.clone().expect("it is a supervisor");
        let traits: Vec<Traits> = list.iter().map(|child| child.traits).collect();
        let (world, actions) = World::begin(settings, &traits);
        let id = self.lives;
        self.lives += 1;
        if let Some((node, slot)) = above {
            self.node(node).below.insert(slot, id);
        }
        let below = BTreeMap::new();
        self.nodes.insert(
            id,
            Node {
                world,
                list,
                above,
                below,
            },
        );
        self.carry_out(id, &actions);
    }

    fn node(&mut self, id: Id) -> &mut Node {
        self.nodes.get_mut(&id).expect("it runs")
    }

    fn tell(&mut self, id: Id, input: Input) {
        if let Some(node) = self.nodes.get_mut(&id) {
            let actions = node.world.tell(input);
            self.carry_out(id, &actions);
        }
    }

    fn carry_out(&mut self, id: Id, actions: &[Action]) {
        for &action in actions {
            match action {
                Action::Start(slot, ..) => {
                    let spec = self.node(id).list.get(slot).cloned();
                    if let Some(spec) = spec.filter(|spec| spec.list.is_some()) {
                        self.begin(&spec, Some((id, slot)));
                    }
                }
                Action::Ask(slot, _) => {
                    if let Some(&below) = self.node(id).below.get(&slot) {
                        self.said.push((below, Input::StopRequested));
                    }
                }
                Action::Kill(slot, _) | Action::Await(slot, _) => self.kill(id, slot),
                Action::Up => self.say_above(id, Input::Started),
                Action::Finish => self.finish(id),
                Action::Abandon(slot) => {
                    assert!(
                        !self.node(id).below.contains_key(&slot),
                        "a supervisor reacts to a kill"
                    );
                }
                Action::Retry(_) | Action::Remove(_) | Action::Answer(..) | Action::Ending(_) => (),
                Action::Delay(..) | Action::Watch(..) | Action::Storm(_) => (),
                Action::Recovered(_) | Action::Stuck(_) | Action::Dropped(_) => (),
                Action::Paused(_) | Action::Keep(_) | Action::Renew(_) => (),
            }
        }
    }

    fn say_above(&mut self, id: Id, input: impl Fn(Slot) -> Input) {
        if let Some((above, slot)) = self.node(id).above {
            self.said.push((above, input(slot)));
        }
    }

    fn finish(&mut self, id: Id) {
        assert!(
            self.node(id).below.is_empty(),
            "the supervisors below ended before"
        );
        let end = self.node(id).world.ending.expect("it said why");
        let exit = match end {
            End::Asked | End::SignificantExited(_) | End::Satisfied(_) => Exit::Clean,
            End::BootFailed(_) | End::Exhausted(_) | End::LimitReached(_) => Exit::Abnormal,
            End::Escalated(_) => Exit::Permanent,
            End::RestartFailed(_) => Exit::Unstartable,
        };
        self.say_above(id, |slot| Input::Exited(slot, exit));
        self.leave(id);
        if id == ROOT {
            self.over = Some(end);
        }
    }

    fn leave(&mut self, id: Id) {
        // Its exit counts as told only once it has arrived: until then the row above has a life.
        if let Some(node) = self.nodes.remove(&id)
            && let Some((above, slot)) = node.above
            && let Some(above) = self.nodes.get_mut(&above)
        {
            above.below.remove(&slot);
        }
    }

    /// All below go with it, and only its own exit is told.
    fn kill(&mut self, id: Id, slot: Slot) {
        let Some(&killed) = self.node(id).below.get(&slot) else {
            return;
        };
        let mut gone = vec![killed];
        while let Some(next) = gone.pop() {
            gone.extend(self.node(next).below.values());
            self.said.retain(|(to, _)| *to != next);
            self.nodes.remove(&next);
        }
        self.node(id).below.remove(&slot);
        self.said.push((id, crash(slot)));
    }

    /// What may happen next by itself, and what was said, of which each hears the oldest first.
    fn possible(&self) -> Vec<(Id, Input)> {
        let mut possible = Vec::new();
        for (&id, node) in &self.nodes {
            possible.extend(self.said.iter().find(|(to, _)| *to == id).copied());
            for event in node.world.events(false) {
                let of_worker = |slot| {
                    node.list
                        .get(slot)
                        .is_none_or(|spec: &Spec| spec.list.is_none())
                };
                let own = match event {
                    Input::StopRequested => false,
                    Input::Retry(_) => true,
                    _ => event.slot().is_some_and(of_worker),
                };
                possible.extend(own.then_some((id, event)));
            }
        }
        possible
    }

    fn happen(&mut self, (id, input): (Id, Input)) {
        if let Some(at) = self.said.iter().position(|said| *said == (id, input)) {
            self.said.remove(at);
        }
        self.tell(id, input);
    }

    /// Children do what they are asked to, those apart that cannot start, until nothing is under way.
    fn rest(&mut self, can_start: impl Fn(Id, Slot) -> bool) {
        for _ in 0..100_000 {
            let next = self
                .possible()
                .into_iter()
                .find(|&(id, input)| match input {
                    _ if self.said.contains(&(id, input)) => true,
                    Input::Started(slot) => can_start(id, slot),
                    Input::Exited(slot, Exit::Abnormal) => {
                        self.nodes[&id].world.is_stopping(slot)
                            || !can_start(id, slot) && self.nodes[&id].world.is_starting(slot)
                    }
                    Input::Retry(_) => true,
                    _ => false,
                });
            match next {
                Some(next) => self.happen(next),
                None => return,
            }
        }
        panic!("the tree comes to no rest");
    }

    fn stop(&mut self) {
        self.tell(ROOT, Input::StopRequested);
        self.rest(|_, _| true);
    }
}

fn worker(traits: Traits) -> Spec {
    Spec { traits, list: None }
}

fn supervisor(traits: Traits, settings: Settings, list: Vec<Spec>) -> Spec {
    let traits = Traits {
        shutdown: ShutdownStrategy::Infinite,
        init_timeout: None,
        ..traits
    };
    Spec {
        traits,
        list: Some((settings, list)),
    }
}

/// A worker below two supervisors and the root, all of this kind.
fn chain(traits: Traits, settings: Settings) -> Spec {
    let inner = supervisor(traits, settings, vec![worker(traits)]);
    let outer = supervisor(traits, settings, vec![inner]);
    supervisor(traits, settings, vec![outer])
}

#[test]
fn a_tree_is_up_once_every_child_below_has_started() {
    let mut tree = Tree::start(&chain(PERMANENT, ONE_FOR_ONE));
    assert_eq!(tree.nodes.len(), 3);
    tree.rest(|_, _| true);
    assert!(tree.nodes.values().all(|node| node.world.up));
}

#[test]
fn a_worker_that_cannot_start_fails_the_start_of_the_whole_tree() {
    let mut tree = Tree::start(&chain(PERMANENT, ONE_FOR_ONE));
    tree.rest(|id, _| id != 2);
    assert_eq!(tree.over, Some(End::BootFailed(0)));
}

#[test]
fn a_fatal_worker_that_cannot_start_again_ends_every_supervisor_up_to_the_root() {
    let mut tree = Tree::start(&chain(FATAL, ONE_FOR_ONE));
    tree.rest(|_, _| true);
    tree.tell(2, crash(0));
    tree.rest(|id, _| id != 2);
    assert_eq!(tree.over, Some(End::RestartFailed(0)));
}

#[test]
fn a_supervisor_that_is_retried_bears_a_fatal_worker_below_it() {
    let inner = supervisor(PERMANENT, ONE_FOR_ONE, vec![worker(FATAL)]);
    let mut tree = Tree::start(&supervisor(FATAL, ONE_FOR_ONE, vec![inner]));
    tree.rest(|_, _| true);
    tree.tell(1, crash(0));
    // The worker of the first life cannot start, that of the next one can.
    tree.rest(|id, _| id != 1);
    assert_eq!((tree.over, tree.nodes.len(), tree.lives), (None, 2, 3));
}

#[test]
fn a_supervisor_that_gave_up_is_restarted_with_a_fresh_count_by_the_one_above() {
    let inner = supervisor(PERMANENT, bearing(1, ONE_FOR_ONE), vec![worker(PERMANENT)]);
    let mut tree = Tree::start(&supervisor(PERMANENT, bearing(1, ONE_FOR_ONE), vec![inner]));
    tree.rest(|_, _| true);
    for (id, lives) in [(1, 2), (1, 3), (2, 3)] {
        tree.tell(id, crash(0));
        tree.rest(|_, _| true);
        assert_eq!((tree.over, tree.lives), (None, lives));
    }
    tree.tell(2, crash(0));
    tree.rest(|_, _| true);
    assert_eq!(tree.over, Some(End::Exhausted(0)));
}

fn leaf() -> impl Strategy<Value = Spec> {
    let traits = select(vec![PERMANENT, TRANSIENT, TEMPORARY, FATAL]);
    let shutdown = select(vec![PERMANENT.shutdown, ShutdownStrategy::Brutal]);
    (traits, shutdown, any::<bool>()).prop_map(|(traits, shutdown, significant)| {
        worker(Traits {
            shutdown,
            significant,
            ..traits
        })
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let settings = select(vec![ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE]);
    let auto = select(vec![
        AutoShutdown::Never,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ]);
    (settings, auto, 0..10_u32).prop_map(|(settings, auto_shutdown, restarts)| {
        bearing(
            restarts,
            Settings {
                auto_shutdown,
                ..settings
            },
        )
    })
}

fn branch(child: impl Strategy<Value = Spec>) -> impl Strategy<Value = Spec> {
    let traits = select(vec![PERMANENT, TRANSIENT, TEMPORARY, FATAL]);
    let policy = select(vec![InitPolicy::Fatal, InitPolicy::FatalOnFirstStart]);
    let list = prop::collection::vec(child, 0..=4);
    (traits, policy, any::<[bool; 2]>(), settings(), list).prop_map(
        |(traits, init_policy, [significant, brutal], settings, mut list)| {
            for child in &mut list {
                let may = settings.auto_shutdown != AutoShutdown::Never
                    && child.traits.restart != PERMANENT.restart;
                child.traits.significant &= may;
            }
            let mut spec = supervisor(
                Traits {
                    significant,
                    init_policy,
                    ..traits
                },
                settings,
                list,
            );
            if brutal {
                spec.traits.shutdown = ShutdownStrategy::Brutal;
            }
            spec
        },
    )
}

fn any_tree() -> impl Strategy<Value = Spec> {
    let nested = leaf().prop_recursive(3, 50, 4, |child| branch(child).boxed());
    branch(nested)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(300), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees_of_machines_compose(
        spec in any_tree(),
        picks in prop::collection::vec(any::<(u16, bool)>(), 0..200),
    ) {
        let mut tree = Tree::start(&spec);
        tree.rest(|_, _| true);
        for (pick, kill) in picks {
            let possible = tree.possible();
            let Some(&next) = possible.get(usize::from(pick).checked_rem(possible.len()).unwrap_or(0)) else {
                break;
            };
            match next {
                (id, Input::Exited(slot, _)) if kill && tree.nodes[&id].world.is_running(slot) => {
                    tree.tell(id, Input::Killed(slot));
                }
                next => tree.happen(next),
            }
        }
        tree.rest(|_, _| true);
        tree.stop();
        prop_assert!(tree.over.is_some(), "the root ends");
        prop_assert!(tree.nodes.is_empty(), "nobody is left");
    }
}
