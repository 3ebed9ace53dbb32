//! What a derived child does in its tree.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use perennial::{
    ChildSpec, Context, ExitReason, InitPolicy, Outcome, Restart, ShutdownStrategy, Supervisable,
    Supervisor,
};
use tokio::sync::mpsc;

use crate::chain;

/// Counts its starts, says each, and fails where it is told to.
#[derive(Supervisable)]
#[supervise(
    restart = "transient",
    shutdown = "250ms",
    init = "fatal_on_first_start"
)]
struct PriceFeed {
    starts: Arc<AtomicU32>,
    told: mpsc::UnboundedSender<u32>,
    /// At which starts `init` fails.
    init_fails_at: &'static [u32],
    /// In which life `run` fails.
    run_fails_in: u32,
}

impl PriceFeed {
    fn new(init_fails_at: &'static [u32]) -> (Self, mpsc::UnboundedReceiver<u32>) {
        let (told, starts) = mpsc::unbounded_channel();
        let feed = Self {
            starts: Arc::default(),
            told,
            init_fails_at,
            run_fails_in: 1,
        };
        (feed, starts)
    }

    async fn init(&self, ctx: &Context) -> Result<u32, io::Error> {
        assert_eq!(ctx.path().to_string(), "app/price-feed");
        let start = self.starts.fetch_add(1, Ordering::Relaxed) + 1;
        if self.init_fails_at.contains(&start) {
            return Err(io::Error::other("the exchange is closed"));
        }
        Ok(start)
    }

