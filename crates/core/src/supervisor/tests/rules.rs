//! What a supervisor does, case by case: OTP's rules, and where ours differ on purpose.

use std::time::Duration;

use super::super::machine::Settings;
use super::super::protocol::{Action, Cause, Exit, Input, Slot, Traits};
use super::super::slot::State;
use super::super::strategy::AutoShutdown;
use super::script::*;
use super::world::{EXITS, World};
use crate::child::{Semantics, ShutdownStrategy};
use crate::restart::{Intensity, Restart};

fn state(world: &World, slot: Slot) -> Option<State> {
    world.machine.state(slot)
}

fn significant(traits: Traits) -> Traits {
    Traits {
        significant: true,
        ..traits
    }
}

fn ending_with(auto_shutdown: AutoShutdown, settings: Settings) -> Settings {
    Settings {
        auto_shutdown,
        ..settings
    }
}

fn blocking(settings: Settings) -> Settings {
    let semantics = Semantics {
        blocking: true,
        ..settings.semantics
    };
    Settings {
        semantics,
        ..settings
    }
}

// Who is restarted.

#[test]
fn the_restart_type_decides_which_exits_are_followed_by_a_restart() {
    for exit in EXITS {
        let restarted = "restart 0";
        let not_clean = if exit == Exit::Clean { "" } else { restarted };
        for (traits, expected) in [
            (PERMANENT, restarted),
            (TRANSIENT, not_clean),
            (TEMPORARY, "remove 0"),
        ] {
            let mut world = up(ONE_FOR_ONE, &[traits]);
            assert_eq!(
                told(&mut world, Input::Exited(0, exit)),
                expected,
                "{traits:?} {exit:?}"
            );
        }
    }
}

#[test]
fn a_transient_child_that_ended_leaves_its_row_without_a_child() {
    let mut world = up(ONE_FOR_ONE, &[TRANSIENT]);
    world.tell(done(0));
    assert_eq!(state(&world, 0), Some(State::Idle));
}

#[test]
fn a_child_killed_from_outside_is_restarted_even_if_transient() {
    for traits in [PERMANENT, TRANSIENT] {
        let mut world = up(ONE_FOR_ONE, &[traits]);
        assert_eq!(told(&mut world, Input::Killed(0)), "await 0");
        assert_eq!(told(&mut world, crash(0)), "restart 0");
    }
}

#[test]
fn an_exit_without_a_restart_touches_neither_siblings_nor_the_intensity() {
    for settings in [ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE] {
        let mut world = up(bearing(0, settings), &[TRANSIENT, TEMPORARY, PERMANENT]);
        assert_eq!(told(&mut world, done(0)), "");
        assert_eq!(told(&mut world, crash(1)), "remove 1");
    }
}

#[test]
fn one_for_one_restarts_only_the_child_itself() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 3]);
    assert_eq!(played(&mut world, crash(1)), "restart 1");
}

#[test]
fn one_for_all_stops_the_others_backward_and_starts_all_forward() {
    for failed in 0..3 {
        let mut world = up(ONE_FOR_ALL, &[PERMANENT; 3]);
        let stopped: Vec<Slot> = (0..3).rev().filter(|&slot| slot != failed).collect();
        let expected = format!(
            "ask {}, ask {}, restart 0, restart 1, restart 2",
            stopped[0], stopped[1]
        );
        assert_eq!(played(&mut world, crash(failed)), expected);
    }
}

#[test]
fn rest_for_one_restarts_the_child_and_those_after_it() {
    let cases = [
        (0, "ask 2, ask 1, restart 0, restart 1, restart 2"),
        (1, "ask 2, restart 1, restart 2"),
        (2, "restart 2"),
    ];
    for (failed, expected) in cases {
        let mut world = up(REST_FOR_ONE, &[PERMANENT; 3]);
        assert_eq!(played(&mut world, crash(failed)), expected);
    }
}

#[test]
fn a_group_restart_is_the_end_of_its_temporary_children() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT, TEMPORARY, PERMANENT]);
    assert_eq!(
        played(&mut world, crash(0)),
        "ask 2, ask 1, remove 1, restart 0, restart 2"
    );
}

