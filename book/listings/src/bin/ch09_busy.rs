//! Which child keeps the threads busy.

use std::time::{Duration, Instant};

use perennial::{BoxError, ChildSpec, Supervisor, worker};
use perennial_book::say;
use tokio::time::sleep;

// ANCHOR: forecast
/// Computes for five milliseconds each minute, without an `.await` in between.
fn forecast() -> ChildSpec {
    worker("forecast", |ctx| async move {
        loop {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(5) {
                std::hint::spin_loop();
            }
            tokio::select! {
                () = ctx.stopping() => return Ok(()),
                () = sleep(Duration::from_secs(60)) => (),
            }
        }
    })
}
// ANCHOR_END: forecast

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let lamp = worker("lamp", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    say("the power is on");
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .busy_time(true)
        .child(lamp)
        .child(forecast());
    let tree = station.start().await?;
    sleep(Duration::from_secs(150)).await;

    let snapshot = tree.snapshot();
    let busiest = snapshot
        .entries()
        .iter()
        .max_by_key(|child| child.busy.map(|busy| busy.time))
        .ok_or("the tree is empty")?;
    let busy = busiest.busy.ok_or("it is not measured")?;
    say(format!("{} was polled {} times", busiest.path, busy.polls));
    let is_long = busy.longest_poll >= Duration::from_millis(5);
    say(format!("a poll of 5 ms or more: {is_long}"));
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
