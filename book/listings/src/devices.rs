//! The devices of the station, played by a script, so that every run is the same.
#![allow(
    clippy::print_stdout,
    reason = "the listings show what happens in a terminal"
)]

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a device takes to answer.
const ANSWER: Duration = Duration::from_secs(1);

/// A probe of the station, wired to a script.
///
/// Cheap to clone; all clones are the same device. The script is a list of words: a number is a
/// reading, `fail` an error, `panic` a panic of whoever reads. After its end the last word holds.
#[derive(Clone, Debug)]
pub struct Probe(Arc<(&'static str, Script)>);

/// The slot of the memory card, wired to a script: `ok`, `fail` or `hang` at each mount.
#[derive(Clone, Debug)]
pub struct Card(Arc<(Script, Mutex<Vec<String>>)>);

/// A memory card that can be written to.
#[derive(Debug)]
pub struct Mounted(Card);

/// The telephone line to the valley, on which the first calls are bad ones.
///
/// Cheap to clone; all clones are the same line.
#[derive(Clone, Debug)]
pub struct Phone(Arc<PhoneLine>);

#[derive(Debug)]
struct PhoneLine {
    bad_calls: u32,
    call: AtomicU32,
}

/// A probe did not answer.
#[derive(Clone, Copy, Debug)]
pub struct ProbeError(&'static str);

/// There is no card.
#[derive(Clone, Copy, Debug)]
pub struct CardError;

/// Nothing got through.
#[derive(Clone, Copy, Debug)]
pub struct NoiseError;

/// Words that are taken one after the other; the last one holds.
#[derive(Debug)]
struct Script {
    words: &'static str,
    next: AtomicUsize,
}

impl Probe {
    /// A probe that reads what is in the script: `"4.0 4.2 fail 4.1"`.
    #[must_use]
    pub fn new(name: &'static str, script: &'static str) -> Self {
        Self(Arc::new((name, Script::new(script))))
    }

    /// What it measures.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.0
    }

    /// Takes a reading, which takes a second.
    ///
    /// # Errors
    ///
    /// [`ProbeError`] where the script says `fail`.
    ///
    /// # Cancel safety
    ///
    /// A reading that was not waited for to its end is not used up.
    ///
    /// # Panics
    ///
    /// Where the script says `panic`.
    pub async fn read(&self) -> Result<f64, ProbeError> {
        sleep(ANSWER).await;
        let (name, script) = &*self.0;
        match script.next() {
            "panic" => panic!("the {name} probe sent garbage"),
            word => word.parse().map_err(|_| ProbeError(name)),
        }
    }
}

impl Card {
    /// A slot that behaves as the script says: `"ok fail ok"`.
    #[must_use]
    pub fn new(script: &'static str) -> Self {
        Self(Arc::new((Script::new(script), Mutex::default())))
    }

    /// Makes the card ready, which takes a second.
    ///
    /// # Errors
    ///
    /// [`CardError`] where the script says `fail`.
    ///
    /// # Cancel safety
    ///
    /// A mount that was not waited for to its end did not happen.
    pub async fn mount(&self) -> Result<Mounted, CardError> {
        sleep(ANSWER).await;
        match self.0.0.next() {
            "ok" => Ok(Mounted(self.clone())),
            "hang" => pending().await,
            _ => Err(CardError),
        }
    }

    /// What was written to it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.written().clone()
    }

    fn written(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.1.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mounted {
    /// Adds a line.
    pub fn write(&mut self, line: impl fmt::Display) {
        self.0.written().push(line.to_string());
    }
}

impl Phone {
    /// A line on which so many calls carry only noise.
    #[must_use]
    pub fn new(bad_calls: u32) -> Self {
        began();
        let call = AtomicU32::new(0);
        Self(Arc::new(PhoneLine { bad_calls, call }))
    }

    /// Ends the present call and makes a new one.
    pub fn dial(&self) {
        self.0.call.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends a message, which takes a second.
    ///
    /// # Errors
    ///
    /// [`NoiseError`] if the call is a bad one.
    ///
    /// # Cancel safety
    ///
    /// A message that was not waited for was not sent.
    pub async fn send(&self, message: &str) -> Result<(), NoiseError> {
        sleep(ANSWER).await;
        let call = self.0.call.load(Ordering::Relaxed);
        if call <= self.0.bad_calls {
            return Err(NoiseError);
        }
        say(format!("sent with call {call}: {message}"));
        Ok(())
    }
}

impl Script {
    fn new(words: &'static str) -> Self {
        began();
        let next = AtomicUsize::new(0);
        Self { words, next }
    }

    fn next(&self) -> &'static str {
        // A device does one thing at a time.
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        let word = self.words.split(' ').nth(at);
        word.or_else(|| self.words.split(' ').next_back())
            .unwrap_or_default()
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} probe does not answer", self.0)
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no memory card in the slot")
    }
}

impl fmt::Display for NoiseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only noise on the line")
    }
}

impl Error for ProbeError {}

impl Error for NoiseError {}

impl Error for CardError {}

/// Prints a line with the seconds since the listing began.
pub fn say(what: impl fmt::Display) {
    println!("{:>3} s  {what}", began().elapsed().as_secs());
}

/// When the listing began.
fn began() -> Instant {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    *BEGAN.get_or_init(Instant::now)
}
