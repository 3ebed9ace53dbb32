//! Reasons and errors of `perennial` in the words of the traces.
//!
//! What the traces have no word for is told in words that no trace holds, so that it is seen.

use perennial::{
    CallError, ChildError, ChildPath, ExitReason, Fault, InitializationError, SpecError,
    StartChildError, StartError,
};

use crate::names::trace_id;
use crate::script::INIT_ERROR;

/// The answer that a supervisor was not there when it was called.
pub(crate) const NOT_THERE: &str = "noproc";

/// How a life ended.
pub(crate) fn exit(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Normal => "normal".to_owned(),
        ExitReason::Shutdown => "shutdown".to_owned(),
        ExitReason::ShutdownWith(reason) => format!("shutdown:{reason}"),
        ExitReason::Failed(_) | ExitReason::Panicked(_) => "error".to_owned(),
        ExitReason::Killed => "killed".to_owned(),
        ExitReason::Unresponsive => "unresponsive".to_owned(),
        ExitReason::InitializationFailed(error) => {
            format!("initialization_failed({})", start_failure(error))
        }
        ExitReason::Exhausted(_) => "exhausted".to_owned(),
        other => format!("unknown({other})"),
    }
}

/// Why a start failed; for a supervisor the ids down to the child that failed.
pub(crate) fn start_failure(error: &InitializationError) -> String {
    let (Some(child), Some((origin, reason))) = (error.child(), error.origin()) else {
        return own_failure(error);
    };
    let innermost = match reason {
        ExitReason::InitializationFailed(error) => own_failure(error),
        other => exit(other),
    };
    ids_between(child, origin)
        .iter()
        .rev()
        .fold(innermost, |reason, id| {
            format!("failed_to_start_child({id},{reason})")
        })
}

/// Why a start failed that is not a supervisor's for one of its children.
fn own_failure(error: &InitializationError) -> String {
    if error.panic().is_some() {
        return "crash".to_owned();
    }
    let said = error.to_string();
    if said == INIT_ERROR {
        "error".to_owned()
    } else {
        said
    }
}

/// The ids from `upper` down to `lower`, both included.
fn ids_between(upper: &ChildPath, lower: &ChildPath) -> Vec<String> {
    let mut ids = Vec::new();
    let mut at = Some(lower);
    while let Some(path) = at {
        ids.push(trace_id(path.id().as_str()).to_owned());
        at = if path == upper { None } else { path.parent() };
    }
    ids.reverse();
    ids
}

/// What a call of start_child was told that did not succeed.
pub(crate) fn start_child_error(error: &StartChildError) -> String {
    match error {
        StartChildError::AlreadyStarted { .. } => "error:already_started".to_owned(),
        StartChildError::AlreadyPresent { .. } => "error:already_present".to_owned(),
        StartChildError::MaxChildren { .. } => "error:max_children".to_owned(),
        StartChildError::Initialization { source, .. } => {
            format!("error:{}", start_failure(source))
        }
        StartChildError::Spec { source, .. } => format!("error:{}", invalid_spec(source)),
        StartChildError::Dynamic => "error:simple_one_for_one".to_owned(),
        StartChildError::NotRunning { .. } => NOT_THERE.to_owned(),
        StartChildError::Ended { reason, .. } => format!("exit:{}", exit(reason)),
        other => format!("error:{other}"),
    }
}

/// What another call about one child was told that did not succeed.
pub(crate) fn child_error(error: &ChildError) -> String {
    match error {
        ChildError::NotFound { .. } => "error:not_found".to_owned(),
        ChildError::Running { .. } => "error:running".to_owned(),
        ChildError::Restarting { .. } => "error:restarting".to_owned(),
        ChildError::Dynamic => "error:simple_one_for_one".to_owned(),
        ChildError::Initialization { source, .. } => format!("error:{}", start_failure(source)),
        ChildError::NotRunning { .. } => NOT_THERE.to_owned(),
        ChildError::Ended { reason, .. } => format!("exit:{}", exit(reason)),
        other => format!("error:{other}"),
    }
}

/// What a call about all children was told that did not succeed.
pub(crate) fn call_error(error: &CallError) -> String {
    match error {
        CallError::NotRunning { .. } => NOT_THERE.to_owned(),
        CallError::Ended { reason, .. } => format!("exit:{}", exit(reason)),
        other => format!("error:{other}"),
    }
}

/// Why the tree did not start.
pub(crate) fn tree_start_failure(error: &StartError) -> String {
    match error {
        StartError::Spec { source, .. } => invalid_spec(source),
        StartError::Initialization { source, .. } => start_failure(source),
        other => other.to_string(),
    }
}

/// The first fault of a spec, which is the one that OTP tells.
fn invalid_spec(error: &SpecError) -> String {
    let fault = match error.faults().next() {
        Some((_, Fault::DuplicateId)) => "duplicate_id".to_owned(),
        Some((_, Fault::SignificantPermanent | Fault::SignificantWithoutAutoShutdown)) => {
            "bad_combination".to_owned()
        }
        _ => error.to_string(),
    };
    format!("invalid_spec({fault})")
}
