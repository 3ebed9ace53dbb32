//! What is promised of every step of every supervisor, one function a promise.
//!
//! They look at inputs, actions and the ledger beside a machine, not at how it comes to its decisions.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::super::protocol::{Action, Answer, Cause, Exit, Input, Refusal, Slot};
use super::super::super::slot::{Force, Held, Patience, State, Then};
use super::super::super::strategy::{StopMode, Strategy};
use super::drawn::{Branch, Child};
use super::grove::{is_unlimited, story};
use super::node::{Brain, Life, Node, Row, Turn};
use crate::child::ShutdownStrategy;
use crate::restart::{ExitVerdict, Intensity};

/// All promises of one step.
pub(super) fn check(node: &mut Node, turn: &Turn) {
    stops_go_backward(node, turn);
    starts_go_forward(node, turn);
    restarts_stay_within_the_limits(node, turn);
    nobody_starts_after_a_request_to_stop(node, turn);
    each_life_ends_once(node, turn);
    the_stop_keeps_its_time(node, turn.now);
    no_wait_is_without_a_deadline(node, turn);
    a_dynamic_supervisor_has_a_place_for_each_child(node, turn);
    calls_are_answered_whatever_else_goes_on(node, turn);
}

/// The lives as they are while the actions of a step are done one after the other.
struct Replay<'a> {
    node: &'a Node,
    turn: &'a Turn,
    lives: Vec<Option<Life>>,
}

impl<'a> Replay<'a> {
    fn new(node: &'a Node, turn: &'a Turn) -> Self {
        let mut lives: Vec<_> = turn.before.iter().map(|(_, life)| *life).collect();
        lives.resize(node.rows.len().max(lives.len()), None);
        if let Input::Exited(slot, _) | Input::Ignored(slot) = turn.input {
            lives[slot] = None;
        }
        Self { node, turn, lives }
    }

    fn step(&mut self, action: &Action) {
        match *action {
            Action::Start(slot, ..) => self.lives[slot] = self.node.life(slot),
            Action::Ask(slot, _) | Action::Kill(slot, _) => {
                if let Some(life) = &mut self.lives[slot] {
                    life.is_told = true;
                }
            }
            _ => (),
        }
    }

    /// Who is told to end by that action for the sake of others, and not for its own.
    fn told(&self, action: &Action) -> Option<Slot> {
        match *action {
            Action::Ask(slot, _) | Action::Kill(slot, _) => {
                let is_new = self.lives[slot].is_some_and(|life| !life.is_told);
                (is_new && self.turn.input.slot() != Some(slot)).then_some(slot)
            }
            _ => None,
        }
    }

    fn lives(&self, slot: Slot) -> bool {
        self.lives[slot].is_some()
    }
}

/// (a) The order of a stop is a reverse topological order of the spec: whoever is told to end is needed by
/// nobody who lives, and at the end of all nobody lives behind it in the list, or on a level above, as the mode says.
pub(super) fn stops_go_backward(node: &Node, turn: &Turn) {
    let Branch::List { stop, .. } = node.branch.as_ref() else {
        return;
    };
    let mut replay = Replay::new(node, turn);
    let mut is_end = turn.was_ending;
    let place = |slot: Slot| node.order.iter().position(|&other| other == slot);
    for action in &turn.actions {
        is_end |= matches!(action, Action::Ending(_));
        if let Some(slot) = replay.told(action) {
            let level = node.row(slot).map_or(0, |row| row.level);
            for (other, row) in node.slots() {
                let is_above = match stop {
                    // The order of the list is not the whole order.
                    _ if node.is_relinked => false,
                    StopMode::Ordered => place(other) > place(slot),
                    StopMode::Waves => row.level > level,
                    StopMode::Concurrent => false,
                };
                let waits_for = row.needs.contains(&slot) || is_end && is_above;
                assert!(
                    !waits_for || !replay.lives(other) || other == slot,
                    "{slot} stops before {other} {}",
                    story(node, turn)
                );
            }
        }
        replay.step(action);
    }
}

/// Beside (a): whoever starts with others, or by a call, starts after those that it needs. One child that is restarted
/// alone waits for nobody.
pub(super) fn starts_go_forward(node: &Node, turn: &Turn) {
    let Brain::List(machine) = &node.machine else {
        return;
    };
    let is_group = machine.settings.strategy != Strategy::OneForOne;
    for action in &turn.actions {
        let Action::Start(slot, cause, _) = *action else {
            continue;
        };
        let is_with_others = match cause {
            Cause::Restart => is_group,
            _ => true,
        };
        let Some(row) = node.row(slot).filter(|_| is_with_others) else {
            continue;
        };
        for &need in &row.needs {
            let is_early = match node.state(need) {
                Some(State::Running(_) | State::Paused) => false,
                // It has nothing more to do, and nobody waits for it.
                Some(State::Idle) => !machine.rows.row(need).is_done,
                _ => true,
            };
            assert!(
                !is_early,
                "{slot} starts before {need} {}",
                story(node, turn)
            );
        }
    }
}

