//! Snapshots: what is shown of the rows and lives of a tree.
//!
//! Whatever is told of a child is shown before its event gets a number. So a row that is read after the number of the
//! latest event was holds all that was told of it up to that number, and maybe more; no row needs to note
//! which events it has seen. A life shows by itself what its task tells: that it has started, that it is asked to stop,
//! how it ended. Its supervisor may hear of that later.

use std::sync::Arc;

use tokio::time::Instant;

use super::roster::{Entry, Lineup, Manner};
use super::{Life, Occupant, Seat};
use crate::meter::Metering;
use crate::tree::{ChildState, Counts, Snapshot, SnapshotEntry};

/// A row as a snapshot shows it, and its seat if it is a supervisor that runs.
type Shown = (SnapshotEntry, Option<Arc<Seat>>);

/// From where a row is looked at.
#[derive(Clone, Copy)]
struct View<'a> {
    now: Instant,
    /// The number of the latest event when the look began.
    number: u64,
    depth: usize,
    metering: Option<&'a Metering>,
}

/// The children of a supervisor that are still to be shown.
struct Level {
    lineup: Lineup,
    /// Where the row of the supervisor stands.
    above: usize,
    /// Those that were shown.
    counts: Counts,
    /// The number of the latest event before their picture was taken.
    number: u64,
}

/// The tree below who sits there.
pub(super) fn taken(seat: &Seat, now: Instant) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let Some(life) = seat.life() else {
        return snapshot;
    };
    // Before any row is read.
    snapshot.number = life.family.commons.hub.latest();
    if life.end().is_some() {
        return snapshot;
    }
    match seat.occupant() {
        Some(occupant) => describe(&occupant, now, &mut snapshot),
        // A root that was spawned and has not sat down yet.
        None => {
            let root = SnapshotEntry::root(life.path.clone(), life.incarnation, snapshot.number);
            snapshot.entries.push(SnapshotEntry {
                state: state_of_root(&life),
                ..root
            });
        }
    }
    snapshot
}

/// Adds the supervisor and all below it; a loop, not recursion, as trees may be deep.
fn describe(root: &Arc<Occupant>, now: Instant, snapshot: &mut Snapshot) {
    let commons = &root.life.family.commons;
    let stalled = commons.detector.as_ref().map(|detector| detector.stalled());
    let view = View {
        now,
        number: snapshot.number,
        depth: 0,
        metering: commons.metering.as_ref(),
    };
    let first = itself(root, &view);
    if first.incarnation.is_none() {
        // It has ended just now.
        return;
    }
    let mut next = Some((first, root.life.seat().cloned()));
    let mut open: Vec<Level> = Vec::new();
    while let Some((mut entry, seat)) = next {
        // Who sits there now may be its next life already, which its row does not show yet.
        let occupant = seat.and_then(|seat| seat.occupant());
        let occupant =
            occupant.filter(|occupant| Some(occupant.life.incarnation) == entry.incarnation);
        if let Some(occupant) = occupant {
            let level = Level::below(&occupant, snapshot.entries.len());
            entry.strategy = Some(occupant.roster.manner.strategy);
            entry.has_given_up = occupant.roster.has_given_up();
            snapshot.entries.reserve(level.lineup.len() + 1);
            open.push(level);
        }
        if let (Some(stalled), Some(life)) = (&stalled, &entry.incarnation) {
            entry.stalled_for = stalled.get(life).copied();
        }
        snapshot.entries.push(entry);
        next = next_row(&mut open, &view, snapshot);
    }
}

/// The next child; the innermost level comes first.
fn next_row(open: &mut Vec<Level>, view: &View<'_>, snapshot: &mut Snapshot) -> Option<Shown> {
    loop {
        let depth = open.len();
        let level = open.last_mut()?;
        let number = level.number;
        let shown = level.next_row(&View {
            number,
            depth,
            ..*view
        });
        if shown.is_some() {
            return shown;
        }
        snapshot.entries[level.above].counts = Some(level.counts);
        open.pop();
    }
}

