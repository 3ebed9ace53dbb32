//! The weather station of the book: its devices, and the workers that later chapters take over from
//! earlier ones.

mod devices;
mod panel;
pub mod station;

pub use devices::{Card, CardError, Mounted, NoiseError, Phone, Probe, ProbeError, say};
pub use panel::Panel;
