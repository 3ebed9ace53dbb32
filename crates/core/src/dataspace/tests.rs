//! The table against a plain model of it: a map of what is published, and what each listener believes.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use proptest::prelude::*;

use super::error::PublishError;
use super::license::License;
use super::listener::{Interest, News};
use super::name::{Name, Publisher};
use super::published::Published;
use super::space::Dataspace;
use super::table::{Aftermath, Heard, ListenerId, Refusal, Table, Ticket};
use crate::path::{ChildPath, Incarnation};

const LIMIT: usize = 5;

/// What happens to a table. Numbers that mean nothing when their turn comes mean nothing.
#[derive(Clone, Debug)]
enum Deed {
    /// By which life, under which name.
    Publish(u64, usize),
    Update(usize),
    Withdraw(usize),
    Retire(u64),
    Listen(usize),
    /// A listener hears one thing.
    Hear(usize),
    /// A listener hears all there is and rests.
    Rest(usize),
    Dismiss(usize),
}

/// A listener as the test knows it.
struct Reader {
    id: ListenerId,
    interest: Interest,
    /// What it believes to be published.
    view: BTreeMap<Name, u32>,
    /// It rests: it is woken if there is anything to hear.
    rests: bool,
}

/// The table and what it should be.
struct Model {
    table: Table<u32, usize>,
    /// What is published: its value, its life, its ticket.
    rows: BTreeMap<Name, (u32, u64, Ticket)>,
    /// All tickets that were ever given, those of the past included.
    tickets: Vec<Ticket>,
    readers: Vec<Option<Reader>>,
    value: u32,
    /// Every value that was handed in, as long as nobody was told to drop it.
    kept: BTreeSet<u32>,
}

/// Names of two types, some of which begin like others.
fn names() -> Vec<Name> {
    let mut names = Vec::new();
    for key in ["", "a", "a/1", "a/2", "b"] {
        names.push(Name::of::<u8>(key));
        names.push(Name::of::<u16>(key));
    }
    names
}

fn interests() -> Vec<Interest> {
    let one = [Name::of::<u8>("a"), Name::of::<u16>("a/1")];
    let prefix = ["", "a", "a/", "c"].map(Name::of::<u8>);
    let one = one.into_iter().map(Interest::One);
    one.chain(prefix.into_iter().map(Interest::Prefix))
        .collect()
}

/// The lives 1 to 6 are of three children.
fn publisher(life: u64) -> Publisher {
    let number = NonZeroU64::new(life).expect("lives begin with 1");
    Publisher {
        path: ChildPath::root("app").join((life % 3).to_string()),
        incarnation: Incarnation(number),
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => (1..=6_u64, 0..10_usize).prop_map(|(life, name)| Deed::Publish(life, name)),
        3 => (0..40_usize).prop_map(Deed::Update),
        3 => (0..40_usize).prop_map(Deed::Withdraw),
        2 => (1..=6_u64).prop_map(Deed::Retire),
        2 => (0..6_usize).prop_map(Deed::Listen),
        4 => (0..6_usize).prop_map(Deed::Hear),
        3 => (0..6_usize).prop_map(Deed::Rest),
        1 => (0..6_usize).prop_map(Deed::Dismiss),
    ];
    prop::collection::vec(deed, 0..120)
}

impl Model {
    fn new() -> Self {
        Self {
            table: Table::new(LIMIT),
            rows: BTreeMap::new(),
            tickets: Vec::new(),
            readers: Vec::new(),
            value: 0,
            kept: BTreeSet::new(),
        }
    }

    fn new_value(&mut self) -> u32 {
        self.value += 1;
        self.kept.insert(self.value);
        self.value
    }

    fn play(&mut self, deed: &Deed) {
        let mut after = Aftermath::default();
        match *deed {
            Deed::Publish(life, name) => self.publish(life, name, &mut after),
            Deed::Update(nth) => {
                let value = self.new_value();
                let updated = match self.tickets.get(nth) {
                    Some(ticket) => self.table.update(ticket, value, &mut after),
                    None => {
                        after.values.push(value);
                        false
                    }
                };
                let row = self.row_of(nth);
                assert_eq!(updated, row.is_some());
                if let Some(row) = row {
                    row.0 = value;
                }
            }
            Deed::Withdraw(nth) => {
                let Some(ticket) = self.tickets.get(nth) else {
                    return;
                };
                self.table.withdraw(ticket, &mut after);
                if self.row_of(nth).is_some() {
                    self.rows.remove(&self.tickets[nth].name);
                }
            }
            Deed::Retire(life) => {
                self.table.retire(publisher(life).incarnation, &mut after);
                self.rows.retain(|_, (_, by, _)| *by != life);
            }
            Deed::Listen(nth) => {
                let interest = interests()[nth].clone();
                self.readers.push(Some(Reader {
                    id: self.table.listen(&interest),
                    interest,
                    view: BTreeMap::new(),
                    rests: false,
                }));
            }
            Deed::Hear(nth) => {
                self.hear(nth);
            }
            Deed::Rest(nth) => self.rest(nth),
            Deed::Dismiss(nth) => {
                if let Some(reader) = self.readers.get_mut(nth).and_then(Option::take) {
                    assert!(self.table.dismiss(reader.id).is_some());
                }
            }
        }
        for value in after.values {
            assert!(self.kept.remove(&value), "{value} is dropped twice");
        }
        for nth in after.wakers {
            let reader = self.readers[nth].as_mut();
            reader.expect("nobody wakes who is gone").rests = false;
        }
        self.holds();
    }

