//! What children use: the time that their polls take, and what a [`Meter`] measures besides.

mod gauge;
mod usage;

pub(crate) use gauge::{Entered, Gauge, Ledger, Metering};
pub use usage::{Busy, Memory, Meter};