/// (b) Within any window there are no more restarts than the limits bear, those of the supervisor and the child's own.
pub(super) fn restarts_stay_within_the_limits(node: &mut Node, turn: &Turn) {
    let Some(slot) = counted(node, turn) else {
        return;
    };
    let now = turn.now - node.began;
    let by_clock = now
        - if node.whole_seconds() {
            Duration::ZERO
        } else {
            node.stood_still
        };
    let (limit, whole_seconds) = (node.intensity(), node.whole_seconds());
    let within = count(&mut node.counted, by_clock, limit, whole_seconds);
    assert!(
        within,
        "{slot} is restarted once too often {}",
        story(node, turn)
    );
    if turn.actions.contains(&Action::Renew(slot)) {
        // The limit was that of its old spec.
        return;
    }
    let row = node.rows[slot].as_mut().expect("it is restarted");
    if let Some((limit, _)) = row.child.plan.limit {
        let within = count(&mut row.counted, now, limit, false);
        assert!(
            within,
            "{slot} is above its own limit {}",
            story(node, turn)
        );
    }
}

/// Counts one more; whether it is within the limit.
fn count(at: &mut Vec<Duration>, now: Duration, limit: Intensity, whole_seconds: bool) -> bool {
    at.retain(|&earlier| {
        if whole_seconds {
            now.as_secs() - earlier.as_secs() <= limit.period.as_secs()
        } else {
            now - earlier < limit.period
        }
    });
    at.push(now);
    limit.is_unlimited() || at.len() <= limit.restarts as usize
}

/// Whose failure is followed by a restart that counts, at once or after a wait.
fn counted(node: &Node, turn: &Turn) -> Option<Slot> {
    let slot = turn.input.slot()?;
    let (before, _) = *turn.before.get(slot)?;
    let fails = match (turn.input, before?) {
        (_, State::Stopping(Then::Failed, _)) => {
            matches!(
                turn.input,
                Input::Exited(..) | Input::Ignored(_) | Input::Overdue(_)
            )
        }
        // A wanted replacement is no failure.
        (Input::Exited(_, Exit::Planned), _) => false,
        (Input::Exited(..) | Input::Overdue(_), State::Running(_)) => true,
        (Input::Exited(_, exit), State::Starting(Cause::Restart, _)) => matches!(
            exit,
            Exit::Judged(ExitVerdict::Restart | ExitVerdict::RestartAfter(_))
        ),
        (Input::Retry(_), State::Retrying) => true,
        _ => false,
    };
    let comes_back = matches!(
        node.state(slot)?,
        State::Starting(Cause::Restart, _)
            | State::Due(_)
            | State::Delayed(Held::Paced | Held::Over)
    );
    (fails && comes_back && !turn.was_cleared && !turn.was_ending).then_some(slot)
}

/// (c) After a request to stop, and once it has said that it ends, a supervisor starts nobody.
pub(super) fn nobody_starts_after_a_request_to_stop(node: &Node, turn: &Turn) {
    let mut is_over = turn.was_asked || turn.was_ending || turn.input == Input::StopRequested;
    for action in &turn.actions {
        is_over |= matches!(action, Action::Ending(_));
        let starts = matches!(
            action,
            Action::Start(..) | Action::Retry(_) | Action::Delay(..)
        );
        assert!(
            !is_over || !starts,
            "{action:?} after the stop {}",
            story(node, turn)
        );
    }
}

/// (d) A child has one life at a time, which ends once: by its own exit, or by being left behind.
pub(super) fn each_life_ends_once(node: &Node, turn: &Turn) {
    let mut replay = Replay::new(node, turn);
    for action in &turn.actions {
        let fits = match *action {
            Action::Start(slot, ..) => !replay.lives(slot),
            Action::Ask(slot, _) | Action::Kill(slot, _) => replay.lives(slot),
            Action::Await(slot, _) | Action::Abandon(slot) => replay.lives(slot),
            Action::Watch(slot, _) | Action::Stuck(slot) => replay.lives(slot),
            Action::Remove(slot) | Action::Retry(slot) => !replay.lives(slot),
            Action::Paused(slot) | Action::Renew(slot) => !replay.lives(slot),
            Action::Delay(slot, ..) | Action::Dropped(slot) => !replay.lives(slot),
            Action::Finish => (0..replay.lives.len()).all(|slot| !replay.lives(slot)),
            _ => true,
        };
        assert!(fits, "{action:?} {}", story(node, turn));
        replay.step(action);
    }
    for (slot, row) in node.slots() {
        let state = node.state(slot).expect("the machine has the same rows");
        let is_alive = state.is_unsettled() || matches!(state, State::Running(_));
        assert_eq!(is_alive, row.life.is_some(), "{slot} {}", story(node, turn));
    }
}

