//! A crash on paper.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::report::{CrashDecision, CrashPhase, CrashReport};
use crate::clock::Span;
use crate::exit::{ExitReason, Panic, catch};
use crate::restart::DelayCause;

/// How many causes below the first error are printed.
const CAUSES: usize = 6;

/// How many causes are looked at: an error may be its own source.
const DEPTH: usize = 64;

/// How many characters of one error are printed.
const WIDTH: usize = 200;

/// Twelve lines at most: two of the child, seven of its errors, one of a panic, two of what follows.
impl fmt::Display for CrashReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} crashed {}", self.path, self.phase)?;
        write!(f, "\n  life      {}", self.incarnation)?;
        match self.uptime {
            Some(uptime) => write!(f, ", up for {}", rounded(uptime))?,
            None => f.write_str(", never up")?,
        }
        match self.restarts {
            0 => (),
            1 => f.write_str(", restarted once before")?,
            restarts => write!(f, ", restarted {restarts} times before")?,
        }
        let (first, causes) = errors(&self.exit);
        write!(f, "\n  reason    {first}")?;
        for cause in causes {
            write!(f, "\n  because   {cause}")?;
        }
        if let Some(place) = panic_of(&self.exit).and_then(Panic::location) {
            write!(f, "\n  at        {place}")?;
        }
        write!(f, "\n  decision  {}", self.decision)?;
        if let Some(last) = self.siblings().last() {
            let again = match self.decision {
                CrashDecision::Restarted => "stopped and restarted with it",
                _ => "stopped",
            };
            write!(f, "\n  siblings  {again}: ")?;
            for id in self.siblings() {
                let comma = if id == last { "" } else { ", " };
                write!(f, "{id}{comma}")?;
            }
            match self.sibling_count() - self.siblings().len() {
                0 => (),
                others => write!(f, " and {others} more")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for CrashPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialization => "in its initialization",
            Self::Run => "while it ran",
            Self::Stop => "while it stopped",
        })
    }
}

impl fmt::Display for CrashDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delayed { by, cause } => {
                if let DelayCause::Dependency = cause {
                    return write!(f, "restarted later: {cause}");
                }
                write!(f, "restarted in {}: {cause}", rounded(*by))?;
                return match cause {
                    DelayCause::Backoff { attempt } => write!(f, ", attempt {attempt}"),
                    DelayCause::Verdict | DelayCause::Storm => Ok(()),
                    DelayCause::Quarantine | DelayCause::Dependency => Ok(()),
                };
            }
            Self::Restarted => "restarted at once",
            Self::Retried => "its restart is to be tried again",
            Self::StaysDown => "stays down",
            Self::Dropped => "stays down: its restarts are used up",
            Self::GaveUp { own_limit: false } => {
                "its supervisor gives up: more restarts than it bears"
            }
            Self::GaveUp { own_limit: true } => {
                "its supervisor gives up: more restarts than the child's own limit bears"
            }
            Self::Escalated => "its supervisor gives up: no restart can mend it",
            Self::Unstartable => "its supervisor ends: the child could not start",
            Self::Satisfied => "its supervisor ends satisfied",
            Self::AutoShutdown => "its supervisor ends, as its significant children have ended",
            Self::Stopped => "none: it was to stop anyway",
        })
    }
}

/// What is said of an end, and of what caused it, each in a line.
fn errors(exit: &ExitReason) -> (String, Vec<String>) {
    let Some(error) = exit.error() else {
        let text = match exit {
            ExitReason::Panicked(panic) => format!("panicked: {}", panic.message()),
            exit => exit.to_string(),
        };
        return (line(&text), Vec::new());
    };
    if let Some(panic) = panic_of(exit) {
        return (line(&format!("panicked: {}", panic.message())), Vec::new());
    }
    let (first, mut cause) = level(error);
    let first = match exit {
        ExitReason::Permanent(_) => format!("failed for good: {first}"),
        _ => first,
    };
    let mut causes = Vec::new();
    while let Some(error) = cause.filter(|_| causes.len() < DEPTH) {
        let (text, next) = level(error);
        causes.push(text);
        cause = next;
    }
    if causes.len() > CAUSES {
        // The first ones say what was tried, the last one what is wrong.
        let hidden = causes.len() - (CAUSES - 1);
        let gap = format!("({hidden} more)");
        causes.splice(CAUSES - 2..causes.len() - 1, [gap]);
    }
    (first, causes)
}

/// What an error of the user's says, in a line, and what caused it; a panic in there is caught.
fn level<'a>(error: &'a (dyn Error + 'static)) -> (String, Option<&'a (dyn Error + 'static)>) {
    catch(|| (line(&error.to_string()), error.source()))
        .unwrap_or_else(|_panic| ("(an error that panics when it is printed)".to_owned(), None))
}

fn panic_of(exit: &ExitReason) -> Option<&Panic> {
    match exit {
        ExitReason::Panicked(panic) => Some(panic),
        ExitReason::InitializationFailed(error) => error.panic(),
        _ => None,
    }
}

/// A text in one line that is not too long.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.lines().map(str::trim).collect();
    let mut line = words.join(" ");
    if let Some((end, _)) = line.char_indices().nth(WIDTH) {
        line.truncate(end);
        line.push('…');
    }
    line
}

fn rounded(time: Duration) -> Span {
    let whole = Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    Span(whole)
}

#[cfg(test)]
mod tests;
