//! A watch for the first frost, which ends when there is one.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use perennial::{BoxError, ChildSpec, ExitReason, Outcome, Supervisor, worker};
use perennial_book::{Probe, say};

/// Ends well when it freezes, and with an error when the probe fails.
fn frost(probe: Probe) -> ChildSpec {
    worker("frost", move |ctx| {
        let probe = probe.clone();
        async move {
            loop {
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    air = probe.read() => if air? < 0.0 { return Ok(()) },
                }
            }
        }
    })
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let frost = frost(Probe::new("air", "1.5 fail 0.2 -0.3"));
    let watch = Supervisor::one_for_one("watch").child(frost.stop_when(ExitReason::is_clean));
    let tree = watch.start().await?;

    match tree.wait().await {
        Outcome::Satisfied { child, exit } => say(format!("{child}: {exit}")),
        Outcome::Exhausted(why) => say(format!("given up: {why}")),
        other => say(other),
    }
    say(format!("restarts: {}", tree.shutdown().await.restarts()));
    // ANCHOR_END: main
    Ok(())
}
