//! How a row comes to wait for its turn, or waits no more.

use crate::child::Entry;
use crate::observe::EventKind;
use crate::tree::ChildState;

/// A change of a row that waits for its restart or rests, or comes to wait, which no action tells of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// Its turn will come.
    Due,
    CalledOff,
}

impl Turn {
    pub(super) fn of(before: ChildState, now: ChildState) -> Option<Self> {
        let is_over = match before {
            ChildState::Backoff | ChildState::Quarantined => true,
            ChildState::Restarting | ChildState::Paused => true,
            ChildState::Idle | ChildState::Starting => false,
            ChildState::Running | ChildState::Stopping => false,
        };
        match now {
            ChildState::Restarting if before != now => Some(Self::Due),
            ChildState::Idle if is_over => Some(Self::CalledOff),
            _ => None,
        }
    }

    pub(super) fn kind(self, entry: &Entry) -> EventKind {
        match self {
            Self::Due => EventKind::Retrying {
                crash: entry.crashes.open(),
            },
            Self::CalledOff => EventKind::CalledOff,
        }
    }
}
