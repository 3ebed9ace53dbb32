//! The judge itself is judged: it must accept each order that a record allows, and no other.

mod common;

use std::collections::HashMap;
use std::sync::LazyLock;

use common::{FILES, scenarios};
use perennial_otp_replay::compare::{compare_events, directly_before, linearized};
use perennial_otp_replay::trace::{Item, Record, TraceEvent};
use perennial_test::Dice;

/// Every record of all files, with the scenario's id.
static RECORDS: LazyLock<Vec<(String, Record)>> = LazyLock::new(|| {
    let mut records = Vec::new();
    for (file, _) in FILES {
        for scenario in scenarios(file) {
            records.push((scenario.id.clone(), scenario.start));
            let steps = scenario.steps.into_iter();
            records.extend(steps.map(|step| (scenario.id.clone(), step.record)));
        }
    }
    records
});

/// The place of each event: the items and branches that lead to it.
fn places<'a>(
    items: &'a [Item],
    prefix: &[usize],
    places: &mut HashMap<&'a TraceEvent, Vec<usize>>,
) {
    for (index, item) in items.iter().enumerate() {
        let mut place = prefix.to_vec();
        place.push(index);
        match item {
            Item::One(event) => {
                places.insert(event, place);
            }
            Item::Parallel(branches) => {
                for (index, branch) in branches.iter().enumerate() {
                    place.push(index);
                    self::places(branch, &place, places);
                    place.pop();
                }
            }
        }
    }
}

/// Whether the record puts the event at `first` before the one at `second`.
///
/// Places alternate between an item of a list, where order counts, and a branch, where it does not;
/// so the first number in which they differ decides.
fn is_before(first: &[usize], second: &[usize]) -> bool {
    let mut pairs = first.iter().zip(second).enumerate();
    match pairs.find(|(_, (one, other))| one != other) {
        Some((depth, (one, other))) => depth % 2 == 0 && one < other,
        None => false,
    }
}

/// The judgement straight from the definition: each pair that the record orders, in that order.
fn is_allowed(recorded: &[Item], came: &[TraceEvent]) -> bool {
    let mut known = HashMap::new();
    places(recorded, &[], &mut known);
    let found: Option<Vec<&Vec<usize>>> = came.iter().map(|event| known.get(event)).collect();
    let Some(found) = found else {
        return false;
    };
    let wrong = |(index, place): (usize, &&Vec<usize>)| {
        let later = &found[index + 1..];
        later
            .iter()
            .any(|other| *other == *place || is_before(other, place))
    };
    found.len() == known.len() && !found.iter().enumerate().any(wrong)
}

/// An order that the record allows, chosen by the dice.
fn some_order(recorded: &[Item], dice: &mut Dice) -> Vec<TraceEvent> {
    let events = linearized(recorded);
    let before = directly_before(recorded);
    let mut seen = vec![false; events.len()];
    let mut chosen = Vec::new();
    while chosen.len() < events.len() {
        let next: Vec<usize> = (0..events.len())
            .filter(|&place| !seen[place] && before[place].iter().all(|&one| seen[one]))
            .collect();
        let place = next[dice.roll(next.len())];
        seen[place] = true;
        chosen.push(events[place].clone());
    }
    chosen
}

#[test]
fn every_order_that_a_record_allows_is_accepted() {
    let mut dice = Dice::new(1);
    for (id, record) in RECORDS.iter() {
        let came = linearized(&record.events);
        assert_eq!(compare_events(&record.events, &came), None, "{id}");
        for _ in 0..4 {
            let came = some_order(&record.events, &mut dice);
            assert!(is_allowed(&record.events, &came), "{id}");
            assert_eq!(compare_events(&record.events, &came), None, "{id}");
        }
    }
}

#[test]
fn every_event_that_is_missing_doubled_or_altered_is_noticed() {
    for (id, record) in RECORDS.iter() {
        let came = linearized(&record.events);
        for at in 0..came.len() {
            let mut missing = came.clone();
            missing.remove(at);
            assert!(
                compare_events(&record.events, &missing).is_some(),
                "{id} {at}"
            );
            let mut doubled = came.clone();
            doubled.insert(at, came[at].clone());
            assert!(
                compare_events(&record.events, &doubled).is_some(),
                "{id} {at}"
            );
            let mut altered = came.clone();
            altered[at].life += 1;
            assert!(
                compare_events(&record.events, &altered).is_some(),
                "{id} {at}"
            );
        }
    }
}

#[test]
fn two_events_that_change_places_are_noticed_if_the_record_orders_them() {
    let mut noticed = 0;
    for (id, record) in RECORDS.iter() {
        let came = linearized(&record.events);
        for at in 1..came.len() {
            let mut swapped = came.clone();
            swapped.swap(at - 1, at);
            let allowed = is_allowed(&record.events, &swapped);
            let difference = compare_events(&record.events, &swapped);
            assert_eq!(difference.is_none(), allowed, "{id} {at}");
            noticed += usize::from(!allowed);
        }
    }
    assert!(noticed > 50_000, "only {noticed} swaps were to be noticed");
}

#[test]
fn the_judgement_agrees_with_the_definition_on_shuffled_events() {
    let mut dice = Dice::new(2);
    let mut accepted = 0;
    for (id, record) in RECORDS.iter() {
        let length = linearized(&record.events).len();
        for _ in 0..4 {
            let mut came = some_order(&record.events, &mut dice);
            if length > 1 {
                came.swap(dice.roll(length), dice.roll(length));
            }
            let allowed = is_allowed(&record.events, &came);
            let difference = compare_events(&record.events, &came);
            assert_eq!(difference.is_none(), allowed, "{id} {came:?}");
            accepted += usize::from(allowed);
        }
    }
    assert!(accepted > 0, "no shuffled order was an allowed one");
}
