//! Specs: what the children of a tree are.

use std::time::Duration;

use perennial::{AutoShutdown, Restart, ShutdownStrategy, Strategy};
use serde_json::Value;

use crate::fields::{Fault, Fields, small_number, text};
use crate::names::ROOT;
use crate::spec::{
    Child, Children, ExitOrder, Limit, Role, Script, Spec, StartAct, StopAct, SupervisorSpec,
};

/// A period so long that time plays no part.
const NO_PERIOD: Duration = Duration::from_secs(1000);

/// How long a worker has to stop if its spec does not say it.
const WORKER_SHUTDOWN: ShutdownStrategy = ShutdownStrategy::Graceful(Duration::from_secs(5));

/// A spec with its id.
pub(super) fn named(value: &Value) -> Result<Spec, Fault> {
    let mut fields = Fields::of("a spec", value)?;
    let spec = Spec {
        id: id(&mut fields)?,
        child: child(&mut fields)?,
    };
    fields.finish()?;
    Ok(spec)
}

/// The root of a tree, of which nobody asks how it is restarted or stopped.
pub(super) fn root(value: &Value) -> Result<SupervisorSpec, Fault> {
    let spec = named(value)?;
    match spec.child.role {
        Role::Supervisor(supervisor) if spec.id == ROOT => Ok(supervisor),
        Role::Supervisor(_) => Err(Fault(format!(
            "the root of the tree is called `{}`",
            spec.id
        ))),
        Role::Worker(_) => Err(Fault("the root of the tree is not a supervisor".to_owned())),
    }
}

fn id(fields: &mut Fields<'_>) -> Result<String, Fault> {
    let id = fields.text("id")?;
    if id.is_empty() || id.contains(['/', '#']) {
        return Err(Fault(format!("`{id}` cannot be an id")));
    }
    Ok(id.to_owned())
}

fn template(value: &Value) -> Result<Child, Fault> {
    let mut fields = Fields::of("a template", value)?;
    let child = child(&mut fields)?;
    fields.finish()?;
    Ok(child)
}

fn child(fields: &mut Fields<'_>) -> Result<Child, Fault> {
    let (role, usual_shutdown) = match fields.text("kind")? {
        "worker" => (Role::Worker(script(fields)?), WORKER_SHUTDOWN),
        "sup" => (
            Role::Supervisor(supervisor(fields)?),
            ShutdownStrategy::Infinite,
        ),
        other => return Err(Fault(format!("unknown kind of child `{other}`"))),
    };
    Ok(Child {
        restart: match fields.optional("restart") {
            Some(value) => restart(value)?,
            None => Restart::Permanent,
        },
        shutdown: match fields.optional("shutdown") {
            Some(value) => shutdown(value)?,
            None => usual_shutdown,
        },
        significant: match fields.optional("significant") {
            Some(Value::Bool(significant)) => *significant,
            Some(other) => return Err(Fault(format!("`significant` is {other}"))),
            None => false,
        },
        role,
    })
}

fn script(fields: &mut Fields<'_>) -> Result<Script, Fault> {
    Ok(Script {
        starts: match fields.optional("starts") {
            Some(value) => starts(value)?,
            None => vec![StartAct::Ok],
        },
        stop: match fields.optional("stop") {
            Some(value) => stop(value)?,
            None => StopAct::Ok,
        },
    })
}

fn supervisor(fields: &mut Fields<'_>) -> Result<SupervisorSpec, Fault> {
    Ok(SupervisorSpec {
        limit: Limit {
            intensity: small_number("intensity", fields.required("intensity")?)?,
            period: match fields.optional("period") {
                Some(value) => Duration::from_secs(small_number("period", value)?.into()),
                None => NO_PERIOD,
            },
        },
        children: children(fields)?,
    })
}

fn children(fields: &mut Fields<'_>) -> Result<Children, Fault> {
    let strategy = match fields.text("strategy")? {
        "one_for_one" => Strategy::OneForOne,
        "one_for_all" => Strategy::OneForAll,
        "rest_for_one" => Strategy::RestForOne,
        "simple_one_for_one" => {
            let template = Box::new(template(fields.required("template")?)?);
            return Ok(Children::Dynamic { template });
        }
        other => return Err(Fault(format!("unknown strategy `{other}`"))),
    };
    Ok(Children::Listed {
        strategy,
        auto_shutdown: match fields.optional("auto_shutdown") {
            Some(value) => auto_shutdown(value)?,
            None => AutoShutdown::Never,
        },
        specs: fields.list("children", named)?,
    })
}

