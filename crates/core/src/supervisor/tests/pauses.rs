//! What becomes of children that are paused, resumed and discarded.

use super::super::convoy::Lanes;
use super::super::graph::Graph;
use super::super::protocol::{Exit, Input};
use super::super::slot::State;
use super::super::strategy::{AutoShutdown, StartMode};
use super::script::*;
use super::world::World;

#[test]
fn pause_child_is_done_when_the_child_is_down_whatever_it_was_about() {
    let cases = [
        (RUNNING, "ask 0", "paused 0, answer 0 Done"),
        (STARTING, "ask 2", "paused 2, answer 0 Done"),
    ];
    for (slot, asked, gone) in cases {
        let mut world = all_states();
        assert_eq!(told(&mut world, Input::Pause(0, slot)), asked);
        let answers = told(&mut world, done(slot));
        assert_eq!(sorted(&answers), sorted(gone));
        assert_eq!(state(&world, slot), Some(State::Paused));
    }
    for slot in [IDLE, RETRYING] {
        let mut world = all_states();
        let expected = format!("paused {slot}, answer 0 Done");
        assert_eq!(told(&mut world, Input::Pause(0, slot)), expected);
        assert_eq!(told(&mut world, Input::Pause(1, slot)), "answer 1 Done");
    }
    let mut world = all_states();
    assert_eq!(told(&mut world, Input::Pause(0, STOPPING)), "");
    let gone = "answer 0 Done, answer 91 Done, paused 4";
    assert_eq!(sorted(&told(&mut world, done(STOPPING))), sorted(gone));
}

#[test]
fn what_waits_for_a_child_that_is_paused_is_cancelled() {
    let mut world = all_states();
    let inputs = [Input::Restart(0, IDLE), Input::Pause(1, IDLE)];
    assert_eq!(after(&mut world, &inputs), "ask 1");
    let gone = "answer 0 Cancelled, answer 1 Done, paused 1";
    assert_eq!(sorted(&told(&mut world, crash(IDLE))), gone);
}

#[test]
fn nothing_but_a_call_starts_a_paused_child() {
    for settings in [ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE] {
        let mut world = up(settings, &[PERMANENT, PERMANENT, TEMPORARY]);
        played(&mut world, Input::Pause(0, 1));
        played(&mut world, Input::Pause(1, 2));
        assert_eq!(played(&mut world, crash(0)), "restart 0");
        assert_eq!(
            [state(&world, 1), state(&world, 2)],
            [Some(State::Paused); 2],
            "a temporary one stays too"
        );
        let resumed = played(&mut world, Input::Resume(2, 2));
        assert_eq!(resumed, "resume 2, answer 2 Started");
    }
}

#[test]
fn a_child_that_is_paused_while_its_group_is_restarted_is_passed_over() {
    for mut world in [clearing(), raising()] {
        world.tell(Input::Pause(0, 2));
        world.rest(|_| true);
        assert_eq!(state(&world, 2), Some(State::Paused));
        assert_eq!(state(&world, 1), Some(State::Running(false)));
    }
}

#[test]
fn a_child_that_is_resumed_while_its_group_is_restarted_is_not_tried_again_by_it() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT; 3]);
    played(&mut world, Input::Pause(0, 2));
    let inputs = [crash(0), Input::Resume(1, 2)];
    assert_eq!(after(&mut world, &inputs), "resume 2");
    assert_eq!(told(&mut world, crash(2)), "answer 1 Failed");
    world.rest(|_| true);
    assert_eq!(state(&world, 2), Some(State::Idle));
}

#[test]
fn the_group_of_a_child_that_cannot_start_goes_on_when_that_is_paused() {
    let mut world = up(REST_FOR_ONE, &[PERMANENT; 3]);
    let inputs = [crash(0), done(2), done(1), crash(0)];
    assert_eq!(after(&mut world, &inputs), "retry 0");
    assert_eq!(
        played(&mut world, Input::Pause(0, 0)),
        "paused 0, answer 0 Done, restart 1, restart 2"
    );
}

#[test]
fn other_calls_on_a_paused_child() {
    let paused = || {
        let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
        played(&mut world, Input::Pause(9, 0));
        world
    };
    let cases = [
        (Input::Restart(0, 0), "answer 0 Refused(Paused)"),
        (Input::AddKnown(0, 0), "answer 0 Refused(AlreadyPresent)"),
        (Input::Terminate(0, 0), "answer 0 Done"),
        (Input::Delete(0, 0), "answer 0 Done, remove 0"),
    ];
    for (input, expected) in cases {
        assert_eq!(told(&mut paused(), input), expected);
    }
    let mut world = paused();
    let inputs = [Input::Terminate(0, 0), Input::Restart(1, 0)];
    assert_eq!(after(&mut world, &inputs), "start 0 again");
    let mut world = up(ONE_FOR_ONE, &[TEMPORARY]);
    played(&mut world, Input::Pause(0, 0));
    let removed = told(&mut world, Input::Terminate(1, 0));
    assert_eq!(removed, "answer 1 Done, remove 0");
}

#[test]
fn resume_child_is_refused_when_the_child_is_not_paused() {
    let cases = [
        (RUNNING, "Running"),
        (IDLE, "NotPaused"),
        (STARTING, "Starting"),
        (RETRYING, "Restarting"),
        (STOPPING, "Stopping"),
    ];
    for (slot, refusal) in cases {
        let expected = format!("answer 0 Refused({refusal})");
        assert_eq!(told(&mut all_states(), Input::Resume(0, slot)), expected);
    }
    let mut pausing = all_states();
    let inputs = [Input::Pause(0, RUNNING), Input::Resume(1, RUNNING)];
    assert_eq!(after(&mut pausing, &inputs), "answer 1 Refused(Stopping)");
}

