//! What becomes of a function with `#[worker]`.

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use perennial::{
    BoxError, Context as Ctx, ExitReason, Restart, ShutdownStrategy, Supervisor, worker,
};
use tokio::sync::mpsc;

use crate::starts_and_stops;

/// Tells of each start what it was given.
#[worker(restart = "transient", shutdown = "1h", name = "teller", version = "2")]
async fn tell(what: String, told: mpsc::UnboundedSender<String>, ctx: Ctx) -> Result<(), BoxError> {
    let is_first_life = ctx.last_exit().is_none();
    told.send(what)?;
    if is_first_life {
        return Err("once more".into());
    }
    ctx.stopping().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_start_gets_a_clone_of_the_arguments() {
    let (told, mut starts) = mpsc::unbounded_channel();
    let app = Supervisor::one_for_one("app").child(tell("news".to_owned(), told));
    let tree = app.start().await.unwrap();
    for _ in 0..2 {
        assert_eq!(starts.recv().await.as_deref(), Some("news"));
    }
    assert_eq!(tree.which_child("teller").await.unwrap().restarts, 1);
    assert!(tree.shutdown().await.is_clean());
}

#[worker]
async fn price_clock(ctx: Ctx) {
    ctx.stopping().await;
}

#[worker(restart = "temporary", shutdown = "brutal")]
async fn r#loop(_: Ctx) -> Result<(), Infallible> {
    std::future::pending().await
}

#[test]
fn the_settings_of_the_attribute_are_those_of_the_spec() {
    let (told, _starts) = mpsc::unbounded_channel();
    let graceful = |seconds| ShutdownStrategy::Graceful(Duration::from_secs(seconds));
    for (spec, id, restart, shutdown) in [
        (
            price_clock(),
            "price-clock",
            Restart::Permanent,
            graceful(5),
        ),
        (
            tell(String::new(), told),
            "teller",
            Restart::Transient,
            graceful(3_600),
        ),
        (
            r#loop(),
            "loop",
            Restart::Temporary,
            ShutdownStrategy::Brutal,
        ),
    ] {
        let settings = spec.settings();
        assert_eq!(settings.id, id);
        assert_eq!(settings.restart, restart, "{id}");
        assert_eq!(settings.shutdown, shutdown, "{id}");
        let version = (id == "teller").then_some("2");
        assert_eq!(settings.version(), version, "{id}");
    }
}

/// A reason of its own, as the exit.
#[worker]
async fn reasoned(ctx: Ctx) -> ExitReason {
    ctx.stopping().await;
    ExitReason::shutdown_with("planned")
}

#[worker]
async fn patterns(
    mut count: u32,
    (low, high): (u8, u8),
    _: &'static str,
    ctx: Ctx,
) -> Result<(), String> {
    count += u32::from(low) + u32::from(high);
    ctx.stopping().await;
    (count == 6).then_some(()).ok_or_else(|| count.to_string())
}

/// An argument may be called as its function is, or as the macro calls the context.
#[worker]
async fn heartbeat(heartbeat: u8, ctx: u8, context: Ctx) -> Result<(), String> {
    context.stopping().await;
    (heartbeat == 1 && ctx == 2)
        .then_some(())
        .ok_or_else(|| ctx.to_string())
}

#[worker]
async fn generic<T, const N: usize>(
    values: [T; N],
    other: impl Display + Clone + Send + Sync + 'static,
    shared: Arc<str>,
    ctx: Ctx,
) -> Result<(), String>
where
    T: Display + Clone + Send + Sync + 'static,
{
    ctx.stopping().await;
    let all: Vec<String> = values.iter().map(ToString::to_string).collect();
    (all.len() == N && *shared == *"s")
        .then_some(())
        .ok_or_else(|| other.to_string())
}

mod elsewhere {
    use perennial::Context;

    mod framework {
        pub(super) use ::perennial::{__private, worker};
    }

    #[framework::worker(crate = "self::framework")]
    pub(super) async fn stops(ctx: Context) {
        ctx.stopping().await;
    }
}

struct Clinic;

impl Clinic {
    #[worker]
    async fn doctor(patients: u8, ctx: Ctx) {
        let _all = patients;
        ctx.stopping().await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_form_of_a_function_runs_and_stops() {
    for spec in [
        price_clock(),
        r#loop(),
        reasoned(),
        patterns(1, (2, 3), "unused"),
        heartbeat(1, 2),
        generic(["a", "b"], 7, Arc::from("s")),
        elsewhere::stops(),
        Clinic::doctor(3),
    ] {
        starts_and_stops(spec).await;
    }
}
