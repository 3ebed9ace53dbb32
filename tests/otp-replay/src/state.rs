//! The state of a tree, as its supervisors tell it.

use perennial::{ChildInfo, ChildKind, ChildState, Counts};

use crate::call::Caller;
use crate::names::{ROOT, join, trace_id};
use crate::trace::{Count, Row, RowState, SupervisorState};

/// OTP does not say which of its dynamic children it is that is restarting.
const SOME_CHILD: &str = "?";

/// Asks every live supervisor; sorted by path.
pub(crate) async fn state(caller: &Caller) -> Vec<SupervisorState> {
    let mut states = Vec::new();
    let mut to_ask = vec![ROOT.to_owned()];
    while let Some(path) = to_ask.pop() {
        let Some(handle) = caller.supervisor(&path) else {
            continue;
        };
        let (Ok(children), Ok(counts)) =
            (handle.which_children().await, handle.count_children().await)
        else {
            continue;
        };
        let supervisors = children.iter().filter(|child| {
            child.kind == ChildKind::Supervisor && row_state(child.state) == RowState::Running
        });
        to_ask.extend(supervisors.map(|child| join(&path, trace_id(child.id.as_str()))));
        states.push(SupervisorState {
            children: rows(caller, &path, &children),
            count: count(&counts),
            path,
        });
    }
    states.sort_by(|one, other| one.path.cmp(&other.path));
    states
}

/// The children of the supervisor at `path` in the order of the traces.
pub(crate) fn rows(caller: &Caller, path: &str, children: &[ChildInfo]) -> Vec<Row> {
    let is_dynamic = caller.builder.dynamic_handle(path).is_some();
    let row = |child: &ChildInfo| {
        let state = row_state(child.state);
        let id = if is_dynamic && state == RowState::Restarting {
            SOME_CHILD
        } else {
            trace_id(child.id.as_str())
        };
        let runs = state == RowState::Running;
        Row {
            id: id.to_owned(),
            state,
            life: child
                .incarnation
                .filter(|_| runs)
                .and_then(|life| caller.log.life(life)),
        }
    };
    let mut rows: Vec<Row> = children.iter().rev().map(row).collect();
    if is_dynamic {
        rows.sort_by(|one, other| {
            (one.id.len(), &one.id, one.life).cmp(&(other.id.len(), &other.id, other.life))
        });
    }
    rows
}

/// The numbers of `count_children`.
pub(crate) fn count(counts: &Counts) -> Count {
    Count {
        specs: counts.specs as u64,
        active: counts.active as u64,
        supervisors: counts.supervisors as u64,
        workers: counts.workers as u64,
    }
}

fn row_state(state: ChildState) -> RowState {
    match state {
        ChildState::Idle => RowState::Undefined,
        ChildState::Starting => RowState::Starting,
        ChildState::Running => RowState::Running,
        ChildState::Restarting => RowState::Restarting,
        ChildState::Stopping => RowState::Stopping,
        // Such as wait for a restart, which OTP's never do.
        _ => RowState::Restarting,
    }
}