#[test]
fn a_group_restart_starts_the_rows_that_did_not_run_as_well() {
    let cases = [
        (ONE_FOR_ALL, "restart 0, restart 1, restart 2"),
        (REST_FOR_ONE, "restart 1, restart 2"),
    ];
    for (settings, expected) in cases {
        let mut world = up(settings, &[TRANSIENT, PERMANENT, PERMANENT]);
        played(&mut world, done(0));
        played(&mut world, Input::Terminate(0, 2));
        assert_eq!(played(&mut world, crash(1)), expected);
    }
}

#[test]
fn a_child_of_start_child_is_restarted_in_its_place_with_its_group() {
    let mut world = up(REST_FOR_ONE, &[PERMANENT; 2]);
    assert_eq!(
        played(&mut world, Input::Add(0, 2, PERMANENT)),
        "start 2, answer 0 Started"
    );
    assert_eq!(played(&mut world, crash(1)), "ask 2, restart 1, restart 2");
}

#[test]
fn the_stop_order_is_the_spec_order_backward_after_any_restarts() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 3]);
    for slot in [2, 0, 1] {
        played(&mut world, crash(slot));
    }
    assert_eq!(
        played(&mut world, Input::StopRequested),
        "end Asked, ask 2, ask 1, ask 0, finish"
    );
}

#[test]
fn a_child_that_declines_its_restart_keeps_its_row_and_fails_nobody() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT; 2]);
    let inputs = [crash(0), done(1), Input::Ignored(0)];
    assert_eq!(after(&mut world, &inputs), "restart 1");
    assert_eq!(state(&world, 0), Some(State::Idle));
}

#[test]
fn a_child_that_declines_its_first_start_keeps_its_row_unless_it_is_temporary() {
    let mut world = World::new(ONE_FOR_ONE, &[PERMANENT, TEMPORARY]);
    assert_eq!(told(&mut world, Input::Ignored(0)), "start 1");
    assert_eq!(told(&mut world, Input::Ignored(1)), "remove 1, up");
}

// How many restarts are borne.

#[test]
fn one_restart_more_than_the_intensity_ends_the_supervisor_backward() {
    for (restarts, settings) in [
        (0, ONE_FOR_ONE),
        (1, ONE_FOR_ONE),
        (3, ONE_FOR_ONE),
        (2, REST_FOR_ONE),
    ] {
        let mut world = up(bearing(restarts, settings), &[PERMANENT; 3]);
        for _ in 0..restarts {
            assert!(!played(&mut world, crash(1)).contains("end"));
        }
        assert_eq!(
            played(&mut world, crash(1)),
            "end Exhausted(1), ask 2, ask 0, finish"
        );
    }
}

#[test]
fn the_restart_of_a_whole_group_counts_once() {
    let mut world = up(bearing(1, ONE_FOR_ALL), &[PERMANENT; 3]);
    assert_eq!(
        played(&mut world, crash(0)),
        "ask 2, ask 1, restart 0, restart 1, restart 2"
    );
    assert_eq!(
        played(&mut world, crash(0)),
        "end Exhausted(0), ask 2, ask 1, finish"
    );
}

#[test]
fn a_restart_that_left_the_period_no_longer_counts() {
    for (gap, expected) in [(4_999, "end Exhausted(0), finish"), (5_000, "restart 0")] {
        let mut world = up(bearing(1, ONE_FOR_ONE), &[PERMANENT]);
        played(&mut world, crash(0));
        world.pass(Duration::from_millis(gap));
        assert_eq!(told(&mut world, crash(0)), expected, "{gap} ms");
    }
}

#[test]
fn two_children_that_fail_at_once_count_twice_unless_the_group_of_one_takes_the_other_along() {
    let cases = [
        (ONE_FOR_ONE, 0, 1, "end Exhausted(1), kill 0, finish"),
        (ONE_FOR_ALL, 0, 1, "restart 0, restart 1"),
        (ONE_FOR_ALL, 1, 0, "restart 0, restart 1"),
        (REST_FOR_ONE, 0, 1, "restart 0, restart 1"),
        (REST_FOR_ONE, 1, 0, "end Exhausted(0), kill 1, finish"),
    ];
    let brutal = Traits {
        shutdown: ShutdownStrategy::Brutal,
        ..PERMANENT
    };
    for (settings, first, second, expected) in cases {
        let mut world = up(bearing(1, settings), &[brutal; 2]);
        world.tell(crash(first));
        assert_eq!(
            played(&mut world, crash(second)),
            expected,
            "{settings:?} {first} {second}"
        );
    }
}

