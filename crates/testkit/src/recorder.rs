//! What a test tree has seen so far.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use perennial_core::{Event, EventKind, Incarnation, Observer, StartCause};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::acts::is_scripted;
use crate::expectation::{Expectation, panic_of};

/// How many events are kept: the latest.
const KEPT: usize = 65_536;
/// How many troubles are kept: the first.
const TROUBLES: usize = 1_000;
/// How exact the clock is.
const TICK: Duration = Duration::from_millis(1);
/// How many events a failed expectation prints: the latest.
const SHOWN: usize = 50;

/// Sees every event of a tree from its start on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    record: Mutex<Record>,
    /// The number of the latest event.
    latest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Record {
    causes: Causes,
    kept: VecDeque<Seen>,
    /// The number of the event that was last waited for.
    passed: u64,
    /// What no test wants, unless it says so.
    troubles: Vec<Seen>,
    /// The numbers of those that were waited for.
    excused: HashSet<u64>,
}

/// Why each life began.
#[derive(Debug, Default)]
pub(crate) struct Causes(HashMap<Incarnation, StartCause>);

/// An event, and what it does not tell itself.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) event: Event,
    pub(crate) cause: Option<StartCause>,
    pub(crate) at: Instant,
}

impl Recorder {
    /// Waits for the first event after the one that was last waited for that fits.
    pub(crate) async fn next(&self, expected: &impl Expectation) -> Event {
        let mut news = self.0.latest.subscribe();
        let mut from = 0;
        loop {
            {
                let mut record = self.lock();
                let found = record
                    .since_passed()
                    .filter(|seen| seen.event.number >= from)
                    .find(|seen| seen.fits(expected))
                    .map(|seen| seen.event.clone());
                if let Some(event) = found {
                    record.passed = event.number;
                    record.excused.insert(event.number);
                    return event;
                }
                from = record.next_number();
            }
            // The sender is in `self`.
            let _there = news.changed().await;
        }
    }

    /// What fits of what has come since the event that was last waited for.
    pub(crate) fn seen_since(&self, expected: &impl Expectation) -> Option<Event> {
        let record = self.lock();
        let found = record.since_passed().find(|seen| seen.fits(expected));
        found.map(|seen| seen.event.clone())
    }

    /// Waits until the end of that life was told.
    pub(crate) async fn end_of(&self, life: Incarnation) {
        let mut news = self.0.latest.subscribe();
        // A cause is known from the beginning of a life to its end.
        while self.lock().causes.0.contains_key(&life) {
            let _there = news.changed().await;
        }
    }

    /// All that is kept.
    pub(crate) fn events(&self) -> Vec<Event> {
        let record = self.lock();
        let events = record.kept.iter().map(|seen| seen.event.clone());
        events.collect()
    }

    /// Which children were asked to stop and neither ended nor were killed within their grace.
    pub(crate) fn overdue_stops(&self) -> Vec<String> {
        let record = self.lock();
        let mut asked: HashMap<Incarnation, Instant> = HashMap::new();
        let mut late = Vec::new();
        for Seen { event, at, .. } in &record.kept {
            match event.kind {
                EventKind::StopRequested { grace: Some(grace) } => {
                    asked.insert(event.incarnation, *at + grace + TICK);
                }
                EventKind::Killed { .. }
                | EventKind::Exited { .. }
                | EventKind::StartFailed { .. } => {
                    let deadline = asked.remove(&event.incarnation);
                    if deadline.is_some_and(|deadline| *at > deadline) {
                        late.push(format!("later than its grace: {} {event}", event.number));
                    }
                }
                _ => (),
            }
        }
        late
    }

    /// What no test wants and this one has neither waited for nor allowed.
    pub(crate) fn troubles(&self, allowed: &[Box<dyn Expectation + Send>]) -> Vec<Event> {
        let record = self.lock();
        let unwanted = record.troubles.iter().filter(|seen| {
            let event = &seen.event;
            let is_allowed = allowed.iter().any(|by| by.fits(event, seen.cause));
            !record.excused.contains(&event.number) && !is_allowed
        });
        unwanted.map(|seen| seen.event.clone()).collect()
    }

