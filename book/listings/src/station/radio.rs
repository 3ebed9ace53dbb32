//! The way to the valley.

use std::time::Duration;

use perennial::{ChildSpec, Supervisor, worker};
use tokio::time::sleep;

use crate::devices::Phone;

// ANCHOR: link
/// Dials, and holds the line.
pub fn modem(phone: Phone) -> ChildSpec {
    worker("modem", move |ctx| {
        phone.dial();
        async move {
            ctx.stopping().await;
            Ok(())
        }
    })
}

/// Sends a word to the valley every hour.
pub fn uplink(phone: Phone) -> ChildSpec {
    worker("uplink", move |ctx| {
        let phone = phone.clone();
        async move {
            loop {
                phone.send("all is well").await?;
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    () = sleep(Duration::from_secs(3_600)) => (),
                }
            }
        }
    })
}
// ANCHOR_END: link

// ANCHOR: radio
/// A bad line shows at the uplink, and only a new call helps.
pub fn radio(phone: Phone) -> Supervisor {
    Supervisor::one_for_one("radio")
        .intensity(2, Duration::from_secs(10))
        .child(modem(phone.clone()))
        .child(uplink(phone))
}
// ANCHOR_END: radio
