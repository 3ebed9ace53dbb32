//! A radio with more messages than its grace allows.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, ShutdownStrategy, Supervisor, worker};
use perennial_book::say;
use tokio::time::{Instant, sleep};

/// Has that many messages in its queue when it is asked to stop; to send one takes a second.
fn radio(queued: u32) -> ChildSpec {
    worker("radio", move |ctx| async move {
        ctx.stopping().await;
        say("the radio is to stop");
        for number in 1..=queued {
            sleep(Duration::from_secs(1)).await;
            say(format!("message {number} of {queued} is sent"));
        }
        Ok(())
    })
}

// ANCHOR: careful
/// Keeps an eye on its deadline and saves the rest in time.
fn careful_radio(queued: u32) -> ChildSpec {
    worker("radio", move |ctx| async move {
        ctx.stopping().await;
        say("the radio is to stop");
        for number in 1..=queued {
            let next = Instant::now() + Duration::from_secs(1);
            if ctx.stop_deadline().is_some_and(|deadline| next >= deadline) {
                say(format!("{} are left for tomorrow", queued + 1 - number));
                break;
            }
            sleep(Duration::from_secs(1)).await;
            say(format!("message {number} of {queued} is sent"));
        }
        Ok(())
    })
}
// ANCHOR_END: careful

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    for radio in [
        radio(9),
        radio(9).shutdown(ShutdownStrategy::Graceful(Duration::from_secs(20))),
        careful_radio(9),
    ] {
        let tree = Supervisor::one_for_one("station")
            .child(radio)
            .start()
            .await?;
        println!("{}\n", tree.shutdown().await);
    }
    // ANCHOR_END: main
    Ok(())
}
