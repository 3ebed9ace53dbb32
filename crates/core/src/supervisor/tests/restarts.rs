//! Who is restarted, how often, and what follows when a start fails: OTP's rules, and where ours differ.

use std::time::Duration;

use super::super::aftermath::Aftermath;
use super::super::machine::Settings;
use super::super::protocol::{Cause, End, Exit, Input, Slot, Traits};
use super::super::slot::{Force, Held, Patience, State, Then};
use super::script::*;
use super::world::{EXITS, World};
use crate::child::ShutdownStrategy;
use crate::restart::{ExitVerdict, Intensity, Restart};

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
        storm_guard: None,
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

// What follows an end, as both kinds of supervisors ask for it.

#[test]
fn what_follows_an_end_is_said_by_the_exit_and_the_restart_type() {
    use Aftermath::{Done, Renewal};
    let later = Duration::from_millis(5);
    let (satisfied, escalated) = (End::Satisfied(7), End::Escalated(7));
    let restart = Aftermath::Restart(None);
    let unstartable = Aftermath::End(End::RestartFailed(7));
    // After an exit, and after a restart that failed: permanent, transient, temporary.
    let cases = [
        (Exit::Clean, [restart, Done, Done]),
        (Exit::Abnormal, [restart, restart, Done]),
        (Exit::Killed, [restart, restart, Done]),
        (Exit::Unstartable, [restart, restart, Done]),
        (Exit::Planned, [Renewal, Renewal, Done]),
        (Exit::Hasty, [restart, restart, Done]),
        (
            Exit::Permanent,
            [Aftermath::End(escalated), Aftermath::End(escalated), Done],
        ),
        (Exit::Satisfied, [Aftermath::End(satisfied); 3]),
        (Exit::Judged(ExitVerdict::Restart), [restart, restart, Done]),
        (
            Exit::Judged(ExitVerdict::RestartAfter(later)),
            [
                Aftermath::Restart(Some(later)),
                Aftermath::Restart(Some(later)),
                Done,
            ],
        ),
        (Exit::Judged(ExitVerdict::Stop), [Done; 3]),
        (
            Exit::Judged(ExitVerdict::Escalate),
            [Aftermath::End(escalated); 3],
        ),
    ];
    for (exit, expected) in cases {
        let is_judged = matches!(exit, Exit::Judged(_) | Exit::Satisfied);
        let kinds = [PERMANENT, TRANSIENT, TEMPORARY];
        for (traits, expected) in kinds.into_iter().zip(expected) {
            assert_eq!(traits.aftermath(7, exit), expected, "{traits:?} {exit:?}");
            let fatal = Traits {
                init_policy: FATAL.init_policy,
                ..traits
            };
            let by_policy = match exit {
                Exit::Unstartable if traits.restart != Restart::Temporary => unstartable,
                _ => expected,
            };
            assert_eq!(fatal.aftermath(7, exit), by_policy, "{fatal:?} {exit:?}");
            let (again, given_up) = match exit {
                _ if is_judged => (expected, expected),
                Exit::Killed => (Aftermath::Retry, Aftermath::Retry),
                _ => (Aftermath::Retry, unstartable),
            };
            assert_eq!(traits.aftermath_of_restart(7, exit), again, "{exit:?}");
            assert_eq!(fatal.aftermath_of_restart(7, exit), given_up, "{exit:?}");
        }
    }
}

#[test]
fn an_end_is_judged_unless_somebody_asked_for_it_or_for_the_start() {
    let (asked, killed) = (Force::Asked, Force::Killed);
    let cases = [
        (State::Running(false), true),
        (State::Running(true), true),
        (State::Starting(Cause::Restart, Patience::InTime), true),
        (State::Starting(Cause::Restart, Patience::Over), true),
        (State::Stopping(Then::Failed, asked), true),
        (State::Stopping(Then::Failed, killed), true),
        (State::Starting(Cause::Boot, Patience::InTime), false),
        (State::Starting(Cause::Add, Patience::InTime), false),
        (State::Starting(Cause::Call, Patience::InTime), false),
        (State::Stopping(Then::Idle, asked), false),
        (State::Stopping(Then::Remove, killed), false),
        (State::Stopping(Then::Due(Cause::Restart), asked), false),
        (State::Idle, false),
        (State::Due(Cause::Restart), false),
        (State::Retrying, false),
        (State::Delayed(Held::Paced), false),
    ];
    for (state, is_judged) in cases {
        assert_eq!(state.ends_by_itself(), is_judged, "{state:?}");
    }
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 2]);
    assert!(world.machine.heeds(0));
    world.tell(Input::StopRequested);
    assert!(!world.machine.heeds(0), "nothing is to be decided any more");
}

#[test]
fn a_start_that_fails_while_its_group_is_stopped_is_made_up_for_by_the_group() {
    let verdicts = [
        ExitVerdict::Restart,
        ExitVerdict::RestartAfter(Duration::from_millis(5)),
    ];
    for verdict in verdicts {
        // One restart of the group, and its second.
        let mut world = up(bearing(2, ONE_FOR_ALL), &[PERMANENT; 2]);
        let inputs = [crash(0), done(1), Input::Started(0)];
        assert_eq!(after(&mut world, &inputs), "restart 1");
        let inputs = [Input::Add(0, 2, PERMANENT), Input::Started(2)];
        assert_eq!(after(&mut world, &inputs), "answer 0 Started");
        assert_eq!(told(&mut world, crash(0)), "ask 2");
        let failed = Input::Exited(1, Exit::Judged(verdict));
        assert_eq!(told(&mut world, failed), "", "it does not count");
        assert_eq!(told(&mut world, done(2)), "restart 0");
    }
}
