//! How the children of a supervisor differ from those that are wanted.

use std::collections::{HashMap, HashSet};

use super::graph::Graph;
use crate::child::{Comparison, Replace, Step};
use crate::path::ChildId;

/// A spec that is known or wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described<'a> {
    pub(super) id: &'a ChildId,
    pub(super) version: Option<&'a str>,
    pub(super) needs: &'a [ChildId],
}

/// A child that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) spec: Described<'a>,
    /// It could not start with this spec, which is a new one, and is down.
    pub(super) has_failed: bool,
    /// A call that nobody waits for any more is about to remove it.
    pub(super) is_leaving: bool,
    /// The version of the spec that is kept for its next life, if there is one.
    pub(super) next: Option<Option<&'a str>>,
}

/// What is to be done so that there are those that are `wanted`, and no others: first some go, from the back; then some
/// get new specs, and some come, each behind those that it needs.
pub(super) fn compare(known: &[Known<'_>], wanted: &[Described<'_>], when: Replace) -> Comparison {
    let ids: HashSet<&ChildId> = wanted.iter().map(|wanted| wanted.id).collect();
    let specs: Vec<Described<'_>> = known.iter().map(|known| known.spec).collect();
    let mut comparison = Comparison::default();
    for at in in_order(&specs).into_iter().rev() {
        if known[at].is_leaving || !ids.contains(specs[at].id) {
            comparison.removed.push(specs[at].id.clone());
        }
    }
    let stays = known.iter().filter(|known| !known.is_leaving);
    let there: HashMap<&ChildId, &Known<'_>> = stays.map(|known| (known.spec.id, known)).collect();
    let (mut replaced, mut added) = (Vec::new(), Vec::new());
    for (at, wanted) in wanted.iter().enumerate() {
        match there.get(wanted.id) {
            None => added.push((at, Some(Step::Add))),
            Some(known) => match known.change(wanted.version, when) {
                None => comparison.unchanged.push(at),
                Some(when) => replaced.push((at, Some(Step::Replace(when)))),
            },
        }
    }
    // The unchanged too: one that is touched may need another one by way of them.
    let unchanged = comparison.unchanged.iter().map(|&at| (at, None));
    let all: Vec<(usize, Option<Step>)> = unchanged.chain(replaced).chain(added).collect();
    let specs: Vec<Described<'_>> = all.iter().map(|&(at, _)| wanted[at]).collect();
    let order = in_order(&specs).into_iter().map(|place| all[place]);
    comparison.steps = order.filter_map(|(at, step)| Some((at, step?))).collect();
    comparison
}

impl Known<'_> {
    /// What is to be done so that it comes to be of this version.
    fn change(&self, wanted: Option<&str>, when: Replace) -> Option<Replace> {
        let runs = self.spec.version == wanted;
        let is_latest = self.next.unwrap_or(self.spec.version) == wanted;
        match (runs, is_latest, when) {
            // It is tried again.
            (true, true, Replace::Now) if self.has_failed => Some(Replace::Now),
            (true, true, _) | (false, true, Replace::AtNextRestart) => None,
            // What is kept for it is taken back.
            (true, false, _) => Some(Replace::AtNextRestart),
            (false, _, when) => Some(when),
        }
    }
}