#[test]
fn the_time_in_which_a_group_stops_ages_the_restarts_only_in_whole_seconds() {
    let exact = Settings {
        intensity: Intensity::new(1, SECOND),
        ..ONE_FOR_ALL
    };
    let mut otp = exact;
    otp.semantics.whole_seconds = true;
    for (settings, expected) in [(exact, "end Exhausted(0), ask 1"), (otp, "ask 1")] {
        let mut world = up(settings, &[PERMANENT; 2]);
        world.tell(crash(0));
        world.pass(Duration::from_millis(2_100));
        after(&mut world, &[done(1), Input::Started(0), Input::Started(1)]);
        assert_eq!(told(&mut world, crash(0)), expected);
    }
}

#[test]
fn the_clock_goes_on_once_a_group_is_stopped() {
    let mut world = up(bearing(1, ONE_FOR_ALL), &[PERMANENT; 2]);
    world.tell(crash(0));
    world.pass(SECOND);
    world.rest(|_| true);
    world.pass(5 * SECOND);
    assert_eq!(told(&mut world, crash(0)), "ask 1");
}

// Restarts whose start fails.

#[test]
fn a_failed_restart_is_tried_again_behind_what_waits_and_each_try_counts() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    let tries =
        "restart 0, retry 0, restart 0, retry 0, restart 0, retry 0, end Exhausted(0), finish";
    assert_eq!(played_without(&[0], &mut world, crash(0)), tries);
}

/// A machine of two children whose first waits for a retry.
fn retrying(settings: Settings) -> World {
    let mut world = up(settings, &[PERMANENT; 2]);
    after(&mut world, &[crash(0), crash(0)]);
    assert_eq!(state(&world, 0), Some(State::Retrying));
    world
}

#[test]
fn calls_between_two_tries_are_answered() {
    let cases = [
        (Input::Restart(0, 0), "answer 0 Refused(Restarting)"),
        (Input::Delete(0, 0), "answer 0 Refused(Restarting)"),
        (Input::AddKnown(0, 0), "answer 0 Refused(AlreadyPresent)"),
        (Input::Terminate(0, 0), "answer 0 Done"),
        (Input::StopRequested, "end Asked, ask 1"),
    ];
    for (input, expected) in cases {
        assert_eq!(told(&mut retrying(ONE_FOR_ONE), input), expected);
    }
}

#[test]
fn terminate_child_ends_the_tries() {
    let mut world = retrying(ONE_FOR_ONE);
    world.tell(Input::Terminate(0, 0));
    assert_eq!(told(&mut world, Input::Retry(0)), "");
    assert_eq!(state(&world, 0), Some(State::Idle));
}

#[test]
fn a_try_that_another_restart_has_made_needless_does_nothing() {
    let mut world = up(REST_FOR_ONE, &[PERMANENT; 2]);
    after(&mut world, &[crash(1), crash(1)]);
    assert_eq!(state(&world, 1), Some(State::Retrying));
    assert_eq!(
        after(
            &mut world,
            &[crash(0), Input::Started(0), Input::Started(1)]
        ),
        ""
    );
    assert_eq!(told(&mut world, Input::Retry(1)), "");
}

#[test]
fn the_member_of_a_group_that_cannot_start_is_the_one_that_is_tried_again() {
    let cases = [
        (REST_FOR_ONE, "restart 1, restart 2"),
        (ONE_FOR_ALL, "ask 0, restart 0, restart 1, restart 2"),
    ];
    for (settings, expected) in cases {
        let mut world = up(settings, &[PERMANENT; 3]);
        assert_eq!(
            after(&mut world, &[crash(0), done(2), done(1), Input::Started(0)]),
            "restart 1"
        );
        assert_eq!(told(&mut world, crash(1)), "retry 1");
        assert_eq!(state(&world, 0), Some(State::Running(false)), "it stays");
        assert_eq!(
            state(&world, 2),
            Some(State::Idle),
            "it waits without a child"
        );
        assert_eq!(played(&mut world, Input::Retry(1)), expected);
    }
}

#[test]
fn a_fatal_child_that_cannot_start_again_ends_the_supervisor() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT, FATAL]);
    assert_eq!(
        played_without(&[1], &mut world, crash(1)),
        "restart 1, end RestartFailed(1), ask 0, finish"
    );
}

