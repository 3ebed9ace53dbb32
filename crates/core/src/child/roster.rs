//! The children of one running supervisor: kept by its driver, read by everybody.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::index::Index;
use super::info::ChildInfo;
use super::pages::Pages;
use super::{ChildKind, ChildSpec, Legacy, Life};
#[cfg(feature = "signals")]
use super::{Seat, ShutdownStrategy};
use crate::crash::Crashes;
use crate::exit::ExitReason;
use crate::meter::Ledger;
use crate::path::{ChildId, ChildPath, Incarnation};
use crate::restart::DelayCause;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};
use crate::tree::{ChildOutline, ChildState, Counts, HealthImpact};

/// Reading it never waits for the supervisor: it is locked only for the moment of a look or a change.
#[derive(Debug)]
pub(crate) struct Roster {
    pub(crate) path: ChildPath,
    pub(crate) manner: Manner,
    /// The supervisor has given up.
    gave_up: AtomicBool,
    state: Mutex<RosterState>,
}

/// What holds for all rows of a roster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// The strategy in words.
    pub(crate) strategy: &'static str,
    /// Whether its children share one spec.
    pub(crate) dynamic: bool,
    /// How long each child may take to end after its task was aborted.
    #[cfg_attr(
        not(feature = "signals"),
        allow(dead_code, reason = "only an application asks for the time of a stop")
    )]
    pub(crate) abort_grace: Duration,
    /// How many crashes of each child are kept.
    pub(crate) crash_reports: usize,
}

/// The rows by slot, and by id.
#[derive(Debug)]
pub(crate) struct RosterState {
    entries: Pages<Entry>,
    free: Vec<usize>,
    ids: Index,
    count: usize,
    next_rank: u64,
    /// Specs that the next lives of children take.
    kept: BTreeMap<usize, ChildSpec>,
}

/// The rows at one moment. Holding it holds nobody.
#[derive(Debug)]
pub(crate) struct Picture {
    entries: Pages<Entry>,
    pub(super) manner: Manner,
}

/// The rows of a picture that are still to be shown.
#[derive(Debug)]
pub(super) struct Lineup {
    picture: Picture,
    /// The ranks and slots of these rows, the next one last.
    ranks: Vec<(u64, usize)>,
}

/// One row: a child spec, and the child if it runs.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) spec: ChildSpec,
    pub(crate) path: ChildPath,
    /// Grows along the start order.
    pub(super) rank: u64,
    pub(crate) state: ChildState,
    pub(crate) life: Option<Arc<Life>>,
    /// The latest life that has ended.
    pub(crate) latest: Option<Incarnation>,
    /// Whether the tree was told that it is there: else its supervisor may still refuse it.
    pub(crate) listed: bool,
    /// The latest life that came past its initialization.
    pub(crate) ran: Option<Incarnation>,
    /// Since when it runs.
    pub(crate) since: Option<Instant>,
    pub(crate) restarts: u32,
    pub(crate) last_exit: Option<ExitReason>,
    /// What its latest life has left to the next one, if anything.
    pub(crate) legacy: Option<Arc<Legacy>>,
    /// When it was told to end.
    pub(crate) told: Option<Instant>,
    /// It overran its grace.
    pub(crate) forced: bool,
    /// It has a new spec, and no life of that has come past its initialization.
    pub(crate) is_untried: bool,
    /// A call is about to remove it.
    pub(crate) is_leaving: bool,
    /// Its latest crashes.
    pub(crate) crashes: Crashes,
    /// For how long and why it waits for its restart.
    pub(crate) delay: Option<Box<Delay>>,
    /// What is measured of it, if anything is and it has been started before.
    pub(crate) ledger: Option<Arc<Ledger>>,
}

/// A wait for a restart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delay {
    /// `None` is beyond what a clock can tell.
    pub(crate) until: Option<Instant>,
    pub(crate) cause: DelayCause,
}

