//! Who waits for siblings that it needs, and until when.

use std::time::Duration;

use super::super::convoy::Lanes;
use super::super::graph::Graph;
use super::super::machine::Settings;
use super::super::protocol::{Exit, Input, Slot, Traits};
use super::super::slot::{Held, State};
use super::super::strategy::{StartMode, StopMode};
use super::script::*;
use super::world::World;
use crate::restart::{ExitVerdict, Intensity, OnLimit, Plan};

/// Children of which each needs those, all up.
fn needing(settings: Settings, children: &[Traits], needs: &[&[Slot]]) -> World {
    limited(settings, children, needs, None)
}

/// The same, where each has that limit of its own.
fn limited(
    settings: Settings,
    children: &[Traits],
    needs: &[&[Slot]],
    limit: Option<(Intensity, OnLimit)>,
) -> World {
    let needs = needs.iter().map(|needs| needs.to_vec()).collect();
    let lanes = Lanes {
        start: StartMode::Concurrent,
        stop: StopMode::Concurrent,
        graph: Graph::new(needs).expect("there is no circle"),
        ..Lanes::default()
    };
    let plan = limit.map(|limit| Plan {
        limit: Some(limit),
        ..Plan::default()
    });
    let (mut world, _) = World::begin_with(settings, children, plan, Some(lanes));
    world.rest(|_| true);
    world
}

const NEEDY: Option<State> = Some(State::Delayed(Held::Needy));

/// What the machine says of one that waits for others.
fn waits(slot: Slot) -> String {
    format!("delay {slot} Dependency {:?}", Duration::MAX)
}

/// Two that nobody needs but the third, which needs both: the ways in which the first is down, and whether
/// the third waits for it when the second fails.
#[test]
fn in_the_restart_of_its_group_a_child_waits_for_those_it_needs_unless_they_are_done() {
    let limit = |then| Some((Intensity::new(0, SECOND), then));
    let quarantine = OnLimit::Quarantine(SECOND);
    let stop = Exit::Judged(ExitVerdict::Stop);
    let terminate = Input::Terminate(0, 0);
    let cases = [
        ("terminated", PERMANENT, None, terminate, true),
        ("quarantined", PERMANENT, limit(quarantine), crash(0), true),
        ("dropped", PERMANENT, limit(OnLimit::Drop), crash(0), true),
        ("ended", TRANSIENT, None, done(0), false),
        ("judged", PERMANENT, None, Input::Exited(0, stop), false),
        ("removed", TEMPORARY, None, crash(0), false),
    ];
    for (how, traits, limit, input, does_wait) in cases {
        let children = [traits, PERMANENT, PERMANENT];
        let mut world = limited(REST_FOR_ONE, &children, &[&[], &[], &[0, 1]], limit);
        world.tell(input);
        if input == terminate {
            world.tell(done(0));
        }
        // The limit of the second is its own.
        let again = world.tell(Input::Exited(1, Exit::Planned));
        assert_eq!(text(&again), "ask 2", "{how}");
        let up = after(&mut world, &[done(2), Input::Started(1)]);
        let expected = if does_wait {
            waits(2)
        } else {
            "restart 2".to_owned()
        };
        assert_eq!(up, expected, "{how}");
    }
}

#[test]
fn a_child_that_waits_for_another_is_started_when_that_one_is_up_again() {
    let mut world = needing(REST_FOR_ONE, &[PERMANENT; 3], &[&[], &[], &[0, 1]]);
    played(&mut world, Input::Terminate(0, 0));
    played(&mut world, crash(1));
    assert_eq!(state(&world, 2), NEEDY);
    assert_eq!(told(&mut world, Input::Restart(1, 0)), "start 0 again");
    assert_eq!(
        told(&mut world, Input::Started(0)),
        "answer 1 Started, restart 2"
    );
}

