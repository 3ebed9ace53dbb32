//! A signal makes the station read its settings anew.
//!
//! Unix only: it uses `kill`.
#![allow(clippy::print_stdout, reason = "the book shows it")]

use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU32, Ordering};

use perennial::{Application, BoxError, ChildSpec, Supervisor, worker};
use tokio::sync::watch;

/// In a real station this is a file.
static SETTINGS: AtomicU32 = AtomicU32::new(60);

fn read_settings() -> Result<u32, BoxError> {
    Ok(SETTINGS.load(Ordering::Relaxed))
}

// ANCHOR: thermometer
fn thermometer(settings: watch::Receiver<u32>) -> ChildSpec {
    worker("thermometer", move |ctx| {
        let mut settings = settings.clone();
        async move {
            loop {
                println!("one reading in {} s", *settings.borrow_and_update());
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    changed = settings.changed() => changed?,
                }
            }
        }
    })
}
// ANCHOR_END: thermometer

/// Somebody in the valley who edits the settings, and then stops the station.
fn operator(settings: watch::Receiver<u32>) -> ChildSpec {
    worker("operator", move |ctx| {
        let mut settings = settings.clone();
        async move {
            let id = std::process::id().to_string();
            SETTINGS.store(10, Ordering::Relaxed);
            Command::new("kill").args(["-HUP", &id]).status()?;
            settings.wait_for(|&seconds| seconds == 10).await?;
            // The thermometer hears of it before it hears of the stop.
            tokio::task::yield_now().await;
            Command::new("kill").args(["-TERM", &id]).status()?;
            ctx.stopping().await;
            Ok(())
        }
    })
}

// ANCHOR: main
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let (set, settings) = watch::channel(60);
    let station = Supervisor::one_for_one("station")
        .child(thermometer(settings.clone()))
        .child(operator(settings));
    Application::new(station)
        .reload(move |_handle| {
            let set = set.clone();
            async move {
                set.send(read_settings()?)?;
                Ok(())
            }
        })
        .run()
        .await
}
// ANCHOR_END: main
