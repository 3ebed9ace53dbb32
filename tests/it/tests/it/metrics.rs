//! What the figures of a tree say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use perennial::{
    Backoff, ChildSpec, DynamicSupervisor, Event, EventKind, ExitReason, InitPolicy, Intensity,
    Jitter, KillCause, MetricsObserver, OnLimit, PartitionSupervisor, Place, Restart,
    ShutdownStrategy, StartCause, StormGuard, Supervisor, TaskSupervisor,
};
use perennial_test::strategies::{Deed, TreePlan, deeds, trees};
use perennial_test::{
    End, Events, Script, StartAct, StopAct, on_the_paused_clock, settle, silence_scripted_panics,
};
use proptest::prelude::*;

use crate::support::{ms, secs, started};

/// A recorder that keeps all that it is told.
#[derive(Clone, Default)]
struct Figures(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    described: BTreeMap<String, Option<Unit>>,
    /// By name and labels.
    counters: BTreeMap<Name, Arc<AtomicU64>>,
    gauges: BTreeMap<Name, Arc<AtomicU64>>,
    times: BTreeMap<Name, Arc<Times>>,
}

/// The values of `supervisor` and `child`, the name of the figure, and the reason if it has one.
type Name = (String, String, String);

/// What a histogram was told, in its order.
#[derive(Default)]
struct Times(Mutex<Vec<f64>>);

impl Figures {
    /// An observer that tells these.
    fn observer(&self) -> MetricsObserver {
        MetricsObserver::with_recorder(self.clone())
    }

    /// What is not zero of one child, a line a figure.
    fn of(&self, supervisor: &str, child: &str) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        let is_meant = |name: &Name| name.0 == supervisor && name.1 == child;
        let counters = kept.counters.iter().filter(|(name, _)| is_meant(name));
        let mut lines: Vec<String> = counters
            .filter(|(_, count)| value(count) > 0)
            .map(|(name, count)| format!("{} {}", name.2, value(count)))
            .collect();
        let gauges = kept.gauges.iter().filter(|(name, _)| is_meant(name));
        let gauges = gauges.map(|(name, gauge)| (name, f64::from_bits(value(gauge))));
        let gauges = gauges.filter(|(_, gauge)| *gauge != 0.0);
        lines.extend(gauges.map(|(name, gauge)| format!("{} {gauge}", name.2)));
        let times = kept.times.iter().filter(|(name, _)| is_meant(name));
        for (name, times) in times {
            let times = times.0.lock().unwrap();
            if !times.is_empty() {
                // Each settling of a test takes a little time.
                lines.push(format!("{} {times:.1?}", name.2));
            }
        }
        lines.sort();
        lines
    }

    /// All labels, supervisor and child; of supervisors as such without a child.
    fn labels(&self) -> BTreeSet<(String, String)> {
        let kept = self.0.lock().unwrap();
        let counters = kept
            .counters
            .keys()
            .map(|name| (name.0.clone(), name.1.clone()));
        counters.collect()
    }

    /// A counter, over all labels and reasons.
    fn total(&self, figure: &str) -> u64 {
        let kept = self.0.lock().unwrap();
        let counters = kept.counters.iter();
        let meant = counters.filter(|(name, _)| name.2.split(' ').next() == Some(figure));
        meant.map(|(_, count)| value(count)).sum()
    }

    /// A gauge, over all labels.
    fn running(&self) -> f64 {
        let kept = self.0.lock().unwrap();
        kept.gauges
            .values()
            .map(|gauge| f64::from_bits(value(gauge)))
            .sum()
    }

    /// How many times a histogram was told, over all labels.
    fn samples(&self, figure: &str) -> usize {
        let kept = self.0.lock().unwrap();
        let times = kept.times.iter().filter(|(name, _)| name.2 == figure);
        times.map(|(_, times)| times.0.lock().unwrap().len()).sum()
    }
}

impl Recorder for Figures {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _says: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _says: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _says: SharedString) {
        self.describe(&name, unit);
    }

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        let mut kept = self.0.lock().unwrap();
        Counter::from_arc(Arc::clone(kept.counters.entry(name(key)).or_default()))
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        let mut kept = self.0.lock().unwrap();
        Gauge::from_arc(Arc::clone(kept.gauges.entry(name(key)).or_default()))
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        let mut kept = self.0.lock().unwrap();
        Histogram::from_arc(Arc::clone(kept.times.entry(name(key)).or_default()))
    }
}