    async fn run(&self, start: u32, ctx: Context) -> Result<(), io::Error> {
        self.told.send(start).map_err(io::Error::other)?;
        if start == self.run_fails_in {
            return Err(io::Error::other("the line is cut"));
        }
        ctx.stopping().await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn each_start_hands_its_own_value_to_run() {
    let (feed, mut starts) = PriceFeed::new(&[]);
    let tree = Supervisor::one_for_one("app")
        .child(feed)
        .start()
        .await
        .unwrap();
    assert_eq!(starts.recv().await, Some(1));
    assert_eq!(starts.recv().await, Some(2));
    assert_eq!(tree.which_child("price-feed").await.unwrap().restarts, 1);
    let report = tree.shutdown().await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_init_is_told_with_the_path_and_the_cause() {
    let (feed, mut starts) = PriceFeed::new(&[1]);
    let error = Supervisor::one_for_one("app")
        .child(feed)
        .start()
        .await
        .unwrap_err();
    let told = chain(&error);
    assert!(
        told.contains("app/price-feed failed to initialize"),
        "{told}"
    );
    assert!(told.ends_with("the exchange is closed"), "{told}");
    assert_eq!(starts.recv().await, None, "it never ran");
}

#[tokio::test(start_paused = true)]
async fn the_policy_lets_a_failed_init_be_tried_again_at_a_restart() {
    let (feed, mut starts) = PriceFeed::new(&[2, 3]);
    let tree = Supervisor::one_for_one("app")
        .child(feed)
        .start()
        .await
        .unwrap();
    assert_eq!(starts.recv().await, Some(1));
    assert_eq!(starts.recv().await, Some(4));
    assert!(tree.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn without_a_policy_a_failed_init_at_a_restart_is_fatal() {
    let (feed, mut starts) = PriceFeed::new(&[2]);
    let spec = ChildSpec::new(feed).init_policy(InitPolicy::Fatal);
    let tree = Supervisor::one_for_one("app")
        .child(spec)
        .start()
        .await
        .unwrap();
    let outcome = tree.wait().await;
    assert!(
        matches!(outcome, Outcome::InitializationFailed(_)),
        "{outcome}"
    );
    assert_eq!((starts.recv().await, starts.recv().await), (Some(1), None));
}

/// Yields what it is made of.
#[derive(Supervisable)]
#[supervise(restart = "transient")]
struct Job(FirstExit, mpsc::UnboundedSender<Option<String>>);

type FirstExit = fn() -> Option<ExitReason>;

impl Job {
    async fn run(&self, ctx: Context) -> Option<ExitReason> {
        let last_exit = ctx.last_exit().map(ToString::to_string);
        let is_first_life = last_exit.is_none();
        // Nobody listens any more when the test is over.
        let _unheard = self.1.send(last_exit);
        if is_first_life { self.0() } else { None }
    }
}

#[tokio::test(start_paused = true)]
async fn what_run_yields_decides_on_the_restart() {
    let cases: [(FirstExit, &[Option<&str>]); 3] = [
        (|| None, &[None]),
        (|| Some(ExitReason::shutdown_with("done")), &[None]),
        (
            || Some(ExitReason::failed("no paper")),
            &[None, Some("no paper")],
        ),
    ];
    for (first_exit, lives) in cases {
        let (told, mut exits) = mpsc::unbounded_channel();
        let job = Supervisor::one_for_one("app").child(Job(first_exit, told));
        let tree = job.start().await.unwrap();
        for life in lives {
            assert_eq!(exits.recv().await.unwrap().as_deref(), *life);
        }
        assert!(tree.shutdown().await.is_clean());
        assert_eq!(exits.try_recv().ok(), None, "and no more lives");
    }
}

#[derive(Supervisable)]
struct HTTPServer;

#[derive(Supervisable)]
#[supervise(
    name = "mail room",
    restart = "permanent",
    shutdown = "2m",
    init = "fatal",
    version = "2"
)]
struct Explicit;

impl Explicit {
    async fn init(&self, _ctx: &Context) -> Result<(), io::Error> {
        Ok(())
    }
}

#[derive(Supervisable)]
#[supervise(restart = "temporary", shutdown = "brutal")]
#[supervise(name = "split", crate = "::perennial")]
struct TwoAttributes;

#[derive(Supervisable)]
#[supervise(restart = "transient", shutdown = "infinite")]
struct Patient;

macro_rules! wait_for_the_stop {
    ($($child:ty),*) => {
        $(impl $child {
            async fn run(&self, ctx: Context) {
                ctx.stopping().await;
            }
        })*
    };
}

wait_for_the_stop!(HTTPServer, Explicit, TwoAttributes, Patient);

#[test]
fn the_settings_of_the_attribute_are_those_of_the_spec() {
    let graceful = |seconds| ShutdownStrategy::Graceful(Duration::from_secs(seconds));
    for (spec, id, restart, shutdown, init_policy) in [
        (
            ChildSpec::new(HTTPServer),
            "http-server",
            Restart::Permanent,
            graceful(5),
            InitPolicy::Fatal,
        ),
        (
            ChildSpec::new(Explicit),
            "mail room",
            Restart::Permanent,
            graceful(120),
            InitPolicy::Fatal,
        ),
        (
            ChildSpec::new(TwoAttributes),
            "split",
            Restart::Temporary,
            ShutdownStrategy::Brutal,
            InitPolicy::Fatal,
        ),
        (
            ChildSpec::new(PriceFeed::new(&[]).0),
            "price-feed",
            Restart::Transient,
            ShutdownStrategy::Graceful(Duration::from_millis(250)),
            InitPolicy::FatalOnFirstStart,
        ),
        (
            ChildSpec::new(Patient),
            "patient",
            Restart::Transient,
            ShutdownStrategy::Infinite,
            InitPolicy::Fatal,
        ),
    ] {
        let settings = spec.settings();
        assert_eq!(settings.id, id);
        assert_eq!(settings.restart, restart, "{id}");
        assert_eq!(settings.shutdown, shutdown, "{id}");
        assert_eq!(settings.init_policy, init_policy, "{id}");
        let version = (id == "mail room").then_some("2");
        assert_eq!(settings.version(), version, "{id}");
    }
}

#[test]
fn only_a_type_with_an_init_has_an_initialization() {
    let (feed, _starts) = PriceFeed::new(&[]);
    assert!(feed.has_initialization());
    assert!(!HTTPServer.has_initialization());
}

#[tokio::test(start_paused = true)]
async fn a_type_of_defaults_is_a_child() {
    crate::starts_and_stops(HTTPServer).await;
}
