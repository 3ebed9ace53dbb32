//! What an event changes in a snapshot.
//!
//! Some rows of a snapshot know more than its number says: they were read later. What they know already is skipped by
//! the number that each carries. A row may even show a change whose event had no number yet, so to
//! take in an event a second time changes nothing in the end: lives have rising numbers, and all else is set, not counted.

use std::time::Duration;

use crate::crash::CrashReport;
use crate::exit::ExitReason;
use crate::observe::{Event, EventKind, KillCause, LostEvents, StartCause};
use crate::path::{ChildPath, Incarnation};
use crate::restart::DelayCause;
use crate::tree::{ChildOutline, ChildState, Counts, DYNAMIC, Snapshot, SnapshotEntry};

impl Snapshot {
    /// Takes in the next event: what it changes is shown afterwards.
    ///
    /// Begin with a stream of [`events`](crate::SupervisorHandle::events), and take the snapshot then; or let
    /// [`watch_tree`](crate::SupervisorHandle::watch_tree) do both. An event that is in here already changes
    /// nothing. Before the start of a tree begin with [`Snapshot::default`].
    ///
    /// When all events up to a number have been taken in, it is what a snapshot with that number shows, but for
    /// times and what is measured (`uptime`, `restart_in`, `busy`, `memory`), which are those of the last change. As long as
    /// its number is less than the `last_event` of a row, that row is ahead of the others. The part below a supervisor is
    /// empty for good once that has ended: take a new snapshot.
    ///
    /// It costs a look through all rows, and at most one allocation for each child that is new.
    ///
    /// # Errors
    ///
    /// [`LostEvents`]: so many events are missing before this one, and nothing is taken in. Take a new snapshot, as
    /// after the same error of the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial_core as perennial;
    /// use perennial::{ChildState, Supervisor, worker};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
    /// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
    /// let mut events = handle.events();                        // first the stream,
    /// let mut tree = handle.snapshot();                        // then the snapshot
    /// handle.terminate_child("clock").await?;
    /// while tree.find("app/clock").is_some_and(|clock| clock.state != ChildState::Idle) {
    ///     match events.next().await.ok_or("the tree is over")? {
    ///         Ok(event) if tree.follow(&event).is_ok() => (),
    ///         _lost => tree = handle.snapshot(),
    ///     }
    /// }
    /// assert_eq!(tree.entries()[0].counts, handle.snapshot().entries()[0].counts);
    /// # handle.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&mut self, event: &Event) -> Result<(), LostEvents> {
        if event.number <= self.number {
            return Ok(());
        }
        match event.number - self.number - 1 {
            0 => {
                self.number = event.number;
                Rows(&mut self.entries).take_in(event);
                Ok(())
            }
            lost => Err(LostEvents(lost)),
        }
    }
}

/// What an event was for a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Row,
    Ended,
}

/// The rows of a snapshot.
struct Rows<'a>(&'a mut Vec<SnapshotEntry>);

