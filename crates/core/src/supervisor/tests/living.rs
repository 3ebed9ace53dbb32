//! What the calls do that change a tree while it runs.

use super::super::convoy::Lanes;
use super::super::graph::Graph;
use super::super::machine::Settings;
use super::super::protocol::{Exit, Input, Request, Slot, Traits};
use super::super::slot::State;
use super::super::strategy::{AutoShutdown, StartMode, StopMode};
use super::script::*;
use super::world::{Brings, World};
use crate::child::{Replace, ShutdownStrategy};
use crate::restart::ExitVerdict;

/// Of these children one runs, one is down, one starts, one waits for another try, and one is being stopped.
const RUNNING: Slot = 0;
const IDLE: Slot = 1;
const STARTING: Slot = 2;
const RETRYING: Slot = 3;
const STOPPING: Slot = 4;

fn all_states() -> World {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 5]);
    played(&mut world, Input::Terminate(90, IDLE));
    for input in [crash(STARTING), crash(RETRYING), crash(RETRYING)] {
        world.tell(input);
    }
    world.tell(Input::Terminate(91, STOPPING));
    world
}

// Pauses.

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

// Children that nobody wants any more.

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

// New specs.

const NEW: Traits = Traits {
    shutdown: ShutdownStrategy::Brutal,
    ..PERMANENT
};

fn now(request: Request, slot: Slot) -> Input {
    Input::Replace(request, slot, NEW, Replace::Now)
}

fn later(request: Request, slot: Slot) -> Input {
    Input::Replace(request, slot, NEW, Replace::AtNextRestart)
}

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

// Who needs whom by new specs.

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

/// The order of answers to several calls is that of their numbers, and says nothing here.
fn sorted(actions: &str) -> String {
    let mut actions: Vec<&str> = actions.split(", ").collect();
    actions.sort_unstable();
    actions.join(", ")
}
