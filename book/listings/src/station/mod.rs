//! The station as the chapters left it.

mod hikers;
mod radio;
mod readings;

pub use hikers::{Hiker, guard, warnings};
pub use radio::{modem, radio, uplink};
pub use readings::{Log, Reading, readings, sensor};

use perennial::{DynamicHandle, Supervisor};
use tokio::sync::watch;

use crate::devices::{Card, Phone};

// ANCHOR: station
/// All of the station, and the desk where hikers ask to be warned.
pub fn station(
    card: Card,
    phone: Phone,
    wind: watch::Receiver<u32>,
) -> (Supervisor, DynamicHandle<Hiker>) {
    let warnings = warnings(wind);
    let desk = warnings.handle();
    let station = Supervisor::one_for_one("station")
        .child(readings(card))
        .child(radio(phone))
        .child(warnings);
    (station, desk)
}
// ANCHOR_END: station
