//! What one listener was told and is still to be told.
//!
//! It is told the difference between what it knows and what is there, key by key. So a slow one
//! misses what came and went, but never how things are, and what waits for it is bounded: a value that
//! went before it was told of is forgotten.

use std::collections::BTreeMap;

use super::name::{Name, Publisher};

/// A number that grows with each change of a table.
pub(super) type Turn = u64;

/// Which names a listener wants to hear of.
#[derive(Clone, Debug)]
pub(super) enum Interest {
    One(Name),
    /// Those of its type whose key begins with its own.
    Prefix(Name),
}

/// Which value stands under a name.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) by: Publisher,
    /// When it was published.
    pub(super) published: Turn,
}

/// A value and its stamp.
#[derive(Debug)]
pub(super) struct Row<V> {
    pub(super) value: V,
    pub(super) stamp: Stamp,
}

/// What a listener is told. Of one name it is told in this order: published, any number of updates,
/// withdrawn, and so on.
#[derive(Clone, Debug)]
pub(super) enum News<V> {
    Published(Name, V, Publisher),
    Updated(Name, V, Publisher),
    Withdrawn(Name, Publisher),
}

#[derive(Debug)]
pub(super) struct Listener<W> {
    pub(super) interest: Interest,
    /// The names that it was told of and those that it is to be told of.
    tracks: BTreeMap<Name, Track>,
    /// What it is to be told of, the oldest first; each name once.
    due: BTreeMap<Turn, Name>,
    /// Woken by the next thing that it is to be told of.
    waker: Option<W>,
}

/// One name as a listener knows it; there is always one of the two.
#[derive(Debug, Default)]
struct Track {
    /// The value that it was told of, if it was not told of its end.
    told: Option<Stamp>,
    due: Option<Turn>,
}

impl Interest {
    pub(super) fn covers(&self, name: &Name) -> bool {
        match self {
            Self::One(one) => name == one,
            Self::Prefix(prefix) => name.begins_with(prefix),
        }
    }
}

impl<W> Listener<W> {
    pub(super) fn new(interest: Interest) -> Self {
        Self {
            interest,
            tracks: BTreeMap::new(),
            due: BTreeMap::new(),
            waker: None,
        }
    }

    /// Notes that something happened under this name in that turn; who is to be woken.
    pub(super) fn note(&mut self, name: &Name, is_there: bool, turn: Turn) -> Option<W> {
        let track = self.tracks.entry(name.clone()).or_default();
        if !is_there && track.told.is_none() {
            // It came and went before anybody heard of it.
            if let Some(due) = track.due {
                self.due.remove(&due);
            }
            self.tracks.remove(name);
            return None;
        }
        if track.due.is_none() {
            track.due = Some(turn);
            self.due.insert(turn, name.clone());
        }
        self.waker.take()
    }

    /// The next thing that it is told.
    pub(super) fn next<V: Clone>(&mut self, rows: &BTreeMap<Name, Row<V>>) -> Option<News<V>> {
        while let Some((&turn, name)) = self.due.first_key_value() {
            let name = name.clone();
            let Some(row) = rows.get(&name) else {
                self.due.remove(&turn);
                let told = self.tracks.remove(&name).and_then(|track| track.told);
                match told {
                    Some(told) => return Some(News::Withdrawn(name, told.by)),
                    None => continue,
                }
            };
            let track = self.tracks.entry(name.clone()).or_default();
            let told = track.told.take();
            if let Some(told) = &told
                && told.published != row.stamp.published
            {
                // Another one than it knows: it hears of the end of that one first, and this stays due.
                return Some(News::Withdrawn(name, told.by.clone()));
            }
            track.told = Some(row.stamp.clone());
            track.due = None;
            self.due.remove(&turn);
            let (value, by) = (row.value.clone(), row.stamp.by.clone());
            return Some(match told {
                Some(_) => News::Updated(name, value, by),
                None => News::Published(name, value, by),
            });
        }
        None
    }

    /// Keeps the waker until there is something to tell; the one that it replaces, or that is not needed.
    pub(super) fn arm(&mut self, waker: W) -> Option<W> {
        self.waker.replace(waker)
    }

    /// The tree is over: who is to be woken.
    pub(super) fn disarm(&mut self) -> Option<W> {
        self.waker.take()
    }

    /// How many names it keeps.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        debug_assert!(self.due.len() <= self.tracks.len(), "each name is due once");
        self.tracks.len()
    }
}
