//! An application for the tests of whole processes: each mode is a tree that ends in its own way.

use std::process::ExitCode;
use std::time::Duration;

use perennial::{
    Application, AutoShutdown, ChildSpec, Context, EventKind, InitializationError, Restart,
    ShutdownStrategy, Started, Supervisable, Supervisor, async_trait, worker,
};

/// Cannot start.
struct Unstartable;

#[async_trait]
impl Supervisable for Unstartable {
    fn name(&self) -> &str {
        "database"
    }

    async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
        Err(InitializationError::msg("no such disk"))
    }
}

/// Asks the tree to stop as soon as that is up.
struct Leaving;

#[async_trait]
impl Supervisable for Leaving {
    fn name(&self) -> &str {
        "leaving"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        // From now on: the tree is up only after this child is.
        let mut events = ctx.supervisor().events();
        Ok(Started::run(async move {
            while let Some(Ok(event)) = events.next().await {
                let is_root = event.path.parent().is_none();
                if is_root && matches!(event.kind, EventKind::Started) {
                    break;
                }
            }
            ctx.supervisor().request_stop();
            ctx.stopping().await;
        }))
    }
}

/// Says that it is there, and obeys.
fn obedient(name: &'static str) -> ChildSpec {
    worker(name, move |ctx| async move {
        tell(name);
        ctx.stopping().await;
        Ok(())
    })
}

/// Blocks its thread for ever.
fn blocking() -> ChildSpec {
    worker("blocking", |_ctx| async {
        tell("blocking");
        loop {
            std::thread::park();
        }
    })
    .shutdown(ShutdownStrategy::Graceful(Duration::from_millis(20)))
}

/// Does not obey within its time.
fn deaf(name: &'static str, grace: Duration) -> ChildSpec {
    worker(name, move |ctx| async move {
        tell(name);
        ctx.stopping().await;
        std::future::pending().await
    })
    .shutdown(ShutdownStrategy::Graceful(grace))
}

/// Tells the test that a child runs.
#[allow(clippy::print_stdout, reason = "the test reads it")]
fn tell(what: &str) {
    println!("{what} runs");
}

fn tree(mode: &str) -> Option<Supervisor> {
    let app = Supervisor::one_for_one("app").abort_grace(Duration::from_millis(20));
    Some(match mode {
        "obedient" => app.child(
            Supervisor::rest_for_one("storage")
                .child(obedient("first"))
                .child(obedient("second")),
        ),
        "unstartable" => app.child(Supervisor::one_for_one("storage").child(Unstartable)),
        "faulty" => app.child(obedient("twice")).child(obedient("twice")),
        "crashing" => app.child(worker("index", |_ctx| async { panic!("out of range") })),
        "done" => app.auto_shutdown(AutoShutdown::AnySignificant).child(
            worker("import", |_ctx| async { Ok(()) })
                .restart(Restart::Temporary)
                .significant(),
        ),
        "blocked" | "starved" => app.child(obedient("first")).child(blocking()),
        // The time of this test is over before.
        "slow" => app.child(deaf("slow", Duration::from_secs(600))),
        "leaving" => app.child(obedient("first")).child(Leaving),
        "deaf" => app
            .child(deaf("deaf", Duration::from_millis(20)))
            .child(Leaving),
        _ => return None,
    })
}

fn main() -> ExitCode {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let Some(app) = tree(&mode) else {
        return ExitCode::from(2);
    };
    let runtime = if mode == "starved" {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    } else {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
    };
    let Ok(runtime) = runtime else {
        return ExitCode::from(2);
    };
    let app = Application::new(app).last_resort(Duration::from_millis(300));
    runtime.block_on(app.run())
}
