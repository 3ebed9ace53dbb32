//! What happened in one order, and whether it may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial_core::{
    Context, Event, EventKind, EventStream, Incarnation, Supervisor, SupervisorHandle,
};
use tokio::all_tasks_ended;

/// What is written down while a tree lives. No lock of shuttle's: to write changes nothing.
#[derive(Clone, Default)]
pub(crate) struct Books(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    events: Vec<Event>,
    /// Who runs, by path.
    here: BTreeSet<String>,
    wrong: Vec<String>,
}

/// A child is here until this is dropped.
pub(crate) struct Presence {
    books: Books,
    path: String,
}

impl Books {
    /// Notes all that happens in a tree of that supervisor.
    pub(crate) fn watch(&self, supervisor: Supervisor) -> Supervisor {
        let books = self.clone();
        supervisor.observer(move |event: &Event| books.open().events.push(event.clone()))
    }

    /// A child runs from now on.
    pub(crate) fn enter(&self, ctx: &Context) -> Presence {
        let path = ctx.path().to_string();
        let mut pages = self.open();
        if !pages.here.insert(path.clone()) {
            pages
                .wrong
                .push(format!("two lives of {path} at the same time"));
        }
        Presence {
            books: self.clone(),
            path,
        }
    }

    /// Whether such a child runs just now.
    pub(crate) fn is_here(&self, path: &str) -> bool {
        self.open().here.contains(path)
    }

    /// The ids of those who were asked to stop, or of whom that was told: in that order.
    pub(crate) fn ids(&self, kind: fn(&EventKind) -> bool) -> Vec<String> {
        let pages = self.open();
        let chosen = pages.events.iter().filter(|event| kind(&event.kind));
        chosen.map(|event| event.path.id().to_string()).collect()
    }

    /// How many such events there were of that child.
    pub(crate) fn count(&self, path: &str, kind: fn(&EventKind) -> bool) -> usize {
        let pages = self.open();
        let of_it = pages
            .events
            .iter()
            .filter(|event| event.path.to_string() == path);
        of_it.filter(|event| kind(&event.kind)).count()
    }

    /// When such an event of that child was told for the first time.
    pub(crate) fn number(&self, path: &str, kind: fn(&EventKind) -> bool) -> Option<u64> {
        let pages = self.open();
        let mut of_it = pages
            .events
            .iter()
            .filter(|event| event.path.to_string() == path);
        let found = of_it.find(|event| kind(&event.kind))?;
        Some(found.number)
    }

    /// Nobody must be left at this moment: a supervisor that was stopped has told so.
    pub(crate) fn nobody_is_left(&self) {
        let pages = self.open();
        assert!(
            pages.here.is_empty(),
            "{:?} outlived their supervisor",
            pages.here
        );
        for (life, story) in stories(&pages.events) {
            assert!(
                story.ends == 1,
                "life {life} is open after the stop: {story:?}"
            );
        }
    }

    /// Waits until no task of the tree is left, and judges all that happened.
    pub(crate) async fn close(&self, mut stream: EventStream) {
        all_tasks_ended().await;
        let mut heard = Vec::new();
        while let Some(event) = stream.next().await {
            heard.push(event.expect("fewer events than the stream holds").number);
        }
        let pages = self.open();
        assert_eq!(pages.wrong, [""; 0]);
        assert!(pages.here.is_empty(), "still here: {:?}", pages.here);
        let numbers: Vec<u64> = pages.events.iter().map(|event| event.number).collect();
        assert_eq!(numbers, Vec::from_iter(1..=numbers.len() as u64));
        assert_eq!(
            heard, numbers,
            "the stream tells another story than the observer"
        );
        for (life, story) in stories(&pages.events) {
            assert!(story.is_whole(), "the story of life {life}: {story:?}");
        }
    }

    fn open(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.books.open().here.remove(&self.path);
    }
}

/// What was told of one life.
#[derive(Debug, Default)]
struct Story {
    path: String,
    startings: usize,
    started: usize,
    exited: usize,
    ends: usize,
    /// Each event in its turn.
    kinds: Vec<EventKind>,
}

impl Story {
    /// One beginning, first, but for what is told of a new row; one end, last, but for what is told of a crash
    /// afterwards; it exits if and only if it was up before.
    fn is_whole(&self) -> bool {
        let is_there = |kind: &&EventKind| matches!(kind, EventKind::Added { .. });
        let first = self.kinds.iter().find(|kind| !is_there(kind));
        let begins = matches!(first, Some(EventKind::Starting { .. }));
        begins
            && self.startings == 1
            && self.ends == 1
            && self.started == self.exited
            && self
                .kinds
                .iter()
                .rev()
                .find(|kind| !is_told_later(kind))
                .is_some_and(is_end)
    }
}

/// Whether it is what the supervisor has decided or seen, which it may tell after the end.
fn is_told_later(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Crashed { .. }
            | EventKind::Delayed { .. }
            | EventKind::Recovered
            | EventKind::Paused
            | EventKind::Replaced { .. }
            | EventKind::Retrying { .. }
            | EventKind::CalledOff
            | EventKind::Removed
    )
}

fn stories(events: &[Event]) -> BTreeMap<Incarnation, Story> {
    let mut stories: BTreeMap<Incarnation, Story> = BTreeMap::new();
    for event in events {
        let story = stories.entry(event.incarnation).or_default();
        story.path = event.path.to_string();
        match event.kind {
            EventKind::Starting { .. } => story.startings += 1,
            EventKind::Started => story.started += 1,
            EventKind::Exited { .. } => story.exited += 1,
            _ => {}
        }
        story.ends += usize::from(is_end(&event.kind));
        story.kinds.push(event.kind.clone());
    }
    stories
}

fn is_end(kind: &EventKind) -> bool {
    is_exit(kind) || matches!(kind, EventKind::Ignored | EventKind::StartFailed { .. })
}

pub(crate) fn is_start(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Started)
}

pub(crate) fn is_exit(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Exited { .. })
}

/// Starts a tree that nothing hinders.
pub(crate) async fn started(supervisor: &Supervisor) -> (SupervisorHandle, EventStream) {
    let stream = supervisor.handle().events();
    let handle = supervisor.start().await.expect("nothing hinders it");
    (handle, stream)
}

/// Stops the tree, and judges it.
pub(crate) async fn stopped(books: &Books, handle: &SupervisorHandle, stream: EventStream) {
    handle.shutdown().await;
    books.nobody_is_left();
    books.close(stream).await;
}
