//! What happens in a tree as figures, in the text that Prometheus reads. Run: cargo run --example figures
//!
//! A real program has an exporter, of its own choice, in the place of this small recorder.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::atomics::AtomicU64;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use perennial::{BoxError, MetricsObserver, Supervisor, worker};
use tokio::sync::Notify;

/// Keeps all counters, by name and labels.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Page {
    fn counters(&self) -> MutexGuard<'_, BTreeMap<String, Arc<AtomicU64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Page {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels = key
            .labels()
            .map(|it| format!("{}={:?}", it.key(), it.value()));
        let labels: Vec<String> = labels.collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Counter::from_arc(Arc::clone(self.counters().entry(name).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let page = Page::default();
    let healed = Arc::new(Notify::new());
    let told = Arc::clone(&healed);
    let import = worker("import", move |ctx| {
        let told = Arc::clone(&told);
        async move {
            if ctx.last_exit().is_none() {
                return Err("the file is not there yet".into());
            }
            told.notify_one();
            ctx.stopping().await;
            Ok(())
        }
    });
    let app = Supervisor::one_for_one("app")
        .observer(MetricsObserver::with_recorder(page.clone()))
        .child(import);
    let handle = app.start().await?;
    healed.notified().await;
    assert!(handle.shutdown().await.is_clean());

    for (name, count) in page.counters().iter() {
        println!("{name} {}", count.load(Ordering::Relaxed));
    }
    let restarts = r#"perennial_child_restarts_total{supervisor="app",child="import"}"#;
    assert_eq!(page.counters()[restarts].load(Ordering::Relaxed), 1);
    Ok(())
}
