//! What becomes of children that get a new spec.

use super::super::protocol::{Exit, Input};
use super::super::slot::State;
use super::super::strategy::AutoShutdown;
use super::script::*;
use crate::child::Replace;
use crate::restart::ExitVerdict;

#[test]
fn a_child_that_runs_ends_by_its_old_spec_and_is_started_with_the_new_one() {
    for settings in [ONE_FOR_ONE, ONE_FOR_ALL, REST_FOR_ONE] {
        let mut world = up(bearing(0, settings), &[PERMANENT; 3]);
        assert_eq!(told(&mut world, now(0, 1)), "keep 1, ask 1");
        let gone = told(&mut world, crash(1));
        assert_eq!(gone, "renew 1, start 1 anew", "it does not count");
        assert_eq!(told(&mut world, Input::Started(1)), "answer 0 Started");
        let stopped = told(&mut world, Input::Terminate(1, 1));
        assert_eq!(stopped, "kill 1", "as the new spec says");
    }
}

#[test]
fn the_next_start_takes_the_new_spec_whatever_its_cause() {
    let began = |input: Input| {
        let mut world = up(ONE_FOR_ALL, &[PERMANENT; 2]);
        let kept = told(&mut world, later(0, 1));
        assert_eq!(kept, "keep 1, answer 0 Done", "it goes on as it is");
        played(&mut world, input);
        world
    };
    for input in [crash(0), crash(1)] {
        let world = began(input);
        assert_eq!(world.machine.row(1).traits, NEW);
    }
    for (call, waker) in [
        (Input::Terminate(1, 1), Input::Restart(2, 1)),
        (Input::Pause(1, 1), Input::Resume(2, 1)),
    ] {
        let mut world = began(call);
        played(&mut world, waker);
        assert_eq!(world.machine.row(1).traits, NEW);
    }
}

#[test]
fn a_new_spec_for_now_starts_a_child_that_is_down_or_waits() {
    for slot in [IDLE, RETRYING] {
        let mut world = all_states();
        let expected = format!("keep {slot}, renew {slot}, start {slot} anew");
        assert_eq!(told(&mut world, now(0, slot)), expected);
        assert_eq!(world.machine.row(slot).traits, NEW);
        assert_eq!(told(&mut world, Input::Started(slot)), "answer 0 Started");
    }
    let mut world = all_states();
    assert_eq!(told(&mut world, now(0, STOPPING)), "keep 4");
    let gone = told(&mut world, done(STOPPING));
    assert_eq!(gone, "answer 91 Done, renew 4, start 4 anew");
}

#[test]
fn a_paused_child_stays_so_with_its_new_spec() {
    for replace in [now, later] {
        let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
        played(&mut world, Input::Pause(0, 0));
        let replaced = played(&mut world, replace(1, 0));
        assert_eq!(replaced, "keep 0, renew 0, answer 1 Done");
        assert_eq!(state(&world, 0), Some(State::Paused));

        let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
        world.tell(Input::Pause(0, 0));
        world.tell(replace(1, 0));
        world.tell(done(0));
        assert_eq!(state(&world, 0), Some(State::Paused));
        assert_eq!(world.machine.row(0).traits, NEW);
        assert!(world.calls.is_empty());
    }
}

#[test]
fn a_child_goes_along_with_its_group_when_that_is_restarted() {
    for (slot, told_to_end) in [(1, ", ask 1"), (2, "")] {
        let mut world = clearing();
        let kept = told(&mut world, now(0, slot));
        assert_eq!(kept, format!("keep {slot}{told_to_end}"));
        let raised = world.rest(|_| true);
        let started = format!("renew {slot}, restart {slot}, answer 0 Started");
        assert!(text(&raised).contains(&started), "{raised:?}");
        assert_eq!(world.machine.row(slot).traits, NEW);
    }
}

#[test]
fn a_child_that_is_down_with_its_group_goes_along_too() {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT, PERMANENT, TRANSIENT]);
    after(&mut world, &[done(2), crash(0)]);
    assert_eq!(told(&mut world, now(0, 2)), "keep 2");
    let raised = text(&world.rest(|_| true));
    assert!(
        raised.ends_with("renew 2, restart 2, answer 0 Started"),
        "{raised}"
    );
}

#[test]
fn a_group_goes_on_with_a_child_that_had_kept_it_down_and_has_a_new_spec() {
    let mut world = up(REST_FOR_ONE, &[PERMANENT; 3]);
    let inputs = [crash(0), done(2), done(1), crash(0)];
    assert_eq!(after(&mut world, &inputs), "retry 0");
    let raised = played(&mut world, now(0, 0));
    assert_eq!(
        raised,
        "keep 0, renew 0, restart 0, answer 0 Started, restart 1, restart 2"
    );
}

