//! What all children of the tree share: the weather, what is alive, and what has befallen.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use perennial::ExitReason;
use tokio::sync::watch;

use super::dice::Dice;

/// How each panic and error that is ordered begins.
const MARK: &str = "chaos: ";
/// How long a child blocks its thread at most.
pub(super) const BLOCK: Duration = Duration::from_secs(3);
/// How many complaints are told.
const TOLD: usize = 20;

/// What all children of the tree share.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    /// Whether faults befall.
    storm: watch::Sender<bool>,
    /// How many more threads may be blocked.
    threads: AtomicI64,
    /// How much time those need who would not stop at once, in microseconds.
    burden: AtomicU64,
    tally: Arc<Tally>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    complaints: Mutex<Vec<String>>,
}

/// How many values of each kind are alive.
#[derive(Debug, Default)]
struct Tally([AtomicI64; Kind::ALL.len()]);

/// What a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An initialization.
    Start,
    /// The run future of a child.
    Run,
    /// A task of a child's scope.
    Scoped,
    /// A task of a task supervisor.
    Errand,
    /// Something in a stash.
    Stashed,
    /// Something in the dataspace.
    Published,
    /// An error of a child.
    Error,
    /// A child spec and what is in it.
    Spec,
}

/// Is alive as long as it is there.
#[derive(Debug)]
pub(super) struct Token {
    tally: Arc<Tally>,
    kind: Kind,
}

/// The error of a child.
#[derive(Debug)]
pub(super) struct Trouble {
    _alive: Token,
    what: &'static str,
}

/// Adds to the burden as long as it is there.
#[derive(Debug)]
pub(super) struct Burden {
    world: Arc<World>,
    micros: u64,
}

/// Panics when it is dropped, unless something else does already.
#[derive(Debug)]
pub(super) struct Mine;

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Start,
        Self::Run,
        Self::Scoped,
        Self::Errand,
        Self::Stashed,
        Self::Published,
        Self::Error,
        Self::Spec,
    ];
}

impl World {
    /// One in which so many threads may be blocked at the same time; nothing befalls yet.
    pub(super) fn new(seed: u64, threads: usize) -> Self {
        Self {
            seed,
            storm: watch::Sender::new(false),
            threads: AtomicI64::new(i64::try_from(threads).unwrap_or(i64::MAX)),
            burden: AtomicU64::new(0),
            tally: Arc::default(),
            counts: Mutex::default(),
            complaints: Mutex::default(),
        }
    }

    /// Lets faults befall, or no more.
    pub(super) fn set_storm(&self, storm: bool) {
        self.storm.send_replace(storm);
    }

    pub(super) fn is_stormy(&self) -> bool {
        *self.storm.borrow()
    }

    /// Waits until the weather is that.
    pub(super) async fn weather(&self, storm: bool) {
        let mut news = self.storm.subscribe();
        // The sender is in `self`.
        let _there = news.wait_for(|now| *now == storm).await;
    }

    /// Dice for the n-th life of a child.
    pub(super) fn dice(&self, path: &str, nth: u64) -> Dice {
        Dice::of(self.seed, (path, nth))
    }

    pub(super) fn token(&self, kind: Kind) -> Token {
        // Relaxed, here and below: they are read when all is over, and until they say what is expected.
        self.tally.of(kind).fetch_add(1, Ordering::Relaxed);
        Token {
            tally: Arc::clone(&self.tally),
            kind,
        }
    }

    pub(super) fn alive(&self, kind: Kind) -> i64 {
        self.tally.of(kind).load(Ordering::Relaxed)
    }

    pub(super) fn trouble(&self, what: &'static str) -> Trouble {
        Trouble {
            _alive: self.token(Kind::Error),
            what,
        }
    }

    pub(super) fn failed(&self, what: &'static str) -> ExitReason {
        ExitReason::failed(self.trouble(what))
    }

    /// Adds that time to what the stop of the tree may take, as long as the burden is there.
    pub(super) fn weigh(self: &Arc<Self>, time: Duration) -> Burden {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.burden.fetch_add(micros, Ordering::Relaxed);
        Burden {
            world: Arc::clone(self),
            micros,
        }
    }

    pub(super) fn burden(&self) -> Duration {
        Duration::from_micros(self.burden.load(Ordering::Relaxed))
    }

    /// Counts something that has befallen.
    pub(super) fn count(&self, what: &'static str) {
        *lock(&self.counts).entry(what).or_default() += 1;
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.counts).clone()
    }

    /// Takes note of something that should not be.
    pub(super) fn complain(&self, what: impl Into<String>) {
        let mut complaints = lock(&self.complaints);
        if complaints.len() < TOLD {
            complaints.push(what.into());
        }
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        lock(&self.complaints).clone()
    }

    /// Blocks this thread for at most that time, and never so many that no thread is left.
    pub(super) fn block(&self, time: Duration) {
        // Relaxed: it only counts.
        if self.threads.fetch_sub(1, Ordering::Relaxed) > 0 {
            self.count("blocked");
            std::thread::sleep(time.min(BLOCK));
        }
        self.threads.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps this thread busy for that time.
    pub(super) fn spin(&self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            std::hint::spin_loop();
        }
    }
}

/// Panics as a fault that is ordered.
pub(super) fn explode(what: &'static str) -> ! {
    panic!("{MARK}{what}")
}

/// Whether a panic with this message was ordered.
pub(super) fn is_ours(message: &str) -> bool {
    message.starts_with(MARK)
}

impl Tally {
    fn of(&self, kind: Kind) -> &AtomicI64 {
        &self.0[kind as usize]
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.tally.of(self.kind).fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Burden {
    fn drop(&mut self) {
        self.world.burden.fetch_sub(self.micros, Ordering::Relaxed);
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            explode("a value that panics when it is dropped");
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}", self.what)
    }
}

impl Error for Trouble {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in them is left half done by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
