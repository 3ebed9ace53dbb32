//! The story of a crash: what failed, when, with what error, and what its supervisor decided.

mod print;
mod record;
mod report;

pub use record::Crashes;
pub use report::{CrashDecision, CrashPhase, CrashReport};
pub(crate) use report::{NAMED, Siblings};