/// (e) A stop is over in its time: that of one child after the other, or side by side, as the mode says.
pub(super) fn the_stop_keeps_its_time(node: &Node, now: Duration) {
    if let Some((since, granted)) = node.stop {
        let took = now - since;
        assert!(
            took <= granted,
            "it stops since {took:?}, and had {granted:?} for it: {:?}",
            node.slots()
                .map(|(slot, row)| (slot, node.state(slot), row.deadline))
                .collect::<Vec<_>>()
        );
    }
}

/// What time a child has for its end; if it is a supervisor that is not told how, this one or as long as its
/// spec list needs.
pub(super) fn time_for(child: &Child, abort_grace: Duration, now: Duration) -> Duration {
    match (child.traits.shutdown, &child.below) {
        (ShutdownStrategy::Graceful(grace), _) => grace + abort_grace,
        (ShutdownStrategy::Infinite, Some(below)) => {
            let node = Node::new(below, Duration::ZERO, None);
            let time_of = |slot| {
                let row = node.row(slot).expect("it is of a row");
                time_for(&row.child, node.abort_grace(), Duration::ZERO)
            };
            now.max(time_to_stop(&node, &time_of)).max(abort_grace)
        }
        // It does so at once, unless somebody has aborted it.
        (ShutdownStrategy::Infinite | ShutdownStrategy::Brutal, _) => abort_grace,
    }
}

/// What time a supervisor has for its end, if each row may take so long.
pub(super) fn time_to_stop(node: &Node, time_of: &dyn Fn(Slot) -> Duration) -> Duration {
    let all = || node.slots().map(|(slot, row)| (row.level, time_of(slot)));
    let stop = match node.branch.as_ref() {
        Branch::List { .. } if node.is_relinked => return all().map(|(_, time)| time).sum(),
        Branch::List { stop, .. } => *stop,
        Branch::Dynamic(_) => return all().map(|(_, time)| time).max().unwrap_or_default(),
    };
    match stop {
        StopMode::Ordered => all().map(|(_, time)| time).sum(),
        StopMode::Waves => {
            let mut longest = BTreeMap::<u32, Duration>::new();
            for (level, time) in all() {
                let level = longest.entry(level).or_default();
                *level = time.max(*level);
            }
            longest.values().sum()
        }
        StopMode::Concurrent => {
            // Who is needed has to wait for the longest of those that need it.
            let mut gone = BTreeMap::<Slot, Duration>::new();
            for &slot in node.order.iter().rev() {
                let needs = |row: &Row| row.needs.contains(&slot);
                let before = node.slots().filter(|(_, row)| needs(row));
                let waits = before.filter_map(|(other, _)| gone.get(&other)).max();
                let waits = waits.copied().unwrap_or_default();
                gone.insert(slot, waits + time_of(slot));
            }
            gone.into_values().max().unwrap_or_default()
        }
    }
}

/// (f) Nobody is waited for without a deadline, but where the spec says so: `Infinite`, no timeout for the
/// start, a supervisor, all of whose own waits have deadlines. And who waits for others waits for somebody.
pub(super) fn no_wait_is_without_a_deadline(node: &Node, turn: &Turn) {
    for (slot, row) in node.slots() {
        let needs_deadline = match node.state(slot) {
            Some(State::Starting(_, Patience::InTime)) => {
                row.child.traits.init_timeout.is_some() && !row.child.at_once
            }
            Some(State::Stopping(_, Force::Asked)) => !is_unlimited(&row.child),
            Some(State::Starting(_, Patience::Over) | State::Running(true)) => true,
            Some(State::Stopping(_, Force::Killed)) => true,
            Some(State::Delayed(held)) => !matches!(held, Held::Over | Held::Needy),
            _ => false,
        };
        // Its exit comes at once.
        let is_left_behind = turn.actions.contains(&Action::Abandon(slot));
        assert!(
            !needs_deadline || row.deadline.is_some() || is_left_behind,
            "{slot} is waited for without a limit {}",
            story(node, turn)
        );
        let waits = match node.state(slot) {
            Some(State::Due(_)) => node.is_group_under_way() && is_busy(node),
            Some(State::Retrying | State::Delayed(Held::Over)) => {
                // Or it is given up in its turn.
                row.retries > 0 || node.is_group_under_way() || node.ending.is_some()
            }
            _ => true,
        };
        assert!(waits, "{slot} waits for nothing {}", story(node, turn));
    }
}

