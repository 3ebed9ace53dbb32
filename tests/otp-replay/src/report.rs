//! What the replayer prints.

use std::collections::BTreeMap;
use std::fmt;

use crate::compare::Difference;
use crate::explain::Verdict;
use crate::play::{Failure, Problem};
use crate::trace::{Answer, Count, Item, Row, RowState, Scenario, SupervisorState, TraceEvent};

/// How many events are shown before and after the one that is wrong.
const AROUND: usize = 3;

/// How many scenarios are named for one explanation.
const NAMED: usize = 5;

/// A scenario that went another way than recorded, and where.
#[derive(Debug)]
pub struct FailureReport<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Where it went another way.
    pub failure: &'a Failure,
}

/// How many scenarios the default rules pass, and which switches explain the others.
#[derive(Debug, Default)]
pub struct ExplanationTable {
    as_recorded: usize,
    explained: BTreeMap<(usize, String), Vec<String>>,
    unexplained: Vec<String>,
}

impl ExplanationTable {
    /// Counts a scenario.
    pub fn add(&mut self, id: &str, verdict: &Verdict) {
        match verdict {
            Verdict::AsRecorded => self.as_recorded += 1,
            Verdict::Explained(switches) => {
                // The size comes first in the key, so that small sets are printed first.
                let key = (switches.len(), switches.join(" + "));
                self.explained.entry(key).or_default().push(id.to_owned());
            }
            Verdict::Unexplained(_) => self.unexplained.push(id.to_owned()),
        }
    }
}

impl fmt::Display for ExplanationTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>5}  as recorded", self.as_recorded)?;
        for ((_, switches), ids) in &self.explained {
            writeln!(f, "{:>5}  with {switches}: {}", ids.len(), Named(ids))?;
        }
        if !self.unexplained.is_empty() {
            let ids = &self.unexplained;
            writeln!(
                f,
                "{:>5}  not explained by any switches: {}",
                ids.len(),
                Named(ids)
            )?;
        }
        Ok(())
    }
}

/// The first few of a list of ids.
struct Named<'a>(&'a [String]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[..self.0.len().min(NAMED)].join(", "))?;
        if self.0.len() > NAMED {
            f.write_str(", ...")
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for FailureReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, failure } = self;
        write!(f, "{} failed", scenario.id)?;
        if let Some(note) = &scenario.note {
            write!(f, " ({note})")?;
        }
        writeln!(f)?;
        match &failure.operation {
            Some(operation) => writeln!(f, "  step {}: {operation:?}", failure.step)?,
            None => writeln!(f, "  the start of the tree")?,
        }
        match &failure.problem {
            Problem::Different(difference) => write_difference(f, difference, failure),
            Problem::Stuck(why) => {
                writeln!(f, "  {why}; it came so far:")?;
                write_events(f, &failure.came, failure.came.len())
            }
        }
    }
}

fn write_difference(
    f: &mut fmt::Formatter<'_>,
    difference: &Difference,
    failure: &Failure,
) -> fmt::Result {
    match difference {
        Difference::Event { at, came, expected } => {
            match came {
                Some(came) => writeln!(f, "  event {}: `{came}` came", at + 1)?,
                None => writeln!(f, "  event {}: none came", at + 1)?,
            }
            match expected.as_slice() {
                [] => writeln!(f, "  expected: no more events")?,
                expected => {
                    let expected: Vec<String> =
                        expected.iter().map(|one| format!("`{one}`")).collect();
                    writeln!(f, "  expected: {}", expected.join(" or "))?;
                }
            }
            writeln!(f, "  what came:")?;
            write_events(f, &failure.came, *at)?;
            writeln!(f, "  what was recorded:")?;
            write_items(f, &failure.record.events, 4)
        }
        Difference::Answer { expected, came } => {
            writeln!(f, "  the answer was `{came}`, expected: `{expected}`")
        }
        Difference::State { expected, came } => {
            writeln!(f, "  the events and the answer are right, the state is not")?;
            let missing = expected.iter().filter(|state| !came.contains(state));
            missing
                .into_iter()
                .try_for_each(|state| writeln!(f, "  expected: {state}"))?;
            let surplus = came.iter().filter(|state| !expected.contains(state));
            surplus
                .into_iter()
                .try_for_each(|state| writeln!(f, "  came:     {state}"))
        }
    }
}

/// The events around the place `at`, which is marked.
fn write_events(f: &mut fmt::Formatter<'_>, events: &[TraceEvent], at: usize) -> fmt::Result {
    let first = at.saturating_sub(AROUND);
    for (place, event) in events.iter().enumerate().skip(first).take(2 * AROUND + 1) {
        let mark = if place == at { '>' } else { ' ' };
        writeln!(f, "  {mark} {:>3} {event}", place + 1)?;
    }
    Ok(())
}

fn write_items(f: &mut fmt::Formatter<'_>, items: &[Item], indent: usize) -> fmt::Result {
    for item in items {
        match item {
            Item::One(event) => writeln!(f, "{:indent$}{event}", "")?,
            Item::Parallel(branches) => {
                for branch in branches {
                    writeln!(f, "{:indent$}side by side:", "")?;
                    write_items(f, branch, indent + 4)?;
                }
            }
        }
    }
    Ok(())
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Word(word) => f.write_str(word),
            Self::Children(rows) => write_list(f, rows),
            Self::Count(count) => count.fmt(f),
            Self::Several(answers) => write_list(f, answers),
            Self::Held { trigger, meanwhile } => {
                write!(f, "{trigger}, then ")?;
                write_list(f, meanwhile)
            }
        }
    }
}

impl fmt::Display for SupervisorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.path)?;
        write_list(f, &self.children)?;
        write!(f, " count {}", self.count)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            RowState::Running => "running",
            RowState::Undefined => "undefined",
            RowState::Restarting => "restarting",
            RowState::Starting => "starting",
            RowState::Stopping => "stopping",
        };
        write!(f, "{} {state}", self.id)?;
        self.life.map_or(Ok(()), |life| write!(f, " {life}"))
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            specs,
            active,
            supervisors,
            workers,
        } = self;
        write!(f, "[{specs}, {active}, {supervisors}, {workers}]")
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, members: &[impl fmt::Display]) -> fmt::Result {
    f.write_str("[")?;
    for (index, member) in members.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        write!(f, "{comma}{member}")?;
    }
    f.write_str("]")
}
