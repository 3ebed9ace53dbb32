//! A tree of machines on one clock: what one says is what the one above is told, and deadlines come in time.
//!
//! Messages take no time, but cross each other: a supervisor hears those that are for it in their order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::super::super::protocol::{Action, End, Exit, Input, Slot, Traits};
use super::super::super::slot::{Held, State};
use super::super::world::JUDGED;
use super::drawn::{Act, Branch, Call, Child};
use super::laws;
use super::node::{Id, Life, Node, Turn};
use crate::child::ShutdownStrategy;
use crate::clock::Moment;

#[derive(Clone)]
pub(super) struct Grove {
    pub(super) now: Duration,
    pub(super) nodes: BTreeMap<Id, Node>,
    said: VecDeque<Word>,
    numbers: u64,
    /// How the root ended.
    pub(super) over: Option<End>,
    /// How many lives began, and how many have ended.
    pub(super) begun: u64,
    pub(super) ended: u64,
    /// Children say all the time that they get on.
    all_get_on: bool,
    /// A supervisor in it may wait for a start, and no stop has a time.
    pub(super) may_block: bool,
}

/// What a supervisor is to hear.
#[derive(Clone, Copy)]
struct Word {
    to: Id,
    /// Of which life it is: without that life it is for nobody.
    of: Option<(Slot, u64)>,
    input: Input,
}

const ROOT: Id = 0;

impl Grove {
    pub(super) fn plant(root: &Arc<Branch>) -> Self {
        let mut grove = Self {
            now: Duration::ZERO,
            nodes: BTreeMap::new(),
            said: VecDeque::new(),
            numbers: 0,
            over: None,
            begun: 0,
            ended: 0,
            all_get_on: false,
            may_block: root.may_block(),
        };
        grove.begin(root, None);
        grove
    }

    fn begin(&mut self, branch: &Arc<Branch>, above: Option<(Id, Slot, u64)>) -> Id {
        let id = self.numbers;
        self.numbers += 1;
        self.nodes.insert(id, Node::new(branch, self.now, above));
        if let Some((above, slot, _)) = above {
            let above = self.nodes.get_mut(&above).expect("it starts this one");
            above.with_life(slot, |life| life.below = Some(id));
        }
        self.tell(id, Input::Begin);
        id
    }