#[test]
fn a_child_that_cannot_start_with_its_new_spec_is_down_and_has_it() {
    let mut world = up(bearing(0, ONE_FOR_ALL), &[FATAL; 2]);
    let answer = played_without(&[1], &mut world, now(0, 1));
    assert_eq!(
        answer,
        "keep 1, ask 1, renew 1, start 1 anew, answer 0 Failed"
    );
    assert_eq!(state(&world, 1), Some(State::Idle));
    assert_eq!(world.machine.row(1).traits, NEW);
}

#[test]
fn a_new_spec_takes_the_place_of_one_that_was_not_taken_yet() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
    world.tell(now(0, 0));
    assert_eq!(
        told(&mut world, later(1, 0)),
        "answer 0 Cancelled, keep 0, answer 1 Done"
    );
    assert_eq!(played(&mut world, done(0)), "renew 0, start 0 anew");
    world.tell(later(2, 0));
    let other = Input::Replace(3, 0, TRANSIENT, Replace::AtNextRestart);
    assert_eq!(told(&mut world, other), "keep 0, answer 3 Done");
    played(&mut world, crash(0));
    assert_eq!(world.machine.row(0).traits, TRANSIENT);
}

#[test]
fn a_second_spec_for_later_cancels_nobody_who_waits_for_the_child_for_another_reason() {
    for call in [Input::Restart(0, IDLE), now(0, IDLE)] {
        let mut world = all_states();
        // The spec of the second one is taken by the start that it begins.
        let inputs = [call, later(1, IDLE), later(2, IDLE)];
        assert_eq!(after(&mut world, &inputs), "keep 1, answer 2 Done");
        assert_eq!(told(&mut world, Input::Started(IDLE)), "answer 0 Started");
    }
    let mut world = clearing();
    world.tell(now(0, 2));
    let second = told(&mut world, later(1, 2));
    assert_eq!(second, "answer 0 Cancelled, keep 2, answer 1 Done");
}

#[test]
fn calls_that_come_between_cancel_a_replacement_but_the_new_spec_is_kept() {
    for (input, expected) in [
        (Input::Terminate(1, 0), "answer 0 Cancelled, answer 1 Done"),
        (
            Input::Pause(1, 0),
            "answer 0 Cancelled, answer 1 Done, paused 0, renew 0",
        ),
    ] {
        let mut world = up(ONE_FOR_ONE, &[PERMANENT]);
        assert_eq!(after(&mut world, &[now(0, 0), input]), "");
        assert_eq!(sorted(&told(&mut world, done(0))), sorted(expected));
        let waker = match input {
            Input::Pause(..) => Input::Resume(2, 0),
            _ => Input::Restart(2, 0),
        };
        played(&mut world, waker);
        assert_eq!(world.machine.row(0).traits, NEW);
    }
}

#[test]
fn a_supervisor_that_ends_replaces_nobody() {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 2]);
    world.tell(now(0, 0));
    world.tell(Input::StopRequested);
    for replace in [now, later] {
        let refused = told(&mut world, replace(1, 1));
        assert_eq!(refused, "answer 1 Refused(ShuttingDown)");
    }
    assert_eq!(played(&mut world, done(1)), "answer 0 Cancelled, finish");
}

#[test]
fn a_significant_child_comes_and_goes_with_its_spec() {
    let settings = ending_with(AutoShutdown::AllSignificant, ONE_FOR_ONE);
    let mut world = up(settings, &[significant(TRANSIENT), TRANSIENT]);
    let replace = |request, slot, traits| Input::Replace(request, slot, traits, Replace::Now);
    played(&mut world, replace(0, 1, significant(TRANSIENT)));
    assert_eq!(
        told(&mut world, done(0)),
        "",
        "the other one is significant too"
    );
    played(&mut world, replace(1, 0, TRANSIENT));
    assert_eq!(told(&mut world, done(1)), "end SignificantExited(1), ask 0");
}

#[test]
fn a_child_that_is_temporary_by_its_new_spec_is_gone_with_its_group_if_it_cannot_start_meanwhile() {
    let settings = ending_with(AutoShutdown::AnySignificant, ONE_FOR_ALL);
    let mut world = up(settings, &[PERMANENT; 3]);
    played(&mut world, Input::Pause(0, 1));
    played(&mut world, Input::Pause(1, 2));
    let temporary = significant(TEMPORARY);
    world.tell(Input::Replace(2, 0, temporary, Replace::AtNextRestart));
    assert_eq!(told(&mut world, crash(0)), "renew 0, restart 0");
    // Two that calls have started beside it; one fails, and the other one is stopped first.
    let inputs = [Input::Resume(3, 1), Input::Started(1)];
    after(&mut world, &inputs);
    let inputs = [Input::Resume(4, 2), Input::Started(2), crash(1)];
    assert_eq!(after(&mut world, &inputs), "ask 2");
    let failure = Input::Exited(0, Exit::Judged(ExitVerdict::Restart));
    assert_eq!(told(&mut world, failure), "remove 0");
}
