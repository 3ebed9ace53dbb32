//! What a subscriber of `tracing` sees: events with fixed targets, and a span for each life.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use perennial::{EventKind, Supervisor, worker};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Notes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    next_span: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What each span was made with.
    spans: HashMap<u64, String>,
    open: Vec<u64>,
    lines: Vec<String>,
}

/// The fields of an event or a span as one text.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?} ").expect("a text takes everything");
    }
}

impl Notes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nobody panics while it writes")
    }
}

impl Subscriber for Notes {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text::default();
        span.record(&mut text);
        let id = self.0.next_span.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{} {}", span.metadata().name(), text.0);
        self.state().spans.insert(id, name);
        Id::from_u64(id)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let mut state = self.state();
        let span = state.open.last().and_then(|id| state.spans.get(id));
        let span = span.cloned().unwrap_or_default();
        let metadata = event.metadata();
        let (target, level) = (metadata.target(), metadata.level());
        let line = format!("[{span}] {target} {level} {}", text.0);
        state.lines.push(line);
    }

    fn enter(&self, span: &Id) {
        self.state().open.push(span.into_u64());
    }

    fn exit(&self, _span: &Id) {
        self.state().open.pop();
    }
}

#[test]
fn events_have_fixed_targets_and_each_life_its_span() {
    let notes = Notes::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be made");
    tracing::subscriber::with_default(notes.clone(), || {
        runtime.block_on(async {
            let index = worker("index", |ctx| async move {
                tracing::info!("hello");
                if ctx.last_exit().is_none() {
                    return Err("damaged".into());
                }
                ctx.stopping().await;
                Ok(())
            });
            let app = Supervisor::one_for_one("app").child(index);
            let mut events = app.handle().events();
            let second_life = async {
                let mut lives = 0;
                while lives < 2 {
                    let event = events.next().await.expect("the tree runs").unwrap();
                    let started = matches!(event.kind, EventKind::Started);
                    lives += usize::from(started && event.path.id() == "index");
                }
            };
            app.run_until(second_life).await.expect("it starts");
        });
    });
    let lines = std::mem::take(&mut notes.state().lines);
    let count = |parts: &[&str]| {
        let fits = |line: &&String| parts.iter().all(|part| line.contains(part));
        lines.iter().filter(fits).count()
    };
    let all = lines.join("\n");
    assert_eq!(
        count(&["perennial::progress INFO", "app/index runs"]),
        2,
        "{all}"
    );
    assert_eq!(
        count(&["perennial::crash WARN", "app/index exited: damaged"]),
        1,
        "{all}"
    );
    assert_eq!(
        count(&["perennial::progress DEBUG", "is restarted"]),
        1,
        "{all}"
    );
    // Each life says hello in a span of its own, with its path and its number.
    assert_eq!(
        count(&["[child path=app/index incarnation=2 ]", "hello"]),
        1,
        "{all}"
    );
    assert_eq!(
        count(&["[child path=app/index incarnation=3 ]", "hello"]),
        1,
        "{all}"
    );
}
