//! What calls do, at rest and while a group is restarted: OTP's rules, and where ours differ.

use super::super::convoy::Lanes;
use super::super::decide::Decide;
use super::super::graph::Graph;
use super::super::machine::Settings;
use super::super::protocol::{Input, Newcomer};
use super::super::slot::{Held, State};
use super::script::*;
use super::world::World;
use crate::restart::{Backoff, Jitter, Plan};

// Calls.

#[test]
fn terminate_child_is_done_whether_the_child_runs_or_not_and_counts_as_nothing() {
    for settings in [ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE] {
        let mut world = up(bearing(0, settings), &[PERMANENT; 2]);
        assert_eq!(
            played(&mut world, Input::Terminate(0, 0)),
            "ask 0, answer 0 Done"
        );
        assert_eq!(played(&mut world, Input::Terminate(1, 0)), "answer 1 Done");
        assert_eq!(state(&world, 0), Some(State::Idle));
    }
}

#[test]
fn terminate_child_removes_a_temporary_row() {
    let mut world = up(ONE_FOR_ONE, &[TEMPORARY]);
    assert_eq!(
        played(&mut world, Input::Terminate(0, 0)),
        "ask 0, answer 0 Done, remove 0"
    );
}

#[test]
fn terminate_child_before_the_first_start_removes_a_temporary_row_too() {
    let mut world = World::new(ONE_FOR_ONE, &[PERMANENT, TEMPORARY]);
    assert_eq!(
        told(&mut world, Input::Terminate(0, 1)),
        "answer 0 Done, remove 1"
    );
    assert_eq!(told(&mut world, Input::Started(0)), "up");
}

#[test]
fn a_call_that_needs_a_stopped_child_is_refused_while_there_is_one() {
    let mut stopping = up(ONE_FOR_ONE, &[PERMANENT]);
    stopping.tell(Input::Terminate(9, 0));
    let mut starting = up(ONE_FOR_ONE, &[PERMANENT]);
    starting.tell(crash(0));
    let mut ending = up(ONE_FOR_ONE, &[PERMANENT]);
    ending.tell(Input::StopRequested);
    let worlds = [
        (up(ONE_FOR_ONE, &[PERMANENT]), "Running"),
        (starting, "Starting"),
        (stopping, "Stopping"),
        (ending, "ShuttingDown"),
    ];
    for (world, refusal) in worlds {
        let expected = format!("answer 0 Refused({refusal})");
        assert_eq!(told(&mut world.clone(), Input::Restart(0, 0)), expected);
        assert_eq!(told(&mut world.clone(), Input::Delete(0, 0)), expected);
    }
}

#[test]
fn start_child_with_a_known_id_is_told_whether_it_runs() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    assert_eq!(
        told(&mut world, Input::AddKnown(0, 0)),
        "answer 0 Refused(AlreadyStarted)"
    );
    played(&mut world, Input::Terminate(1, 0));
    assert_eq!(
        told(&mut world, Input::AddKnown(2, 0)),
        "answer 2 Refused(AlreadyPresent)"
    );
}

#[test]
fn start_child_that_fails_leaves_no_row_and_counts_as_nothing() {
    let mut world = up(bearing(0, ONE_FOR_ALL), &[PERMANENT]);
    assert_eq!(
        played_without(&[1], &mut world, Input::Add(0, 1, FATAL)),
        "start 1, answer 0 Failed, remove 1"
    );
}

#[test]
fn start_child_that_declines_keeps_the_row_unless_it_is_temporary() {
    for (traits, expected) in [
        (PERMANENT, "answer 0 Ignored"),
        (TEMPORARY, "answer 0 Ignored, remove 0"),
    ] {
        let mut world = up(ONE_FOR_ONE, &[]);
        assert_eq!(
            after(&mut world, &[Input::Add(0, 0, traits), Input::Ignored(0)]),
            expected
        );
    }
}

#[test]
fn restart_child_keeps_the_place_of_the_row() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 3]);
    played(&mut world, Input::Terminate(0, 1));
    assert_eq!(
        played(&mut world, Input::Restart(1, 1)),
        "start 1 again, answer 1 Started"
    );
    assert_eq!(
        played(&mut world, Input::StopRequested),
        "end Asked, ask 2, ask 1, ask 0, finish"
    );
}

#[test]
fn restart_child_that_fails_or_declines_leaves_the_row_down() {
    for (input, answer) in [(crash(0), "Failed"), (Input::Ignored(0), "Ignored")] {
        let mut world = up(bearing(0, ONE_FOR_ALL), &[FATAL]);
        played(&mut world, Input::Terminate(0, 0));
        let answered = after(&mut world, &[Input::Restart(1, 0), input]);
        assert_eq!(answered, format!("answer 1 {answer}"));
        assert_eq!(state(&world, 0), Some(State::Idle));
    }
}