    /// The events since the one that was last waited for, one a line.
    pub(crate) fn story(&self) -> String {
        let record = self.lock();
        let events: Vec<_> = record.since_passed().map(|seen| &seen.event).collect();
        let hidden = events.len().saturating_sub(SHOWN);
        let mut text = match events.len() {
            0 => "nothing has happened since the last expectation".to_owned(),
            _ if hidden > 0 => format!("since the last expectation, {hidden} events and then:"),
            _ => "since the last expectation:".to_owned(),
        };
        for event in &events[hidden..] {
            // Writing to a String cannot fail.
            let _written = write!(text, "\n  {} {event}", event.number);
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // Nothing in here is left half done by a panic.
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    fn notice(&self, event: &Event) {
        let mut record = self.lock();
        let seen = Seen {
            event: event.clone(),
            cause: record.causes.hear(event),
            at: Instant::now(),
        };
        if is_trouble(&event.kind) && record.troubles.len() < TROUBLES {
            record.troubles.push(seen.clone());
        }
        if record.kept.len() == KEPT {
            record.kept.pop_front();
        }
        record.kept.push_back(seen);
        drop(record);
        self.0.latest.send_replace(event.number);
    }
}

impl Record {
    fn since_passed(&self) -> impl Iterator<Item = &Seen> {
        let news = |seen: &&Seen| seen.event.number > self.passed;
        self.kept.iter().filter(news)
    }

    /// The number of the event that comes next.
    fn next_number(&self) -> u64 {
        self.kept.back().map_or(0, |seen| seen.event.number) + 1
    }
}

impl Causes {
    /// Takes note of an event; why the life began that it happened to, if that was heard.
    pub(crate) fn hear(&mut self, event: &Event) -> Option<StartCause> {
        let life = event.incarnation;
        match event.kind {
            EventKind::Starting { cause } => {
                self.0.insert(life, cause);
                Some(cause)
            }
            EventKind::Ignored | EventKind::StartFailed { .. } => self.0.remove(&life),
            EventKind::Exited { .. } | EventKind::Unresponsive => self.0.remove(&life),
            _ => self.0.get(&life).copied(),
        }
    }
}

impl Seen {
    fn fits(&self, expected: &impl Expectation) -> bool {
        expected.fits(&self.event, self.cause)
    }
}

/// Whether no test wants it: a panic that nobody asked for, a supervisor that fails, a child left behind.
fn is_trouble(kind: &EventKind) -> bool {
    match kind {
        EventKind::GaveUp { .. } | EventKind::Escalated { .. } | EventKind::Unresponsive => true,
        kind => panic_of(kind).is_some_and(|panic| !is_scripted(panic)),
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::Supervisor;

    use super::*;
    use crate::acts::StopAct;
    use crate::script::Script;

    #[tokio::test(start_paused = true)]
    async fn a_stop_that_takes_longer_than_its_grace_is_noticed()
    -> Result<(), perennial_core::BoxError> {
        let recorder = Recorder::default();
        let slow = Script::new("slow").stop(StopAct::Slow(Duration::from_secs(4)));
        let app = Supervisor::one_for_one("app").child(slow);
        let handle = app.observer(recorder.clone()).start().await?;
        handle.shutdown().await;
        assert!(recorder.overdue_stops().is_empty(), "4 s of 5 s");
        for seen in &mut recorder.lock().kept {
            if seen.event.to_string() == "app/slow exited: shutdown" {
                seen.at += Duration::from_millis(1_002);
            }
        }
        let late = recorder.overdue_stops();
        assert_eq!(late.len(), 1);
        assert!(late[0].contains("app/slow exited"), "{late:?}");
        Ok(())
    }
}
