//! A signal of the operating system stops the station.
//!
//! Unix only: it uses `kill`.

use std::process::{Command, ExitCode};

use perennial::{Application, ChildSpec, Supervisor, worker};

/// Somebody in the valley who stops the station over the network.
fn operator() -> ChildSpec {
    worker("operator", |ctx| async move {
        let id = std::process::id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        ctx.stopping().await;
        Ok(())
    })
}

fn lamp() -> ChildSpec {
    worker("lamp", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    })
}

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let station = Supervisor::one_for_one("station")
        .child(lamp())
        .child(operator());
    Application::new(station).run().await
}
// ANCHOR_END: main