#[test]
fn a_fatal_supervisor_that_ended_for_want_of_a_child_ends_the_one_above() {
    for (restart, expected) in [
        (Restart::Permanent, "end RestartFailed(1), ask 0"),
        (Restart::Transient, "end RestartFailed(1), ask 0"),
        // What is never restarted touches nobody.
        (Restart::Temporary, "remove 1"),
    ] {
        let traits = Traits { restart, ..FATAL };
        let mut world = up(ONE_FOR_ONE, &[PERMANENT, traits]);
        let ended = told(&mut world, Input::Exited(1, Exit::Unstartable));
        assert_eq!(ended, expected, "{restart:?}");
    }
}

#[test]
fn a_child_that_does_not_start_in_time_is_killed_and_counts_as_failed() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    assert_eq!(after(&mut world, &[crash(0), Input::Overdue(0)]), "kill 0");
    assert_eq!(told(&mut world, Input::Started(0)), "", "too late");
    assert_eq!(told(&mut world, crash(0)), "retry 0");
}

// The first start.

#[test]
fn children_start_one_after_the_other_and_then_the_supervisor_is_up() {
    let mut world = World::new(ONE_FOR_ONE, &[PERMANENT; 2]);
    assert_eq!(told(&mut world, Input::Started(0)), "start 1");
    assert_eq!(told(&mut world, Input::Started(1)), "up");
}

#[test]
fn a_supervisor_without_children_is_up_at_once() {
    let (_, actions) = World::begin(ONE_FOR_ONE, &[]);
    assert_eq!(text(&actions), "up");
}

#[test]
fn whoever_fails_at_the_first_start_ends_it_and_those_started_stop_backward() {
    for traits in [PERMANENT, TRANSIENT, TEMPORARY, FATAL] {
        let mut world = World::new(ONE_FOR_ONE, &[PERMANENT, PERMANENT, traits, PERMANENT]);
        after(&mut world, &[Input::Started(0), Input::Started(1)]);
        let expected = "end BootFailed(2), ask 1, ask 0, finish";
        assert_eq!(played(&mut world, crash(2)), expected);
    }
}

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

/// One for all of three: the first failed, and the last is asked to stop.
fn clearing() -> World {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT; 3]);
    assert_eq!(told(&mut world, crash(0)), "ask 2");
    world
}

/// One for all of three: the first failed, all are down, and the first is started.
fn raising() -> World {
    let mut world = clearing();
    assert_eq!(after(&mut world, &[done(2), done(1)]), "restart 0");
    world
}

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

// Stops.

#[test]
fn a_stop_request_is_obeyed_at_any_time_and_nothing_starts_after_it() {
    let mut booting = World::new(ONE_FOR_ONE, &[PERMANENT; 3]);
    booting.tell(Input::Started(0));
    let cases = [
        (booting, "end Asked, ask 1, ask 0, finish"),
        (clearing(), "end Asked, ask 1, finish"),
        (raising(), "end Asked, ask 0, finish"),
    ];
    for (mut world, expected) in cases {
        assert_eq!(played(&mut world, Input::StopRequested), expected);
    }
}

#[test]
fn a_blocking_supervisor_obeys_a_stop_request_once_its_start_is_complete() {
    let mut world = World::new(blocking(ONE_FOR_ONE), &[PERMANENT; 2]);
    assert_eq!(told(&mut world, Input::StopRequested), "");
    assert_eq!(told(&mut world, Input::Started(0)), "start 1");
    assert_eq!(
        played(&mut world, Input::Started(1)),
        "up, end Asked, ask 1, ask 0, finish"
    );
}

#[test]
fn a_blocking_supervisor_hears_nothing_while_it_restarts_a_group() {
    let mut world = up(blocking(bearing(2, ONE_FOR_ALL)), &[PERMANENT; 2]);
    assert_eq!(told(&mut world, crash(0)), "ask 1");
    assert_eq!(told(&mut world, Input::Terminate(0, 1)), "");
    assert_eq!(told(&mut world, Input::StopRequested), "");
    assert_eq!(
        after(&mut world, &[done(1), Input::Started(0)]),
        "restart 1"
    );
    assert_eq!(told(&mut world, crash(0)), "");
    // In the order of arrival: the call first, then the stop request, before the exit.
    assert_eq!(told(&mut world, Input::Started(1)), "ask 1");
    assert_eq!(
        told(&mut world, done(1)),
        "answer 0 Done, end Asked, ask 0, finish"
    );
}

