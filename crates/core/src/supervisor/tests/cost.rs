//! What a step costs with very many children: counted in looks at rows, never in time. One look is
//! at most one search in a map, O(log n).

use std::time::Duration;

use super::super::machine::{Machine, Settings};
use super::super::protocol::{Action, Input, Slot, Traits};
use super::super::rows::touched;
use super::super::slot::State;
use super::super::strategy::AutoShutdown;
use super::script::*;
use crate::clock::Moment;
use crate::restart::Intensity;

const MANY: usize = 100_000;

/// How many looks at rows one start or one stop of a child may take.
const FEW: u64 = 25;

/// A machine whose work is counted.
struct Counted {
    machine: Machine,
    touched: u64,
}

impl Counted {
    /// All children run.
    fn up(settings: Settings, children: &[Traits]) -> Self {
        let settings = Settings {
            intensity: Intensity::new(u32::MAX, Duration::from_secs(5)),
            storm_guard: None,
            ..settings
        };
        let mut counted = Self {
            machine: Machine::new(settings, children.iter().copied()),
            touched: 0,
        };
        let actions = counted.tell(Input::Begin);
        counted.play(actions);
        assert!(
            counted.touched < FEW * MANY as u64,
            "the first start: {}",
            counted.touched
        );
        counted.touched = 0;
        counted
    }

    fn tell(&mut self, input: Input) -> Vec<Action> {
        let before = touched();
        let mut actions = Vec::new();
        self.machine.step(Moment::default(), input, &mut actions);
        self.touched += touched() - before;
        actions
    }

    /// Children do what they are asked to until nothing is left to do; tells how many did.
    fn play(&mut self, mut actions: Vec<Action>) -> u64 {
        let mut done = 0;
        while let Some(action) = actions.pop() {
            let input = match action {
                Action::Start(slot, ..) => Input::Started(slot),
                Action::Ask(slot, _) | Action::Kill(slot, _) => super::script::done(slot),
                _ => continue,
            };
            done += 1;
            actions.extend(self.tell(input));
        }
        done
    }

    fn told(&mut self, inputs: &[Input]) {
        for &input in inputs {
            self.tell(input);
        }
    }

    /// That many things were done, each for little.
    fn assert_cheap(&self, done: u64) {
        let limit = FEW * done;
        assert!(
            self.touched <= limit,
            "{} looks for {done} starts and stops",
            self.touched
        );
    }
}

#[test]
fn the_restart_and_the_stop_of_a_group_cost_little_for_each_child() {
    let mut counted = Counted::up(ONE_FOR_ALL, &vec![PERMANENT; MANY]);
    for input in [crash(0), crash(MANY / 2), Input::StopRequested] {
        let actions = counted.tell(input);
        let done = counted.play(actions);
        assert!(done >= MANY as u64);
        counted.assert_cheap(done);
        counted.touched = 0;
    }
}

#[test]
fn a_first_child_that_cannot_start_costs_little_with_a_group_behind_it_that_waits() {
    let mut counted = Counted::up(REST_FOR_ONE, &vec![PERMANENT; MANY]);
    let first = counted.tell(crash(0));
    let mut actions = first;
    // All behind it are stopped; it cannot start, and they are left down.
    while let Some(action) = actions.pop() {
        match action {
            Action::Ask(slot, _) => actions.extend(counted.tell(done(slot))),
            Action::Start(slot, ..) => actions.extend(counted.tell(crash(slot))),
            _ => (),
        }
    }
    assert_eq!(counted.machine.state(0), Some(State::Retrying));
    counted.assert_cheap(MANY as u64);
    counted.touched = 0;
    for _ in 0..MANY {
        counted.told(&[Input::Retry(0), crash(0)]);
    }
    counted.assert_cheap(MANY as u64);
}

#[test]
fn a_first_child_that_fails_again_and_again_while_its_group_is_started_costs_little() {
    for settings in [ONE_FOR_ALL, REST_FOR_ONE] {
        let mut counted = Counted::up(settings, &vec![PERMANENT; MANY]);
        let mut actions = counted.tell(crash(0));
        while let Some(action) = actions.pop() {
            if let Action::Ask(slot, _) = action {
                actions.extend(counted.tell(done(slot)));
            }
        }
        counted.touched = 0;
        for _ in 0..MANY {
            // It starts, the next one begins to, and it fails: all that was started is stopped.
            counted.told(&[Input::Started(0), crash(0), crash(1)]);
        }
        assert_eq!(
            counted.machine.state(2),
            Some(State::Due(super::super::protocol::Cause::Restart))
        );
        counted.assert_cheap(3 * MANY as u64);
    }
}

/// All slots, in an order without a pattern.
fn scattered() -> impl Iterator<Item = Slot> {
    // The factor has no divisor in common with the count.
    (0..MANY).map(|number| number * 61_803 % MANY)
}

#[test]
fn restart_child_costs_little_in_whatever_order_a_gap_is_filled() {
    let orders: [Vec<Slot>; 3] = [
        (0..MANY).collect(),
        (0..MANY).rev().collect(),
        scattered().collect(),
    ];
    for order in orders {
        let mut counted = Counted::up(ONE_FOR_ONE, &vec![TRANSIENT; MANY]);
        for slot in scattered() {
            counted.tell(done(slot));
        }
        for slot in order {
            counted.told(&[Input::Restart(0, slot), Input::Started(slot)]);
        }
        counted.assert_cheap(3 * MANY as u64);
    }
}

#[test]
fn a_child_in_the_middle_of_a_gap_costs_little_each_time() {
    let mut counted = Counted::up(ONE_FOR_ONE, &vec![TRANSIENT; MANY]);
    for slot in 0..MANY {
        counted.tell(done(slot));
    }
    counted.touched = 0;
    let middle = MANY / 2;
    for _ in 0..MANY {
        counted.told(&[
            Input::Restart(0, middle),
            Input::Started(middle),
            done(middle),
        ]);
    }
    counted.assert_cheap(2 * MANY as u64);
}

#[test]
fn children_that_come_and_go_cost_little_beside_many_that_stay() {
    let mut counted = Counted::up(ONE_FOR_ONE, &vec![PERMANENT; MANY]);
    for _ in 0..MANY {
        counted.told(&[
            Input::Add(0, MANY, TEMPORARY),
            Input::Started(MANY),
            done(MANY),
        ]);
    }
    counted.assert_cheap(2 * MANY as u64);
}

#[test]
fn the_last_significant_child_is_found_without_looking_at_the_others() {
    let settings = Settings {
        auto_shutdown: AutoShutdown::AllSignificant,
        ..ONE_FOR_ONE
    };
    let significant = Traits {
        significant: true,
        ..TRANSIENT
    };
    let mut counted = Counted::up(settings, &vec![significant; MANY]);
    for slot in scattered().take(MANY - 1) {
        assert_eq!(counted.tell(done(slot)), []);
    }
    let last = scattered().last().unwrap_or_default();
    assert_eq!(
        text(&counted.tell(done(last))),
        format!("end SignificantExited({last}), finish")
    );
    counted.assert_cheap(MANY as u64);
}
