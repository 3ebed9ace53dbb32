//! Which exits are followed by a restart, and how many restarts a supervisor bears.

mod intensity;

pub use intensity::Intensity;
pub(crate) use intensity::Window;

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
