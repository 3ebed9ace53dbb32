//! What a measurement is made of: clocks, gates, memory, and the line that is printed. Shared with the
//! package of the peers.

use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::options::Options;

/// The page size of the systems that tell the resident memory in pages.
const PAGE_KIB: u64 = 4;

/// One line of the output.
#[derive(Debug)]
pub(crate) struct Measurement {
    pub(crate) name: &'static str,
    pub(crate) system: &'static str,
    n: usize,
    m: usize,
    workers: usize,
    /// How many operations took `took`.
    ops: usize,
    took: Duration,
    /// Of single operations, in ascending order.
    latencies: Vec<u64>,
    pub(crate) bytes_per: Option<u64>,
    rss_kib: u64,
    pub(crate) note: &'static str,
}

impl Measurement {
    /// Of the workload and the system of the options; the resident memory is that of this moment.
    pub(crate) fn new(options: &Options, ops: usize, took: Duration) -> Self {
        Self {
            name: options.workload.as_str(),
            system: options.system,
            n: options.n,
            m: options.m,
            workers: options.workers,
            ops,
            took,
            latencies: Vec::new(),
            bytes_per: None,
            rss_kib: rss_kib(),
            note: "",
        }
    }

    /// Adds what each operation took, or each repetition of many.
    pub(crate) fn latencies(mut self, mut latencies: Vec<u64>) -> Self {
        latencies.sort_unstable();
        self.latencies = latencies;
        self
    }

    /// Adds how much the resident memory grew for each operation since it was `before`.
    pub(crate) fn bytes_since(mut self, before: u64) -> Self {
        let grown = self.rss_kib.saturating_sub(before) * 1024;
        self.bytes_per = Some(grown / self.ops.max(1) as u64);
        self
    }

    /// Adds what a reader of the figure must know.
    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    fn percentile(&self, share: f64) -> u64 {
        let last = self.latencies.len() - 1;
        self.latencies[(last as f64 * share).round() as usize]
    }
}

/// Prints as one object of JSON.
impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ns_per_op = self.took.as_nanos() as f64 / self.ops.max(1) as f64;
        write!(
            f,
            r#"{{"name":"{}","system":"{}","n":{},"m":{},"workers":{},"ops":{},"ns_per_op":{ns_per_op:.2}"#,
            self.name, self.system, self.n, self.m, self.workers, self.ops
        )?;
        if !self.latencies.is_empty() {
            let [min, p50, p99, max] = [0.0, 0.5, 0.99, 1.0].map(|share| self.percentile(share));
            write!(
                f,
                r#","min_ns":{min},"p50_ns":{p50},"p99_ns":{p99},"max_ns":{max}"#
            )?;
        }
        if let Some(bytes) = self.bytes_per {
            write!(f, r#","bytes_per":{bytes}"#)?;
        }
        write!(f, r#","rss_kib":{}"#, self.rss_kib)?;
        if !self.note.is_empty() {
            write!(f, r#","note":"{}""#, self.note)?;
        }
        f.write_str("}")
    }
}

/// Counts down to zero, then wakes the one who waits.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<(AtomicUsize, Notify)>);

impl Gate {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new((AtomicUsize::new(count), Notify::new())))
    }

    pub(crate) fn hit(&self) {
        let (count, opened) = &*self.0;
        // Acquire and release pair with one another: the last one sees what all have done before.
        if count.fetch_sub(1, Ordering::AcqRel) == 1 {
            opened.notify_one();
        }
    }

    /// Waits until it was hit as often as it counts; not at all if that is never.
    pub(crate) async fn wait(&self) {
        let (count, opened) = &*self.0;
        // Acquire pairs with the release in `hit`.
        if count.load(Ordering::Acquire) > 0 {
            opened.notified().await;
        }
    }
}

/// Since then, in nanoseconds.
pub(crate) fn nanos_since(then: Instant) -> u64 {
    u64::try_from(then.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The resident memory of this process; 0 where the system does not tell.
pub(crate) fn rss_kib() -> u64 {
    let told = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = told.split_whitespace().nth(1);
    pages.and_then(|pages| pages.parse().ok()).unwrap_or(0_u64) * PAGE_KIB
}

/// Keeps something until the process ends: to free it is no part of what is measured.
pub(crate) fn keep<T: 'static>(kept: T) {
    Box::leak(Box::new(kept));
}