#[test]
fn delete_child_takes_the_row_out() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 3]);
    played(&mut world, Input::Terminate(0, 1));
    assert_eq!(
        told(&mut world, Input::Delete(1, 1)),
        "answer 1 Done, remove 1"
    );
    assert_eq!(
        played(&mut world, Input::StopRequested),
        "end Asked, ask 2, ask 0, finish"
    );
}

#[test]
fn a_start_that_a_terminate_cuts_short_is_told_so() {
    let mut world = up(ONE_FOR_ONE, &[]);
    assert_eq!(
        after(
            &mut world,
            &[Input::Add(0, 0, PERMANENT), Input::Terminate(1, 0)]
        ),
        "ask 0"
    );
    assert_eq!(
        told(&mut world, crash(0)),
        "answer 1 Done, answer 0 Cancelled"
    );
}

// Calls while a group is restarted.

#[test]
fn a_row_that_waits_for_its_group_is_being_restarted_for_a_call() {
    for mut world in [clearing(), raising()] {
        let expected = "answer 0 Refused(Restarting)";
        assert_eq!(told(&mut world, Input::Restart(0, 2)), expected);
        assert_eq!(told(&mut world, Input::Delete(0, 2)), expected);
    }
}

#[test]
fn a_row_that_a_call_stops_while_its_group_is_restarted_stays_down_this_time() {
    for mut world in [clearing(), raising()] {
        world.tell(Input::Terminate(0, 2));
        world.rest(|_| true);
        assert_eq!(state(&world, 2), Some(State::Idle));
        assert_eq!(
            played(&mut world, crash(0)),
            "ask 1, restart 0, restart 1, restart 2",
            "the next time"
        );
    }
}

#[test]
fn a_row_that_a_call_stopped_may_be_started_by_a_call_while_its_group_is_restarted() {
    let mut world = clearing();
    assert_eq!(
        after(&mut world, &[Input::Terminate(0, 2), done(2)]),
        "answer 0 Done, ask 1"
    );
    assert_eq!(told(&mut world, Input::Restart(1, 2)), "start 2 again");
    assert_eq!(told(&mut world, Input::Started(2)), "answer 1 Started");
    assert_eq!(
        after(&mut world, &[done(1), Input::Started(0), Input::Started(1)]),
        "",
        "it runs already"
    );
}

#[test]
fn a_row_that_a_call_started_amid_the_stop_of_its_group_and_that_fails_is_started_with_it() {
    let mut world = clearing();
    let inputs = [
        Input::Terminate(0, 2),
        done(2),
        Input::Restart(1, 2),
        Input::Started(2),
    ];
    after(&mut world, &inputs);
    assert_eq!(told(&mut world, crash(2)), "");
    assert_eq!(
        played(&mut world, done(1)),
        "restart 0, restart 1, restart 2"
    );
}

#[test]
fn start_child_is_served_at_once_while_a_group_is_restarted() {
    for mut world in [clearing(), raising()] {
        assert_eq!(told(&mut world, Input::Add(0, 3, PERMANENT)), "start 3");
        assert_eq!(told(&mut world, Input::Started(3)), "answer 0 Started");
        world.rest(|_| true);
        assert_eq!(
            played(&mut world, Input::StopRequested),
            "end Asked, ask 3, ask 2, ask 1, ask 0, finish"
        );
    }
}

#[test]
fn a_row_that_start_child_added_while_a_group_is_started_is_not_started_with_it() {
    let cases: [&[Input]; 3] = [
        &[Input::Ignored(3)],
        &[Input::Started(3), done(3)],
        &[Input::Terminate(1, 3), crash(3)],
    ];
    for inputs in cases {
        let mut world = raising();
        world.tell(Input::Add(0, 3, TRANSIENT));
        after(&mut world, inputs);
        world.rest(|_| true);
        assert_eq!(state(&world, 3), Some(State::Idle), "{inputs:?}");
    }
}

#[test]
fn a_child_of_start_child_that_ends_while_its_group_is_stopped_is_started_with_it() {
    let mut world = clearing();
    after(
        &mut world,
        &[Input::Add(0, 3, TRANSIENT), Input::Started(3)],
    );
    assert_eq!(told(&mut world, crash(3)), "");
    world.rest(|_| true);
    assert_eq!(state(&world, 3), Some(State::Running(false)));
}

