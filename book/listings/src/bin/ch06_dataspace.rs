//! Children that find each other by what they publish.

use std::time::Duration;

use perennial::{BoxError, Change, Context, Supervisor, worker};
use perennial_book::say;
use tokio::time::sleep;

// ANCHOR: publish
/// What the anemometer measures, in km/h.
struct Wind(u32);

async fn anemometer(ctx: Context) -> Result<(), BoxError> {
    let wind = ctx.publish("tower", Wind(20))?;
    sleep(Duration::from_secs(1)).await;
    wind.update(Wind(95))?;
    sleep(Duration::from_secs(1)).await;
    if ctx.last_exit().is_none() {
        return Err("a cup has come off".into());
    }
    ctx.stopping().await;
    Ok(())
}
// ANCHOR_END: publish

// ANCHOR: follow
async fn siren(ctx: Context) -> Result<(), BoxError> {
    let mut wind = ctx.dataspace().watch::<Wind>("tower");
    while let Some(change) = wind.next().await {
        match change {
            Change::Published { value, by, .. } => say(format!("{by} measures {} km/h", value.0)),
            Change::Updated { value, .. } if value.0 > 90 => {
                say(format!("storm: {} km/h", value.0))
            }
            Change::Withdrawn { by, .. } => say(format!("{by} measures nothing")),
            _ => (),
        }
    }
    Ok(())
}
// ANCHOR_END: follow

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    // ANCHOR: main
    let station = Supervisor::one_for_one("station")
        .child(worker("siren", siren))
        .child(worker("anemometer", anemometer));
    let tree = station.start().await?;

    sleep(Duration::from_millis(2_500)).await;
    for publication in tree.dataspace()?.publications() {
        say(publication);
    }
    // ANCHOR_END: main
    sleep(Duration::from_secs(3)).await;
    tree.kill();
    tree.wait().await;
    Ok(())
}
