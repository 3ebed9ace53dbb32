//! What a subscriber of `tracing` sees: events with fixed targets, and a span for each life.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use perennial::{
    Context, EventKind, InitializationError, Outcome, StartError, Started, Supervisable,
    Supervisor, async_trait, worker,
};
use tokio::time::timeout;
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

/// What is waited for comes within this time of the paused clock, or never.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a test on the paused clock, with a subscriber that prints all that it is told.
fn noted(test: impl Future<Output = ()>) -> Notes {
    let notes = Notes::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be made");
    let within_limit = async { timeout(LIMIT, test).await.expect("it comes to an end") };
    tracing::subscriber::with_default(notes.clone(), || runtime.block_on(within_limit));
    notes
}

#[test]
fn events_have_fixed_targets_and_each_life_its_span() {
    let notes = noted(async {
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

/// An error that cannot be printed.
#[derive(Debug)]
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("scripted panic in a print");
    }
}

impl std::error::Error for Unprintable {}

/// Cannot start, and not say why.
struct Unstartable;

#[async_trait]
impl Supervisable for Unstartable {
    fn name(&self) -> &str {
        "unstartable"
    }

    async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
        Err(InitializationError::new(Unprintable))
    }
}

/// Fails in each of its first lives with an error that cannot be printed.
fn failing(lives: u64) -> Supervisor {
    let index = worker("index", move |ctx| async move {
        // The root is the first life of its tree.
        if ctx.incarnation().get() <= lives + 1 {
            return Err(Unprintable.into());
        }
        ctx.stopping().await;
        Ok(())
    });
    Supervisor::one_for_one("app")
        .intensity(1, Duration::from_secs(5))
        .child(index)
}

#[test]
fn a_child_whose_error_panics_as_it_is_printed_is_restarted() {
    let notes = noted(async {
        let app = failing(1);
        let mut events = app.handle().events();
        let handle = app.start().await.expect("it starts");
        let mut lives = 0;
        while lives < 2 {
            let event = events.next().await.expect("the tree runs").unwrap();
            let started = matches!(event.kind, EventKind::Started);
            lives += usize::from(started && event.path.id() == "index");
        }
        assert!(handle.shutdown().await.is_clean());
    });
    let lines = notes.state().lines.join("\n");
    assert!(lines.contains("app exited: shutdown"), "{lines}");
}

#[test]
fn a_root_whose_error_panics_as_it_is_printed_is_waited_for_to_its_end() {
    let _notes = noted(async {
        let handle = failing(2).start().await.expect("it starts");
        assert!(matches!(handle.wait().await, Outcome::Exhausted(_)));
    });
}

#[test]
fn a_tree_whose_start_fails_with_an_error_that_panics_as_it_is_printed_has_not_started() {
    let _notes = noted(async {
        let nested = Supervisor::one_for_one("nested").child(Unstartable);
        let started = Supervisor::one_for_one("app").child(nested).start().await;
        assert!(matches!(started, Err(StartError::Initialization { .. })));
    });
}
