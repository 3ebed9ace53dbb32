//! What is noted around each poll of a child; nothing of this is there where nothing is measured.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::usage::{Busy, Memory, Meter};
use crate::exit::catch;
use crate::path::ChildPath;
use crate::sync::atomic::{AtomicU64, Ordering};

/// What a tree measures of its children: busy time, or what a meter measures, or both.
pub(crate) struct Metering {
    /// From when on the times in gauges are told, if busy time is measured.
    clock: Option<Instant>,
    meter: Option<Arc<dyn Meter>>,
}

/// What is measured of a child, over all its lives.
#[derive(Debug)]
pub(crate) struct Ledger {
    clock: Option<Instant>,
    counters: Counters,
    account: Option<Account>,
}

/// What is measured of one life of a child.
#[derive(Debug)]
pub(crate) struct Gauge {
    ledger: Arc<Ledger>,
    counters: Counters,
}

/// One poll of a child goes on.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    gauge: &'a Gauge,
    since: Option<Nanos>,
    /// What the meter said.
    note: Option<u64>,
}

/// What polls took. A reader may see the counts of a poll that is just over apart from each other.
#[derive(Debug, Default)]
struct Counters {
    time: AtomicU64,
    polls: AtomicU64,
    longest: AtomicU64,
}

/// An account at a meter, closed when it is dropped.
struct Account {
    meter: Arc<dyn Meter>,
    number: u64,
}

/// A time since the tree began; enough for five centuries.
type Nanos = u64;

impl Metering {
    /// `None` where nothing is measured.
    pub(crate) fn new(busy_time: bool, meter: Option<Arc<dyn Meter>>) -> Option<Self> {
        let clock = busy_time.then(Instant::now);
        (busy_time || meter.is_some()).then_some(Self { clock, meter })
    }

    /// The ledger of a child that has none yet.
    pub(crate) fn open(&self, path: &ChildPath) -> Arc<Ledger> {
        let account = self.meter.as_ref().and_then(|meter| {
            let number = noted(|| meter.open(path))?;
            let meter = Arc::clone(meter);
            Some(Account { meter, number })
        });
        Arc::new(Ledger {
            clock: self.clock,
            counters: Counters::default(),
            account,
        })
    }

    /// What polls took, if that is measured: of a child that has no ledger yet nothing.
    pub(crate) fn busy(&self, ledger: Option<&Arc<Ledger>>) -> Option<Busy> {
        self.clock?;
        Some(ledger.map_or_else(Busy::default, |ledger| ledger.counters.read()))
    }
}

impl Ledger {
    /// What the child has allocated, if that is measured.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let account = self.account.as_ref()?;
        noted(|| account.meter.memory(account.number))?
    }
}

impl Gauge {
    pub(crate) fn new(ledger: Arc<Ledger>) -> Arc<Self> {
        Arc::new(Self {
            ledger,
            counters: Counters::default(),
        })
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// What the polls of this life took, if that is measured.
    pub(crate) fn busy(&self) -> Option<Busy> {
        self.ledger.clock.map(|_| self.counters.read())
    }

    /// Notes that a poll begins; it is over when the answer is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        let account = self.ledger.account.as_ref();
        let note = account.and_then(|account| noted(|| account.meter.enter(account.number)));
        Entered {
            gauge: self,
            since: self.ledger.now(),
            note,
        }
    }
}

impl Ledger {
    /// The time since the tree began, if it is needed.
    fn now(&self) -> Option<Nanos> {
        let time = self.clock?.elapsed();
        Some(Nanos::try_from(time.as_nanos()).unwrap_or(Nanos::MAX))
    }
}

impl Counters {
    // Relaxed, all of them: each is a number of its own, and guards nothing else.
    fn add(&self, time: Nanos) {
        self.time.fetch_add(time, Ordering::Relaxed);
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.longest.fetch_max(time, Ordering::Relaxed);
    }

    fn read(&self) -> Busy {
        let time = |nanos: &AtomicU64| Duration::from_nanos(nanos.load(Ordering::Relaxed));
        Busy {
            time: time(&self.time),
            polls: self.polls.load(Ordering::Relaxed),
            longest_poll: time(&self.longest),
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let ledger = &self.gauge.ledger;
        if let (Some(since), Some(now)) = (self.since, ledger.now()) {
            let time = now.saturating_sub(since);
            self.gauge.counters.add(time);
            ledger.counters.add(time);
        }
        if let (Some(account), Some(note)) = (&ledger.account, self.note) {
            noted(|| account.meter.leave(account.number, note));
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        noted(|| self.meter.close(self.number));
    }
}

impl fmt::Debug for Metering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metering")
            .field("busy_time", &self.clock.is_some())
            .field("meter", &self.meter.is_some())
            .finish()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.number).finish()
    }
}

/// What a meter says, unless it panics: its bug must not become the child's; the panic hook has told of it.
fn noted<T>(ask: impl FnOnce() -> T) -> Option<T> {
    catch(ask).ok()
}