impl Rows<'_> {
    fn take_in(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Starting { .. } if self.0.is_empty() && event.supervisor.is_none() => {
                let path = event.path.clone();
                let root = SnapshotEntry::root(path, event.incarnation, event.number);
                self.0.push(root);
            }
            EventKind::Added { child } => self.add(event, child),
            _ => self.change(event),
        }
    }

    /// Takes in what happened to a row that is there.
    fn change(&mut self, event: &Event) {
        let Some(at) = self.find(&event.path) else {
            return;
        };
        let above = self.above(at);
        let supervisor = above.map_or(event.supervisor, |above| self.0[above].incarnation);
        let row = &mut self.0[at];
        if row.last_event >= event.number || supervisor != event.supervisor {
            return;
        }
        row.last_event = event.number;
        row.unheard = None;
        match &event.kind {
            EventKind::Removed => self.remove(at),
            EventKind::Listed { strategy, children } if row.lives(event) => {
                row.strategy = Some(strategy);
                self.list(at, children, event.number);
            }
            _ if row.take_in(event) == Change::Ended => self.end(at, event.number),
            _ => (),
        }
        if let Some(above) = above {
            self.count(above);
        }
    }

    /// The supervisor has these children, and none was started yet. Those that are shown as of later stay.
    fn list(&mut self, at: usize, children: &[ChildOutline], number: u64) {
        let depth = self.0[at].depth + 1;
        let behind = self.behind(at);
        let mut known: Vec<Vec<SnapshotEntry>> = Vec::new();
        for row in self.0.drain(at + 1..behind) {
            match known.last_mut() {
                Some(family) if row.depth > depth => family.push(row),
                _ => known.push(vec![row]),
            }
        }
        known.retain(|family| family[0].last_event >= number);
        let mut rows = Vec::with_capacity(children.len());
        for child in children {
            let is_meant = |family: &Vec<SnapshotEntry>| is_same(&family[0].path, &child.path);
            match known.iter().position(is_meant) {
                Some(place) => rows.extend(known.remove(place)),
                None => rows.push(SnapshotEntry::new(child.clone(), depth, number)),
            }
        }
        rows.extend(known.into_iter().flatten());
        self.0.splice(at + 1..at + 1, rows);
        self.count(at);
    }

    /// A supervisor has one more child, behind the others.
    fn add(&mut self, event: &Event, child: &ChildOutline) {
        let Some(above) = event.path.parent().and_then(|path| self.find(path)) else {
            return;
        };
        if self.0[above].incarnation != event.supervisor {
            return;
        }
        if let Some(at) = self.find(&event.path) {
            if self.0[at].last_event >= event.number {
                return;
            }
            self.remove(at);
        }
        let row = SnapshotEntry::new(child.clone(), self.0[above].depth + 1, event.number);
        let behind = self.behind(above);
        self.0.insert(behind, row);
        self.count(above);
    }

    /// It is over, and what is below it with it. What is shown there as of later belongs to its next life.
    fn end(&mut self, at: usize, number: u64) {
        let behind = self.behind(at);
        let below: Vec<_> = self.0.drain(at + 1..behind).collect();
        let later = below.into_iter().filter(|row| row.last_event >= number);
        self.0.splice(at + 1..at + 1, later);
        if at == 0 {
            // Of who does not run nothing is shown.
            self.0.clear();
        }
    }

    fn remove(&mut self, at: usize) {
        let behind = self.behind(at);
        self.0.drain(at..behind);
    }

    /// Counts the children of a supervisor anew.
    fn count(&mut self, at: usize) {
        let depth = self.0[at].depth + 1;
        let below = &self.0[at + 1..self.behind(at)];
        self.0[at].counts = self.0[at].strategy.map(|strategy| {
            let dynamic = strategy == DYNAMIC;
            let mut counts = Counts::none(dynamic);
            for child in below.iter().filter(|row| row.depth == depth) {
                counts.count(child, dynamic);
            }
            counts
        });
    }

    fn find(&self, path: &ChildPath) -> Option<usize> {
        self.0.iter().position(|row| is_same(&row.path, path))
    }

    /// The supervisor of that row, if it is in here.
    fn above(&self, at: usize) -> Option<usize> {
        let depth = self.0[at].depth.checked_sub(1)?;
        self.0[..at].iter().rposition(|row| row.depth == depth)
    }

    /// Where the first row stands that is behind that one and not below it.
    fn behind(&self, at: usize) -> usize {
        let depth = self.0[at].depth;
        let rows = self.0[at + 1..].iter();
        at + 1 + rows.take_while(|row| row.depth > depth).count()
    }
}

impl SnapshotEntry {
    /// Whether an event is of the life that it has.
    fn lives(&self, event: &Event) -> bool {
        self.incarnation == Some(event.incarnation)
    }

