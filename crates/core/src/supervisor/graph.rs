//! Who depends on whom among the children of one supervisor.

use std::collections::BTreeSet;

use super::order::Slot;

/// Which rows need which others; empty where nobody needs anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Graph {
    /// By slot.
    nodes: Vec<Node>,
    edges: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Node {
    needs: Vec<Slot>,
    needed_by: Vec<Slot>,
    /// One more than the highest of those that it needs.
    level: u32,
}

impl Graph {
    /// A graph of rows that need these others, by slot.
    ///
    /// # Errors
    ///
    /// A circle: each in it needs the next one, and the last the first.
    pub(crate) fn new(needs: Vec<Vec<Slot>>) -> Result<Self, Vec<Slot>> {
        let mut graph = Self::default();
        graph.nodes.resize(needs.len(), Node::default());
        for (slot, needs) in needs.into_iter().enumerate() {
            graph.link(slot, needs);
        }
        let order = graph.order();
        if order.len() < graph.nodes.len() {
            return Err(graph.circle(&order));
        }
        for slot in order {
            graph.nodes[slot].level = graph.level_of(slot);
        }
        Ok(graph)
    }

    /// Adds a row that needs these, all of which are rows by now.
    pub(crate) fn add(&mut self, slot: Slot, needs: Vec<Slot>) {
        if needs.is_empty() && slot >= self.nodes.len() {
            return;
        }
        // Rows of which there was nothing to say are not in here, and may have higher slots.
        let last = needs
            .iter()
            .copied()
            .max()
            .map_or(slot, |need| need.max(slot));
        if last >= self.nodes.len() {
            self.nodes.resize(last + 1, Node::default());
        }
        self.link(slot, needs);
        self.nodes[slot].level = self.level_of(slot);
    }

    /// From now on the row needs these, and no others; there must be no circle.
    pub(crate) fn relink(&mut self, slot: Slot, needs: Vec<Slot>) {
        let last = needs.iter().copied().fold(slot, Slot::max);
        if last >= self.nodes.len() {
            self.nodes.resize(last + 1, Node::default());
        }
        let before = std::mem::take(&mut self.nodes[slot].needs);
        self.edges -= before.len();
        for other in before {
            self.nodes[other].needed_by.retain(|&by| by != slot);
        }
        self.link(slot, needs);
        for slot in self.order() {
            self.nodes[slot].level = self.level_of(slot);
        }
    }

