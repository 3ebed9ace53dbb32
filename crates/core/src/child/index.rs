//! At which slot of a roster the row of an id stands.

use std::collections::HashMap;

use super::pages::Pages;
use super::roster::Entry;
use crate::path::ChildId;

/// So many rows are looked through, which costs less than to keep an index of them.
const FEW: usize = 8;

/// So many ids of rows that are gone may stand among the others, beside as many as there are others.
pub(super) const SLACK: usize = 64;

/// Where each id stands, and where some stood that are gone: to look one up for each row that is taken
/// out would cost more than to sweep them out together.
#[derive(Debug)]
pub(super) enum Index {
    /// There is none yet.
    Few,
    ByName(HashMap<ChildId, usize>),
    /// Of the children of a template, which are numbered: by these numbers, which are their ranks too.
    ByNumber(Vec<(u64, usize)>),
}

impl Index {
    /// Of no rows; `numbered` if their ids will end with rising numbers.
    pub(super) fn new(numbered: bool) -> Self {
        if numbered {
            Self::ByNumber(Vec::new())
        } else {
            Self::Few
        }
    }

    /// The rank of a row of that id, whose rank would be `next` if its id did not tell.
    pub(super) fn rank(&self, id: &ChildId, next: u64) -> u64 {
        match self {
            Self::Few | Self::ByName(_) => next,
            Self::ByNumber(_) => {
                let number = number(id.as_str());
                debug_assert!(number >= Some(next), "the numbers rise");
                number.unwrap_or(next)
            }
        }
    }

    /// Takes in the row that was put there just now.
    pub(super) fn add(&mut self, entries: &Pages<Entry>, slot: usize) {
        match self {
            Self::Few => {
                if slot >= FEW {
                    let rows = entries.numbered();
                    let ids = rows.map(|(slot, entry)| (entry.path.id().clone(), slot));
                    *self = Self::ByName(ids.collect());
                }
            }
            Self::ByName(ids) => {
                if let Some(entry) = entries.get(slot) {
                    ids.insert(entry.path.id().clone(), slot);
                }
            }
            Self::ByNumber(numbers) => {
                if let Some(entry) = entries.get(slot) {
                    numbers.push((entry.rank, slot));
                }
            }
        }
    }

    /// Sweeps out ids of rows that are gone, if there are too many; so many rows are left.
    pub(super) fn tidy(&mut self, entries: &Pages<Entry>, rows: usize) {
        if self.len() <= 2 * rows + SLACK {
            return;
        }
        match self {
            Self::Few => (),
            Self::ByName(ids) => ids.retain(|id, slot| stands(entries, id.as_str(), *slot)),
            Self::ByNumber(numbers) => numbers.retain(|&(number, slot)| {
                let entry = entries.get(slot);
                entry.is_some_and(|entry| entry.rank == number)
            }),
        }
    }

    /// The slot of that id.
    pub(super) fn find(&self, entries: &Pages<Entry>, id: &str) -> Option<usize> {
        let slot = match self {
            Self::Few => return (0..FEW).find(|&slot| stands(entries, id, slot)),
            Self::ByName(ids) => *ids.get(id)?,
            Self::ByNumber(numbers) => {
                let number = number(id)?;
                let at = numbers.binary_search_by_key(&number, |&(number, _)| number);
                numbers[at.ok()?].1
            }
        };
        stands(entries, id, slot).then_some(slot)
    }

    /// How many ids stand in it.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few => 0,
            Self::ByName(ids) => ids.len(),
            Self::ByNumber(numbers) => numbers.len(),
        }
    }
}

/// The number at the end of the id of a child of a template.
fn number(id: &str) -> Option<u64> {
    let (_name, number) = id.rsplit_once('#')?;
    number.parse().ok()
}

/// Whether the row of that id is there.
fn stands(entries: &Pages<Entry>, id: &str, slot: usize) -> bool {
    let entry = entries.get(slot);
    entry.is_some_and(|entry| entry.path.id() == id)
}