    /// Takes in what happened to this child.
    fn take_in(&mut self, event: &Event) -> Change {
        let lives = self.lives(event);
        match &event.kind {
            EventKind::Starting { cause } => self.begin(event.incarnation, *cause),
            EventKind::Started if lives => {
                self.has_run = true;
                // It may be asked to stop already.
                if self.state == ChildState::Starting {
                    self.state = ChildState::Running;
                    self.uptime = Some(Duration::ZERO);
                }
            }
            EventKind::Ignored if lives => return self.over(ExitReason::Normal),
            EventKind::StartFailed { error } if lives => {
                return self.over(ExitReason::InitializationFailed(error.clone()));
            }
            EventKind::Exited { reason } if lives => return self.over(reason.clone()),
            EventKind::Unresponsive if lives => return self.over(ExitReason::Unresponsive),
            EventKind::StopRequested { .. } if lives => self.state = ChildState::Stopping,
            EventKind::Killed { cause } if lives => match cause {
                KillCause::Brutal | KillCause::GraceOver | KillCause::Doomed => {
                    self.state = ChildState::Stopping;
                }
                KillCause::InitTimeout => (),
            },
            EventKind::Delayed { by, cause } => {
                self.state = ChildState::waiting(*cause);
                // What waits for another child has no time of its own.
                self.restart_in = (*cause != DelayCause::Dependency).then_some(*by);
                self.delayed_by = Some(*cause);
            }
            EventKind::Retrying { crash } => {
                self.state = ChildState::Restarting;
                if let Some(report) = crash {
                    self.note(report);
                }
            }
            EventKind::CalledOff | EventKind::Dropped => self.rest(ChildState::Idle),
            EventKind::Paused => self.rest(ChildState::Paused),
            EventKind::Replaced { child } => self.renew(child),
            EventKind::Crashed { report } => self.note(report),
            EventKind::Stuck if lives => self.is_stuck = true,
            EventKind::Stalled { so_far } if lives => self.stalled_for = Some(*so_far),
            EventKind::StallOver { .. } if lives => self.stalled_for = None,
            EventKind::GaveUp { .. } | EventKind::Hopeless { .. } if lives => {
                self.has_given_up = true;
            }
            EventKind::Escalated { .. } if lives => self.has_given_up = true,
            // Of a life that is over.
            EventKind::Started | EventKind::Ignored | EventKind::StartFailed { .. } => (),
            EventKind::Exited { .. } | EventKind::Unresponsive => (),
            EventKind::StopRequested { .. } | EventKind::Killed { .. } | EventKind::Stuck => (),
            EventKind::Stalled { .. } | EventKind::StallOver { .. } => (),
            EventKind::GaveUp { .. } | EventKind::Hopeless { .. } => (),
            EventKind::Escalated { .. } | EventKind::Listed { .. } => (),
            // Of the rows, not of one.
            EventKind::Added { .. } | EventKind::Removed => (),
            // Nothing of it is shown.
            EventKind::Recovered | EventKind::StormPause { .. } => (),
            EventKind::Satisfied { .. } | EventKind::AutoShutdown { .. } => (),
            EventKind::ReloadRequested => (),
        }
        Change::Row
    }

    /// A life begins, unless it is known already.
    fn begin(&mut self, life: Incarnation, cause: StartCause) {
        if self.latest < Some(life) {
            self.latest = Some(life);
            self.incarnation = Some(life);
            self.restarts += u64::from(cause == StartCause::Restart);
        }
        if self.incarnation == Some(life) {
            self.state = ChildState::Starting;
            self.wait_is_over();
        }
    }

    /// Its life is over.
    fn over(&mut self, exit: ExitReason) -> Change {
        self.state = ChildState::Idle;
        self.last_exit = Some(exit);
        self.is_stuck = false;
        self.has_given_up = false;
        (self.incarnation, self.strategy, self.counts) = (None, None, None);
        (self.uptime, self.stalled_for, self.busy_in_life) = (None, None, None);
        Change::Ended
    }

    /// It waits for nothing any more.
    fn rest(&mut self, state: ChildState) {
        self.state = state;
        self.wait_is_over();
    }

    /// It has another spec.
    fn renew(&mut self, child: &ChildOutline) {
        self.kind = child.kind;
        self.place = child.place.clone();
        self.version = child.version.clone();
        self.impact = child.impact;
    }

    fn wait_is_over(&mut self) {
        (self.restart_in, self.delayed_by) = (None, None);
    }

    /// Notes a crash, in the place of what is known of it if anything is.
    fn note(&mut self, report: &CrashReport) {
        if self.incarnation.is_none() && self.latest == Some(report.incarnation) {
            // Of one that is unresponsive this tells what it was to be.
            self.last_exit = Some(report.exit.clone());
        }
        self.crashes.note(report, self.crash_reports);
    }
}

/// Whether two paths are one. Most ids differ, and to compare them first takes no way up the tree.
fn is_same(one: &ChildPath, other: &ChildPath) -> bool {
    one.id() == other.id() && one == other
}

#[cfg(test)]
mod tests;
