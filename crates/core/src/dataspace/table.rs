//! What is published in a tree, by which life, and who is to be told of it.
//!
//! One value a name: a second one is refused, unless a later life of the same child publishes it.

use std::collections::{BTreeMap, BTreeSet};

use super::listener::{Interest, Listener, News, Row, Stamp, Turn};
use super::name::{Kind, Name, Publisher};
use crate::path::Incarnation;

/// The values of one tree, and those who listen.
#[derive(Debug)]
pub(super) struct Table<V, W> {
    rows: BTreeMap<Name, Row<V>>,
    /// What each life publishes, in the order in which it did.
    lives: BTreeMap<Incarnation, BTreeMap<Turn, Name>>,
    listeners: BTreeMap<ListenerId, Listener<W>>,
    /// Who listens to one name.
    by_name: BTreeMap<Name, BTreeSet<ListenerId>>,
    /// Who listens to several names of a type.
    by_kind: BTreeMap<Kind, BTreeSet<ListenerId>>,
    /// How many values there may be.
    limit: usize,
    latest: Turn,
    /// Nothing is published any more.
    over: bool,
}

/// Which listener; a number that is not given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ListenerId(Turn);

/// A publication; no other one has its number, also of the same name.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) name: Name,
    published: Turn,
}

/// Why a value was not taken in.
#[derive(Debug)]
pub(super) enum Refusal {
    /// This life publishes one under the same name.
    Taken(Publisher),
    /// There are as many as there may be.
    Full(usize),
}

/// What is to be done when nobody holds the table any more: values to be dropped, who is to be woken.
#[derive(Debug)]
pub(super) struct Aftermath<V, W> {
    pub(super) values: Vec<V>,
    pub(super) wakers: Vec<W>,
}

/// What a listener hears when it asks.
#[derive(Debug)]
pub(super) enum Heard<V> {
    News(News<V>),
    /// It knows how things are.
    Nothing,
    /// It was told everything, and nothing comes any more.
    Over,
}