    fn publish(&mut self, life: u64, name: usize, after: &mut Aftermath<u32, usize>) {
        let (name, value) = (names()[name].clone(), self.new_value());
        let is_full = self.rows.len() >= LIMIT;
        let holder = self.rows.get(&name).map(|(_, life, _)| *life);
        let published = self
            .table
            .publish(name.clone(), value, publisher(life), after);
        match published {
            Ok(ticket) => {
                let may = holder.map_or(!is_full, |holder| life > holder && (life - holder) == 3);
                assert!(may, "it had to be refused");
                self.tickets.push(ticket.clone());
                self.rows.insert(name, (value, life, ticket));
            }
            Err(Refusal::Full(limit)) => assert!(limit == LIMIT && is_full && holder.is_none()),
            Err(Refusal::Taken(by)) => assert_eq!(Some(by.incarnation.get()), holder),
        }
    }

    /// The row of a ticket, if it is still that one.
    fn row_of(&mut self, nth: usize) -> Option<&mut (u32, u64, Ticket)> {
        let ticket = self.tickets.get(nth)?;
        let row = self.rows.get_mut(&ticket.name)?;
        // Tickets have no equality; the one that was given last under a name is the one that counts.
        let latest = self
            .tickets
            .iter()
            .rposition(|other| other.name == ticket.name);
        (latest == Some(nth)).then_some(row)
    }

    /// A reader hears one thing; whether there was one.
    fn hear(&mut self, nth: usize) -> bool {
        let Some(reader) = self.readers.get_mut(nth).and_then(Option::as_mut) else {
            return false;
        };
        reader.rests = false;
        let heard = self.table.next(reader.id);
        let news = match heard {
            Heard::News(news) => news,
            Heard::Nothing => return false,
            Heard::Over => panic!("it is not over"),
        };
        match news {
            News::Published(name, value, _) => {
                let before = reader.view.insert(name, value);
                assert_eq!(before, None, "published twice");
            }
            News::Updated(name, value, _) => {
                let before = reader.view.insert(name, value);
                assert!(before.is_some_and(|before| before < value), "no update");
            }
            News::Withdrawn(name, _) => {
                assert!(reader.view.remove(&name).is_some(), "it did not know it");
            }
        }
        true
    }

    fn rest(&mut self, nth: usize) {
        while self.hear(nth) {}
        if let Some(Some(reader)) = self.readers.get_mut(nth) {
            reader.rests = true;
            self.table.arm(reader.id, nth);
        }
    }

    /// What is true at any moment.
    fn holds(&self) {
        let values: Vec<u32> = self.rows.values().map(|(value, ..)| *value).collect();
        let there: Vec<u32> = names()
            .iter()
            .filter_map(|name| self.table.get(name).copied())
            .collect();
        assert_eq!(BTreeSet::from_iter(there), BTreeSet::from_iter(values));
        assert_eq!(self.kept.len(), self.rows.len(), "each value is dropped");
        for reader in self.readers.iter().flatten() {
            assert!(self.table.kept_for(reader.id) <= 2 * LIMIT);
            if reader.rests {
                assert_eq!(reader.view, self.seen_by(&reader.interest), "not woken");
            }
        }
    }

    fn seen_by(&self, interest: &Interest) -> BTreeMap<Name, u32> {
        let rows = self.rows.iter().filter(|(name, _)| interest.covers(name));
        rows.map(|(name, (value, ..))| (name.clone(), *value))
            .collect()
    }
}

#[test]
fn who_began_to_publish_before_the_end_of_its_life_and_comes_too_late_is_refused() {
    let (dataspace, license) = (Dataspace::new(), License::default());
    let by = publisher(1);
    std::thread::scope(|scope| {
        let table = dataspace.lock();
        let publishing = scope.spawn(|| {
            let name = Name::of::<u8>("a");
            let published = dataspace.publish(name, 1_u8, by.clone(), &license);
            published.map(Published::keep)
        });
        while !license.is_used() {
            std::thread::yield_now();
        }
        assert!(license.expire());
        drop(table);
        let refused = publishing.join().expect("it does not panic");
        let path = by.path.clone();
        assert_eq!(refused, Err(PublishError::Over { path }));
    });
    assert!(dataspace.publications().is_empty());
}

proptest! {
    #[test]
    fn who_has_heard_all_knows_how_things_are_and_who_rests_is_woken(deeds in deeds()) {
        let mut model = Model::new();
        for deed in &deeds {
            model.play(deed);
        }
        for nth in 0..model.readers.len() {
            model.rest(nth);
        }
        model.holds();
        for nth in 0..model.readers.len() {
            model.play(&Deed::Dismiss(nth));
        }
        for life in 1..=6 {
            model.play(&Deed::Retire(life));
        }
        prop_assert!(model.table.is_blank());
    }
}
