//! How a supervisor is asked for its health.

use super::stream::HealthStream;
use super::verdict::Health;
use crate::child::SupervisorHandle;

impl SupervisorHandle {
    /// How this supervisor and all below it fare.
    ///
    /// It costs as much as a [`snapshot`](Self::snapshot), and never waits for a supervisor.
    #[must_use]
    pub fn health(&self) -> Health {
        Health::of(&self.snapshot(), self.id())
    }

    /// The health of this supervisor and all below it now, and again whenever it has changed.
    ///
    /// Good before the start. It has no task of its own and does not poll: it looks again when a supervisor of the
    /// tree has done something and somebody waits for it.
    #[must_use]
    pub fn watch_health(&self) -> HealthStream {
        HealthStream::new(self.clone(), self.seat.pulse())
    }
}
