//! How a supervisor and its children end: OTP's rules, and where ours differ.

use std::time::Duration;

use super::super::protocol::{Action, Cause, Exit, Input, Traits};
use super::super::strategy::AutoShutdown;
use super::script::*;
use super::world::{EXITS, World};
use crate::child::ShutdownStrategy;

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
fn a_blocking_supervisor_leaves_nobody_behind_whose_exit_it_has_not_heard_yet() {
    let mut world = up(blocking(ONE_FOR_ONE), &[PERMANENT; 2]);
    assert_eq!(told(&mut world, Input::Killed(0)), "await 0");
    assert_eq!(told(&mut world, crash(1)), "restart 1");
    // A deadline does not wait for its turn, and the exit may be here.
    let mut actions = Vec::new();
    let overdue = Input::Overdue(0);
    world.machine.step(world.now, overdue, &mut actions);
    assert_eq!(text(&actions), "await 0");
    assert_eq!(told(&mut world, Input::Started(1)), "");
    assert_eq!(told(&mut world, overdue), "abandon 0, restart 0");
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