/// The supervisor itself: as the one above shows it, if there is one.
fn itself(occupant: &Arc<Occupant>, view: &View<'_>) -> SnapshotEntry {
    let path = &occupant.roster.path;
    if path.parent().is_some()
        && let Some(above) = occupant.life.family.supervisor.occupant()
    {
        // Whom a killed supervisor has left behind may have a successor in its row.
        let is_its_own = |entry: &&Entry| {
            let life = entry.present();
            life.is_none_or(|life| life == occupant.life.incarnation)
        };
        let state = above.roster.lock();
        // A copy: a meter is asked for what it knows, and may look at this roster itself.
        let entry = state.child(path.id().as_str()).filter(is_its_own).cloned();
        drop(state);
        if let Some(entry) = entry {
            return entry.shown(view, &above.roster.manner);
        }
    }
    let life = &occupant.life;
    let gauge = life.gauge();
    let ledger = gauge.map(|gauge| gauge.ledger());
    SnapshotEntry {
        state: state_of_root(life),
        uptime: Some(view.now.saturating_duration_since(occupant.since)),
        has_run: life.seat().is_some_and(|seat| seat.is_up()),
        busy: view.metering.and_then(|metering| metering.busy(ledger)),
        busy_in_life: gauge.and_then(|gauge| gauge.busy()),
        memory: ledger.and_then(|ledger| ledger.memory()),
        ..SnapshotEntry::root(path.clone(), life.incarnation, view.number)
    }
}

fn state_of_root(life: &Life) -> ChildState {
    match life.seat() {
        _ if life.is_asked() => ChildState::Stopping,
        Some(seat) if !seat.is_up() => ChildState::Starting,
        _ => ChildState::Running,
    }
}

impl Level {
    /// The children of a supervisor whose row stands there.
    fn below(occupant: &Occupant, above: usize) -> Self {
        let roster = &occupant.roster;
        Self {
            above,
            counts: Counts::none(roster.manner.dynamic),
            // Before the picture is taken.
            number: occupant.life.family.commons.hub.latest(),
            lineup: roster.picture().line_up(),
        }
    }

    fn next_row(&mut self, view: &View<'_>) -> Option<Shown> {
        let manner = *self.lineup.manner();
        let entry = loop {
            let entry = self.lineup.next_row()?;
            if entry.listed {
                break entry;
            }
        };
        let shown = entry.shown(view, &manner);
        let seat = entry.life.as_ref().and_then(|life| life.seat()).cloned();
        self.counts.count(&shown, manner.dynamic);
        Some((shown, seat))
    }
}

impl Entry {
    /// As a snapshot shows it.
    fn shown(&self, view: &View<'_>, manner: &Manner) -> SnapshotEntry {
        let end = self.life.as_ref().and_then(|life| life.end());
        let life = self.life.as_deref().filter(|_| end.is_none());
        let has_started = self.life.as_ref().is_some_and(|life| life.has_started());
        let ledger = self.ledger.as_ref();
        SnapshotEntry {
            state: self.state_of(life),
            unheard: end.map(|_| self.state),
            incarnation: life.map(|life| life.incarnation),
            latest: self.present().or(self.latest),
            restarts: u64::from(self.restarts),
            uptime: life
                .and(self.since)
                .map(|since| view.now.saturating_duration_since(since)),
            last_exit: end.or(self.last_exit.as_ref()).cloned(),
            restart_in: self
                .delay
                .as_deref()
                .and_then(|delay| Some(delay.until?.saturating_duration_since(view.now))),
            delayed_by: self.delay.as_deref().map(|delay| delay.cause),
            has_run: self.ran.is_some() || has_started,
            is_stuck: life.is_some_and(|life| life.stuck().is_some()),
            crashes: self.crashes.clone(),
            busy: view.metering.and_then(|metering| metering.busy(ledger)),
            busy_in_life: life
                .and_then(|life| life.gauge())
                .and_then(|gauge| gauge.busy()),
            memory: ledger.and_then(|ledger| ledger.memory()),
            ..SnapshotEntry::new(self.outline(manner), view.depth, view.number)
        }
    }

    /// How far the child is, of which this is the life if it has one.
    fn state_of(&self, life: Option<&Life>) -> ChildState {
        match (life, self.state) {
            (None, _) if self.life.is_some() => ChildState::Idle,
            (Some(life), ChildState::Starting | ChildState::Running) if life.is_asked() => {
                ChildState::Stopping
            }
            (Some(life), ChildState::Starting) if life.has_started() => ChildState::Running,
            (_, state) => state,
        }
    }
}