#[test]
fn a_child_that_waits_for_another_is_started_when_that_one_declines_is_paused_or_deleted() {
    let ends: [&[Input]; 3] = [
        &[Input::Pause(1, 0)],
        &[Input::Restart(1, 0), Input::Ignored(0)],
        &[Input::Delete(1, 0)],
    ];
    for end in ends {
        let mut world = needing(REST_FOR_ONE, &[PERMANENT; 3], &[&[], &[], &[0, 1]]);
        played(&mut world, Input::Terminate(0, 0));
        played(&mut world, crash(1));
        let told = after(&mut world, end);
        assert!(told.ends_with("restart 2"), "{end:?}: {told}");
    }
}

#[test]
fn those_that_need_a_child_that_waits_wait_too_and_all_start_in_turn() {
    let mut world = needing(REST_FOR_ONE, &[PERMANENT; 4], &[&[], &[], &[0, 1], &[2]]);
    played(&mut world, Input::Terminate(0, 0));
    let down = played(&mut world, crash(1));
    assert_eq!(
        down,
        format!("ask 3, ask 2, restart 1, {}, {}", waits(2), waits(3))
    );
    let up = played(&mut world, Input::Restart(1, 0));
    assert_eq!(up, "start 0 again, answer 1 Started, restart 2, restart 3");
}

#[test]
fn a_child_that_waits_for_another_can_be_terminated_but_not_restarted() {
    let mut world = needing(REST_FOR_ONE, &[PERMANENT; 3], &[&[], &[], &[0, 1]]);
    played(&mut world, Input::Terminate(0, 0));
    played(&mut world, crash(1));
    let refused = "answer 1 Refused(DependencyDown)";
    assert_eq!(told(&mut world, Input::Restart(1, 2)), refused);
    assert_eq!(told(&mut world, Input::Terminate(2, 2)), "answer 2 Done");
    assert_eq!(
        told(&mut world, Input::Restart(3, 2)),
        "answer 3 Refused(DependencyDown)"
    );
    played(&mut world, Input::Restart(4, 0));
    assert_eq!(state(&world, 2), Some(State::Idle), "it was terminated");
}

#[test]
fn a_stop_finds_a_child_that_waits_for_another_down() {
    let mut world = needing(REST_FOR_ONE, &[PERMANENT; 3], &[&[], &[], &[0, 1]]);
    played(&mut world, Input::Terminate(0, 0));
    played(&mut world, crash(1));
    assert_eq!(
        played(&mut world, Input::StopRequested),
        "end Asked, ask 1, finish"
    );
}

#[test]
fn a_group_waits_while_one_that_it_needs_starts_or_stops() {
    let mut world = needing(REST_FOR_ONE, &[PERMANENT; 3], &[&[], &[], &[0, 1]]);
    played(&mut world, Input::Terminate(0, 0));
    world.tell(Input::Restart(1, 0));
    // The second fails while the first starts.
    let began = after(&mut world, &[crash(1), done(2), Input::Started(1)]);
    assert_eq!(began, "");
    assert_eq!(
        told(&mut world, Input::Started(0)),
        "answer 1 Started, restart 2"
    );
}

#[test]
fn restart_child_of_one_whose_needs_do_not_run_is_refused_unless_they_are_done() {
    let terminate = Input::Terminate(0, 0);
    for (first, answer) in [
        (terminate, "answer 2 Refused(DependencyDown)"),
        (done(0), "start 1 again"),
    ] {
        let mut world = needing(ONE_FOR_ONE, &[TRANSIENT, PERMANENT], &[&[], &[0]]);
        world.tell(first);
        world.rest(|_| true);
        played(&mut world, Input::Terminate(1, 1));
        assert_eq!(told(&mut world, Input::Restart(2, 1)), answer);
    }
}

#[test]
fn a_child_that_is_restarted_alone_waits_for_nobody() {
    let mut world = needing(ONE_FOR_ONE, &[PERMANENT; 2], &[&[], &[0]]);
    played(&mut world, Input::Terminate(0, 0));
    assert_eq!(played(&mut world, crash(1)), "restart 1");
}

