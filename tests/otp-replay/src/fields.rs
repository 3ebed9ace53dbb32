//! A JSON object read strictly: every field must be asked for, and none may be left over.

use serde_json::{Map, Value};

/// Why a line is not in the format, in half a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

/// A JSON object and the fields that were asked for.
pub(crate) struct Fields<'a> {
    what: &'static str,
    object: &'a Map<String, Value>,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Begins to read `value`, which `what` names in faults.
    pub(crate) fn of(what: &'static str, value: &'a Value) -> Result<Self, Fault> {
        match value {
            Value::Object(object) => Ok(Self {
                what,
                object,
                asked: Vec::new(),
            }),
            other => Err(Fault(format!("{what} is not an object: {other}"))),
        }
    }

    /// A field that may be left out.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.object.get(name)
    }

    /// A field that must be there.
    pub(crate) fn required(&mut self, name: &'static str) -> Result<&'a Value, Fault> {
        let what = self.what;
        self.optional(name)
            .ok_or_else(|| Fault(format!("{what} has no `{name}`")))
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<&'a str, Fault> {
        text(name, self.required(name)?)
    }

    /// A path or an id, as a text of its own.
    pub(crate) fn owned(&mut self, name: &'static str) -> Result<String, Fault> {
        self.text(name).map(str::to_owned)
    }

    /// A list that must be there, each member read by `read`.
    pub(crate) fn list<T>(
        &mut self,
        name: &'static str,
        read: impl FnMut(&'a Value) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        list(name, self.required(name)?)?.iter().map(read).collect()
    }

    /// Ends the reading: a field that nobody asked for is a fault.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        let unknown = self
            .object
            .keys()
            .find(|name| !self.asked.contains(&name.as_str()));
        match unknown {
            None => Ok(()),
            Some(name) => Err(Fault(format!(
                "{} has an unknown field `{name}`",
                self.what
            ))),
        }
    }
}

/// `value` as a text.
pub(crate) fn text<'a>(what: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value
        .as_str()
        .ok_or_else(|| Fault(format!("{what} is not a text: {value}")))
}

/// `value` as a number of no sign.
pub(crate) fn number(what: &str, value: &Value) -> Result<u64, Fault> {
    value
        .as_u64()
        .ok_or_else(|| Fault(format!("{what} is not a whole number: {value}")))
}

/// `value` as a number that fits into 32 bits.
pub(crate) fn small_number(what: &str, value: &Value) -> Result<u32, Fault> {
    u32::try_from(number(what, value)?)
        .map_err(|_too_large| Fault(format!("{what} is too large: {value}")))
}

/// `value` as a list.
pub(crate) fn list<'a>(what: &str, value: &'a Value) -> Result<&'a [Value], Fault> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| Fault(format!("{what} is not a list: {value}")))
}
