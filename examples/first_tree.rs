//! One of two workers crashes and is started again. Run: cargo run --example first_tree
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use perennial::{BoxError, Supervisor, worker};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (readings, mut log) = mpsc::channel(8);

    // A worker is a function from a context to a future; each start calls it anew.
    let thermometer = worker("thermometer", move |ctx| {
        let readings = readings.clone();
        async move {
            let is_first_life = ctx.last_exit().is_none();
            readings
                .send(if is_first_life { 21.5 } else { 21.7 })
                .await?;
            if is_first_life {
                return Err("the sensor does not answer".into());
            }
            ctx.stopping().await; // nothing more to do until the tree stops
            Ok(())
        }
    });
    let fan = worker("fan", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });

    let greenhouse = Supervisor::one_for_one("greenhouse")
        .child(thermometer)
        .child(fan);
    let tree = greenhouse.start().await?; // both run now

    for life in 1..=2 {
        let degrees = log.recv().await.ok_or("the thermometer is gone")?;
        println!("life {life} of the thermometer says {degrees} °C");
    }
    println!("\n{}", tree.snapshot());
    assert_eq!(tree.which_child("thermometer").await?.restarts, 1);
    assert_eq!(tree.which_child("fan").await?.restarts, 0);

    let report = tree.shutdown().await;
    println!("{report}");
    assert!(report.is_clean(), "{report}");
    Ok(())
}
