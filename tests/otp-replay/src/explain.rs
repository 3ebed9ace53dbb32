//! Which switches of the semantics make a scenario come out as recorded.

use perennial::Semantics;

use crate::play::{Failure, Rules, play};
use crate::trace::Scenario;

/// How the library's own rules fare with a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It comes out as recorded.
    AsRecorded,
    /// It does not, on purpose: with these switches, and no fewer, it does.
    Explained(Vec<&'static str>),
    /// It does not with any switches. The failure is the one without any.
    Unexplained(Box<Failure>),
}

/// A switch: a way in which the default departs from OTP.
struct Switch {
    name: &'static str,
    turn_on: fn(&mut Semantics),
}

/// Names the switches as their fields are named.
macro_rules! switches {
    ($($field:ident),* $(,)?) => {
        &[$(Switch {
            name: stringify!($field),
            turn_on: |semantics| semantics.$field = true,
        }),*]
    };
}

/// Every switch there is; a test compares this with [`Semantics::otp_exact`].
const SWITCHES: &[Switch] = switches![
    arrival_order,
    blocking,
    clean_exhaustion,
    retried_initialization,
    unlimited_initialization,
    whole_seconds,
    orderly_orphans,
    lives_by_identity,
    deserted_groups,
];

/// Plays the scenario by the default rules; where it comes out otherwise, looks for the smallest
/// set of switches with which it does not. Sets of one size are tried in the order of the fields.
#[must_use]
pub fn explain(scenario: &Scenario) -> Verdict {
    let Err(failure) = play(scenario, Rules::with(Semantics::default())) else {
        return Verdict::AsRecorded;
    };
    for size in 1..=SWITCHES.len() as u32 {
        let mut sets = (1..1_u32 << SWITCHES.len()).filter(|set| set.count_ones() == size);
        let found = sets.find(|&set| play(scenario, Rules::with(semantics_of(set))).is_ok());
        if let Some(set) = found {
            return Verdict::Explained(members(set).map(|switch| switch.name).collect());
        }
    }
    Verdict::Unexplained(failure)
}

/// The switches whose bits are set, the first one being the lowest.
fn members(set: u32) -> impl Iterator<Item = &'static Switch> {
    let switches = SWITCHES.iter().enumerate();
    switches
        .filter(move |(bit, _)| set & (1 << bit) != 0)
        .map(|(_, switch)| switch)
}

fn semantics_of(set: u32) -> Semantics {
    let mut semantics = Semantics::default();
    for switch in members(set) {
        (switch.turn_on)(&mut semantics);
    }
    semantics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_switch_is_left_out() {
        let all = (1 << SWITCHES.len()) - 1;
        assert_eq!(semantics_of(all), Semantics::otp_exact());
        assert_eq!(semantics_of(0), Semantics::default());
    }
}