fn restart(value: &Value) -> Result<Restart, Fault> {
    match text("restart", value)? {
        "permanent" => Ok(Restart::Permanent),
        "transient" => Ok(Restart::Transient),
        "temporary" => Ok(Restart::Temporary),
        other => Err(Fault(format!("unknown restart type `{other}`"))),
    }
}

fn shutdown(value: &Value) -> Result<ShutdownStrategy, Fault> {
    match value {
        Value::String(word) if word == "infinity" => Ok(ShutdownStrategy::Infinite),
        Value::String(word) if word == "brutal_kill" => Ok(ShutdownStrategy::Brutal),
        Value::String(other) => Err(Fault(format!("unknown shutdown `{other}`"))),
        number => {
            let millis = small_number("shutdown", number)?;
            Ok(ShutdownStrategy::Graceful(Duration::from_millis(
                millis.into(),
            )))
        }
    }
}

fn auto_shutdown(value: &Value) -> Result<AutoShutdown, Fault> {
    match text("auto_shutdown", value)? {
        "never" => Ok(AutoShutdown::Never),
        "any_significant" => Ok(AutoShutdown::AnySignificant),
        "all_significant" => Ok(AutoShutdown::AllSignificant),
        other => Err(Fault(format!("unknown auto_shutdown `{other}`"))),
    }
}

/// What the start attempts of a worker do.
pub(super) fn starts(value: &Value) -> Result<Vec<StartAct>, Fault> {
    let entries = crate::fields::list("starts", value)?;
    if entries.is_empty() {
        return Err(Fault("`starts` is empty".to_owned()));
    }
    entries.iter().map(start_act).collect()
}

/// What one start attempt does.
pub(super) fn start_act(value: &Value) -> Result<StartAct, Fault> {
    let word = text("a start", value)?;
    match word {
        "ok" => return Ok(StartAct::Ok),
        "ignore" => return Ok(StartAct::Ignore),
        "error" => return Ok(StartAct::Error),
        "crash" => return Ok(StartAct::Crash),
        _ => (),
    }
    if let Some(millis) = word.strip_prefix("slow:") {
        return Ok(StartAct::Slow(duration(word, millis)?));
    }
    if let Some(millis) = word.strip_prefix("slow_error:") {
        return Ok(StartAct::SlowError(duration(word, millis)?));
    }
    Err(Fault(format!("unknown start `{word}`")))
}

/// How a worker answers a request to stop.
pub(super) fn stop(value: &Value) -> Result<StopAct, Fault> {
    let word = text("stop", value)?;
    match word {
        "ok" => return Ok(StopAct::Ok),
        "hang" => return Ok(StopAct::Hang),
        "error" | "normal" => return Ok(StopAct::Exit(exit_order(word)?)),
        _ => (),
    }
    if let Some(millis) = word.strip_prefix("slow:") {
        return Ok(StopAct::Slow(duration(word, millis)?));
    }
    if word.starts_with("shutdown:") {
        return Ok(StopAct::Exit(exit_order(word)?));
    }
    Err(Fault(format!("unknown stop `{word}`")))
}

/// How a worker ends.
pub(super) fn exit_order(word: &str) -> Result<ExitOrder, Fault> {
    match word {
        "normal" => Ok(ExitOrder::Normal),
        "shutdown" => Ok(ExitOrder::Shutdown),
        "error" => Ok(ExitOrder::Error),
        "kill" => Ok(ExitOrder::Kill),
        _ => match word.strip_prefix("shutdown:") {
            Some(reason) => Ok(ExitOrder::ShutdownWith(reason.to_owned())),
            None => Err(Fault(format!("unknown exit reason `{word}`"))),
        },
    }
}

fn duration(word: &str, millis: &str) -> Result<Duration, Fault> {
    let millis: u32 = millis
        .parse()
        .map_err(|_not_a_number| Fault(format!("`{word}` does not end with milliseconds")))?;
    Ok(Duration::from_millis(millis.into()))
}
