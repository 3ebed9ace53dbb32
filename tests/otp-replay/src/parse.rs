//! Reads scenarios, one JSON object a line. Strict: what the format does not name is an error.

mod operation;
mod record;
mod spec;

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fields::{Fault, Fields, list, text};
use crate::trace::{Record, Scenario, Step};

/// Why a file could not be read as scenarios.
#[derive(Debug)]
pub enum ParseError {
    /// The file cannot be read.
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A line is not in the format.
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, the first one being 1.
        line: usize,
        /// What is wrong with it.
        fault: String,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "cannot read {}", path.display()),
            Self::Line { path, line, fault } => {
                write!(f, "{}:{line}: {fault}", path.display())
            }
        }
    }
}

impl Error for ParseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            Self::Line { .. } => None,
        }
    }
}

/// Reads all scenarios of a file.
///
/// # Errors
///
/// - [`ParseError::File`]: the file cannot be read.
/// - [`ParseError::Line`]: a line is not in the format; the first such line is named.
pub fn read_file(path: &Path) -> Result<Vec<Scenario>, ParseError> {
    let content = fs::read_to_string(path).map_err(|source| ParseError::File {
        path: path.to_owned(),
        source,
    })?;
    let lines = content.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            parse_line(line).map_err(|fault| ParseError::Line {
                path: path.to_owned(),
                line: index + 1,
                fault,
            })
        })
        .collect()
}

/// Reads one scenario.
///
/// # Errors
///
/// What is wrong with the line, in half a sentence.
pub fn parse_line(line: &str) -> Result<Scenario, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    scenario(&value).map_err(|Fault(fault)| fault)
}

fn scenario(value: &Value) -> Result<Scenario, Fault> {
    let mut fields = Fields::of("the scenario", value)?;
    let scenario = Scenario {
        id: fields.owned("id")?,
        family: fields.owned("family")?,
        note: match fields.optional("note") {
            Some(note) => Some(text("note", note)?.to_owned()),
            None => None,
        },
        needs: fields.list("needs", need)?,
        tree: spec::root(fields.required("tree")?)?,
        start: start(fields.required("start")?)?,
        steps: fields.list("steps", step)?,
    };
    fields.finish()?;
    Ok(scenario)
}

fn need(value: &Value) -> Result<String, Fault> {
    const KNOWN: [&str; 17] = [
        "one_for_one",
        "one_for_all",
        "rest_for_one",
        "dynamic",
        "auto_shutdown",
        "start_failure",
        "ignore",
        "stop_behaviour",
        "brutal_kill",
        "start_child",
        "terminate_child",
        "restart_child",
        "delete_child",
        "batch",
        "hold_start",
        "kill_sup",
        "sleep",
    ];
    let need = text("a member of `needs`", value)?;
    if KNOWN.contains(&need) {
        Ok(need.to_owned())
    } else {
        Err(Fault(format!("`needs` names an unknown `{need}`")))
    }
}

fn start(value: &Value) -> Result<Record, Fault> {
    let mut fields = Fields::of("the start", value)?;
    let answer = record::word(fields.required("ret")?)?;
    let record = record::record(&mut fields, answer)?;
    fields.finish()?;
    Ok(record)
}

fn step(value: &Value) -> Result<Step, Fault> {
    let mut fields = Fields::of("a step", value)?;
    let operation = operation::operation(fields.required("do")?)?;
    let answer = record::answer(&operation, fields.required("ret")?)?;
    let record = record::record(&mut fields, answer)?;
    fields.finish()?;
    Ok(Step { operation, record })
}

/// A list of pairs as parsed by `read`, whose members must come in the same number.
fn zipped<T, U>(
    what: &str,
    members: &[U],
    value: &Value,
    read: impl Fn(&U, &Value) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let values = list(what, value)?;
    if values.len() != members.len() {
        let (is, should) = (values.len(), members.len());
        return Err(Fault(format!("{what} has {is} members, not {should}")));
    }
    let pairs = members.iter().zip(values);
    pairs.map(|(member, value)| read(member, value)).collect()
}

#[cfg(test)]
mod tests;
