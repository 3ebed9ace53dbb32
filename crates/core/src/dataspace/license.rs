//! Whether a life may publish.

use crate::sync::atomic::{AtomicU8, Ordering};

const UNUSED: u8 = 0;
const USED: u8 = 1;
const EXPIRED: u8 = 2;

/// Whether a life may publish, and whether it ever has: one that has not costs a look at its end.
#[derive(Debug, Default)]
pub(crate) struct License(AtomicU8);

impl License {
    /// Notes that the life publishes; `false` if it is over. The dataspace must be there before.
    pub(super) fn take_up(&self) -> bool {
        // Release pairs with the acquire in `expire`: who finds it used finds the dataspace.
        let taken_up = self
            .0
            .compare_exchange(UNUSED, USED, Ordering::Release, Ordering::Relaxed);
        matches!(taken_up, Ok(UNUSED) | Err(USED))
    }

    /// The life is over; whether it has published anything. Only the first call may say so.
    pub(crate) fn expire(&self) -> bool {
        self.0.swap(EXPIRED, Ordering::AcqRel) == USED
    }

    /// To be asked under the lock of the table: what is put in there while it has not expired is found
    /// by who withdraws everything afterwards, under the same lock.
    pub(super) fn is_expired(&self) -> bool {
        // Relaxed: the lock orders it.
        self.0.load(Ordering::Relaxed) == EXPIRED
    }

    #[cfg(test)]
    pub(super) fn is_used(&self) -> bool {
        self.0.load(Ordering::Relaxed) == USED
    }
}
