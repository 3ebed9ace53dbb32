//! An application for the tests of whole processes: each mode is a tree that ends in its own way.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use perennial::{
    Application, AutoShutdown, ChildSpec, Context, EventKind, InitializationError, Restart,
    ShutdownStrategy, Started, StderrObserver, Supervisable, Supervisor, async_trait, worker,
};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

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

/// Blocks its thread for ever once it is asked to stop.
fn stuck(name: &'static str) -> ChildSpec {
    worker(name, move |ctx| async move {
        tell(name);
        ctx.stopping().await;
        loop {
            std::thread::park();
        }
    })
    .shutdown(ShutdownStrategy::Graceful(Duration::from_millis(20)))
}

/// Tells what it hears of reloads.
fn listening() -> ChildSpec {
    worker("listening", |ctx| async move {
        let mut events = ctx.supervisor().events();
        tell("listening");
        loop {
            let event = tokio::select! {
                () = ctx.stopping() => return Ok(()),
                event = events.next() => event,
            };
            let Some(event) = event else { return Ok(()) };
            if let EventKind::ReloadRequested = event?.kind {
                tell("reload");
            }
        }
    })
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

/// Fills stderr, which nobody reads in that test, and holds it for ever.
fn hold_stderr() {
    std::thread::spawn(|| {
        let mut stderr = std::io::stderr().lock();
        while stderr.write_all(&[b'.'; 1024]).is_ok() {}
    });
}

/// An error that nobody can print.
#[derive(Debug)]
struct Unprintable;

impl std::fmt::Display for Unprintable {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("nothing to print")
    }
}

impl std::error::Error for Unprintable {}

/// Tells the test what goes to the log.
struct Log;

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "perennial::tree"
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        tell(event.metadata().target());
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Tells the test that a child runs.
#[allow(clippy::print_stdout, reason = "the test reads it")]
fn tell(what: &str) {
    println!("{what} runs");
}

fn tree(mode: &str) -> Option<Supervisor> {
    let app = Supervisor::one_for_one("app").abort_grace(Duration::from_millis(20));
    Some(match mode {
        "obedient" | "logging" => app.child(
            Supervisor::rest_for_one("storage")
                .child(obedient("first"))
                .child(obedient("second")),
        ),
        "unstartable" => app.child(Supervisor::one_for_one("storage").child(Unstartable)),
        "faulty" => app.child(obedient("twice")).child(obedient("twice")),
        "crashing" | "crashing-mapped" => {
            app.child(worker("index", |_ctx| async { panic!("out of range") }))
        }
        "done" => app.auto_shutdown(AutoShutdown::AnySignificant).child(
            worker("import", |_ctx| async { Ok(()) })
                .restart(Restart::Temporary)
                .significant(),
        ),
        "stuck" => app.child(stuck("first")).child(stuck("second")),
        "listening" | "reloading" | "unreloadable" | "unprintable" | "panicking" => {
            app.child(listening())
        }
        "blocked" | "starved" | "mute" => app.child(obedient("first")).child(blocking()),
        "stalling" => app
            .stalls_after(Duration::from_millis(20))
            .observer(StderrObserver::new())
            .child(blocking()),
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
    match mode.as_str() {
        "mute" => hold_stderr(),
        "logging" => tracing::subscriber::set_global_default(Log).expect("it is the first"),
        _ => (),
    }
    let runtime = if matches!(mode.as_str(), "starved" | "mute" | "stalling") {
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
    let app = match mode.as_str() {
        "reloading" => app.reload(|handle| async move {
            handle.terminate_child("listening").await?;
            handle.restart_child("listening").await?;
            Ok(())
        }),
        "unreloadable" => app.reload(|_handle| async { Err("no such file".into()) }),
        "unprintable" => app.reload(|_handle| async { Err(Unprintable.into()) }),
        "panicking" => app.reload(|_handle| async { panic!("out of range") }),
        "crashing-mapped" => app.exit_code(|end| end.exit_code() + 100),
        _ => app,
    };
    runtime.block_on(app.run())
}
