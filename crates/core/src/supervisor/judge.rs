//! What an end says to a machine, and what the user says to it.

use std::time::Duration;

use super::protocol::Exit;
use crate::child::Extras;
use crate::exit::{ExitReason, catch};
use crate::restart::PLANNED_AFTER;

/// As far as decisions depend on it, how a child ended whose life had that `uptime`.
pub(super) fn exit_of(reason: &ExitReason, uptime: impl FnOnce() -> Duration) -> Exit {
    match reason {
        reason if was_killed(reason) => Exit::Killed,
        ExitReason::InitializationFailed(_) => Exit::Unstartable,
        ExitReason::Planned if uptime() < PLANNED_AFTER => Exit::Hasty,
        ExitReason::Planned => Exit::Planned,
        reason if reason.is_permanent() => Exit::Permanent,
        reason if reason.is_clean() => Exit::Clean,
        _ => Exit::Abnormal,
    }
}

/// What the user says to the end of a child that nobody asked for.
pub(super) fn judge(extras: &Extras, reason: &ExitReason) -> Option<Exit> {
    // The panic hook has told of a panic, and then nothing was said.
    let said = catch(|| {
        let enough = extras
            .stop_when
            .as_ref()
            .is_some_and(|judge| judge.ask(reason));
        let verdict = || Some(Exit::Judged(extras.classifier.as_ref()?.ask(reason)?));
        if enough {
            Some(Exit::Satisfied)
        } else {
            verdict()
        }
    });
    said.ok().flatten()
}

/// Whether the task of the child was aborted.
pub(super) fn was_killed(reason: &ExitReason) -> bool {
    match reason {
        ExitReason::InitializationFailed(error) => error.was_killed(),
        reason => matches!(reason, ExitReason::Killed),
    }
}
