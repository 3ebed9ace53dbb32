//! Where the rules depart from OTP's letter, each departure a switch.

/// How literally a supervisor follows OTP.
///
/// The default departs from OTP in a few points, each on purpose and each a switch here: `true` is
/// OTP's way. A nested supervisor takes over the value of the one above unless it has its own.
/// For those who port from OTP; all else should keep the default.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Semantics, Supervisor};
///
/// let app = Supervisor::one_for_one("app").semantics(Semantics::otp_exact());
/// # let _: Supervisor = app;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Semantics {
    /// Requests to stop, and the calls that only read, wait for their turn in the inbox.
    /// By default a request to stop comes first, and reads are answered at once.
    pub arrival_order: bool,
    /// While a child starts or stops the supervisor hears nothing else, a stop request neither; the
    /// initialization of a child is not cut short by a stop. By default it hears everything at any time.
    pub blocking: bool,
    /// A supervisor that gave up exits with `shutdown`, so that its supervisor does not restart it
    /// if it is transient. By default it exits with [`ExitReason::Exhausted`](crate::ExitReason), which is abnormal.
    pub clean_exhaustion: bool,
    /// Every child has [`InitPolicy::FatalOnFirstStart`](crate::InitPolicy), whatever it says.
    pub retried_initialization: bool,
    /// No initialization is limited in time.
    pub unlimited_initialization: bool,
    /// The window of the restart intensity counts in whole seconds, its end included, and its clock
    /// goes on while a group is stopped. By default it is exact and stands still meanwhile.
    pub whole_seconds: bool,
    /// When a supervisor is killed, the supervisors below it stop their children in order and then
    /// exit. By default the whole subtree is killed.
    pub orderly_orphans: bool,
    /// To terminate a dynamic child means the life that it has when the call is made: one that was
    /// restarted before the call has its turn lives on; and only its [`DynamicHandle`](crate::DynamicHandle)
    /// can do it. By default the child is meant, and any handle can.
    pub lives_by_identity: bool,
    /// When a child could not start with its group and a call then stops it, those that waited for it stay down.
    /// By default its group goes on without it.
    pub deserted_groups: bool,
}

impl Semantics {
    /// OTP to the letter: every switch on.
    #[must_use]
    pub const fn otp_exact() -> Self {
        Self {
            arrival_order: true,
            blocking: true,
            clean_exhaustion: true,
            retried_initialization: true,
            unlimited_initialization: true,
            whole_seconds: true,
            orderly_orphans: true,
            lives_by_identity: true,
            deserted_groups: true,
        }
    }
}
