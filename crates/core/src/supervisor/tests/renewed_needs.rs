//! Who needs whom by new specs, and what becomes of groups that are under way.

use super::super::convoy::Lanes;
use super::super::graph::Graph;
use super::super::machine::Settings;
use super::super::protocol::{Exit, Input, Slot};
use super::super::slot::State;
use super::super::strategy::{StartMode, StopMode};
use super::script::*;
use super::world::{Brings, World};

fn in_lanes(start: StartMode, stop: StopMode, needs: Vec<Vec<Slot>>) -> World {
    lanes_of(ONE_FOR_ALL, start, stop, needs)
}

fn lanes_of(settings: Settings, start: StartMode, stop: StopMode, needs: Vec<Vec<Slot>>) -> World {
    let graph = Graph::new(needs).expect("there is no circle");
    let traits = vec![PERMANENT; 3];
    let lanes = Lanes {
        start,
        stop,
        graph,
        ..Lanes::default()
    };
    let (mut world, _) = World::begin_with(settings, &traits, None, Some(lanes));
    world.rest(|_| true);
    world
}

fn needing(world: &mut World, input: Input, needs: Vec<Slot>) -> String {
    world.brings = Brings::These(needs);
    let told = told(world, input);
    world.brings = Brings::default();
    told
}

#[test]
fn a_group_minds_whom_a_child_needs_by_its_new_spec_from_the_start_that_takes_it() {
    let starts = [
        StartMode::Sequential,
        StartMode::Waves,
        StartMode::Concurrent,
    ];
    for start in starts {
        let mut world = in_lanes(start, StopMode::Ordered, vec![vec![]; 3]);
        // From now on the first one needs the last.
        assert_eq!(
            needing(&mut world, later(0, 0), vec![2]),
            "keep 0, answer 0 Done"
        );
        let restarted = played(&mut world, crash(1));
        let place = |what: &str| restarted.find(what).expect("it is restarted");
        assert!(
            place("restart 2") < place("restart 0"),
            "{start:?}: {restarted}"
        );
        let ended = played(&mut world, Input::StopRequested);
        let place = |what: &str| ended.find(what).expect("it is stopped");
        assert!(place("kill 0") < place("ask 2"), "{start:?}: {ended}");
    }
}

#[test]
fn a_child_is_not_started_with_a_new_spec_before_what_that_needs_runs() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 2]);
    played(&mut world, Input::Terminate(0, 1));
    let refused = needing(&mut world, now(1, 0), vec![1]);
    assert_eq!(refused, "answer 1 Refused(DependencyDown)");
    assert_eq!(state(&world, 0), Some(State::Running(false)));
}

#[test]
fn a_supervisor_is_not_up_before_a_child_that_is_replaced_while_it_starts_for_the_first_time() {
    let concurrent = Lanes {
        start: StartMode::Concurrent,
        graph: Graph::new(vec![vec![]; 2]).expect("there is no circle"),
        ..Lanes::default()
    };
    for lanes in [None, Some(concurrent)] {
        let (mut world, _) = World::begin_with(ONE_FOR_ALL, &[PERMANENT; 2], None, lanes);
        let told_to_end = needing(&mut world, now(0, 0), vec![]);
        assert_eq!(told_to_end, "keep 0, ask 0");
        if world.is_starting(1) {
            assert_eq!(told(&mut world, Input::Started(1)), "", "it is not up");
        }
        assert!(told(&mut world, done(0)).starts_with("renew 0, start 0 anew"));
        let up = played(&mut world, Input::Started(0));
        assert!(up.ends_with("up"), "{up}");
    }
}

#[test]
fn a_call_that_is_to_start_a_child_minds_whom_its_next_spec_needs() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 2]);
    played(&mut world, Input::Terminate(0, 0));
    played(&mut world, Input::Terminate(1, 1));
    needing(&mut world, later(2, 0), vec![1]);
    let refused = told(&mut world, Input::Restart(3, 0));
    assert_eq!(refused, "answer 3 Refused(DependencyDown)");
    needing(&mut world, later(4, 0), vec![]);
    let started = told(&mut world, Input::Restart(5, 0));
    assert_eq!(started, "renew 0, start 0 again");
}