/// Each behind those that it needs, otherwise as they stand.
fn in_order(specs: &[Described<'_>]) -> Vec<usize> {
    let places: HashMap<&ChildId, usize> = specs
        .iter()
        .enumerate()
        .map(|(at, spec)| (spec.id, at))
        .collect();
    let needs = specs.iter().map(|spec| {
        let places = spec.needs.iter().filter_map(|id| places.get(id).copied());
        places.collect()
    });
    // That there is no circle was checked.
    Graph::new(needs.collect()).map_or_else(|_| (0..specs.len()).collect(), |graph| graph.order())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A child as a list says it; it may need those before it.
    #[derive(Clone, Debug)]
    struct Line {
        id: ChildId,
        version: Option<String>,
        needs: Vec<ChildId>,
    }

    impl Line {
        fn described(&self) -> Described<'_> {
            Described {
                id: &self.id,
                version: self.version.as_deref(),
                needs: &self.needs,
            }
        }
    }

    /// It runs, or is down, and nothing else is to be said of it.
    fn known(spec: Described<'_>) -> Known<'_> {
        Known {
            spec,
            has_failed: false,
            is_leaving: false,
            next: None,
        }
    }

    fn list() -> impl Strategy<Value = Vec<Line>> {
        let version = prop_oneof![Just(None), Just(Some("1")), Just(Some("2"))];
        let line = (0..8_u8, version, any::<u8>(), any::<bool>());
        prop::collection::vec(line, 0..8).prop_map(|lines| {
            let mut list: Vec<Line> = Vec::new();
            for (id, version, need, is_last) in lines {
                let id = ChildId::from(id.to_string());
                if list.iter().any(|line| line.id == id) {
                    continue;
                }
                let needs = list.get(usize::from(need)).map(|line| line.id.clone());
                let version = version.map(str::to_owned);
                let needs = needs.into_iter().collect();
                let at = if is_last { list.len() } else { 0 };
                list.insert(at, Line { id, version, needs });
            }
            list
        })
    }

    /// Of each child the version that runs and the one that is kept for it.
    type Versions = BTreeMap<ChildId, (Option<String>, Option<Option<String>>)>;

    fn compared(is: &Versions, wanted: &[Line], when: Replace) -> Comparison {
        let known = is.iter().map(|(id, (version, next))| Known {
            spec: Described {
                id,
                version: version.as_deref(),
                needs: &[],
            },
            has_failed: false,
            is_leaving: false,
            next: next.as_ref().map(Option::as_deref),
        });
        let wanted: Vec<_> = wanted.iter().map(Line::described).collect();
        compare(&known.collect::<Vec<_>>(), &wanted, when)
    }

    fn whens() -> impl Strategy<Value = Replace> {
        prop_oneof![Just(Replace::Now), Just(Replace::AtNextRestart)]
    }

    proptest! {
        #[test]
        fn whatever_there_was_there_is_what_is_wanted_and_what_was_so_is_untouched(
            lists in prop::collection::vec((list(), whens()), 1..5),
        ) {
            let mut is = Versions::new();
            for (wanted, when) in lists {
                let comparison = compared(&is, &wanted, when);
                let before = is.clone();
                for id in &comparison.removed {
                    prop_assert!(is.remove(id).is_some());
                }
                for &(at, step) in &comparison.steps {
                    let Line { id, version, needs } = &wanted[at];
                    match step {
                        Step::Add => {
                            let earlier = is.insert(id.clone(), (version.clone(), None));
                            prop_assert!(earlier.is_none());
                            prop_assert!(needs.iter().all(|need| is.contains_key(need)), "too early");
                        }
                        Step::Replace(Replace::Now) => {
                            prop_assert_eq!(when, Replace::Now);
                            prop_assert_ne!(&is[id].0, version, "for nothing");
                            is.insert(id.clone(), (version.clone(), None));
                        }
                        Step::Replace(Replace::AtNextRestart) => {
                            let place = is.get_mut(id).expect("it is there");
                            place.1 = Some(version.clone());
                        }
                    }
                }
                for &at in &comparison.unchanged {
                    prop_assert_eq!(&before[&wanted[at].id], &is[&wanted[at].id]);
                }
                prop_assert_eq!(is.len(), wanted.len());
                for Line { id, version, .. } in &wanted {
                    let (runs, next) = &is[id];
                    prop_assert_eq!(next.as_ref().unwrap_or(runs), version);
                    prop_assert!(when == Replace::AtNextRestart || runs == version);
                }
                let again = compared(&is, &wanted, when);
                prop_assert_eq!((again.removed.len(), again.steps.len()), (0, 0));
                prop_assert_eq!(again.unchanged.len(), wanted.len());
            }
        }

        #[test]
        fn who_is_needed_goes_last(list in list()) {
            let known: Vec<_> = list.iter().map(|line| known(line.described())).collect();
            let comparison = compare(&known, &[], Replace::Now);
            for line in &list {
                let place = |id| comparison.removed.iter().position(|gone| gone == id);
                for need in &line.needs {
                    prop_assert!(place(&line.id) < place(need));
                }
            }
        }
    }

    /// Who needs whom, up to a renaming that puts those that are needed in front; specs that differ have other versions.
    fn graphs() -> impl Strategy<Value = Vec<Line>> {
        let ranks = Just(Vec::from_iter(0..6_usize)).prop_shuffle();
        let edges = prop::collection::vec((0..6_usize, 0..6_usize), 0..9);
        (ranks, edges, prop::collection::vec(any::<bool>(), 6)).prop_map(
            |(ranks, edges, is_there)| {
                let needs = |at: usize| {
                    let of_it = edges.iter().filter(|&&(by, _)| by == at);
                    let behind = of_it.filter(|&&(_, need)| ranks[need] < ranks[at]);
                    let mut needs: Vec<usize> = behind.map(|&(_, need)| need).collect();
                    needs.retain(|&need| is_there[need]);
                    needs.sort_unstable();
                    needs
                };
                let line = |at: usize| Line {
                    id: ChildId::from(at.to_string()),
                    version: Some(format!("{:?}", needs(at))),
                    needs: (needs(at).iter().map(usize::to_string).map(ChildId::from)).collect(),
                };
                (0..6).filter(|&at| is_there[at]).map(line).collect()
            },
        )
    }

    proptest! {
        #[test]
        fn no_step_on_the_way_from_one_list_to_another_makes_a_circle_or_comes_before_what_it_needs(
            is in graphs(),
            wanted in graphs(),
        ) {
            let described: Vec<_> = wanted.iter().map(Line::described).collect();
            let there: Vec<_> = is.iter().map(|line| known(line.described())).collect();
            let comparison = compare(&there, &described, Replace::Now);
            let mut now: BTreeMap<&ChildId, &Line> = is.iter().map(|line| (&line.id, line)).collect();
            for id in &comparison.removed {
                now.remove(id);
            }
            for (at, step) in comparison.steps {
                let line = &wanted[at];
                let is_there = line.needs.iter().all(|need| now.contains_key(need));
                prop_assert!(is_there, "{step:?} of {line:?} before what it needs");
                now.insert(&line.id, line);
                let place = |id: &ChildId| now.keys().position(|other| *other == id);
                let needs = now.values().map(|line| line.needs.iter().filter_map(place).collect());
                let graph = Graph::new(needs.collect());
                prop_assert!(graph.is_ok(), "{step:?} of {line:?} makes a circle in {now:?}");
            }
        }
    }

    #[test]
    fn a_child_that_is_about_to_go_is_added_anew_when_it_is_gone() {
        let id = ChildId::from("a");
        let spec = Described {
            id: &id,
            version: None,
            needs: &[],
        };
        let leaving = Known {
            is_leaving: true,
            ..known(spec)
        };
        let comparison = compare(&[leaving], &[spec], Replace::Now);
        assert_eq!(comparison.removed, ["a"]);
        assert_eq!(comparison.steps, [(0, Step::Add)]);
    }

    #[test]
    fn a_child_that_could_not_start_with_its_new_spec_is_tried_again_but_not_for_later() {
        let id = ChildId::from("a");
        let spec = Described {
            id: &id,
            version: Some("2"),
            needs: &[],
        };
        let failed = Known {
            has_failed: true,
            ..known(spec)
        };
        let steps = |when| compare(&[failed], &[spec], when).steps;
        assert_eq!(steps(Replace::Now), [(0, Step::Replace(Replace::Now))]);
        assert_eq!(steps(Replace::AtNextRestart), []);
    }

    #[test]
    fn what_is_replaced_and_added_comes_behind_what_it_needs() {
        let [a, b, c] = ["a", "b", "c"].map(ChildId::from);
        let spec = |id, version, needs| Described { id, version, needs };
        let known = [spec(&a, None, &[]), spec(&b, None, &[])].map(known);
        let needs_c = [c.clone()];
        let wanted = [
            spec(&a, Some("2"), &needs_c),
            spec(&b, Some("2"), &[]),
            spec(&c, None, &[]),
        ];
        let steps = compare(&known, &wanted, Replace::Now).steps;
        let now = Step::Replace(Replace::Now);
        assert_eq!(steps, [(1, now), (2, Step::Add), (0, now)]);
    }
}
