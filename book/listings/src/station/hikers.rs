//! Those on the mountain who asked to be warned.

use perennial::{ChildSpec, DynamicSupervisor, Restart, worker};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::devices::say;

// ANCHOR: hiker
/// Somebody on the mountain who asked to be warned.
#[derive(Clone, Debug)]
pub struct Hiker {
    /// Who.
    pub name: &'static str,
    /// When the tour is over.
    pub back_at: Instant,
}

/// Tells a hiker of each change of the wind, until the tour is over.
pub fn guard(hiker: Hiker, wind: watch::Receiver<u32>) -> ChildSpec {
    worker("hiker", move |ctx| {
        let (hiker, mut wind) = (hiker.clone(), wind.clone());
        async move {
            loop {
                tokio::select! {
                    () = ctx.stopping() => return Ok(()),
                    () = sleep_until(hiker.back_at) => return Ok(()),
                    changed = wind.changed() => changed?,
                }
                let speed = *wind.borrow();
                say(format!("{} is told: wind {speed} km/h", hiker.name));
            }
        }
    })
    .restart(Restart::Transient)
}
// ANCHOR_END: hiker

// ANCHOR: warnings
/// A child for each hiker; two at most, as the radio of the hut is small.
pub fn warnings(wind: watch::Receiver<u32>) -> DynamicSupervisor<Hiker> {
    DynamicSupervisor::new("warnings", move |hiker| guard(hiker, wind.clone())).max_children(2)
}
// ANCHOR_END: warnings