impl Roster {
    /// Without rows; with room for so many.
    pub(crate) fn new(path: ChildPath, manner: Manner, room: usize) -> Arc<Self> {
        Arc::new(Self {
            path,
            manner,
            gave_up: AtomicBool::new(false),
            state: Mutex::new(RosterState::new(manner.dynamic, room)),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, RosterState> {
        // Each change is a field or two: nothing is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The supervisor gives up: from now on its children only stop.
    pub(crate) fn give_up(&self) {
        // Relaxed: it stands for itself.
        self.gave_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_given_up(&self) -> bool {
        self.gave_up.load(Ordering::Relaxed)
    }

    /// The rows as they are now.
    pub(crate) fn picture(&self) -> Picture {
        let state = self.lock();
        Picture {
            entries: state.entries.clone(),
            manner: self.manner,
        }
    }
}

impl Picture {
    /// The children in start order.
    pub(crate) fn infos(&self) -> Vec<ChildInfo> {
        self.in_order().map(Entry::info).collect()
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = self.no_counts();
        for entry in self.entries.iter() {
            self.count(entry, &mut counts);
        }
        counts
    }

    /// What the children are, in start order.
    pub(crate) fn outlines(&self) -> Arc<[ChildOutline]> {
        let outlines = self.in_order().map(|entry| entry.outline(&self.manner));
        outlines.collect()
    }

    /// The rows one by one.
    pub(super) fn line_up(self) -> Lineup {
        let mut ranks: Vec<_> = self
            .entries
            .numbered()
            .map(|(slot, entry)| (entry.rank, slot))
            .collect();
        ranks.sort_unstable_by_key(|&(rank, _)| Reverse(rank));
        Lineup {
            picture: self,
            ranks,
        }
    }

    /// How each child that has a life is stopped, and its seat if it is a supervisor.
    #[cfg(feature = "signals")]
    pub(crate) fn farewells(&self) -> Vec<(ShutdownStrategy, Option<Arc<Seat>>)> {
        let farewell = |entry: &Entry| {
            let life = entry.life.as_ref()?;
            Some((entry.spec.settings.shutdown, life.seat().cloned()))
        };
        self.entries.iter().filter_map(farewell).collect()
    }

    fn no_counts(&self) -> Counts {
        Counts {
            // The children of a dynamic supervisor share one.
            specs: usize::from(self.manner.dynamic),
            ..Counts::default()
        }
    }

    fn count(&self, entry: &Entry, counts: &mut Counts) {
        counts.specs += usize::from(!self.manner.dynamic);
        counts.active += usize::from(entry.is_active());
        match entry.spec.settings.kind {
            ChildKind::Worker => counts.workers += 1,
            ChildKind::Supervisor => counts.supervisors += 1,
        }
    }

    /// The rows in start order.
    pub(crate) fn in_order(&self) -> impl ExactSizeIterator<Item = &Entry> {
        let mut entries = self.entries.rows();
        entries.sort_unstable_by_key(|entry| entry.rank);
        entries.into_iter()
    }
}

impl Lineup {
    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }

    pub(super) fn manner(&self) -> &Manner {
        &self.picture.manner
    }

    /// The next row in start order.
    pub(super) fn next_row(&mut self) -> Option<&Entry> {
        let (_, slot) = self.ranks.pop()?;
        self.picture.entries.get(slot)
    }
}

impl RosterState {
    fn new(dynamic: bool, room: usize) -> Self {
        Self {
            entries: Pages::with_room(room),
            free: Vec::new(),
            ids: Index::new(dynamic),
            count: 0,
            next_rank: 0,
            kept: BTreeMap::new(),
        }
    }

    /// Adds a row at the end, and shows it if it is `listed`; its id must be free.
    pub(crate) fn add(&mut self, spec: ChildSpec, path: ChildPath, listed: bool) -> usize {
        let rank = self.ids.rank(path.id(), self.next_rank);
        let entry = Entry {
            spec,
            path,
            rank,
            state: ChildState::Idle,
            life: None,
            latest: None,
            listed,
            ran: None,
            since: None,
            restarts: 0,
            last_exit: None,
            legacy: None,
            told: None,
            forced: false,
            is_untried: false,
            is_leaving: false,
            crashes: Crashes::default(),
            delay: None,
            ledger: None,
        };
        self.next_rank = rank + 1;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries.put(slot, entry);
                slot
            }
            None => self.entries.push(entry),
        };
        self.ids.add(&self.entries, slot);
        self.count += 1;
        slot
    }

    /// Keeps a spec for the next life of that row; the one that it takes the place of is to be dropped outside of the
    /// lock, as it holds values of the user's.
    #[must_use]
    pub(crate) fn keep(&mut self, slot: usize, spec: ChildSpec) -> Option<ChildSpec> {
        self.kept.insert(slot, spec)
    }

    /// The spec that is kept for that row.
    pub(crate) fn kept(&self, slot: usize) -> Option<&ChildSpec> {
        self.kept.get(&slot)
    }

    /// The row has the spec from now on that was kept for it; the old one is to be dropped outside of the lock.
    #[must_use]
    pub(crate) fn renew(&mut self, slot: usize) -> Option<ChildSpec> {
        let spec = self.kept.remove(&slot)?;
        let entry = self.entries.get_mut(slot)?;
        entry.is_untried = true;
        Some(std::mem::replace(&mut entry.spec, spec))
    }

    /// Takes a row out, and what was kept for it; both are to be dropped outside of the lock, as they hold values of the
    /// user's.
    #[must_use]
    pub(crate) fn remove(&mut self, slot: usize) -> Option<(Entry, Option<ChildSpec>)> {
        let entry = self.entries.take(slot)?;
        self.free.push(slot);
        self.count -= 1;
        self.ids.tidy(&self.entries, self.count);
        Some((entry, self.kept.remove(&slot)))
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The slot of that id.
    pub(crate) fn find(&self, id: &str) -> Option<usize> {
        self.ids.find(&self.entries, id)
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&Entry> {
        self.entries.get(slot)
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Entry> {
        self.entries.get_mut(slot)
    }

    /// The child of that id.
    pub(crate) fn child(&self, id: &str) -> Option<&Entry> {
        self.get(self.find(id)?)
    }

    /// Those of the siblings of a child that are not down: the first so many in start order, and how many there are.
    pub(crate) fn siblings(
        &self,
        slot: usize,
        among: &Among,
        named: usize,
    ) -> (Vec<ChildId>, usize) {
        let rank = self.get(slot).map_or(0, |entry| entry.rank);
        let is_up = |entry: &&Entry| entry.rank != rank && entry.state != ChildState::Idle;
        let mut siblings: Vec<&Entry> = match among {
            Among::All => self.entries.iter().filter(is_up).collect(),
            Among::Behind => {
                let behind = self.entries.iter().filter(|entry| entry.rank > rank);
                behind.filter(is_up).collect()
            }
            Among::These(slots) => {
                let these = slots.iter().filter_map(|&slot| self.get(slot));
                these.filter(is_up).collect()
            }
        };
        let count = siblings.len();
        if count > named {
            siblings.select_nth_unstable_by_key(named, |entry| entry.rank);
            siblings.truncate(named);
        }
        siblings.sort_unstable_by_key(|entry| entry.rank);
        let names = siblings.iter().map(|entry| entry.path.id().clone());
        (names.collect(), count)
    }

    pub(crate) fn lives(&self) -> impl Iterator<Item = &Arc<Life>> {
        self.entries.iter().filter_map(|entry| entry.life.as_ref())
    }

    /// How far each child is.
    #[cfg(feature = "test-util")]
    pub(crate) fn states(&self) -> impl Iterator<Item = ChildState> {
        self.entries.iter().map(|entry| entry.state)
    }
}

/// Which siblings of a child are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    All,
    /// Those behind it in start order.
    Behind,
    /// Those with these slots.
    These(Vec<usize>),
}

impl Entry {
    /// The life that the child has now.
    pub(crate) fn present(&self) -> Option<Incarnation> {
        self.life.as_ref().map(|life| life.incarnation)
    }

    /// Whether it is down because it could not start with its new spec.
    pub(crate) fn has_failed_anew(&self) -> bool {
        let exit = self.last_exit.as_ref();
        self.is_untried
            && self.state == ChildState::Idle
            && matches!(exit, Some(ExitReason::InitializationFailed(_)))
    }

    pub(crate) fn info(&self) -> ChildInfo {
        ChildInfo {
            id: self.path.id().clone(),
            kind: self.spec.settings.kind,
            state: self.known_state(),
            incarnation: self.present(),
            restarts: u64::from(self.restarts),
            last_exit: self.last_exit.clone(),
            version: self.spec.settings.shared_version().cloned(),
        }
    }

    /// How far it is: one that is told to run does, also if its supervisor is yet to show it.
    fn known_state(&self) -> ChildState {
        match (self.state, &self.life) {
            (ChildState::Starting, Some(life)) if life.has_started() => ChildState::Running,
            (state, _) => state,
        }
    }

    /// Whether its task is there and past its initialization; the supervisor may not have heard yet
    /// that it is gone.
    fn is_active(&self) -> bool {
        let state = self.known_state();
        let up = matches!(state, ChildState::Running | ChildState::Stopping);
        up && self.life.as_ref().is_some_and(|life| !life.is_gone())
    }

    /// What it is, as long as its supervisor has it.
    pub(crate) fn outline(&self, manner: &Manner) -> ChildOutline {
        let default = if manner.dynamic {
            HealthImpact::Optional
        } else {
            HealthImpact::Required
        };
        let settings = &self.spec.settings;
        ChildOutline {
            path: self.path.clone(),
            kind: settings.kind,
            place: settings.place(),
            version: settings.shared_version().cloned(),
            impact: settings.impact().unwrap_or(default),
            crash_reports: manner.crash_reports,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::index::SLACK;
    use super::*;
    use crate::child::worker;

    fn add(rows: &mut RosterState, id: &str) -> usize {
        let spec = worker(id, |_ctx| async { Ok(()) });
        rows.add(spec, ChildPath::root("app").join(id), true)
    }

    proptest! {
        #[test]
        fn an_id_is_found_from_its_adding_to_its_removal_and_no_longer(
            ids in prop::collection::vec(0..40_u16, 0..300),
        ) {
            let mut rows = RosterState::new(false, 0);
            let mut model = BTreeMap::new();
            for id in ids {
                match model.remove(&id) {
                    Some(slot) => prop_assert!(rows.remove(slot).is_some()),
                    None => {
                        model.insert(id, add(&mut rows, &id.to_string()));
                    }
                }
                for id in 0..40 {
                    prop_assert_eq!(rows.find(&id.to_string()), model.get(&id).copied());
                }
            }
        }

        #[test]
        fn a_numbered_id_is_found_from_its_adding_to_its_removal_and_no_longer(
            turns in prop::collection::vec(any::<Option<prop::sample::Index>>(), 0..300),
        ) {
            let mut rows = RosterState::new(true, 0);
            let mut model = Vec::new();
            for (turn, removed) in turns.into_iter().enumerate() {
                match removed {
                    Some(which) if !model.is_empty() => {
                        let (_, slot) = model.remove(which.index(model.len()));
                        prop_assert!(rows.remove(slot).is_some());
                    }
                    _ => {
                        let id = format!("job#{turn}");
                        model.push((id.clone(), add(&mut rows, &id)));
                    }
                }
                for number in 0..=turn {
                    let id = format!("job#{number}");
                    let known = model.iter().find(|(known, _)| *known == id);
                    prop_assert_eq!(rows.find(&id), known.map(|&(_, slot)| slot));
                    prop_assert_eq!(rows.find(&format!("job#0{number}")), None);
                    prop_assert_eq!(rows.find(&format!("other#{number}")), None);
                }
            }
            prop_assert_eq!(rows.find("job"), None);
        }
    }

    #[test]
    fn the_ids_of_rows_that_are_gone_do_not_pile_up() {
        for dynamic in [false, true] {
            let mut rows = RosterState::new(dynamic, 0);
            // More than are looked through without an index.
            let stay: Vec<_> = (0..20).map(|id| format!("job#{id}")).collect();
            for id in &stay {
                add(&mut rows, id);
            }
            for id in 20..2_000 {
                let slot = add(&mut rows, &format!("job#{id}"));
                assert!(rows.remove(slot).is_some());
                assert!(rows.ids.len() <= 2 * stay.len() + SLACK + 1);
            }
            for (slot, id) in stay.iter().enumerate() {
                assert_eq!(rows.find(id), Some(slot));
            }
        }
    }
}