impl Figures {
    /// Each figure is described, and but for the exits each counter is there.
    fn check_completeness(&self) {
        let kept = self.0.lock().unwrap();
        for (name, unit) in &kept.described {
            let expected = if name.ends_with("_seconds") {
                Unit::Seconds
            } else {
                Unit::Count
            };
            assert_eq!(*unit, Some(expected), "{name}");
        }
        let there: BTreeSet<String> = kept.counters.keys().map(|name| name.2.clone()).collect();
        let described = kept
            .described
            .keys()
            .filter(|name| name.ends_with("_total"));
        let described: BTreeSet<String> = described
            .map(|name| name.trim_start_matches("perennial_").to_owned())
            // It appears with the first of its reasons.
            .filter(|name| name != "child_exits_total")
            .collect();
        assert_eq!(there, described);
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>) {
        let mut kept = self.0.lock().unwrap();
        let before = kept.described.insert(name.as_str().to_owned(), unit);
        assert_eq!(before, None, "{} is described twice", name.as_str());
    }
}

impl HistogramFn for Times {
    fn record(&self, value: f64) {
        self.0.lock().unwrap().push(value);
    }
}

fn name(key: &Key) -> Name {
    let label = |wanted: &str| {
        let label = key.labels().find(|label| label.key() == wanted);
        label.map(|label| label.value().to_owned())
    };
    let figure = key
        .name()
        .strip_prefix("perennial_")
        .expect("it is one of ours");
    let figure = match label("reason") {
        Some(reason) => format!("{figure} {reason}"),
        None => figure.to_owned(),
    };
    (
        label("supervisor").unwrap(),
        label("child").unwrap_or_default(),
        figure,
    )
}

fn value(atomic: &AtomicU64) -> u64 {
    atomic.load(std::sync::atomic::Ordering::Relaxed)
}

/// Lets time pass, second by second, and all that happens in it.
async fn pass(seconds: u64) {
    for _ in 0..seconds {
        settle().await;
        tokio::time::advance(secs(1)).await;
    }
    settle().await;
}

/// A supervisor that bears everything.
fn patient() -> Supervisor {
    Supervisor::one_for_one("app").unlimited_intensity()
}

/// A child, what is done to it, and what its figures say at last.
struct Case {
    what: &'static str,
    script: Script,
    settings: fn(ChildSpec) -> ChildSpec,
    /// How it is made to end at second 10, if it is.
    end: Option<End>,
    figures: &'static [&'static str],
}