    /// Tells a supervisor, does what it says, and looks at what is promised of each step.
    pub(super) fn tell(&mut self, id: Id, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(node) = self.nodes.get_mut(&id) else {
                return;
            };
            let ends = matches!(input, Input::Ignored(_) | Input::Exited(..));
            self.ended += u64::from(ends);
            let turn = node.step(self.now, input);
            for &action in &turn.actions {
                self.carry_out(id, action, &mut inputs);
            }
            let node = self.nodes.get_mut(&id).expect("it leaves below");
            laws::check(node, &turn);
            if node.finished {
                self.leave(id);
            }
        }
    }

    fn node(&mut self, id: Id) -> &mut Node {
        self.nodes.get_mut(&id).expect("it runs")
    }

    fn carry_out(&mut self, id: Id, action: Action, inputs: &mut VecDeque<Input>) {
        let now = self.now;
        let node = self.node(id);
        match action {
            Action::Start(slot, _, timeout) => self.start(id, slot, timeout, inputs),
            Action::Ask(slot, time) => {
                node.set_deadline(slot, time.map(|time| now + time));
                node.with_life(slot, |life| life.is_told = true);
                self.pass_on(id, slot, time.is_none());
            }
            Action::Kill(slot, time) => {
                node.set_deadline(slot, Some(now + time));
                node.with_life(slot, |life| (life.is_told, life.is_aborted) = (true, true));
                self.fell(id, slot);
            }
            Action::Await(slot, time) => node.set_deadline(slot, Some(now + time)),
            Action::Abandon(slot) => {
                let life = node.life(slot).expect("it did not react to an abort");
                assert_eq!(life.below, None, "a supervisor reacts to an abort");
                // It is told at once that the child is gone.
                inputs.push_front(Input::Exited(slot, Exit::Abnormal));
            }
            Action::Retry(slot) => {
                if let Some(row) = &mut node.rows[slot] {
                    row.retries += 1;
                }
                self.say(id, None, Input::Retry(slot));
            }
            Action::Delay(slot, _, time) | Action::Watch(slot, time) => {
                // Who waits for a sibling has no time for that.
                node.set_deadline(slot, now.checked_add(time));
            }
            Action::Remove(slot) => node.take_out(slot),
            Action::Answer(request, _) => {
                let at = node.calls.iter().position(|call| call.0 == request);
                node.calls.remove(at.expect("each call is answered once"));
            }
            Action::Up => {
                assert!(!node.up, "it comes up once");
                node.up = true;
                self.say_above(id, Input::Started);
            }
            Action::Ending(end) => {
                assert_eq!(node.ending, None, "it says once why it ends");
                node.ending = Some(end);
                let time = match self.may_block {
                    false => self.time_of(id),
                    true => Duration::MAX,
                };
                self.node(id).stop = Some((now, time));
            }
            Action::Finish => {
                assert!(!node.finished, "it finishes once");
                node.finished = true;
            }
            Action::Keep(slot) => node.keep(slot),
            Action::Renew(slot) => node.renew(slot),
            // What there is to tell others.
            Action::Recovered(_) | Action::Stuck(_) | Action::Dropped(_) => (),
            Action::Paused(_) | Action::Storm(_) => (),
        }
    }

    fn start(
        &mut self,
        id: Id,
        slot: Slot,
        timeout: Option<Duration>,
        inputs: &mut VecDeque<Input>,
    ) {
        let number = self.numbers;
        self.numbers += 1;
        self.begun += 1;
        let now = self.now;
        let node = self.node(id);
        let row = node.rows[slot]
            .as_mut()
            .expect("only what has a row starts");
        assert!(row.life.is_none(), "row {slot} has one life at a time");
        row.life = Some(Life {
            number,
            is_up: false,
            is_told: false,
            is_aborted: false,
            below: None,
            progress: None,
            is_gone: false,
        });
        let below = row.child.below.clone();
        if row.child.at_once {
            inputs.push_back(Input::Started(slot));
        } else {
            row.deadline = timeout.map(|time| now + time);
        }
        if let Some(below) = below {
            self.begin(&below, Some((id, slot, number)));
        }
    }

    /// A child hears that it is to stop; one whose stop has no deadline does so, or it would be waited for.
    fn pass_on(&mut self, id: Id, slot: Slot, is_unlimited: bool) {
        let life = self.node(id).life(slot).expect("it is asked to stop");
        match life.below {
            Some(below) => self.say(below, None, Input::StopRequested),
            None if is_unlimited => {
                let input = Input::Exited(slot, Exit::Clean);
                self.say(id, Some((slot, life.number)), input);
            }
            None => (),
        }
    }

    fn say(&mut self, to: Id, of: Option<(Slot, u64)>, input: Input) {
        self.said.push_back(Word { to, of, input });
    }

    fn say_above(&mut self, id: Id, input: impl Fn(Slot) -> Input) {
        if let Some((above, slot, number)) = self.node(id).above {
            self.say(above, Some((slot, number)), input(slot));
        }
    }

    /// The task of a supervisor is aborted: all below go with it, and only its own exit is told.
    fn fell(&mut self, id: Id, slot: Slot) {
        let Some(life) = self.node(id).life(slot) else {
            return;
        };
        let Some(below) = life.below else {
            return;
        };
        let mut fallen = vec![below];
        while let Some(next) = fallen.pop() {
            let Some(node) = self.nodes.remove(&next) else {
                continue;
            };
            let lives = node.slots().filter_map(|(_, row)| row.life);
            for life in lives {
                self.ended += 1;
                fallen.extend(life.below);
            }
            self.said.retain(|word| word.to != next);
        }
        let of = (slot, life.number);
        // It may have said its last word just before.
        let is_said = |word: &Word| {
            word.of == Some(of) && matches!(word.input, Input::Exited(..) | Input::Ignored(_))
        };
        if !self.said.iter().any(is_said) {
            self.say(id, Some(of), Input::Exited(slot, Exit::Killed));
        }
    }

    fn leave(&mut self, id: Id) {
        let node = self.nodes.remove(&id).expect("it has finished");
        if let Some((above, slot, number)) = node.above {
            let input = Input::Exited(slot, node.exit());
            self.say(above, Some((slot, number)), input);
        }
        if id == ROOT {
            self.over = node.ending;
        }
    }

    /// What time a supervisor has for its end, if each child takes as long as it may.
    fn time_of(&self, id: Id) -> Duration {
        let node = &self.nodes[&id];
        let time_of = |slot: Slot| -> Duration {
            let row = node.row(slot).expect("it is of a row");
            let below = row.life.and_then(|life| life.below);
            let below = below.filter(|below| self.nodes.contains_key(below));
            let now = below.map_or(Duration::ZERO, |below| self.time_of(below));
            // It may be restarted before it is asked, with a new spec if there is one.
            let kept = row.kept.as_ref().map(|(child, _)| child);
            let next = kept.map(|child| laws::time_for(child, node.abort_grace(), now));
            laws::time_for(&row.child, node.abort_grace(), now).max(next.unwrap_or_default())
        };
        laws::time_to_stop(node, &time_of)
    }

    /// A child more below supervisors that end: their times may be longer.
    fn grant(&mut self, id: Id, time: Duration) {
        let mut at = Some(id);
        while let Some(id) = at {
            let node = self.node(id);
            if let Some((_, granted)) = &mut node.stop {
                *granted = granted.saturating_add(time);
            }
            at = node.above.map(|(above, ..)| above);
        }
    }

    // What happens by itself.

    /// The supervisor that is meant hears what was said to it first, of that which it hears now.
    pub(super) fn hear(&mut self, id: Id) {
        let is_first = |word: &Word| word.to == id && self.is_heard(word);
        let Some(at) = self.said.iter().position(is_first) else {
            return;
        };
        let word = self.said.remove(at).expect("it is there");
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        if let Input::Retry(slot) = word.input
            && let Some(Some(row)) = node.rows.get_mut(slot)
        {
            row.retries = row.retries.saturating_sub(1);
        }
        let is_present = |(slot, number)| node.life(slot).is_some_and(|life| life.number == number);
        if word.of.is_none_or(is_present) {
            self.tell(id, word.input);
        }
    }

    fn is_heard(&self, word: &Word) -> bool {
        let node = self.nodes.get(&word.to);
        node.is_none_or(|node| node.hears(word.of, word.input))
    }

    /// A child says that, and its supervisor hears it at once, unless it does not listen.
    fn tell_of(&mut self, id: Id, slot: Slot, life: Life, input: Input) {
        let of = (slot, life.number);
        if self.nodes[&id].hears(Some(of), input) {
            return self.tell(id, input);
        }
        let is_gone = matches!(input, Input::Ignored(_) | Input::Exited(..));
        let node = self.node(id);
        node.with_life(slot, |life| life.is_gone |= is_gone);
        self.say(id, Some(of), input);
    }

    /// Everybody hears everything.
    pub(super) fn hear_all(&mut self) {
        for _ in 0..100_000 {
            match self.said.iter().find(|word| self.is_heard(word)) {
                Some(word) => self.hear(word.to),
                None => return,
            }
        }
        panic!("the supervisors talk for ever");
    }

    fn next_deadline(&self) -> Option<(Duration, Id, Slot)> {
        let nodes = self.nodes.iter();
        let all = nodes.flat_map(|(&id, node)| {
            let rows = node.slots();
            rows.filter_map(move |(slot, row)| Some((row.deadline?, id, slot)))
        });
        all.min()
    }

    /// Time passes, and each deadline comes when it is due.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.hear_all();
            match self.next_deadline().filter(|&(at, ..)| at <= until) {
                Some((at, id, slot)) => {
                    self.go_to(at);
                    self.be_overdue(id, slot);
                }
                None => break,
            }
        }
        self.go_to(until);
        for node in self.nodes.values() {
            laws::the_stop_keeps_its_time(node, self.now);
        }
    }

    fn go_to(&mut self, at: Duration) {
        let time = at - self.now;
        self.now = at;
        for node in self.nodes.values_mut().filter(|node| node.is_clearing()) {
            node.stood_still += time;
        }
    }

    fn be_overdue(&mut self, id: Id, slot: Slot) {
        let gets_on = self.all_get_on.then_some(self.now);
        let node = self.node(id);
        node.set_deadline(slot, None);
        let (mut progress, began) = (None, node.began);
        if let Some(State::Running(false)) = node.state(slot) {
            node.with_life(slot, |life| progress = gets_on.or(life.progress.take()));
        }
        self.tell(
            id,
            match progress {
                Some(at) => Input::Progressed(slot, Moment(at - began)),
                None => Input::Overdue(slot),
            },
        );
    }

    // What is done to it.

    /// All lives that are not those of supervisors, and fit.
    fn workers(&self, fits: impl Fn(&Life) -> bool) -> Vec<(Id, Slot, Life)> {
        let mut found = self.lives(fits);
        found.retain(|(id, slot, _)| {
            let row = self.nodes[id].row(*slot);
            row.is_some_and(|row| row.child.below.is_none())
        });
        found
    }

    fn lives(&self, fits: impl Fn(&Life) -> bool) -> Vec<(Id, Slot, Life)> {
        let mut found = Vec::new();
        for (&id, node) in &self.nodes {
            for (slot, row) in node.slots() {
                if let Some(life) = row.life.filter(|life| !life.is_gone && fits(life)) {
                    found.push((id, slot, life));
                }
            }
        }
        found
    }

    pub(super) fn act(&mut self, act: &Act) {
        match act {
            Act::Obey(who) => {
                let found = self.workers(|life| !life.is_up || life.is_told);
                if let Some(&(id, slot, life)) = pick(&found, *who) {
                    self.obey(id, slot, life);
                }
            }
            Act::Exit(who, exit) => {
                if let Some(&(id, slot, life)) = pick(&self.workers(|_| true), *who) {
                    self.tell_of(id, slot, life, Input::Exited(slot, fitting(*exit, life)));
                }
            }
            Act::Decline(who) => {
                if let Some(&(id, slot, life)) = pick(&self.workers(|life| !life.is_up), *who) {
                    self.tell_of(id, slot, life, Input::Ignored(slot));
                }
            }
            Act::StartLate(who) => {
                let found = self.workers(|life| !life.is_up && life.is_told);
                if let Some(&(id, slot, life)) = pick(&found, *who) {
                    self.tell_of(id, slot, life, Input::Started(slot));
                }
            }
            Act::Kill(who) => {
                if let Some(&(id, slot, life)) = pick(&self.lives(|_| true), *who) {
                    self.node(id).with_life(slot, |life| life.is_aborted = true);
                    self.fell(id, slot);
                    self.tell_of(id, slot, life, Input::Killed(slot));
                }
            }
            Act::Progress(who) => {
                let now = self.now;
                if let Some(&(id, slot, _)) = pick(&self.workers(|life| life.is_up), *who) {
                    let node = self.node(id);
                    node.with_life(slot, |life| life.progress = Some(now));
                }
            }
            Act::Hear(who) => {
                let to: Vec<Id> = self.said.iter().map(|word| word.to).collect();
                if let Some(&id) = pick(&to, *who) {
                    self.hear(id);
                }
            }
            Act::Call(who, call) => self.call(usize::from(*who), call),
            Act::Pass(millis) => self.pass(Duration::from_millis(*millis)),
            Act::Stop => self.stop(),
        }
    }

    fn obey(&mut self, id: Id, slot: Slot, life: Life) {
        let input = match life {
            Life {
                is_aborted: true, ..
            } => Input::Exited(slot, Exit::Killed),
            Life { is_told: true, .. } => Input::Exited(slot, Exit::Clean),
            Life { .. } => Input::Started(slot),
        };
        self.tell_of(id, slot, life, input);
    }

    /// The root is to stop, if it runs.
    fn stop(&mut self) {
        let Some(root) = self.nodes.get(&ROOT) else {
            return;
        };
        if root.hears(None, Input::StopRequested) {
            self.tell(ROOT, Input::StopRequested);
        } else {
            self.say(ROOT, None, Input::StopRequested);
        }
    }

    fn call(&mut self, who: usize, call: &Call) {
        let ids: Vec<Id> = self.nodes.keys().copied().collect();
        let Some(at) = who.checked_rem(ids.len()) else {
            return;
        };
        let (id, who) = (ids[at], who / ids.len());
        let node = self.node(id);
        if !node.hears(None, Input::StopRequested) {
            // It hears none now: as if it came later.
            return;
        }
        let request = node.requests;
        let is_list = matches!(node.branch.as_ref(), Branch::List { .. });
        let slots: Vec<Slot> = node.slots().map(|(slot, _)| slot).collect();
        let slot = who.checked_rem(slots.len()).map(|at| slots[at]);
        let input = match (call, slot) {
            (Call::Add(child, needs), _) => {
                let mut child = child.as_ref().clone();
                let mut whom: Vec<Slot> = needs
                    .iter()
                    .filter_map(|&need| pick(&slots, need).copied())
                    .filter(|_| is_list)
                    .collect();
                whom.sort_unstable();
                whom.dedup();
                child.traits.significant &= node.may_be_significant();
                let traits = child.traits;
                let time = laws::time_for(&child, node.abort_grace(), Duration::ZERO);
                let slot = node.lay_out(child, whom);
                self.grant(id, time);
                Input::Add(request, slot, traits)
            }
            (Call::AddKnown, Some(slot)) => Input::AddKnown(request, slot),
            (Call::Terminate, Some(slot)) => Input::Terminate(request, slot),
            (Call::Restart, Some(slot)) if is_list => Input::Restart(request, slot),
            (Call::Delete, Some(slot)) if is_list => Input::Delete(request, slot),
            (Call::Pause, Some(slot)) if is_list => Input::Pause(request, slot),
            (Call::Resume, Some(slot)) if is_list => Input::Resume(request, slot),
            (Call::Discard, Some(slot)) if is_list => Input::Discard(request, slot),
            (Call::Replace(child, needs, when), Some(slot)) if is_list => {
                let traits = self.renewed(id, slot, child, needs);
                Input::Replace(request, slot, traits, *when)
            }
            // The desk refuses it.
            _ => return,
        };
        let about = input.slot().expect("a call is about a row");
        let node = self.node(id);
        node.requests += 1;
        node.calls.push((request, about));
        self.tell(id, input);
    }

    /// A new spec is brought for a row; tells its traits.
    fn renewed(&mut self, id: Id, slot: Slot, child: &Child, needs: &[u16]) -> Traits {
        let node = self.node(id);
        let slots: Vec<Slot> = node.slots().map(|(slot, _)| slot).collect();
        let picked = needs.iter().filter_map(|&need| pick(&slots, need));
        let mut whom: Vec<Slot> = picked.copied().collect();
        whom.sort_unstable();
        whom.dedup();
        if !node.may_need(slot, &whom) {
            whom.clear();
        }
        let mut child = child.clone();
        child.traits.significant &= node.may_be_significant();
        let traits = child.traits;
        // A supervisor above may be ending, and has counted the old ones; and who needs whom may put them in a row.
        let grace = node.abort_grace();
        let times = node
            .slots()
            .map(|(_, row)| laws::time_for(&row.child, grace, Duration::ZERO));
        let time: Duration = times.sum();
        let time = time + laws::time_for(&child, grace, Duration::ZERO);
        node.bring(slot, child, whom);
        self.grant(id, time);
        traits
    }

    // How it comes to an end.

    /// Children do what they are asked to, and get on, until nothing is under way.
    pub(super) fn rest(&mut self) {
        self.all_get_on = true;
        for _ in 0..20_000 {
            self.hear_all();
            let found = self.workers(|life| !life.is_up || life.is_told || life.is_aborted);
            if let Some(&(id, slot, life)) = found.first() {
                self.obey(id, slot, life);
                continue;
            }
            // Nothing but time is missing, as long as somebody waits for a restart, and not for a sibling.
            let waits = |node: &Node| {
                let mut held = node.slots().filter_map(|(slot, _)| match node.state(slot) {
                    Some(State::Delayed(held)) => Some(held),
                    _ => None,
                });
                held.any(|held| held != Held::Needy)
            };
            if !self.nodes.values().any(waits) {
                self.all_get_on = false;
                return;
            }
            let (at, ..) = self
                .next_deadline()
                .expect("a restart that waits has a deadline");
            self.pass(at.saturating_sub(self.now));
        }
        panic!("the tree comes to no rest");
    }

    /// From here children do what they are asked to: all comes to rest, and to its end when it is asked.
    pub(super) fn cooperate(mut self) {
        self.rest();
        for node in self.nodes.values() {
            laws::it_is_at_rest(node);
        }
        self.stop();
        self.rest();
        self.is_over();
    }

    /// From here nobody reacts to anything, and only time passes: all comes to an end all the same.
    pub(super) fn resist(mut self) {
        self.stop();
        for _ in 0..20_000 {
            self.hear_all();
            let Some((at, ..)) = self.next_deadline() else {
                break;
            };
            self.pass(at.saturating_sub(self.now));
        }
        self.is_over();
    }

    fn is_over(&self) {
        assert!(self.over.is_some(), "the root ends");
        assert!(self.nodes.is_empty(), "no supervisor is left");
        assert_eq!(
            self.begun, self.ended,
            "each life that began has ended, once"
        );
    }
}

