//! Whether what came is what was recorded.
//!
//! The recorded events are a partial order: a list, and in it places where sequences run side by
//! side. What came is a plain list. It is right if it holds exactly the recorded events, and each of
//! them after all those that the record puts before it. Answers and states must be equal.

use std::collections::HashMap;

use crate::trace::{Answer, Item, Operation, PlainOperation, Record, SupervisorState, TraceEvent};

/// What came of an operation when it was replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// What the caller was told.
    pub answer: Answer,
    /// What happened, in order.
    pub events: Vec<TraceEvent>,
    /// Every live supervisor afterwards, sorted by path.
    pub state: Vec<SupervisorState>,
}

/// The first point in which what came is not what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Another event came than one of those that could come next.
    Event {
        /// Its place in the list of what came; the length of that list if an event is missing.
        at: usize,
        /// What came there.
        came: Option<TraceEvent>,
        /// What could have come there; empty if nothing more was to come.
        expected: Vec<TraceEvent>,
    },
    /// The caller was told something else.
    Answer {
        /// What was recorded.
        expected: Answer,
        /// What came.
        came: Answer,
    },
    /// The supervisors were left in another state.
    State {
        /// What was recorded.
        expected: Vec<SupervisorState>,
        /// What came.
        came: Vec<SupervisorState>,
    },
}

/// The recorded events and which of them each one must follow.
struct PartialOrder<'a> {
    events: Vec<&'a TraceEvent>,
    /// For each event those that stand directly before it, by their places in `events`.
    before: Vec<Vec<usize>>,
}

/// Compares what came of `operation` with the record: the events, then the answer, then the state.
///
/// No operation stands for the start of the tree.
#[must_use]
pub fn compare(
    operation: Option<&Operation>,
    record: &Record,
    replayed: &Replayed,
) -> Option<Difference> {
    compare_events(&record.events, &replayed.events)
        .or_else(|| {
            let agrees = match operation {
                Some(operation) => answers_agree(operation, &record.answer, &replayed.answer),
                None => record.answer == replayed.answer,
            };
            (!agrees).then(|| Difference::Answer {
                expected: record.answer.clone(),
                came: replayed.answer.clone(),
            })
        })
        .or_else(|| {
            (record.state != replayed.state).then(|| Difference::State {
                expected: record.state.clone(),
                came: replayed.state.clone(),
            })
        })
}

/// Compares events alone: `None` if `came` is one of the orders that `recorded` allows.
#[must_use]
pub fn compare_events(recorded: &[Item], came: &[TraceEvent]) -> Option<Difference> {
    let order = PartialOrder::of(recorded);
    let places: HashMap<&TraceEvent, usize> = order
        .events
        .iter()
        .enumerate()
        .map(|(place, &event)| (event, place))
        .collect();
    let mut seen = vec![false; order.events.len()];
    for (at, event) in came.iter().enumerate() {
        match places.get(event) {
            Some(&place) if order.is_next(place, &seen) => seen[place] = true,
            _ => {
                return Some(Difference::Event {
                    at,
                    came: Some(event.clone()),
                    expected: order.next(&seen),
                });
            }
        }
    }
    let missing = order.next(&seen);
    (!missing.is_empty()).then_some(Difference::Event {
        at: came.len(),
        came: None,
        expected: missing,
    })
}

/// One of the orders that `recorded` allows: the branches of a `par` one after the other.
#[must_use]
pub fn linearized(recorded: &[Item]) -> Vec<TraceEvent> {
    let order = PartialOrder::of(recorded);
    order.events.into_iter().cloned().collect()
}

/// For each event of [`linearized`] the places of those that stand directly before it.
#[must_use]
pub fn directly_before(recorded: &[Item]) -> Vec<Vec<usize>> {
    PartialOrder::of(recorded).before
}

/// Equal, but for the one answer that the format leaves open.
fn answers_agree(operation: &Operation, expected: &Answer, came: &Answer) -> bool {
    match (operation, expected, came) {
        (Operation::Plain(operation), expected, came) => plain_agrees(operation, expected, came),
        (Operation::Batch { operations, .. }, Answer::Several(expected), Answer::Several(came)) => {
            all_agree(operations, expected, came)
        }
        (
            Operation::HoldStart {
                trigger, meanwhile, ..
            },
            Answer::Held {
                trigger: expected,
                meanwhile: all_expected,
            },
            Answer::Held {
                trigger: came,
                meanwhile: all_came,
            },
        ) => plain_agrees(trigger, expected, came) && all_agree(meanwhile, all_expected, all_came),
        _ => expected == came,
    }
}

fn all_agree(operations: &[PlainOperation], expected: &[Answer], came: &[Answer]) -> bool {
    let mut pairs = operations.iter().zip(expected.iter().zip(came));
    operations.len() == came.len()
        && expected.len() == came.len()
        && pairs.all(|(operation, (expected, came))| plain_agrees(operation, expected, came))
}

fn plain_agrees(operation: &PlainOperation, expected: &Answer, came: &Answer) -> bool {
    let or_not_found = matches!(
        operation,
        PlainOperation::TerminateDynamic { gone: true, .. }
    );
    let not_found = matches!(came, Answer::Word(word) if word == "error:not_found");
    expected == came || (or_not_found && not_found)
}

impl<'a> PartialOrder<'a> {
    fn of(recorded: &'a [Item]) -> Self {
        let mut order = Self {
            events: Vec::new(),
            before: Vec::new(),
        };
        order.walk(recorded, Vec::new());
        order
    }

    /// Adds `items`, which all follow `last`; what follows them follows the places returned.
    fn walk(&mut self, items: &'a [Item], mut last: Vec<usize>) -> Vec<usize> {
        for item in items {
            last = match item {
                Item::One(event) => {
                    self.events.push(event);
                    self.before.push(last);
                    vec![self.events.len() - 1]
                }
                Item::Parallel(branches) if branches.is_empty() => last,
                Item::Parallel(branches) => {
                    let mut ends: Vec<usize> = branches
                        .iter()
                        .flat_map(|branch| self.walk(branch, last.clone()))
                        .collect();
                    ends.sort_unstable();
                    ends.dedup();
                    ends
                }
            };
        }
        last
    }

    /// Whether the event at `place` can come now.
    fn is_next(&self, place: usize, seen: &[bool]) -> bool {
        !seen[place] && self.before[place].iter().all(|&before| seen[before])
    }

    /// The events that can come now.
    fn next(&self, seen: &[bool]) -> Vec<TraceEvent> {
        let places = 0..self.events.len();
        places
            .filter(|&place| self.is_next(place, seen))
            .map(|place| self.events[place].clone())
            .collect()
    }
}

#[cfg(test)]
mod tests;
