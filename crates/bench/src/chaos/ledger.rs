//! Keeps the books of all lives: what each event says must fit what was said before.
//!
//! Only lives that are not over stand in it, so that it does not grow with the run.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use perennial::{Event, EventKind, ExitReason, Incarnation};

use super::world::is_ours;

/// How many faults are told; one mostly brings many others.
const TOLD: usize = 20;

/// The lives of a tree that are not over, and what was told wrongly so far.
#[derive(Debug)]
pub(super) struct Ledger<Life = Incarnation> {
    /// The number of the latest event.
    number: u64,
    open: HashMap<Life, Page>,
    wrong: Vec<String>,
    pub(super) lives: u64,
    pub(super) restarts: u64,
    pub(super) unresponsive: u64,
}

#[derive(Debug)]
struct Page {
    stage: Stage,
    /// It was declared unresponsive: its end may never be told.
    is_left: bool,
    who: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Starting,
    Running,
}

/// What an event says of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Starting,
    Started,
    /// It never ran.
    NotStarted,
    Exited,
    Left,
}

impl Ledger {
    /// Takes note of an event; the first one is the first of the tree.
    pub(super) fn note(&mut self, event: &Event) {
        self.count(event.number);
        let word = match &event.kind {
            EventKind::Starting { cause } => {
                self.restarts += u64::from(*cause == perennial::StartCause::Restart);
                Word::Starting
            }
            EventKind::Started => Word::Started,
            EventKind::Ignored | EventKind::StartFailed { .. } => Word::NotStarted,
            EventKind::Exited { reason } => {
                self.judge(event, reason);
                Word::Exited
            }
            EventKind::Unresponsive => Word::Left,
            _ => return,
        };
        self.write(event.incarnation, word, event);
    }

    /// A panic that nobody ordered is one of the library.
    fn judge(&mut self, event: &Event, reason: &ExitReason) {
        if let ExitReason::Panicked(panic) = reason
            && !is_ours(panic.message())
        {
            self.complain(format!("a panic that is no fault of ours: {event}"));
        }
    }
}

impl<Life: Eq + Hash> Ledger<Life> {
    pub(super) fn new() -> Self {
        Self {
            number: 0,
            open: HashMap::new(),
            wrong: Vec::new(),
            lives: 0,
            restarts: 0,
            unresponsive: 0,
        }
    }

    /// The numbers of a tree's events have no gap.
    fn count(&mut self, number: u64) {
        let expected = self.number + 1;
        if number != expected {
            self.complain(format!(
                "event {expected} should have come, {number} has come"
            ));
        }
        self.number = number;
    }

    /// A life starts, then runs or does not, then is over; each once.
    fn write(&mut self, life: Life, word: Word, who: &impl Display) {
        let stage = self.open.get(&life).map(|page| page.stage);
        let fits = match word {
            Word::Starting => stage.is_none(),
            Word::Started | Word::NotStarted => stage == Some(Stage::Starting),
            Word::Exited => stage == Some(Stage::Running),
            Word::Left => stage.is_some(),
        };
        if !fits {
            self.complain(format!("out of turn in its life: {} {who}", self.number));
        }
        match word {
            Word::Starting => {
                self.lives += 1;
                let page = Page {
                    stage: Stage::Starting,
                    is_left: false,
                    who: who.to_string(),
                };
                self.open.insert(life, page);
            }
            Word::NotStarted | Word::Exited => {
                self.open.remove(&life);
            }
            Word::Started => {
                if let Some(page) = self.open.get_mut(&life) {
                    page.stage = Stage::Running;
                }
            }
            Word::Left => {
                self.unresponsive += 1;
                if let Some(page) = self.open.get_mut(&life) {
                    page.is_left = true;
                }
            }
        }
    }

    fn complain(&mut self, what: String) {
        if self.wrong.len() < TOLD {
            self.wrong.push(what);
        }
    }

    /// What was told wrongly, when the tree is over.
    pub(super) fn wrongs(&self) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        let open = self.open.values().filter(|page| !page.is_left);
        let open = open.map(|page| format!("a life without an end: {}", page.who));
        wrong.extend(open.take(TOLD));
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the ledger says to these words, each with the number of its event and its life.
    fn wrongs(words: &[(u64, u32, Word)]) -> Vec<String> {
        let mut ledger = Ledger::new();
        for (number, life, word) in words {
            ledger.count(*number);
            ledger.write(*life, *word, &format!("life {life}"));
        }
        ledger.wrongs()
    }

    #[test]
    fn lives_that_begin_and_end_once_are_right() {
        let words = [
            (1, 7, Word::Starting),
            (2, 8, Word::Starting),
            (3, 7, Word::Started),
            (4, 8, Word::NotStarted),
            (5, 7, Word::Exited),
        ];
        assert!(wrongs(&words).is_empty());
    }

    #[test]
    fn a_gap_in_the_numbers_is_found() {
        let found = wrongs(&[(1, 7, Word::Starting), (3, 7, Word::NotStarted)]);
        assert_eq!(found, ["event 2 should have come, 3 has come"]);
    }

    #[test]
    fn a_second_end_of_a_life_is_found() {
        let twice = [Word::Starting, Word::Started, Word::Exited, Word::Exited];
        let words: Vec<_> = (1..).zip(twice).map(|(n, word)| (n, 7, word)).collect();
        assert_eq!(wrongs(&words), ["out of turn in its life: 4 life 7"]);
    }

    #[test]
    fn an_exit_of_a_life_that_never_ran_is_found() {
        let found = wrongs(&[(1, 7, Word::Starting), (2, 7, Word::Exited)]);
        assert_eq!(found, ["out of turn in its life: 2 life 7"]);
    }

    #[test]
    fn a_life_without_an_end_is_found_unless_it_was_left_behind() {
        let left = [
            (1, 7, Word::Starting),
            (2, 8, Word::Starting),
            (3, 8, Word::Left),
        ];
        assert_eq!(wrongs(&left), ["a life without an end: life 7"]);
    }
}