fn pick<T>(of: &[T], who: u16) -> Option<&T> {
    of.get(usize::from(who).checked_rem(of.len())?)
}

/// An exit that such a life may have.
fn fitting(exit: Exit, life: Life) -> Exit {
    match exit {
        // Nobody asks what is to follow.
        exit if life.is_told && JUDGED.contains(&exit) => Exit::Clean,
        Exit::Killed => Exit::Killed,
        Exit::Judged(_) | Exit::Satisfied => exit,
        _ if !life.is_up => Exit::Unstartable,
        exit => exit,
    }
}

/// What is promised is to be seen: a law is told of a step with all that there is to say about it.
pub(super) fn story(node: &Node, turn: &Turn) -> String {
    let states: Vec<_> = node
        .slots()
        .map(|(slot, _)| (slot, node.state(slot)))
        .collect();
    let needs: Vec<_> = node.slots().map(|(slot, row)| (slot, &row.needs)).collect();
    let lives: Vec<_> = node.slots().map(|(slot, row)| (slot, row.life)).collect();
    format!(
        "\nbefore: {:?}\ninput: {:?} at {:?}\nactions: {:?}\nafter: {states:?}\nlives: {lives:?}\nneeds: {needs:?}\n",
        turn.before, turn.input, turn.now, turn.actions
    )
}

/// A stop strategy without a limit.
pub(super) fn is_unlimited(child: &Child) -> bool {
    child.traits.shutdown == ShutdownStrategy::Infinite
}