#[test]
fn at_the_first_start_a_child_waits_while_one_it_needs_is_restarted_and_not_if_that_is_put_off() {
    let quarantine = OnLimit::Quarantine(SECOND);
    for (limit, expected) in [
        (None, "up".to_owned()),
        (
            Some((Intensity::new(0, SECOND), quarantine)),
            format!("{}, up", waits(2)),
        ),
    ] {
        let plan = limit.map(|limit| Plan {
            limit: Some(limit),
            ..Plan::default()
        });
        let lanes = Lanes {
            graph: Graph::new(vec![vec![], vec![], vec![0]]).expect("there is no circle"),
            ..Lanes::default()
        };
        let (mut world, _) = World::begin_with(ONE_FOR_ONE, &[PERMANENT; 3], plan, Some(lanes));
        after(&mut world, &[Input::Started(0), crash(0)]);
        let second = told(&mut world, Input::Started(1));
        if limit.is_none() {
            assert_eq!(second, "", "the first is being restarted");
            assert_eq!(told(&mut world, Input::Started(0)), "start 2");
            assert_eq!(told(&mut world, Input::Started(2)), expected);
        } else {
            assert_eq!(second, expected);
            let again = after(&mut world, &[Input::Overdue(0), Input::Retry(0)]);
            assert_eq!(again, "restart 0");
            assert_eq!(told(&mut world, Input::Started(0)), "restart 2");
        }
    }
}

#[test]
fn a_child_that_waits_is_not_taken_for_one_whose_group_waits() {
    for call in [Input::Terminate(9, 1), Input::Pause(9, 1)] {
        let mut world = needing(ONE_FOR_ALL, &[PERMANENT; 3], &[&[], &[0], &[]]);
        let inputs = [crash(1), done(0), done(2), Input::Started(2)];
        after(&mut world, &inputs);
        assert_eq!(told(&mut world, Input::Started(0)), "restart 1");
        let inputs = [crash(1), Input::Retry(1), Input::Terminate(7, 0), done(0)];
        after(&mut world, &inputs);
        let restarted = format!("{}, restart 2", waits(1));
        assert_eq!(told(&mut world, done(2)), restarted);
        after(&mut world, &[Input::Started(2), Input::Terminate(8, 2)]);
        told(&mut world, done(2));
        let started = told(&mut world, call).contains("restart");
        assert!(!started, "calls have stopped all others");
    }
}

#[test]
fn a_failure_cuts_short_no_start_that_has_nothing_to_do_with_it() {
    // Two pairs, and the second of each needs the first.
    let mut world = needing(REST_FOR_ONE, &[PERMANENT; 4], &[&[], &[0], &[], &[2]]);
    assert_eq!(told(&mut world, crash(0)), "ask 1");
    assert_eq!(told(&mut world, done(1)), "restart 0");
    assert_eq!(told(&mut world, crash(2)), "ask 3");
    assert_eq!(told(&mut world, done(3)), "restart 2");
    assert_eq!(told(&mut world, Input::Started(0)), "restart 1");
    assert_eq!(told(&mut world, Input::Started(2)), "restart 3");
}

#[test]
fn a_start_beside_a_group_that_stops_may_come_to_its_end_or_fail_meanwhile() {
    let failure = Input::Exited(0, Exit::Unstartable);
    let waits = waits(1) + ", restart 2";
    let ways = [
        (Input::Started(0), "", "restart 1, restart 2"),
        (Input::Ignored(0), "", "restart 1, restart 2"),
        (failure, "retry 0", waits.as_str()),
    ];
    for (end, at_once, then) in ways {
        let mut world = needing(REST_FOR_ONE, &[PERMANENT; 4], &[&[], &[0], &[], &[2]]);
        after(&mut world, &[crash(0), done(1), crash(2)]);
        let told = [told(&mut world, end), told(&mut world, done(3))];
        assert_eq!(told, [at_once, then], "{end:?}");
    }
}