    /// Forgets a row; who needed it needs it no more.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(node) = self.nodes.get_mut(slot).map(std::mem::take) else {
            return;
        };
        self.edges -= node.needs.len() + node.needed_by.len();
        for other in node.needs {
            self.nodes[other].needed_by.retain(|&by| by != slot);
        }
        for other in node.needed_by {
            self.nodes[other].needs.retain(|&need| need != slot);
        }
    }

    /// Whether nobody needs anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.edges == 0
    }

    pub(crate) fn needs(&self, slot: Slot) -> &[Slot] {
        self.nodes.get(slot).map_or(&[], |node| &node.needs)
    }

    pub(crate) fn needed_by(&self, slot: Slot) -> &[Slot] {
        self.nodes.get(slot).map_or(&[], |node| &node.needed_by)
    }

    /// How long the longest way down from it is.
    pub(crate) fn level(&self, slot: Slot) -> u32 {
        self.nodes.get(slot).map_or(0, |node| node.level)
    }

    /// The row and all that need it, also by way of others.
    pub(crate) fn dependents(&self, slot: Slot) -> BTreeSet<Slot> {
        let mut found = BTreeSet::from([slot]);
        let mut open = vec![slot];
        while let Some(slot) = open.pop() {
            open.extend(self.needed_by(slot).iter().filter(|&&by| found.insert(by)));
        }
        found
    }

    /// All slots, each behind those that it needs, otherwise as they are numbered; without those that stand in a
    /// circle or behind one.
    pub(crate) fn order(&self) -> Vec<Slot> {
        let mut missing: Vec<usize> = self.nodes.iter().map(|node| node.needs.len()).collect();
        let ready = missing.iter().enumerate().filter(|&(_, &count)| count == 0);
        let mut ready: BTreeSet<Slot> = ready.map(|(slot, _)| slot).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some(slot) = ready.pop_first() {
            order.push(slot);
            for &by in self.needed_by(slot) {
                missing[by] -= 1;
                if missing[by] == 0 {
                    ready.insert(by);
                }
            }
        }
        order
    }

    fn link(&mut self, slot: Slot, mut needs: Vec<Slot>) {
        needs.sort_unstable();
        needs.dedup();
        self.edges += needs.len();
        for &other in &needs {
            self.nodes[other].needed_by.push(slot);
        }
        self.nodes[slot].needs = needs;
    }

    fn level_of(&self, slot: Slot) -> u32 {
        let below = self.needs(slot).iter().map(|&need| self.level(need) + 1);
        below.max().unwrap_or(0)
    }

    /// A circle among those that are not in `order`.
    fn circle(&self, order: &[Slot]) -> Vec<Slot> {
        let free: BTreeSet<Slot> = order.iter().copied().collect();
        let Some(first) = (0..self.nodes.len()).find(|slot| !free.contains(slot)) else {
            return Vec::new();
        };
        // Each of them needs another of them, so that this way comes back to itself.
        let mut way = vec![first];
        loop {
            let at = way[way.len() - 1];
            let next = self.needs(at).iter().find(|need| !free.contains(need));
            let Some(&next) = next else {
                return Vec::new();
            };
            if let Some(start) = way.iter().position(|&slot| slot == next) {
                return way.split_off(start);
            }
            way.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_stands_behind_those_that_it_needs_and_otherwise_in_the_order_of_the_list() {
        let graph = Graph::new(vec![vec![3], vec![], vec![0], vec![]]).expect("there is no circle");
        assert_eq!(graph.order(), [1, 3, 0, 2]);
        assert_eq!([0, 1, 2, 3].map(|slot| graph.level(slot)), [1, 0, 2, 0]);
        assert_eq!(graph.dependents(3), BTreeSet::from([0, 2, 3]));
        assert_eq!(graph.dependents(1), BTreeSet::from([1]));
    }

    #[test]
    fn a_circle_is_told_as_a_way() {
        assert_eq!(Graph::new(vec![vec![0]]), Err(vec![0]));
        // 3 needs 1, 1 needs 2, 2 needs 3; 0 only stands behind them.
        let circle = Graph::new(vec![vec![1], vec![2], vec![3], vec![1]]);
        assert_eq!(circle, Err(vec![1, 2, 3]));
    }

    #[test]
    fn rows_come_and_go() {
        let mut graph = Graph::new(vec![vec![], vec![0]]).expect("there is no circle");
        graph.add(4, vec![1, 0, 1]);
        assert_eq!((graph.needs(4), graph.level(4)), ([0, 1].as_slice(), 2));
        assert_eq!(graph.needed_by(0), [1, 4]);
        graph.remove(1);
        assert_eq!(
            (graph.needs(4), graph.needed_by(1)),
            ([0].as_slice(), [].as_slice())
        );
        graph.remove(4);
        assert!(graph.is_empty());
        graph.add(7, vec![]);
        assert!(graph.needs(7).is_empty());
        graph.relink(0, vec![5, 5]);
        graph.add(6, vec![0]);
        assert_eq!(graph.order(), [1, 2, 3, 4, 5, 0, 6]);
        graph.relink(5, vec![1]);
        assert_eq!([5, 0, 6].map(|slot| graph.level(slot)), [1, 2, 3]);
        graph.relink(0, vec![]);
        assert_eq!([5, 0, 6].map(|slot| graph.level(slot)), [1, 0, 1]);
        assert!(graph.needed_by(5).is_empty());
        // The place of one that has gone, before all others.
        let mut graph = Graph::default();
        graph.add(0, vec![2]);
        assert_eq!(
            (graph.needs(0), graph.needed_by(2)),
            ([2].as_slice(), [0].as_slice())
        );
    }

    proptest! {
        #[test]
        fn an_order_or_a_circle_is_found_in_every_graph(
            needs in prop::collection::vec(prop::collection::vec(0..8_usize, 0..3), 8),
        ) {
            match Graph::new(needs.clone()) {
                Ok(graph) => {
                    let order = graph.order();
                    prop_assert_eq!(order.len(), 8);
                    let place = |slot| order.iter().position(|&at| at == slot);
                    for (slot, needs) in needs.iter().enumerate() {
                        for &need in needs {
                            prop_assert!(place(need) < place(slot));
                            prop_assert!(graph.level(need) < graph.level(slot));
                        }
                    }
                }
                Err(circle) => {
                    prop_assert!(!circle.is_empty());
                    for (at, slot) in circle.iter().enumerate() {
                        prop_assert!(needs[*slot].contains(&circle[(at + 1) % circle.len()]));
                    }
                }
            }
        }
    }
}