#[test]
fn start_child_that_the_restart_of_its_group_cuts_short_goes_on_with_the_group() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT]);
    world.tell(Input::Add(0, 1, FATAL));
    assert_eq!(told(&mut world, crash(0)), "ask 1");
    assert_eq!(after(&mut world, &[crash(1), Input::Started(0)]), "start 1");
    assert_eq!(
        told(&mut world.clone(), Input::Started(1)),
        "answer 0 Started"
    );
    assert_eq!(
        told(&mut world, crash(1)),
        "answer 0 Failed, remove 1",
        "it fails only the call"
    );
}

#[test]
fn a_failure_while_a_group_is_started_stops_it_again_and_counts_once_more() {
    let mut world = raising();
    assert_eq!(told(&mut world, Input::Started(0)), "restart 1");
    assert_eq!(told(&mut world, crash(0)), "ask 1");
    assert_eq!(
        played(&mut world, done(1)),
        "restart 0, restart 1, restart 2"
    );
}

#[test]
fn a_try_to_start_a_group_again_takes_along_what_a_call_stopped_before_it() {
    let mut world = clearing();
    let inputs = [Input::Terminate(0, 2), done(2), done(1), crash(0)];
    assert_eq!(after(&mut world, &inputs), "retry 0");
    assert_eq!(
        played(&mut world, Input::Retry(0)),
        "restart 0, restart 1, restart 2"
    );
}

/// One child of three cannot start with its group, and waits for another try: at once, or after its backoff.
fn could_not_start(settings: Settings, lanes: Option<Lanes>, plan: Option<Plan>) -> World {
    let (mut world, _) = World::begin_with(settings, &[PERMANENT; 3], plan, lanes);
    world.rest(|_| true);
    world.tell(crash(0));
    if plan.is_some() {
        after(&mut world, &[Input::Overdue(0), Input::Retry(0)]);
    }
    after(&mut world, &[done(2), done(1)]);
    assert_eq!(told(&mut world, crash(0)), "retry 0");
    if plan.is_some() {
        world.tell(Input::Retry(0));
        assert_eq!(state(&world, 0), Some(State::Delayed(Held::Paced)));
    }
    world
}

#[test]
fn terminate_child_of_a_child_that_could_not_start_lets_its_group_go_on_without_it() {
    let backoff = Backoff::constant(SECOND).jitter(Jitter::None).not_at_once();
    let slow = Plan {
        backoff: Some(backoff),
        ..Plan::default()
    };
    for settings in [ONE_FOR_ALL, REST_FOR_ONE] {
        let side_by_side = Lanes {
            graph: Graph::new(vec![vec![]; 3]).expect("nobody needs anybody"),
            ..Lanes::default()
        };
        for lanes in [None, Some(side_by_side)] {
            for plan in [None, Some(slow)] {
                for (is_otp, expected) in [
                    (false, "answer 0 Done, restart 1, restart 2"),
                    (true, "answer 0 Done"),
                ] {
                    let mut settings = settings;
                    settings.semantics.deserted_groups = is_otp;
                    let mut world = could_not_start(settings, lanes.clone(), plan);
                    assert_eq!(played(&mut world, Input::Terminate(0, 0)), expected);
                    assert_eq!(state(&world, 0), Some(State::Idle));
                }
            }
        }
    }
}

#[test]
fn terminate_child_of_a_child_that_waits_while_its_group_runs_starts_nobody() {
    let plan = Plan {
        backoff: Some(Backoff::constant(SECOND).not_at_once()),
        ..Plan::default()
    };
    let (mut world, _) = World::begin_with(REST_FOR_ONE, &[PERMANENT; 2], Some(plan), None);
    world.rest(|_| true);
    played(&mut world, Input::Terminate(0, 1));
    world.tell(crash(0));
    assert_eq!(state(&world, 0), Some(State::Delayed(Held::Paced)));
    assert_eq!(played(&mut world, Input::Terminate(1, 0)), "answer 1 Done");
    assert_eq!(state(&world, 1), Some(State::Idle), "it was stopped before");
}

#[test]
fn a_failure_behind_a_child_that_its_group_is_starting_begins_with_that_child_again() {
    let mut world = up(REST_FOR_ONE, &[PERMANENT; 2]);
    assert_eq!(after(&mut world, &[crash(0), done(1)]), "restart 0");
    after(
        &mut world,
        &[Input::Add(0, 2, PERMANENT), Input::Started(2)],
    );
    assert_eq!(told(&mut world, crash(2)), "ask 0");
    assert_eq!(
        played(&mut world, crash(0)),
        "restart 0, restart 1, restart 2"
    );
}