#[test]
fn a_group_that_goes_in_line_is_stopped_by_who_needs_whom_if_it_fails_again() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT; 4]);
    let stops = [crash(3), done(2), done(1), done(0)];
    let starts = [0, 1, 2].map(Input::Started);
    assert_eq!(after(&mut world, &stops), "restart 0");
    assert_eq!(after(&mut world, &starts), "restart 3");
    needing(&mut world, now(0, 0), vec![1]);
    after(&mut world, &[done(0), Input::Started(0)]);
    let restarted = played(&mut world, crash(2));
    let place = |what: &str| restarted.find(what).expect("it is stopped");
    assert!(place("kill 0") < place("ask 1"), "{restarted}");
    assert!(place("restart 1") < place("restart 0"), "{restarted}");
}

#[test]
fn a_child_that_its_group_passes_over_is_not_started_before_what_its_new_spec_needs() {
    let mut world = raising();
    assert_eq!(told(&mut world, Input::Terminate(0, 1)), "answer 0 Done");
    let refused = needing(&mut world, now(1, 1), vec![2]);
    assert_eq!(refused, "answer 1 Refused(DependencyDown)");
}

#[test]
fn a_group_that_goes_in_line_minds_the_first_spec_by_which_anybody_needs_anybody() {
    let mut world = clearing();
    needing(&mut world, later(0, 1), vec![2]);
    let raised = text(&world.rest(|_| true));
    let place = |what: &str| raised.find(what).expect("it is restarted");
    assert!(place("restart 2") < place("restart 1"), "{raised}");
    assert_eq!(state(&world, 1), Some(State::Running(false)));
}

#[test]
fn a_child_waits_for_one_that_has_ended_while_it_was_stopped_to_be_replaced() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 2]);
    assert_eq!(needing(&mut world, now(0, 0), vec![1]), "keep 0, ask 0");
    let inputs = [Input::Terminate(1, 1), done(1)];
    assert_eq!(after(&mut world, &inputs), "answer 1 Done");
    assert_eq!(state(&world, 1), Some(State::Idle));
    let waits = told(&mut world, done(0));
    assert!(waits.starts_with("answer 0 Refused(DependencyDown), delay 0 Dependency"));
    let raised = played(&mut world, Input::Restart(2, 1));
    assert!(raised.ends_with("renew 0, restart 0"), "{raised}");
}

#[test]
fn a_row_that_a_kept_spec_names_may_be_deleted_before_it_is_taken() {
    let mut world = in_lanes(StartMode::Concurrent, StopMode::Concurrent, vec![vec![]; 3]);
    needing(&mut world, later(0, 0), vec![2]);
    played(&mut world, Input::Terminate(1, 2));
    played(&mut world, Input::Delete(2, 2));
    played(&mut world, Input::Add(3, 2, PERMANENT));
    played(&mut world, crash(0));
    let lanes = world.machine.lanes.as_ref().expect("it has lanes");
    assert!(
        lanes.graph.is_empty(),
        "the new row in its slot is another one"
    );
}

#[test]
fn those_that_were_left_down_come_up_whoever_needs_whom_by_then() {
    let ends = [
        (
            Input::Pause(1, 1),
            "paused 1, answer 1 Done, restart 2, renew 0, restart 0",
        ),
        (Input::Terminate(1, 1), "answer 1 Done, restart 2"),
        (Input::Retry(1), "renew 0, restart 0, restart 1, restart 2"),
    ];
    for (end, expected) in ends {
        let (start, stop) = (StartMode::Sequential, StopMode::Concurrent);
        let mut world = lanes_of(REST_FOR_ONE, start, stop, vec![vec![]; 3]);
        // The first one is to need the second, so that groups are made of dependents.
        needing(&mut world, now(0, 0), vec![1]);
        let failure = Input::Exited(1, Exit::Unstartable);
        let left = after(&mut world, &[crash(1), done(2), failure]);
        assert_eq!(left, "retry 1", "the last one waits for the second");
        let waits = told(&mut world, done(0));
        assert!(waits.starts_with("answer 0 Refused(DependencyDown), delay 0 Dependency"));
        assert_eq!(sorted(&played(&mut world, end)), sorted(expected));
    }
}

