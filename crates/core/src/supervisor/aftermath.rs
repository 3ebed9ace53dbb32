//! What follows when a child has ended by itself: the same for all supervisors.

use std::time::Duration;

use super::protocol::{End, Exit, Slot, Traits};
use super::slot::Held;
use crate::child::InitPolicy;
use crate::restart::{DelayCause, ExitVerdict, Restart};

/// What follows when a child has ended, or could not start again, and nobody had asked for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aftermath {
    /// Nothing: it has nothing more to do.
    Done,
    /// A restart that counts, in that time if somebody says so.
    Restart(Option<Duration>),
    /// A restart that does not count and waits for nothing.
    Renewal,
    /// Its restart has failed, and is tried again.
    Retry,
    /// The end of its supervisor.
    End(End),
}

impl Traits {
    /// What follows when the child of this row has ended.
    pub(crate) fn aftermath(&self, slot: Slot, exit: Exit) -> Aftermath {
        match exit {
            Exit::Satisfied => Aftermath::End(End::Satisfied(slot)),
            Exit::Judged(ExitVerdict::Stop) => Aftermath::Done,
            Exit::Judged(ExitVerdict::Escalate) => Aftermath::End(End::Escalated(slot)),
            // Nobody depends on the restart of a temporary child.
            _ if self.restart == Restart::Temporary => Aftermath::Done,
            Exit::Judged(ExitVerdict::Restart) => Aftermath::Restart(None),
            Exit::Judged(ExitVerdict::RestartAfter(time)) => Aftermath::Restart(Some(time)),
            Exit::Permanent => Aftermath::End(End::Escalated(slot)),
            Exit::Planned => Aftermath::Renewal,
            Exit::Hasty => Aftermath::Restart(None),
            Exit::Unstartable if self.is_fatal() => Aftermath::End(End::RestartFailed(slot)),
            Exit::Clean | Exit::Abnormal | Exit::Killed | Exit::Unstartable => {
                if self.restart.follows(exit != Exit::Clean) {
                    Aftermath::Restart(None)
                } else {
                    Aftermath::Done
                }
            }
        }
    }

    /// What follows when the child of this row could not start again.
    pub(crate) fn aftermath_of_restart(&self, slot: Slot, exit: Exit) -> Aftermath {
        match exit {
            Exit::Judged(_) | Exit::Satisfied => self.aftermath(slot, exit),
            // That says nothing against the child.
            Exit::Killed => Aftermath::Retry,
            _ if self.is_fatal() => Aftermath::End(End::RestartFailed(slot)),
            _ => Aftermath::Retry,
        }
    }

    /// Whether such an exit is heeded also where the child is about to be restarted with its group.
    pub(crate) fn is_final(&self, exit: Exit) -> bool {
        match exit {
            Exit::Satisfied | Exit::Judged(ExitVerdict::Stop | ExitVerdict::Escalate) => true,
            Exit::Permanent => self.restart != Restart::Temporary,
            Exit::Judged(ExitVerdict::Restart | ExitVerdict::RestartAfter(_)) => false,
            Exit::Clean | Exit::Abnormal | Exit::Killed => false,
            Exit::Unstartable | Exit::Planned | Exit::Hasty => false,
        }
    }

    pub(crate) fn is_fatal(&self) -> bool {
        self.init_policy == InitPolicy::Fatal
    }
}

impl Exit {
    /// As that of a child that was told to end as it had failed: how it then ended makes no difference.
    pub(crate) fn of_failure(self) -> Self {
        match self {
            Self::Judged(_) | Self::Satisfied => self,
            _ => Self::Abnormal,
        }
    }
}

impl End {
    /// The restart of this child was one too many for its `own` limit, or for its supervisor.
    pub(crate) fn of_limit(slot: Slot, own: bool) -> Self {
        if own {
            Self::LimitReached(slot)
        } else {
            Self::Exhausted(slot)
        }
    }
}

impl Held {
    /// What holds a row whose restart is put off for that.
    pub(crate) fn by(cause: DelayCause) -> Self {
        match cause {
            DelayCause::Quarantine => Self::Quarantined,
            DelayCause::Backoff { .. } | DelayCause::Verdict | DelayCause::Storm => Self::Paced,
            DelayCause::Dependency => Self::Needy,
        }
    }
}
