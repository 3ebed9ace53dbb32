//! Records: what came of an operation.

use std::collections::HashSet;

use serde_json::Value;

use super::zipped;
use crate::fields::{Fault, Fields, list, number, small_number, text};
use crate::trace::{
    Answer, Count, Item, Operation, PlainOperation, Record, Row, RowState, SupervisorState,
    TraceEvent, TraceKind,
};

/// The rest of a record, the answer of which is known.
pub(super) fn record(fields: &mut Fields<'_>, answer: Answer) -> Result<Record, Fault> {
    let events = fields.list("events", item)?;
    no_event_twice(&events, &mut HashSet::new())?;
    Ok(Record {
        answer,
        events,
        reports: match fields.optional("reports") {
            Some(value) => list("reports", value)?
                .iter()
                .map(report)
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        },
        state: fields.list("state", state)?,
    })
}

/// An answer that is a text.
pub(super) fn word(value: &Value) -> Result<Answer, Fault> {
    Ok(Answer::Word(text("ret", value)?.to_owned()))
}

/// The answer to `operation`.
pub(super) fn answer(operation: &Operation, value: &Value) -> Result<Answer, Fault> {
    match operation {
        Operation::Plain(operation) => plain_answer(operation, value),
        Operation::Sleep(_) => match value {
            Value::Null => Ok(Answer::Nothing),
            other => Err(Fault(format!("no such answer: {other}"))),
        },
        Operation::Batch { operations, .. } => {
            let answers = zipped("ret of a batch", operations, value, plain_answer)?;
            Ok(Answer::Several(answers))
        }
        Operation::HoldStart {
            trigger, meanwhile, ..
        } => held(trigger, meanwhile, value),
    }
}

fn plain_answer(operation: &PlainOperation, value: &Value) -> Result<Answer, Fault> {
    match (operation, value) {
        (_, Value::Null) => Ok(Answer::Nothing),
        (_, Value::String(_)) => word(value),
        (PlainOperation::WhichChildren { .. }, value) => Ok(Answer::Children(rows(value)?)),
        (PlainOperation::CountChildren { .. }, value) => Ok(Answer::Count(count(value)?)),
        (_, other) => Err(Fault(format!("no such answer: {other}"))),
    }
}

fn held(
    trigger: &PlainOperation,
    meanwhile: &[PlainOperation],
    value: &Value,
) -> Result<Answer, Fault> {
    let mut fields = Fields::of("ret of a held start", value)?;
    let trigger = Box::new(plain_answer(trigger, fields.required("trigger")?)?);
    let answers = fields.required("do")?;
    let meanwhile = zipped("`do` of ret", meanwhile, answers, plain_answer)?;
    fields.finish()?;
    Ok(Answer::Held { trigger, meanwhile })
}

fn item(value: &Value) -> Result<Item, Fault> {
    if value.is_array() {
        return Ok(Item::One(event(value)?));
    }
    let mut fields = Fields::of("an event", value)?;
    let branches = fields.list("par", |branch| {
        list("a branch of `par`", branch)?
            .iter()
            .map(item)
            .collect()
    })?;
    fields.finish()?;
    Ok(Item::Parallel(branches))
}

fn event(value: &Value) -> Result<TraceEvent, Fault> {
    let unknown = || Fault(format!("no such event: {value}"));
    let (head, reason) = match list("an event", value)? {
        [head @ .., reason] if head.len() == 3 => (head, Some(text("a reason", reason)?)),
        head if head.len() == 3 => (head, None),
        _ => return Err(unknown()),
    };
    let kind = match (text("an event", &head[0])?, reason) {
        ("start", None) => TraceKind::Start,
        ("started", None) => TraceKind::Started,
        ("ignored", None) => TraceKind::Ignored,
        ("start_failed", Some(reason)) => TraceKind::StartFailed(reason.to_owned()),
        ("stop", Some("shutdown")) => TraceKind::StopAsked,
        ("stop", Some("kill")) => TraceKind::StopKilled,
        ("exit", Some(reason)) => TraceKind::Exit(reason.to_owned()),
        _ => return Err(unknown()),
    };
    Ok(TraceEvent {
        kind,
        path: text("a path", &head[1])?.to_owned(),
        life: small_number("a life", &head[2])?,
    })
}

/// That an event happens once makes the order between two of them well defined.
fn no_event_twice<'a>(items: &'a [Item], seen: &mut HashSet<&'a TraceEvent>) -> Result<(), Fault> {
    for item in items {
        match item {
            Item::One(event) if !seen.insert(event) => {
                return Err(Fault(format!("the event `{event}` stands twice")));
            }
            Item::One(_) => (),
            Item::Parallel(branches) => {
                for branch in branches {
                    no_event_twice(branch, seen)?;
                }
            }
        }
    }
    Ok(())
}

fn report(value: &Value) -> Result<[String; 4], Fault> {
    let words: Vec<String> = list("a report", value)?
        .iter()
        .map(|word| text("a report", word).map(str::to_owned))
        .collect::<Result<_, _>>()?;
    match <[String; 4]>::try_from(words) {
        Ok(report) if KINDS_OF_REPORT.contains(&report[0].as_str()) => Ok(report),
        _ => Err(Fault(format!("no such report: {value}"))),
    }
}

const KINDS_OF_REPORT: [&str; 4] = [
    "child_terminated",
    "start_error",
    "shutdown_error",
    "shutdown",
];

fn state(value: &Value) -> Result<SupervisorState, Fault> {
    let mut fields = Fields::of("a state", value)?;
    let state = SupervisorState {
        path: fields.owned("sup")?,
        children: rows(fields.required("children")?)?,
        count: count(fields.required("count")?)?,
    };
    fields.finish()?;
    Ok(state)
}

fn rows(value: &Value) -> Result<Vec<Row>, Fault> {
    list("the children", value)?.iter().map(row).collect()
}

fn row(value: &Value) -> Result<Row, Fault> {
    let [id, state, life] = list("a row", value)? else {
        return Err(Fault(format!("no such row: {value}")));
    };
    Ok(Row {
        id: text("the id of a row", id)?.to_owned(),
        state: match text("the state of a row", state)? {
            "running" => RowState::Running,
            "undefined" => RowState::Undefined,
            "restarting" => RowState::Restarting,
            other => return Err(Fault(format!("unknown state of a row `{other}`"))),
        },
        life: match life {
            Value::Null => None,
            life => Some(small_number("a life", life)?),
        },
    })
}

fn count(value: &Value) -> Result<Count, Fault> {
    let [specs, active, supervisors, workers] = list("a count", value)? else {
        return Err(Fault(format!("no such count: {value}")));
    };
    Ok(Count {
        specs: number("a count", specs)?,
        active: number("a count", active)?,
        supervisors: number("a count", supervisors)?,
        workers: number("a count", workers)?,
    })
}