#[test]
fn those_that_were_left_down_more_than_once_come_up_too() {
    let mut world = up(bearing(9, REST_FOR_ONE), &[PERMANENT; 5]);
    let inputs = [crash(1), done(4), done(3), done(2), crash(1)];
    assert_eq!(after(&mut world, &inputs), "retry 1");
    // The group of the first has those behind it too, and fails at another one: by a start, and without one.
    let inputs = [crash(0), Input::Started(0), Input::Started(1), crash(2)];
    assert_eq!(after(&mut world, &inputs), "retry 2");
    let inputs = [crash(0), done(1), Input::Started(0), crash(1)];
    assert_eq!(after(&mut world, &inputs), "retry 1");
    after(&mut world, &[Input::Pause(0, 0), done(0)]);
    needing(&mut world, later(1, 0), vec![1]);
    let raised = played(&mut world, Input::Retry(1));
    let started = "restart 1, restart 2, restart 3, restart 4";
    assert_eq!(raised, started, "though groups are made of dependents now");
}

#[test]
fn those_that_were_left_down_come_up_after_a_group_that_went_on_without_the_one_they_waited_for() {
    let mut world = up(bearing(9, REST_FOR_ONE), &[PERMANENT; 4]);
    let inputs = [crash(0), done(3), done(2), done(1), crash(0)];
    assert_eq!(after(&mut world, &inputs), "retry 0");
    let paused = told(&mut world, Input::Pause(0, 0));
    assert_eq!(paused, "paused 0, answer 0 Done, restart 1");
    // From now on groups are made of dependents.
    needing(&mut world, later(1, 0), vec![1]);
    let raised = played(&mut world, Input::Exited(1, Exit::Killed));
    assert_eq!(raised, "retry 1, restart 1, restart 2, restart 3");
}

#[test]
fn who_is_taken_along_by_a_group_waits_for_whom_its_new_spec_names() {
    let (start, stop) = (StartMode::Waves, StopMode::Concurrent);
    let mut world = in_lanes(start, stop, vec![vec![]; 3]);
    after(&mut world, &[crash(0), done(1), done(2)]);
    // The first declines to start, the last one cannot.
    let failure = Input::Exited(2, Exit::Unstartable);
    after(&mut world, &[Input::Ignored(0), failure]);
    needing(&mut world, later(0, 0), vec![1]);
    let taken = told(&mut world, Input::Pause(1, 2));
    assert_eq!(taken, "paused 2, answer 1 Done", "the second still starts");
    assert_eq!(told(&mut world, Input::Started(1)), "renew 0, restart 0");
}

#[test]
fn the_first_start_waits_for_a_child_that_is_replaced_while_a_group_beside_it_stops() {
    let pairs = Graph::new(vec![vec![], vec![0], vec![]]).expect("there is no circle");
    let lanes = Lanes {
        start: StartMode::Concurrent,
        stop: StopMode::Concurrent,
        graph: pairs,
        ..Lanes::default()
    };
    let (mut world, _) = World::begin_with(REST_FOR_ONE, &[PERMANENT; 3], None, Some(lanes));
    after(&mut world, &[Input::Started(0), Input::Started(1)]);
    // The last one still starts, and is not of the group.
    assert_eq!(told(&mut world, crash(0)), "ask 1");
    let replaced = needing(&mut world, now(0, 2), vec![]);
    assert_eq!(replaced, "keep 2, ask 2");
    assert_eq!(told(&mut world, done(1)), "restart 0");
    let up = after(&mut world, &[Input::Started(0), Input::Started(1)]);
    assert_eq!(up, "", "the replaced one is waited for");
    assert_eq!(told(&mut world, done(2)), "renew 2, start 2 anew");
    let up = told(&mut world, Input::Started(2));
    assert_eq!(sorted(&up), "answer 0 Started, up");
}
