//! Supervisors of many children of one template; OTP's simple_one_for_one.
//!
//! `machine` decides; the driver is that of [`supervisor`](crate::Supervisor).

mod handle;
mod machine;
mod spec;
mod start;
#[cfg(test)]
mod tests;

pub use handle::DynamicHandle;
#[cfg(test)]
pub(crate) use machine::{Machine, Settings};
pub use spec::DynamicSupervisor;
