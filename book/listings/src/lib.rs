//! The devices of the weather station in the book, played by a script, so that every run is the same.
#![allow(
    clippy::print_stdout,
    reason = "the listings show what happens in a terminal"
)]

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long a probe takes for one reading.
const READING: Duration = Duration::from_secs(1);

/// A probe of the station, wired to a script.
///
/// Cheap to clone; all clones are the same device. The script is a list of words: a number is a
/// reading, `fail` an error, `panic` a panic of whoever reads. After its end the last word holds.
#[derive(Clone, Debug)]
pub struct Probe(Arc<Device>);

#[derive(Debug)]
struct Device {
    name: &'static str,
    script: &'static str,
    next: AtomicUsize,
}

/// A probe did not answer.
#[derive(Clone, Copy, Debug)]
pub struct ProbeError(&'static str);

impl Probe {
    /// A probe that reads what is in the script: `"4.0 4.2 fail 4.1"`.
    #[must_use]
    pub fn new(name: &'static str, script: &'static str) -> Self {
        began();
        Self(Arc::new(Device {
            name,
            script,
            next: AtomicUsize::new(0),
        }))
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
        sleep(READING).await;
        let Device { name, script, next } = &*self.0;
        // One device has one reader at a time.
        let at = next.fetch_add(1, Ordering::Relaxed);
        let word = script.split(' ').nth(at);
        let word = word.or_else(|| script.split(' ').next_back());
        match word.unwrap_or_default() {
            "panic" => panic!("the {name} probe sent garbage"),
            word => word.parse().map_err(|_| ProbeError(name)),
        }
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} probe does not answer", self.0)
    }
}

impl Error for ProbeError {}

/// Prints a line with the seconds since the listing began.
pub fn say(what: impl fmt::Display) {
    println!("{:>3} s  {what}", began().elapsed().as_secs());
}

/// When the listing began.
fn began() -> Instant {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    *BEGAN.get_or_init(Instant::now)
}
