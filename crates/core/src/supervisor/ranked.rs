//! Rows by rank, kept in blocks of neighbors: many come and go together, and a block of them costs little more than
//! one of them alone.

use std::collections::BTreeMap;

use super::order::Slot;

/// Grows along the order of the rows, as new ones come last.
pub(super) type Rank = u64;

/// How many ranks share a block.
const BLOCK: usize = 16;

/// Some of the rows, in the order of their ranks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ranked {
    /// By rank, divided by their size; none is empty.
    blocks: BTreeMap<Rank, Box<Block>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Block {
    /// A bit for each place that is taken.
    taken: u16,
    /// Zero where nobody is.
    slots: [Slot; BLOCK],
}

impl Ranked {
    pub(super) fn insert(&mut self, rank: Rank, slot: Slot) {
        let (number, place) = place_of(rank);
        let block = self.blocks.entry(number).or_default();
        block.taken |= 1 << place;
        block.slots[place] = slot;
    }

    pub(super) fn remove(&mut self, rank: Rank) {
        let (number, place) = place_of(rank);
        let Some(block) = self.blocks.get_mut(&number) else {
            return;
        };
        block.taken &= !(1 << place);
        block.slots[place] = 0;
        if block.taken == 0 {
            self.blocks.remove(&number);
        }
    }

    pub(super) fn last(&self) -> Option<Slot> {
        let (_, block) = self.blocks.last_key_value()?;
        block.last_of(block.taken)
    }

    /// The last one whose rank is below that.
    pub(super) fn last_below(&self, below: Rank) -> Option<Slot> {
        let (number, place) = place_of(below);
        let mut blocks = self.blocks.range(..=number).rev();
        blocks.find_map(|(&of, block)| {
            let before = if of == number {
                (1 << place) - 1
            } else {
                u16::MAX
            };
            block.last_of(block.taken & before)
        })
    }
}

impl Block {
    /// The last one of these places.
    fn last_of(&self, places: u16) -> Option<Slot> {
        let last = places.checked_ilog2()?;
        Some(self.slots[last as usize])
    }
}

/// Which block a rank is in, and where in there.
fn place_of(rank: Rank) -> (Rank, usize) {
    let size = BLOCK as Rank;
    (rank / size, (rank % size) as usize)
}

#[cfg(test)]
impl Ranked {
    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Rank, Slot)> {
        self.blocks.iter().flat_map(|(&number, block)| {
            let places = (0..BLOCK).filter(|&place| block.taken & (1 << place) != 0);
            places.map(move |place| (number * BLOCK as Rank + place as Rank, block.slots[place]))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_a_sorted_map_would_be(
            changes in prop::collection::vec((0..100_u64, any::<bool>(), 0..1000_usize), 0..300),
        ) {
            let (mut ranked, mut model) = (Ranked::default(), BTreeMap::new());
            for (rank, comes, slot) in changes {
                if comes {
                    ranked.insert(rank, slot);
                    model.insert(rank, slot);
                } else {
                    ranked.remove(rank);
                    model.remove(&rank);
                }
                prop_assert_eq!(ranked.last(), model.values().last().copied());
                for below in 0..110 {
                    let expected = model.range(..below).next_back().map(|(_, &slot)| slot);
                    prop_assert_eq!(ranked.last_below(below), expected);
                }
            }
            let kept: Vec<_> = model.into_iter().collect();
            prop_assert_eq!(ranked.iter().collect::<Vec<_>>(), kept.clone());
            // However it came about: machines are compared.
            let mut direct = Ranked::default();
            for (rank, slot) in kept {
                direct.insert(rank, slot);
            }
            prop_assert_eq!(ranked, direct);
        }
    }
}