#[test]
fn a_child_that_cannot_be_resumed_is_down_like_one_that_could_not_be_restarted_by_a_call() {
    for (traits, input, answered) in [
        (FATAL, crash(0), "answer 1 Failed"),
        (PERMANENT, Input::Ignored(0), "answer 1 Ignored"),
        (TEMPORARY, crash(0), "answer 1 Failed, remove 0"),
    ] {
        let mut world = up(bearing(0, ONE_FOR_ALL), &[traits]);
        played(&mut world, Input::Pause(0, 0));
        let answer = after(&mut world, &[Input::Resume(1, 0), input]);
        assert_eq!(answer, answered);
        assert_ne!(state(&world, 0), Some(State::Paused));
    }
}

#[test]
fn a_supervisor_that_ends_neither_pauses_nor_resumes_anybody() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 2]);
    played(&mut world, Input::Pause(0, 1));
    let ending = [Input::StopRequested, Input::Pause(1, 0)];
    assert_eq!(after(&mut world, &ending), "answer 1 Refused(ShuttingDown)");
    let refused = told(&mut world, Input::Resume(2, 1));
    assert_eq!(refused, "answer 2 Refused(ShuttingDown)");
    assert_eq!(told(&mut world, done(0)), "finish");
}

#[test]
fn a_significant_child_that_is_paused_keeps_its_supervisor_up() {
    let settings = ending_with(AutoShutdown::AllSignificant, ONE_FOR_ONE);
    let mut world = up(settings, &[significant(TRANSIENT); 2]);
    played(&mut world, Input::Pause(0, 0));
    assert_eq!(told(&mut world, done(1)), "");
    played(&mut world, Input::Resume(1, 0));
    let ended = told(&mut world, Input::Exited(0, Exit::Clean));
    assert_eq!(ended, "end SignificantExited(0), finish");
}

#[test]
fn a_paused_child_is_missed_by_nobody_who_needs_it() {
    let needs = vec![vec![], vec![0]];
    for start in [
        StartMode::Sequential,
        StartMode::Waves,
        StartMode::Concurrent,
    ] {
        let lanes = Lanes {
            start,
            graph: Graph::new(needs.clone()).expect("there is no circle"),
            ..Lanes::default()
        };
        let (mut world, _) = World::begin_with(REST_FOR_ONE, &[PERMANENT; 2], None, Some(lanes));
        world.rest(|_| true);
        played(&mut world, Input::Pause(0, 0));
        assert_eq!(played(&mut world, crash(1)), "restart 1");
        played(&mut world, Input::Pause(1, 1));
        let resumed = played(&mut world, Input::Resume(2, 1));
        assert_eq!(resumed, "resume 1, answer 2 Started");
    }
}

#[test]
fn a_child_is_not_resumed_before_what_it_needs_runs() {
    let lanes = Lanes {
        graph: Graph::new(vec![vec![], vec![0]]).expect("there is no circle"),
        ..Lanes::default()
    };
    let (mut world, _) = World::begin_with(REST_FOR_ONE, &[PERMANENT; 2], None, Some(lanes));
    world.rest(|_| true);
    played(&mut world, Input::Pause(0, 1));
    played(&mut world, Input::Terminate(1, 0));
    let refused = told(&mut world, Input::Resume(2, 1));
    assert_eq!(refused, "answer 2 Refused(DependencyDown)");
    assert_eq!(state(&world, 1), Some(State::Paused));
}

#[test]
fn a_child_that_is_discarded_goes_with_its_row_whatever_it_was_about() {
    for (slot, told_to_end) in [(RUNNING, "ask 0"), (STARTING, "ask 2"), (STOPPING, "")] {
        let mut world = all_states();
        assert_eq!(told(&mut world, Input::Discard(0, slot)), told_to_end);
        // A call that is content with less does not keep the row.
        assert_eq!(told(&mut world, Input::Terminate(1, slot)), "");
        let gone = told(&mut world, done(slot));
        assert!(gone.contains("answer 0 Done, answer 1 Done"), "{gone}");
        assert!(gone.ends_with(&format!("remove {slot}")), "{gone}");
    }
    for slot in [IDLE, RETRYING] {
        let expected = format!("answer 0 Done, remove {slot}");
        assert_eq!(told(&mut all_states(), Input::Discard(0, slot)), expected);
    }
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    played(&mut world, Input::Pause(0, 0));
    assert_eq!(
        told(&mut world, Input::Discard(1, 0)),
        "answer 1 Done, remove 0"
    );
}

#[test]
fn no_restart_of_its_group_brings_a_discarded_child_back() {
    for first in [crash(0), Input::Discard(0, 2)] {
        let mut world = up(ONE_FOR_ALL, &[PERMANENT; 3]);
        let second = match first {
            Input::Discard(..) => crash(0),
            _ => Input::Discard(0, 2),
        };
        world.tell(first);
        world.tell(second);
        let actions = text(&world.rest(|_| true));
        assert!(actions.contains("answer 0 Done, remove 2"), "{actions}");
        assert_eq!(state(&world, 2), None);
        assert_eq!(state(&world, 1), Some(State::Running(false)));
    }
}

#[test]
fn a_supervisor_that_ends_discards_nobody() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    let inputs = [Input::StopRequested, Input::Discard(0, 0)];
    assert_eq!(after(&mut world, &inputs), "answer 0 Refused(ShuttingDown)");
}