impl Case {
    fn new(what: &'static str, script: Script, figures: &'static [&'static str]) -> Self {
        Self {
            what,
            script,
            settings: |spec| spec,
            end: None,
            figures,
        }
    }

    fn settings(self, settings: fn(ChildSpec) -> ChildSpec) -> Self {
        Self { settings, ..self }
    }

    fn end(self, end: End) -> Self {
        let end = Some(end);
        Self { end, ..self }
    }

    /// Runs the child for twenty seconds, and stops it.
    async fn play(self) {
        let figures = Figures::default();
        let child = (self.settings)(self.script.spec());
        let app = patient().observer(figures.observer()).child(child);
        let handle = app.start().await.unwrap();
        pass(10).await;
        if let Some(end) = self.end {
            self.script.end(end);
        }
        pass(10).await;
        handle.shutdown().await;
        assert_eq!(figures.of("app", "a"), self.figures, "{}", self.what);
    }
}

fn starts_and_ends() -> Vec<Case> {
    let a = || Script::new("a");
    vec![
        Case::new(
            "takes its time to start and to stop",
            a().starts_with(StartAct::Slow(secs(3)))
                .stop(StopAct::Slow(secs(2))),
            &[
                "child_exits_total shutdown 1",
                "child_start_seconds [3.0]",
                "child_starts_total 1",
                "child_stop_seconds [2.0]",
                "child_uptime_seconds [22.0]",
            ],
        ),
        Case::new(
            "has done its work",
            a(),
            &[
                "child_exits_total normal 1",
                "child_start_seconds [0.0]",
                "child_starts_total 1",
                "child_uptime_seconds [10.0]",
            ],
        )
        .settings(|spec| spec.restart(Restart::Transient))
        .end(End::Done),
        Case::new(
            "declines to start",
            a().starts_with(StartAct::Ignore),
            &["child_starts_total 1"],
        ),
        Case::new(
            "does not hear the stop",
            a().stop(StopAct::Hang),
            &[
                "child_exits_total killed 1",
                "child_kills_total 1",
                "child_start_seconds [0.0]",
                "child_starts_total 1",
                "child_stop_seconds [2.0]",
                "child_uptime_seconds [22.0]",
            ],
        )
        .settings(|spec| spec.shutdown(ShutdownStrategy::Graceful(secs(2)))),
    ]
}

fn failures() -> Vec<Case> {
    let a = || Script::new("a");
    vec![
        Case::new(
            "fails",
            a(),
            &[
                "child_crashes_total 1",
                "child_exits_total failed 1",
                "child_exits_total shutdown 1",
                "child_restarts_total 1",
                "child_start_seconds [0.0, 0.0]",
                "child_starts_total 2",
                "child_stop_seconds [0.0]",
                "child_uptime_seconds [10.0, 10.0]",
            ],
        )
        .end(End::Error),
        Case::new(
            "panics",
            a(),
            &[
                "child_crashes_total 1",
                "child_exits_total panicked 1",
                "child_start_seconds [0.0]",
                "child_starts_total 1",
                "child_uptime_seconds [10.0]",
            ],
        )
        .settings(|spec| spec.restart(Restart::Temporary))
        .end(End::Panic),
        Case::new(
            "asks to be replaced",
            a(),
            &[
                "child_exits_total planned 1",
                "child_exits_total shutdown 1",
                "child_restarts_total 1",
                "child_start_seconds [0.0, 0.0]",
                "child_starts_total 2",
                "child_stop_seconds [0.0]",
                "child_uptime_seconds [10.0, 10.0]",
            ],
        )
        .end(End::With(ExitReason::Planned)),
        Case::new(
            "makes no progress",
            a(),
            &[
                "child_crashes_total 1",
                "child_exits_total stuck 1",
                "child_start_seconds [0.0]",
                "child_starts_total 1",
                "child_stop_seconds [0.0]",
                "child_uptime_seconds [5.0]",
            ],
        )
        .settings(|spec| spec.restart(Restart::Temporary).watchdog(secs(5))),
    ]
}

fn restarts() -> Vec<Case> {
    let a = || Script::new("a");
    vec![
        Case::new(
            "fails to start again, once",
            a().start(2, StartAct::SlowFail(secs(1))),
            &[
                "child_crashes_total 2",
                "child_exits_total failed 1",
                "child_exits_total shutdown 1",
                "child_restarts_total 2",
                "child_start_failures_total 1",
                "child_start_seconds [0.0, 0.0]",
                "child_starts_total 3",
                "child_stop_seconds [0.0]",
                "child_uptime_seconds [10.0, 9.0]",
            ],
        )
        .settings(|spec| spec.init_policy(InitPolicy::FatalOnFirstStart))
        .end(End::Error),
        Case::new(
            "waits for its restart",
            a(),
            &[
                "child_crashes_total 1",
                "child_exits_total failed 1",
                "child_exits_total shutdown 1",
                "child_restart_delay_seconds [4.0]",
                "child_restarts_total 1",
                "child_start_seconds [0.0, 0.0]",
                "child_starts_total 2",
                "child_stop_seconds [0.0]",
                "child_uptime_seconds [10.0, 6.0]",
            ],
        )
        .settings(|spec| {
            let wait = Backoff::constant(secs(4)).jitter(Jitter::None);
            spec.backoff(wait.not_at_once())
        })
        .end(End::Error),
        Case::new(
            "is dropped",
            a(),
            &[
                "child_crashes_total 1",
                "child_drops_total 1",
                "child_exits_total failed 1",
                "child_start_seconds [0.0]",
                "child_starts_total 1",
                "child_uptime_seconds [10.0]",
            ],
        )
        .settings(|spec| spec.limit(Intensity::new(0, secs(60)), OnLimit::Drop))
        .end(End::Error),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_a_child_is_what_its_figures_say() {
    silence_scripted_panics();
    for case in [starts_and_ends(), failures(), restarts()]
        .into_iter()
        .flatten()
    {
        case.play().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_and_one_that_pauses_have_figures_of_their_own() {
    let figures = Figures::default();
    let uplink = Script::new("uplink");
    let radio = Supervisor::one_for_one("radio")
        .intensity(0, secs(10))
        .child(uplink.clone());
    let sensor = Script::new("sensor");
    let sensors = Supervisor::one_for_one("sensors")
        .storm_guard(StormGuard::new(1))
        .child(sensor.clone());
    let app = patient()
        .observer(figures.observer())
        .child(radio)
        .child(sensors);
    let handle = app.start().await.unwrap();
    assert_eq!(figures.of("app/radio", ""), Vec::<String>::new());

    uplink.end(End::Error);
    settle().await;
    for _ in 0..2 {
        sensor.end(End::Error);
        settle().await;
    }
    assert_eq!(figures.of("app/radio", ""), ["supervisor_give_ups_total 1"]);
    assert_eq!(
        figures.of("app/sensors", ""),
        ["supervisor_storm_pauses_total 1"]
    );
    // For the one above it is a child that has failed.
    let radio = figures.of("app", "radio");
    assert!(
        radio.contains(&"child_exits_total exhausted 1".to_owned()),
        "{radio:?}"
    );
    assert!(
        radio.contains(&"child_restarts_total 1".to_owned()),
        "{radio:?}"
    );
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_cannot_start_has_given_up() {
    let figures = Figures::default();
    let broken = Script::new("a").starts_with(StartAct::Fail);
    let app = patient().observer(figures.observer()).child(broken);
    assert!(app.start().await.is_err());
    assert_eq!(figures.of("app", ""), ["supervisor_give_ups_total 1"]);
    assert_eq!(
        figures.of("app", "a"),
        [
            "child_crashes_total 1",
            "child_start_failures_total 1",
            "child_starts_total 1"
        ]
    );
    assert_eq!(
        figures.of("", "app"),
        ["child_start_failures_total 1", "child_starts_total 1"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_children_of_one_template_make_one_label() {
    let figures = Figures::default();
    let sessions = DynamicSupervisor::new("sessions", |()| Script::new("session"));
    let desk = sessions.handle();
    let app = patient().observer(figures.observer()).child(sessions);
    let handle = app.start().await.unwrap();
    for _ in 0..1_000 {
        desk.start_child(()).await.unwrap();
    }
    assert_eq!(
        figures.labels(),
        labels([
            ("", "app"),
            ("app", ""),
            ("app", "sessions"),
            ("app/sessions", ""),
            ("app/sessions", "session")
        ])
    );
    let of_all = figures.of("app/sessions", "session");
    assert!(
        of_all.contains(&"children_running 1000".to_owned()),
        "{of_all:?}"
    );
    assert!(
        of_all.contains(&"child_starts_total 1000".to_owned()),
        "{of_all:?}"
    );
    handle.shutdown().await;
    assert_eq!(figures.running(), 0.0);
    assert_eq!(figures.samples("child_stop_seconds"), 1_002);
}

#[tokio::test(start_paused = true)]
async fn partitions_and_tasks_and_what_is_below_many_of_a_kind_share_labels() {
    let figures = Figures::default();
    let shards = PartitionSupervisor::new("shards", 3, |_partition| {
        Supervisor::one_for_one("shard").child(Script::new("store"))
    });
    let rooms = DynamicSupervisor::new("rooms", |()| {
        Supervisor::one_for_one("room").child(Script::new("log"))
    });
    let tasks = TaskSupervisor::new("tasks");
    let (desk, work) = (rooms.handle(), tasks.handle());
    let app = patient()
        .observer(figures.observer())
        .child(shards)
        .child(rooms)
        .child(tasks);
    let handle = app.start().await.unwrap();
    for _ in 0..3 {
        desk.start_child(()).await.unwrap();
        assert_eq!(
            work.spawn("sum", async { 1 + 1 })
                .await
                .unwrap()
                .await
                .unwrap(),
            2
        );
    }
    assert_eq!(
        figures.labels(),
        labels([
            ("", "app"),
            ("app", ""),
            ("app", "rooms"),
            ("app", "shards"),
            ("app", "tasks"),
            ("app/rooms", ""),
            ("app/rooms", "room"),
            ("app/rooms/room", ""),
            ("app/rooms/room", "log"),
            ("app/shards", ""),
            ("app/shards", "partition"),
            ("app/shards/partition", ""),
            ("app/shards/partition", "store"),
            ("app/tasks", ""),
            ("app/tasks", "sum"),
        ])
    );
    let sums = figures.of("app/tasks", "sum");
    assert!(
        sums.contains(&"child_exits_total normal 3".to_owned()),
        "{sums:?}"
    );
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn names_that_are_made_at_run_time_share_a_label_beyond_the_bound() {
    let figures = Figures::default();
    let app = patient().observer(figures.observer().max_labels(3));
    let handle = app.start().await.unwrap();
    for number in 0..10 {
        let name = format!("import of day {number}!");
        handle.start_child(Script::new(name)).await.unwrap();
    }
    assert_eq!(
        figures.labels(),
        labels([
            ("", "app"),
            ("app", ""),
            ("app", "import of day 0!"),
            ("app", "import of day 1!"),
            ("(others)", "(others)"),
        ])
    );
    let others = figures.of("(others)", "(others)");
    assert!(
        others.contains(&"children_running 8".to_owned()),
        "{others:?}"
    );
    handle.shutdown().await;
    assert_eq!(figures.running(), 0.0);
    assert_eq!(figures.total("child_starts_total"), 11);
}

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> BTreeSet<(String, String)> {
    pairs
        .map(|(above, child)| (above.to_owned(), child.to_owned()))
        .into()
}

#[tokio::test(start_paused = true)]
async fn figures_are_described_with_the_first_event_and_those_of_a_child_are_there_at_zero() {
    let figures = Figures::default();
    let app = patient()
        .observer(figures.observer())
        .child(Script::new("a"));
    assert!(figures.0.lock().unwrap().described.is_empty());
    assert!(figures.labels().is_empty());
    let handle = app.start().await.unwrap();
    figures.check_completeness();
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn two_trees_with_one_observer_are_told_apart() {
    let figures = Figures::default();
    let app = patient()
        .observer(figures.observer())
        .child(Script::new("a"));
    let first = app.start().await.unwrap();
    pass(5).await;
    // Its lives have the same paths and the same numbers.
    let second = app.clone().start().await.unwrap();
    assert_eq!(figures.running(), 4.0);
    pass(5).await;
    first.shutdown().await;
    assert_eq!(figures.running(), 2.0);
    pass(5).await;
    second.shutdown().await;
    let of_both = figures.of("app", "a");
    assert!(
        of_both.contains(&"child_uptime_seconds [10.0, 10.0]".to_owned()),
        "{of_both:?}"
    );
    assert_eq!(figures.running(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_killed_leaves_nothing_running() {
    let figures = Figures::default();
    let nested = Supervisor::one_for_one("nested").child(Script::new("b"));
    let app = patient()
        .observer(figures.observer())
        .child(Script::new("a"))
        .child(nested);
    let (handle, mut events) = started(&app).await;
    assert_eq!(figures.running(), 4.0);
    handle.kill();
    handle.wait().await;
    events.rest().await;
    assert_eq!(figures.running(), 0.0);
    assert_eq!(figures.total("child_exits_total"), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_is_left_behind_runs_no_more_and_its_late_end_counts_nowhere() {
    let figures = Figures::default();
    let blocked = Script::new("a");
    let app = patient()
        .abort_grace(ms(20))
        .observer(figures.observer())
        .child(blocked.clone());
    let (handle, mut events) = started(&app).await;
    blocked.end(End::Block);
    blocked.blocks().await;
    handle.kill_child("a").await.unwrap();
    events
        .expect("app/a is unresponsive: its task does not end")
        .await;
    events.expect("app/a runs").await;
    assert_eq!(figures.running(), 2.0);
    blocked.release();
    events.expect("app/a exited: normal").await;
    handle.shutdown().await;
    assert_eq!(figures.running(), 0.0);
    let lines = figures.of("app", "a");
    let exits: Vec<&String> = lines.iter().filter(|line| line.contains("exits")).collect();
    assert_eq!(
        exits,
        [
            "child_exits_total shutdown 1",
            "child_exits_total unresponsive 1"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalls_are_counted_by_whichever_thread_tells_of_them() {
    let figures = Figures::default();
    let blocked = Script::new("a");
    let app = patient()
        .stalls_after(ms(20))
        .observer(figures.observer())
        .child(blocked.spec().place(Place::OwnThread));
    let (handle, mut events) = started(&app).await;
    blocked.end(End::Block);
    let is_stalled = |event: &Event| matches!(event.kind, EventKind::Stalled { .. });
    events.until("it is stalled", is_stalled).await;
    assert_eq!(figures.total("child_stalls_total"), 1);
    blocked.release();
    let is_over = |event: &Event| matches!(event.kind, EventKind::StallOver { .. });
    events.until("it is over", is_over).await;
    assert_eq!(figures.samples("child_stall_seconds"), 1);
    handle.shutdown().await;
}

#[test]
fn without_a_recorder_of_its_own_an_observer_tells_that_of_the_program() {
    let figures = Figures::default();
    let app = patient()
        .observer(MetricsObserver::new())
        .child(Script::new("a"));
    // It was set later, and for this thread, which is all that there is.
    metrics::with_local_recorder(&figures, || {
        on_the_paused_clock(async {
            app.start().await.unwrap().shutdown().await;
        });
    });
    assert_eq!(figures.total("child_starts_total"), 2);
    // Nobody listens: nothing happens.
    let unheard = patient().observer(MetricsObserver::default());
    on_the_paused_clock(async {
        unheard.start().await.unwrap().shutdown().await;
    });
    assert_eq!(figures.total("child_starts_total"), 2);
}

/// A recorder with a bug.
struct Broken;

impl Recorder for Broken {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        panic!("scripted panic")
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        panic!("scripted panic")
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("scripted panic")
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_panics_does_no_harm_to_the_tree() {
    silence_scripted_panics();
    let child = Script::new("a");
    let app = patient()
        .observer(MetricsObserver::with_recorder(Broken))
        .child(child.clone());
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    events.expect("app/a is restarted").await;
    assert!(handle.shutdown().await.is_clean());
}

/// Which events are counted.
type IsMeant = fn(&EventKind) -> bool;

/// The figures of a random tree under random treatment are what its events add up to.
async fn count(plan: &TreePlan, deeds: &[Deed]) {
    let figures = Figures::default();
    let (root, mut workers) = plan.grow("r");
    let root = root.observer(figures.observer());
    let mut events = Events::of(&root.handle());
    let handle = root.start().await.unwrap();
    for deed in deeds {
        deed.play(&handle, &mut workers).await;
    }
    settle().await;
    handle.shutdown().await;
    settle().await;
    let events = events.rest().await;
    let count =
        |is_meant: IsMeant| events.iter().filter(|event| is_meant(&event.kind)).count() as u64;
    let table: [(&str, IsMeant); 7] = [
        ("child_starts_total", |kind| {
            matches!(kind, EventKind::Starting { .. })
        }),
        ("child_restarts_total", |kind| {
            matches!(
                kind,
                EventKind::Starting {
                    cause: StartCause::Restart
                }
            )
        }),
        ("child_start_failures_total", |kind| {
            matches!(kind, EventKind::StartFailed { .. })
        }),
        ("child_exits_total", |kind| {
            matches!(kind, EventKind::Exited { .. })
        }),
        ("child_crashes_total", |kind| {
            matches!(kind, EventKind::Crashed { .. })
        }),
        (
            "child_kills_total",
            |kind| matches!(kind, EventKind::Killed { cause } if *cause != KillCause::Doomed),
        ),
        ("supervisor_give_ups_total", |kind| {
            matches!(kind, EventKind::GaveUp { .. } | EventKind::Escalated { .. })
        }),
    ];
    for (figure, is_meant) in table {
        assert_eq!(figures.total(figure), count(is_meant), "{figure}");
    }
    assert_eq!(figures.running(), 0.0);
    let exits = count(|kind| matches!(kind, EventKind::Exited { .. }));
    assert_eq!(figures.samples("child_uptime_seconds") as u64, exits);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_are_what_the_events_of_a_tree_add_up_to(plan in trees(), deeds in deeds()) {
        on_the_paused_clock(count(&plan, &deeds));
    }
}
