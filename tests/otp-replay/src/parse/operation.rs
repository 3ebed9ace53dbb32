//! Operations: what is done to a tree.

use std::time::Duration;

use serde_json::Value;

use super::spec;
use crate::fields::{Fault, Fields, small_number, text};
use crate::trace::{Operation, PlainOperation};

/// An operation of a step.
pub(super) fn operation(value: &Value) -> Result<Operation, Fault> {
    let mut fields = Fields::of("an operation", value)?;
    let operation = match fields.text("op")? {
        "sleep" => {
            let millis = small_number("ms", fields.required("ms")?)?;
            Operation::Sleep(Duration::from_millis(millis.into()))
        }
        "batch" => Operation::Batch {
            supervisor: fields.owned("sup")?,
            operations: fields.list("do", member)?,
        },
        "hold_start" => Operation::HoldStart {
            child: fields.owned("child")?,
            trigger: Box::new(member(fields.required("trigger")?)?),
            meanwhile: fields.list("do", member)?,
            then: spec::start_act(fields.required("then")?)?,
        },
        name => Operation::Plain(plain(name, &mut fields)?),
    };
    fields.finish()?;
    Ok(operation)
}

/// An operation that stands in another one: never one that holds others itself, and never a sleep.
fn member(value: &Value) -> Result<PlainOperation, Fault> {
    let mut fields = Fields::of("an operation", value)?;
    let name = fields.text("op")?;
    let operation = plain(name, &mut fields)?;
    fields.finish()?;
    Ok(operation)
}

fn plain(name: &str, fields: &mut Fields<'_>) -> Result<PlainOperation, Fault> {
    match name {
        "exit" => Ok(PlainOperation::Exit {
            child: fields.owned("child")?,
            order: spec::exit_order(fields.text("reason")?)?,
        }),
        "start_child" => start_child(fields),
        "terminate_child" => terminate_child(fields),
        "restart_child" => Ok(PlainOperation::RestartChild {
            supervisor: fields.owned("sup")?,
            child: fields.owned("child")?,
        }),
        "delete_child" => Ok(PlainOperation::DeleteChild {
            supervisor: fields.owned("sup")?,
            child: fields.owned("child")?,
        }),
        "which_children" => Ok(PlainOperation::WhichChildren {
            supervisor: fields.owned("sup")?,
        }),
        "count_children" => Ok(PlainOperation::CountChildren {
            supervisor: fields.owned("sup")?,
        }),
        "stop" => Ok(PlainOperation::Stop),
        "kill_sup" => Ok(PlainOperation::KillSupervisor {
            supervisor: fields.owned("sup")?,
        }),
        other => Err(Fault(format!("unknown operation `{other}`"))),
    }
}

fn start_child(fields: &mut Fields<'_>) -> Result<PlainOperation, Fault> {
    let supervisor = fields.owned("sup")?;
    if let Some(value) = fields.optional("spec") {
        let spec = spec::named(value)?;
        return Ok(PlainOperation::StartChild { supervisor, spec });
    }
    Ok(PlainOperation::StartDynamic {
        supervisor,
        key: key(fields)?,
        starts: fields.optional("starts").map(spec::starts).transpose()?,
        stop: fields.optional("stop").map(spec::stop).transpose()?,
    })
}

fn terminate_child(fields: &mut Fields<'_>) -> Result<PlainOperation, Fault> {
    let supervisor = fields.owned("sup")?;
    if let Some(value) = fields.optional("child") {
        let child = text("child", value)?.to_owned();
        return Ok(PlainOperation::TerminateChild { supervisor, child });
    }
    Ok(PlainOperation::TerminateDynamic {
        supervisor,
        key: key(fields)?,
        gone: match fields.optional("quirk") {
            Some(value) => match text("quirk", value)? {
                "terminate_dead_dynamic" => true,
                other => return Err(Fault(format!("unknown quirk `{other}`"))),
            },
            None => false,
        },
    })
}

fn key(fields: &mut Fields<'_>) -> Result<String, Fault> {
    let key = fields.text("key")?;
    if key.is_empty() || key.contains(['/', '#']) {
        return Err(Fault(format!("`{key}` cannot be a key")));
    }
    Ok(key.to_owned())
}