#[test]
fn a_child_is_told_to_end_as_its_shutdown_strategy_says() {
    let (seconds, abort_grace) = (Duration::from_secs(5), ONE_FOR_ONE.abort_grace);
    let cases = [
        (
            ShutdownStrategy::Graceful(seconds),
            Action::Ask(0, Some(seconds)),
        ),
        (ShutdownStrategy::Infinite, Action::Ask(0, None)),
        (ShutdownStrategy::Brutal, Action::Kill(0, abort_grace)),
    ];
    for (shutdown, expected) in cases {
        let mut world = up(
            ONE_FOR_ONE,
            &[Traits {
                shutdown,
                ..PERMANENT
            }],
        );
        assert_eq!(world.tell(Input::StopRequested)[1], expected);
    }
}

#[test]
fn a_child_that_ignores_stop_is_killed_and_then_left_behind() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 2]);
    assert_eq!(told(&mut world, Input::StopRequested), "end Asked, ask 1");
    assert_eq!(told(&mut world, Input::Overdue(1)), "kill 1");
    assert_eq!(told(&mut world, Input::Overdue(1)), "abandon 1, ask 0");
}

#[test]
fn a_child_that_survives_an_abort_from_outside_is_left_behind_and_counts_as_failed() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    assert_eq!(
        after(&mut world, &[Input::Killed(0), Input::Overdue(0)]),
        "abandon 0, restart 0"
    );
}

#[test]
fn a_child_aborted_while_it_starts_is_left_behind_as_one_that_could_not_start() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    assert_eq!(after(&mut world, &[crash(0), Input::Killed(0)]), "await 0");
    assert_eq!(told(&mut world, Input::Started(0)), "", "too late");
    assert_eq!(told(&mut world, Input::Overdue(0)), "abandon 0, retry 0");
}

#[test]
fn a_child_that_was_aborted_is_not_asked_again_when_it_is_to_stop() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    assert_eq!(
        after(&mut world, &[Input::Killed(0), Input::StopRequested]),
        "end Asked, await 0"
    );
    assert_eq!(told(&mut world, Input::Overdue(0)), "abandon 0, finish");
}

#[test]
fn a_fatal_child_that_is_killed_while_it_is_restarted_is_tried_again_and_counts() {
    let killed = Input::Exited(0, Exit::Killed);
    let mut world = up(bearing(2, ONE_FOR_ONE), &[FATAL; 2]);
    assert_eq!(told(&mut world, crash(0)), "restart 0");
    assert_eq!(told(&mut world, killed), "retry 0");
    assert_eq!(told(&mut world, Input::Retry(0)), "restart 0");
    assert_eq!(told(&mut world, killed), "retry 0");
    let third = told(&mut world, Input::Retry(0));
    assert_eq!(third, "end Exhausted(0), ask 1");
}

#[test]
fn a_child_that_is_killed_in_the_first_start_fails_it() {
    let mut world = World::new(ONE_FOR_ONE, &[FATAL; 2]);
    let killed = told(&mut world, Input::Exited(0, Exit::Killed));
    assert_eq!(killed, "end BootFailed(0), finish");
}

#[test]
fn how_a_child_ends_that_was_told_to_makes_no_difference() {
    for exit in EXITS {
        let mut world = up(bearing(0, ONE_FOR_ONE), &[FATAL; 2]);
        world.tell(Input::StopRequested);
        assert_eq!(told(&mut world, Input::Exited(1, exit)), "ask 0");
        assert_eq!(told(&mut world, Input::Exited(0, exit)), "finish");
    }
}

#[test]
fn a_start_child_that_its_group_cut_short_and_cannot_take_up_again_leaves_no_row() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT]);
    let inputs = [Input::Add(0, 1, PERMANENT), crash(0), done(1)];
    assert_eq!(after(&mut world, &inputs), "restart 0");
    let failed = told(&mut world, crash(0));
    assert_eq!(failed, "answer 0 Cancelled, remove 1, retry 0");
}

