//! What only threads that get in each other's way bring about: rows that are ahead, and words of those who are gone. And a rest.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::*;
use crate::place::Place;
use crate::tree::{ChildKind, HealthImpact};

fn life(number: u64) -> Incarnation {
    Incarnation(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
}

fn web() -> ChildPath {
    ChildPath::root("app").join("web")
}

fn outline() -> ChildOutline {
    ChildOutline {
        path: web(),
        kind: ChildKind::Worker,
        place: Place::Here,
        version: None,
        impact: HealthImpact::Required,
        crash_reports: 3,
    }
}

/// A root in its first life and one child, restarted once and in its third life, as of event 4.
fn tree() -> Snapshot {
    let root = SnapshotEntry {
        state: ChildState::Running,
        strategy: Some("one-for-one"),
        ..SnapshotEntry::root(ChildPath::root("app"), life(1), 4)
    };
    let child = SnapshotEntry {
        state: ChildState::Running,
        incarnation: Some(life(3)),
        latest: Some(life(3)),
        restarts: 1,
        has_run: true,
        last_exit: Some(ExitReason::Killed),
        ..SnapshotEntry::new(outline(), 1, 4)
    };
    Snapshot {
        number: 4,
        entries: vec![root, child],
    }
}

/// The numbers go on from that of the tree.
fn follow(tree: &mut Snapshot, supervisor: u64, told: &[(u64, EventKind)]) {
    for (incarnation, kind) in told {
        let event = Event {
            number: tree.number + 1,
            path: web(),
            incarnation: life(*incarnation),
            supervisor: Some(life(supervisor)),
            kind: kind.clone(),
        };
        assert_eq!(tree.follow(&event), Ok(()));
    }
}

fn shown(tree: &Snapshot) -> (ChildState, Option<Incarnation>, u64, String) {
    let child = &tree.entries[1];
    let exit = format!("{:?}", child.last_exit);
    (child.state, child.incarnation, child.restarts, exit)
}

/// How the child came to its present life.
fn restart() -> [(u64, EventKind); 3] {
    let cause = StartCause::Restart;
    let reason = ExitReason::Killed;
    [
        (2, EventKind::Exited { reason }),
        (3, EventKind::Starting { cause }),
        (3, EventKind::Started),
    ]
}

#[test]
fn what_a_row_showed_before_it_was_told_changes_nothing_when_it_is() {
    let (mut tree, before) = (tree(), shown(&tree()));
    follow(&mut tree, 1, &restart());
    assert_eq!(shown(&tree), before);
}

#[test]
fn what_a_row_holds_by_its_number_is_skipped() {
    let mut tree = tree();
    tree.entries[1].last_event = 5;
    let before = shown(&tree);
    follow(
        &mut tree,
        1,
        &[(3, EventKind::StopRequested { grace: None })],
    );
    assert_eq!(shown(&tree), before);
    follow(
        &mut tree,
        1,
        &[(3, EventKind::StopRequested { grace: None })],
    );
    assert_eq!(tree.entries[1].state, ChildState::Stopping);
}

#[test]
fn what_an_earlier_life_of_the_supervisor_says_of_a_child_is_passed_over() {
    let (mut tree, before) = (tree(), shown(&tree()));
    let cause = StartCause::Restart;
    let told = [(9, EventKind::Starting { cause }), (9, EventKind::Removed)];
    follow(&mut tree, 8, &told);
    assert_eq!(shown(&tree), before);
}

#[test]
fn a_child_at_rest_shows_its_new_spec_and_what_wakes_it_counts_no_restart() {
    let mut tree = tree();
    let child = Arc::new(ChildOutline {
        kind: ChildKind::Supervisor,
        place: Place::OwnThread,
        version: Some("2".into()),
        impact: HealthImpact::Optional,
        ..outline()
    });
    let reason = ExitReason::Shutdown;
    let told = [
        (3, EventKind::Exited { reason }),
        (3, EventKind::Paused),
        (3, EventKind::Replaced { child }),
    ];
    follow(&mut tree, 1, &told);
    let [root, row] = &tree.entries[..] else {
        panic!("nobody came or went");
    };
    assert_eq!(
        (row.state, row.kind),
        (ChildState::Paused, ChildKind::Supervisor)
    );
    assert_eq!(
        (row.version.as_deref(), row.impact),
        (Some("2"), HealthImpact::Optional)
    );
    assert_eq!(row.place, Place::OwnThread);
    assert_eq!(root.counts.map(|counts| counts.supervisors), Some(1));
    let cause = StartCause::Resumed;
    follow(&mut tree, 1, &[(4, EventKind::Starting { cause })]);
    let row = &tree.entries[1];
    assert_eq!((row.state, row.restarts), (ChildState::Starting, 1));
}

#[test]
fn an_event_behind_a_gap_says_how_many_are_missing_and_is_not_taken_in() {
    let mut tree = tree();
    let event = Event {
        number: 7,
        path: web(),
        incarnation: life(3),
        supervisor: Some(life(1)),
        kind: EventKind::Removed,
    };
    assert_eq!(tree.follow(&event), Err(LostEvents(2)));
    assert_eq!((tree.number(), tree.entries().len()), (4, 2));
}
