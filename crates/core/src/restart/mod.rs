//! Which exits are followed by a restart, how many restarts are borne, and how long each one waits.

mod backoff;
mod intensity;
mod limit;
mod pace;
mod storm;

use std::time::Duration;

pub use backoff::{Backoff, Jitter};
pub use intensity::Intensity;
pub use limit::{DelayCause, ExitVerdict, OnLimit};
pub(crate) use pace::{Bearing, Judgment, Paces, Plan, Tolerance};
pub use storm::StormGuard;

/// How long a life must have run for its planned exit to count nowhere. One that plans its end at once would otherwise be
/// replaced as often as a thread can.
pub(crate) const PLANNED_AFTER: Duration = Duration::from_secs(1);

/// When an exited child is restarted; OTP's restart type.
///
/// The default is [`Permanent`](Self::Permanent). An exit that is not followed by a restart touches
/// neither the siblings nor the [`Intensity`].
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Restart, worker};
///
/// let import = worker("import", |_ctx| async { Ok(()) }).restart(Restart::Transient);
/// assert_eq!(import.settings().restart, Restart::Transient);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// Always: after any exit, a normal one too.
    #[default]
    Permanent,
    /// Only after an abnormal exit. After a clean one its spec stays, without a running child.
    Transient,
    /// Never, also not when a sibling's failure restarts a group. Its spec goes with its exit.
    Temporary,
}

impl Restart {
    /// Whether a child of this type is restarted after an exit of that kind.
    pub(crate) fn follows(self, abnormal: bool) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => abnormal,
            Self::Temporary => false,
        }
    }
}