#[test]
fn the_first_reason_to_end_is_the_one_that_counts() {
    let mut world = up(bearing(0, ONE_FOR_ONE), &[PERMANENT; 2]);
    assert_eq!(told(&mut world, crash(0)), "end Exhausted(0), ask 1");
    assert_eq!(told(&mut world, Input::StopRequested), "");
    assert_eq!(told(&mut world, done(1)), "finish");
}

#[test]
fn a_start_child_that_comes_too_late_is_refused() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    world.tell(Input::StopRequested);
    assert_eq!(
        told(&mut world, Input::Add(0, 1, PERMANENT)),
        "answer 0 Refused(ShuttingDown), remove 1"
    );
}

// Significant children.

#[test]
fn any_significant_ends_with_the_first_significant_child_that_ended_for_good() {
    let settings = ending_with(AutoShutdown::AnySignificant, ONE_FOR_ONE);
    let cases = [
        (
            TRANSIENT,
            Exit::Clean,
            "end SignificantExited(1), ask 2, ask 0, finish",
        ),
        (TRANSIENT, Exit::Abnormal, "restart 1"),
        (
            TEMPORARY,
            Exit::Clean,
            "end SignificantExited(1), remove 1, ask 2, ask 0, finish",
        ),
        (
            TEMPORARY,
            Exit::Abnormal,
            "end SignificantExited(1), remove 1, ask 2, ask 0, finish",
        ),
    ];
    for (traits, exit, expected) in cases {
        let mut world = up(settings, &[PERMANENT, significant(traits), TRANSIENT]);
        assert_eq!(played(&mut world, Input::Exited(1, exit)), expected);
    }
}

#[test]
fn all_significant_ends_with_the_last_of_them() {
    let settings = ending_with(AutoShutdown::AllSignificant, ONE_FOR_ONE);
    let mut world = up(
        settings,
        &[significant(TRANSIENT), significant(TRANSIENT), PERMANENT],
    );
    assert_eq!(told(&mut world, done(1)), "");
    assert_eq!(told(&mut world, done(0)), "end SignificantExited(0), ask 2");
}

#[test]
fn a_significant_child_that_is_tried_again_keeps_its_supervisor_up() {
    let settings = ending_with(AutoShutdown::AllSignificant, ONE_FOR_ONE);
    let mut world = up(settings, &[significant(TRANSIENT); 2]);
    after(&mut world, &[crash(0), crash(0)]);
    assert_eq!(told(&mut world, done(1)), "");
    assert_eq!(played(&mut world, Input::Retry(0)), "restart 0");
    assert_eq!(
        told(&mut world, done(0)),
        "end SignificantExited(0), finish"
    );
}

#[test]
fn a_significant_child_that_a_call_or_its_group_stops_ends_nothing() {
    for auto_shutdown in [AutoShutdown::AnySignificant, AutoShutdown::AllSignificant] {
        let settings = ending_with(auto_shutdown, ONE_FOR_ALL);
        let mut world = up(
            settings,
            &[PERMANENT, significant(TRANSIENT), significant(TEMPORARY)],
        );
        let restarted = "ask 2, remove 2, ask 1, restart 0, restart 1";
        assert_eq!(played(&mut world, crash(0)), restarted);
        assert_eq!(
            played(&mut world, Input::Terminate(0, 1)),
            "ask 1, answer 0 Done"
        );
    }
}

#[test]
fn a_significant_child_that_declines_to_start_ends_nothing() {
    let settings = ending_with(AutoShutdown::AnySignificant, ONE_FOR_ONE);
    let mut world = World::new(settings, &[significant(TRANSIENT), PERMANENT]);
    assert_eq!(told(&mut world, Input::Ignored(0)), "start 1");
}

#[test]
fn a_restart_is_named_so_and_a_first_start_that_was_cut_short_stays_a_first_one() {
    let mut world = World::new(REST_FOR_ONE, &[PERMANENT; 2]);
    after(&mut world, &[Input::Started(0), crash(0)]);
    let again = world.tell(crash(1));
    assert!(
        matches!(again[..], [Action::Start(0, Cause::Restart, _)]),
        "{again:?}"
    );
    let first = world.tell(Input::Started(0));
    assert!(
        matches!(first[..], [Action::Start(1, Cause::Boot, _)]),
        "{first:?}"
    );
}
