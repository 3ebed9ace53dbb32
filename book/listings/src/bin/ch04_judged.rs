//! A modem that says why it ends, and what is made of that.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use perennial::{
    BoxError, ChildSpec, Context, Event, ExitReason, ExitVerdict, InitializationError, Outcome,
    Restart, Started, Supervisable, Supervisor, async_trait,
};
use perennial_book::say;
use tokio::time::sleep;

// ANCHOR: modem
/// Each of its lives ends in another way.
struct Modem {
    lives: AtomicUsize,
}

#[async_trait]
impl Supervisable for Modem {
    fn name(&self) -> &str {
        "modem"
    }

    async fn initialize(&self, _ctx: Context) -> Result<Started<'_>, InitializationError> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        Ok(Started::run(async move {
            sleep(Duration::from_secs(1)).await;
            match life {
                0 => ExitReason::failed("the valley is busy"),
                1 => ExitReason::Planned, // it wants to begin anew with another SIM card
                _ => ExitReason::permanent("the contract has ended"),
            }
        }))
    }
}
// ANCHOR_END: modem

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: tree
    let lives = AtomicUsize::new(0);
    let modem = ChildSpec::new(Modem { lives })
        .restart(Restart::Transient)
        .classify(|exit: &ExitReason| match exit {
            ExitReason::Failed(why) if why.to_string().ends_with("busy") => {
                Some(ExitVerdict::RestartAfter(Duration::from_secs(30)))
            }
            _ => None, // as its restart type says
        });
    let radio = Supervisor::one_for_one("radio")
        .intensity(1, Duration::from_secs(3_600))
        .observer(|event: &Event| say(event))
        .child(modem);
    // ANCHOR_END: tree

    // ANCHOR: main
    let tree = radio.start().await?;
    if let Outcome::Escalated(why) = tree.wait().await {
        println!("\n{}: {}", why.child, why.exit);
    }
    // ANCHOR_END: main
    Ok(())
}
