//! The old tape is copied day by day, and what is copied need not be copied again.
#![allow(clippy::print_stdout, reason = "a listing shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildSpec, Restart, Supervisor, worker};
use perennial_book::{Probe, say};
use tokio::time::sleep;

// ANCHOR: copy
/// How many days of the tape are copied.
#[derive(Clone, Copy, Default)]
struct Copied(u32);

fn copy(tape: Probe) -> ChildSpec {
    let copy = worker("copy", move |ctx| {
        let tape = tape.clone();
        async move {
            let copied = ctx.stash::<Copied>();
            let first = copied.get().unwrap_or_default().0 + 1;
            say(format!("begins with day {first}"));
            for day in first..=4 {
                let rain = tape.read().await?; // an error ends this life
                say(format!("day {day}: {rain:.0} mm"));
                copied.put(Copied(day)); // the next one begins behind this day
            }
            Ok(())
        }
    });
    copy.restart(Restart::Transient)
}
// ANCHOR_END: copy

// ANCHOR: tries
/// How often the lamp of the projector was changed.
struct Changed(u32);

fn projector(tape: Probe) -> ChildSpec {
    worker("projector", move |ctx| {
        let tape = tape.clone();
        async move {
            let lamps = ctx.stash::<Changed>().keep_after_panic();
            let lamp = lamps.update(|changed| {
                let changed = changed.get_or_insert(Changed(0));
                changed.0 += 1;
                changed.0
            });
            say(format!("lamp {lamp} is in"));
            tape.read().await?;
            ctx.stopping().await;
            Ok(())
        }
    })
}
// ANCHOR_END: tries

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let archive = Supervisor::one_for_one("archive")
        .intensity(10, Duration::from_secs(60))
        .child(copy(Probe::new("tape", "3 0 fail 7 panic 3 0 7 1")));
    let tree = archive.start().await?;
    sleep(Duration::from_secs(12)).await;
    let projector = projector(Probe::new("tape", "panic fail 1"));
    tree.start_child(projector).await?;
    sleep(Duration::from_secs(5)).await;
    // ANCHOR_END: main
    tree.shutdown().await;
    Ok(())
}
