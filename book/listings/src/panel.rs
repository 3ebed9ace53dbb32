//! The panel in the valley: a recorder of figures, in place of one that needs a network.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::atomics::AtomicU64;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// Keeps counters and gauges, and prints them as Prometheus reads them.
///
/// Cheap to clone; all clones are the same panel.
#[derive(Clone, Debug, Default)]
pub struct Panel(Arc<Mutex<Figures>>);

/// By name and labels.
type Figures = BTreeMap<String, Figure>;

#[derive(Clone, Debug)]
enum Figure {
    Counter(Arc<AtomicU64>),
    Gauge(Arc<AtomicU64>),
}

impl Panel {
    /// The figures of that name which are not zero, a line for each set of labels.
    #[must_use]
    pub fn lines(&self, name: &str) -> Vec<String> {
        let start = format!("{name}{{");
        let figures = self.figures();
        let meant = figures.iter().filter(|(key, _)| key.starts_with(&start));
        let values = meant.map(|(key, figure)| (key, figure.value()));
        let values = values.filter(|(_, value)| *value != 0.0);
        values
            .map(|(key, value)| format!("{key} {value}"))
            .collect()
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Figure {
    fn value(&self) -> f64 {
        match self {
            // No counter of a listing is so large.
            Self::Counter(count) => count.load(Ordering::Relaxed) as f64,
            Self::Gauge(bits) => f64::from_bits(bits.load(Ordering::Relaxed)),
        }
    }
}

impl Recorder for Panel {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let count = Arc::new(AtomicU64::new(0));
        let figure = Figure::Counter(Arc::clone(&count));
        self.figures().insert(text(key), figure);
        Counter::from_arc(count)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let bits = Arc::new(AtomicU64::new(0));
        let figure = Figure::Gauge(Arc::clone(&bits));
        self.figures().insert(text(key), figure);
        Gauge::from_arc(bits)
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn text(key: &Key) -> String {
    let labels = key
        .labels()
        .map(|it| format!("{}={:?}", it.key(), it.value()));
    let labels: Vec<String> = labels.collect();
    format!("{}{{{}}}", key.name(), labels.join(","))
}