/// Whether something is under way that comes to an end by itself.
fn is_busy(node: &Node) -> bool {
    let mut slots = node.slots();
    slots.any(|(slot, _)| node.state(slot).is_some_and(State::is_unsettled))
}

/// (g) A dynamic supervisor has no more rows than `max_children`, and takes one more exactly as long as it
/// has a place.
pub(super) fn a_dynamic_supervisor_has_a_place_for_each_child(node: &Node, turn: &Turn) {
    let Branch::Dynamic(settings) = node.branch.as_ref() else {
        return;
    };
    let rows = node.slots().count();
    assert!(
        rows <= settings.max_children,
        "too many {}",
        story(node, turn)
    );
    if let Input::Add(request, slot, _) = turn.input {
        let full = Action::Answer(request, Answer::Refused(Refusal::MaxChildren));
        let is_refused = turn.actions.contains(&full);
        // The row of the call itself is laid out by then.
        let had_room = turn.rows <= settings.max_children;
        let is_taken = turn.actions.iter().any(
            |action| matches!(*action, Action::Start(started, Cause::Add, _) if started == slot),
        );
        let expected = (!had_room && !turn.was_ending, had_room && !turn.was_ending);
        assert_eq!((is_refused, is_taken), expected, "{}", story(node, turn));
    }
}

/// (h) A call is answered in the turn in which it is heard, or what it asks for is begun in that turn: it
/// waits for its own child, never for another.
pub(super) fn calls_are_answered_whatever_else_goes_on(node: &Node, turn: &Turn) {
    let (request, slot) = match turn.input {
        Input::Add(request, slot, _) | Input::AddKnown(request, slot) => (request, slot),
        Input::Terminate(request, slot) | Input::Restart(request, slot) => (request, slot),
        Input::Delete(request, slot) => (request, slot),
        Input::Pause(request, slot) | Input::Resume(request, slot) => (request, slot),
        Input::Replace(request, slot, ..) | Input::Discard(request, slot) => (request, slot),
        _ => return are_calls_pending(node, turn),
    };
    let is_answered = |action: &Action| matches!(*action, Action::Answer(to, _) if to == request);
    let is_begun = match (turn.input, node.state(slot)) {
        (Input::Add(..), Some(State::Starting(Cause::Add, _))) => true,
        (Input::Restart(..), Some(State::Starting(Cause::Call | Cause::Restart, _))) => true,
        // With its group, which is stopped first.
        (Input::Restart(..), Some(State::Due(_))) => true,
        (Input::Terminate(..) | Input::Pause(..), Some(State::Stopping(..))) => true,
        (Input::Resume(..), Some(State::Starting(Cause::Resume, _))) => true,
        (Input::Discard(..), Some(State::Stopping(Then::Remove, _))) => true,
        (Input::Replace(..), Some(State::Stopping(..) | State::Starting(..))) => true,
        // With its group.
        (Input::Replace(..), Some(State::Due(_))) => true,
        _ => false,
    };
    let is_heard = is_begun || turn.actions.iter().any(is_answered);
    assert!(is_heard, "the call is not taken up {}", story(node, turn));
    are_calls_pending(node, turn);
}

/// Whoever has called and has no answer waits for something that is under way.
fn are_calls_pending(node: &Node, turn: &Turn) {
    for &(request, slot) in &node.calls {
        let is_pending = match node.state(slot) {
            Some(State::Starting(..) | State::Stopping(..)) => true,
            Some(State::Due(_)) => node.is_group_under_way(),
            _ => false,
        };
        assert!(
            is_pending,
            "call {request} is forgotten {}",
            story(node, turn)
        );
    }
}

/// When nothing is under way any more, all run, are down for good, or wait for one that is.
pub(super) fn it_is_at_rest(node: &Node) {
    for (slot, row) in node.slots() {
        let state = node.state(slot);
        let is_down = |&need: &Slot| {
            let state = node.state(need);
            matches!(state, Some(State::Idle | State::Delayed(Held::Needy)))
        };
        let is_at_rest = match state {
            Some(State::Running(false) | State::Idle | State::Paused) => true,
            Some(State::Delayed(Held::Needy)) => {
                // Those of the spec that it is to start with.
                let kept = row.kept.as_ref().map(|(_, needs)| needs);
                kept.unwrap_or(&row.needs).iter().any(is_down)
            }
            _ => false,
        };
        assert!(is_at_rest, "{slot} is at rest, not {state:?}");
    }
    assert!(node.up && node.calls.is_empty() && node.ending.is_none());
}