impl<V: Clone, W> Table<V, W> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            rows: BTreeMap::new(),
            lives: BTreeMap::new(),
            listeners: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            limit,
            latest: 0,
            over: false,
        }
    }

    pub(super) fn publish(
        &mut self,
        name: Name,
        value: V,
        by: Publisher,
        after: &mut Aftermath<V, W>,
    ) -> Result<Ticket, Refusal> {
        let refusal = match self.rows.get(&name) {
            Some(row) if !by.succeeds(&row.stamp.by) => Some(Refusal::Taken(row.stamp.by.clone())),
            None if self.rows.len() >= self.limit => Some(Refusal::Full(self.limit)),
            Some(_) | None => None,
        };
        if let Some(refusal) = refusal {
            after.values.push(value);
            return Err(refusal);
        }
        let published = self.next_turn();
        let names = self.lives.entry(by.incarnation).or_default();
        names.insert(published, name.clone());
        let row = Row {
            value,
            stamp: Stamp { by, published },
        };
        if let Some(before) = self.rows.insert(name.clone(), row) {
            self.forget(&before.stamp);
            after.values.push(before.value);
        }
        self.tell(&name, after);
        Ok(Ticket { name, published })
    }

    /// Replaces the value of a publication; `false` if it was withdrawn.
    pub(super) fn update(
        &mut self,
        ticket: &Ticket,
        value: V,
        after: &mut Aftermath<V, W>,
    ) -> bool {
        let row = self.rows.get_mut(&ticket.name);
        let row = row.filter(|row| row.stamp.published == ticket.published);
        let Some(row) = row else {
            after.values.push(value);
            return false;
        };
        after.values.push(std::mem::replace(&mut row.value, value));
        self.tell(&ticket.name, after);
        true
    }

    /// Withdraws a publication, unless that has happened before.
    pub(super) fn withdraw(&mut self, ticket: &Ticket, after: &mut Aftermath<V, W>) {
        let row = self.rows.get(&ticket.name);
        if row.is_some_and(|row| row.stamp.published == ticket.published) {
            self.remove(&ticket.name, after);
        }
    }

    /// Withdraws all that a life publishes.
    pub(super) fn retire(&mut self, life: Incarnation, after: &mut Aftermath<V, W>) {
        for name in self
            .lives
            .remove(&life)
            .into_iter()
            .flat_map(BTreeMap::into_values)
        {
            self.remove(&name, after);
        }
    }

    /// Nothing is published any more.
    pub(super) fn close(&mut self, after: &mut Aftermath<V, W>) {
        self.over = true;
        let wakers = self.listeners.values_mut().filter_map(Listener::disarm);
        after.wakers.extend(wakers);
    }

    /// Takes in a listener, which is to be told of all that is there.
    pub(super) fn listen(&mut self, interest: &Interest) -> ListenerId {
        let id = ListenerId(self.next_turn());
        match interest {
            Interest::One(name) => {
                self.by_name.entry(name.clone()).or_default().insert(id);
            }
            Interest::Prefix(prefix) => {
                self.by_kind.entry(prefix.kind()).or_default().insert(id);
            }
        }
        let mut listener = Listener::new(interest.clone());
        let (Interest::One(first) | Interest::Prefix(first)) = interest;
        let names = self.rows.range(first..).map(|(name, _)| name);
        for name in names.take_while(|name| interest.covers(name)) {
            self.latest += 1;
            listener.note(name, true, self.latest);
        }
        self.listeners.insert(id, listener);
        id
    }

    /// What a listener is told next.
    pub(super) fn next(&mut self, id: ListenerId) -> Heard<V> {
        let listener = self.listeners.get_mut(&id);
        match listener.and_then(|listener| listener.next(&self.rows)) {
            Some(news) => Heard::News(news),
            None if self.over => Heard::Over,
            None => Heard::Nothing,
        }
    }

    /// Keeps a waker for a listener that has heard all; the waker that is not needed any more.
    pub(super) fn arm(&mut self, id: ListenerId, waker: W) -> Option<W> {
        match self.listeners.get_mut(&id) {
            Some(listener) => listener.arm(waker),
            None => Some(waker),
        }
    }

    /// Forgets a listener; what is to be dropped with it.
    pub(super) fn dismiss(&mut self, id: ListenerId) -> Option<Listener<W>> {
        let listener = self.listeners.remove(&id)?;
        match &listener.interest {
            Interest::One(name) => leave(&mut self.by_name, name, id),
            Interest::Prefix(prefix) => leave(&mut self.by_kind, &prefix.kind(), id),
        }
        Some(listener)
    }

    pub(super) fn get(&self, name: &Name) -> Option<&V> {
        self.rows.get(name).map(|row| &row.value)
    }

    pub(super) fn publishers(&self) -> impl ExactSizeIterator<Item = (&Name, &Publisher)> {
        self.rows.iter().map(|(name, row)| (name, &row.stamp.by))
    }

    fn remove(&mut self, name: &Name, after: &mut Aftermath<V, W>) {
        if let Some(row) = self.rows.remove(name) {
            self.forget(&row.stamp);
            after.values.push(row.value);
            self.tell(name, after);
        }
    }

    /// Takes a publication out of the books of its life.
    fn forget(&mut self, stamp: &Stamp) {
        let life = stamp.by.incarnation;
        if let Some(names) = self.lives.get_mut(&life) {
            names.remove(&stamp.published);
            if names.is_empty() {
                self.lives.remove(&life);
            }
        }
    }

    /// Something happened under this name.
    fn tell(&mut self, name: &Name, after: &mut Aftermath<V, W>) {
        let turn = self.next_turn();
        let is_there = self.rows.contains_key(name);
        let one = self.by_name.get(name).into_iter().flatten();
        let several = self.by_kind.get(&name.kind()).into_iter().flatten();
        for id in one.chain(several) {
            if let Some(listener) = self.listeners.get_mut(id)
                && listener.interest.covers(name)
            {
                after.wakers.extend(listener.note(name, is_there, turn));
            }
        }
    }

    fn next_turn(&mut self) -> Turn {
        self.latest += 1;
        self.latest
    }

    /// How many names are kept for a listener.
    #[cfg(test)]
    pub(super) fn kept_for(&self, id: ListenerId) -> usize {
        self.listeners.get(&id).map_or(0, Listener::size)
    }

    /// Whether there is nothing left in the books.
    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        let listeners = self.listeners.len() + self.by_name.len() + self.by_kind.len();
        self.rows.len() + self.lives.len() + listeners == 0
    }
}

impl<V, W> Default for Aftermath<V, W> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            wakers: Vec::new(),
        }
    }
}

/// Takes a listener out of those at one place.
fn leave<K: Ord>(places: &mut BTreeMap<K, BTreeSet<ListenerId>>, place: &K, id: ListenerId) {
    if let Some(ids) = places.get_mut(place) {
        ids.remove(&id);
        if ids.is_empty() {
            places.remove(place);
        }
    }
}