#[test]
fn a_stop_request_cancels_a_start_child_that_the_restart_of_its_group_cut_short() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT]);
    let inputs = [Input::Add(0, 1, PERMANENT), crash(0), Input::StopRequested];
    assert_eq!(after(&mut world, &inputs), "end Asked");
    assert_eq!(told(&mut world, crash(1)), "answer 0 Cancelled, finish");
}

#[test]
fn a_row_that_did_not_run_is_being_restarted_too_while_its_group_is() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT, PERMANENT, TRANSIENT]);
    assert_eq!(after(&mut world, &[done(2), crash(0)]), "ask 1");
    let expected = "answer 0 Refused(Restarting)";
    assert_eq!(told(&mut world, Input::Restart(0, 2)), expected);
    assert_eq!(told(&mut world, Input::Delete(0, 2)), expected);
}

#[test]
fn terminate_child_cancels_a_start_child_that_the_restart_of_its_group_cut_short() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT; 2]);
    let inputs = [Input::Add(0, 2, PERMANENT), crash(0), crash(2)];
    assert_eq!(after(&mut world, &inputs), "ask 1");
    let answers = told(&mut world, Input::Terminate(1, 2));
    assert_eq!(answers, "answer 0 Cancelled, answer 1 Done");
}

#[test]
fn a_row_that_takes_the_slot_of_one_that_a_call_had_stopped_is_not_passed_over() {
    let mut world = clearing();
    let inputs = [Input::Terminate(0, 2), done(2), Input::Delete(1, 2)];
    after(&mut world, &inputs);
    world.rest(|_| true);
    played(&mut world, Input::Add(2, 2, PERMANENT));
    played(&mut world, Input::Terminate(3, 2));
    let restarted = played(&mut world, crash(0));
    assert_eq!(restarted, "ask 1, restart 0, restart 1, restart 2");
}

#[test]
fn start_child_is_refused_if_what_the_child_needs_is_about_to_be_stopped_with_its_group() {
    let graph = Graph::new(vec![vec![]; 3]).expect("there is no circle");
    let lanes = Lanes {
        graph,
        ..Lanes::default()
    };
    let (mut world, _) = World::begin_with(ONE_FOR_ALL, &[PERMANENT; 3], None, Some(lanes));
    let starts = [0, 1, 2].map(Input::Started);
    assert_eq!(after(&mut world, &starts), "up");
    assert_eq!(told(&mut world, crash(0)), "ask 2");
    world.machine.introduce(Newcomer {
        slot: 3,
        plan: None,
        needs: vec![1],
        renews: false,
    });
    assert_eq!(
        told(&mut world, Input::Add(0, 3, PERMANENT)),
        "answer 0 Refused(DependencyDown), remove 3"
    );
}

#[test]
fn a_group_that_grows_takes_along_what_a_call_has_started_meanwhile() {
    let mut world = up(REST_FOR_ONE, &[PERMANENT; 4]);
    assert_eq!(told(&mut world, crash(2)), "ask 3");
    world.machine.introduce(Newcomer {
        slot: 4,
        plan: None,
        needs: vec![1],
        renews: false,
    });
    assert_eq!(told(&mut world, Input::Add(0, 4, PERMANENT)), "start 4");
    assert_eq!(
        told(&mut world, Input::Started(4)),
        "answer 0 Started",
        "it does not belong to the group of 2"
    );
    assert_eq!(told(&mut world, crash(0)), "ask 4", "it needs 1");
    assert_eq!(after(&mut world, &[done(3), done(4)]), "ask 1");
    assert_eq!(told(&mut world, done(1)), "restart 0");
}

#[test]
fn start_child_is_refused_if_what_the_child_needs_declined_and_is_about_to_be_started_with_its_group()
 {
    let graph = Graph::new(vec![vec![]; 3]).expect("there is no circle");
    let lanes = Lanes {
        graph,
        ..Lanes::default()
    };
    let (mut world, _) = World::begin_with(REST_FOR_ONE, &[PERMANENT; 3], None, Some(lanes));
    let starts = [Input::Started(0), Input::Started(1), Input::Ignored(2)];
    assert_eq!(after(&mut world, &starts), "up");
    assert_eq!(told(&mut world, crash(0)), "ask 1");
    world.machine.introduce(Newcomer {
        slot: 3,
        plan: None,
        needs: vec![2],
        renews: false,
    });
    assert_eq!(
        told(&mut world, Input::Add(0, 3, PERMANENT)),
        "answer 0 Refused(DependencyDown), remove 3"
    );
}
