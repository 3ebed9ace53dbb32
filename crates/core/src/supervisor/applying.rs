//! Looks at specs that a running supervisor is to take: whether it may, and what is to be done for that.

use std::collections::HashMap;

use super::comparison::{self, Described, Known};
use super::graph::Graph;
use super::protocol::Slot;
use super::rules::Rules;
use super::spec::Supervisor;
use super::strategy::AutoShutdown;
use crate::child::{
    ApplyError, ChildSettings, ChildSpec, Comparison, Fault, Findings, Replace, Roster, SpecError,
};
use crate::exit::let_go;
use crate::path::ChildId;

/// Refuses a spec that is to take the place of another one and must not.
pub(super) fn check_renewal(
    rules: &Rules,
    roster: &Roster,
    slot: Slot,
    spec: &ChildSpec,
) -> Result<(), SpecError> {
    (rules.check)(rules, roster, spec)?;
    let after = spec.settings.after();
    if after.is_empty() {
        return Ok(());
    }
    let ids: Vec<ChildId> = roster
        .picture()
        .in_order()
        .map(|entry| entry.path.id().clone())
        .collect();
    let places: HashMap<&ChildId, usize> =
        ids.iter().enumerate().map(|(at, id)| (id, at)).collect();
    let state = roster.lock();
    let mut needs = Vec::with_capacity(ids.len());
    for id in &ids {
        let at = state.find(id.as_str());
        let running = at.and_then(|at| state.get(at)).map(|entry| &entry.spec);
        // Whichever of the two it comes to be, there must be no circle.
        let other = if at == Some(slot) {
            Some(spec)
        } else {
            at.and_then(|at| state.kept(at))
        };
        let both = running.into_iter().chain(other);
        let both = both.flat_map(|spec| spec.settings.after());
        needs.push(both.filter_map(|id| places.get(id).copied()).collect());
    }
    drop(state);
    let Err(cycle) = Graph::new(needs) else {
        return Ok(());
    };
    let cycle = cycle.into_iter().map(|at| ids[at].clone()).collect();
    let path = roster.path.join(&spec.settings.id);
    Err(SpecError {
        faults: vec![(path, Fault::DependencyCycle { cycle })],
    })
}

/// What is to be done so that the supervisor has these children and no others.
pub(super) fn compare(
    rules: &Rules,
    roster: &Roster,
    wanted: Vec<ChildSpec>,
    when: Replace,
) -> Result<Comparison, ApplyError> {
    if roster.manner.dynamic {
        let_go_all(wanted);
        return Err(ApplyError::Dynamic);
    }
    // As a supervisor of that list would be checked.
    let mut list = Supervisor::new(roster.path.id(), rules.strategy);
    if rules.auto_shutdown {
        list = list.auto_shutdown(AutoShutdown::AnySignificant);
    }
    list.children = wanted;
    let mut findings = Findings::default();
    findings.add_below(&list, roster.path.clone());
    if let Err(source) = findings.verdict() {
        let_go_all(list.children);
        return Err(ApplyError::Spec { source });
    }
    let picture = roster.picture();
    let rows: Vec<_> = picture.in_order().collect();
    let kept: Vec<Option<ChildSpec>> = {
        let state = roster.lock();
        let slot = |id: &ChildId| state.find(id.as_str());
        let kept = rows.iter().map(|row| state.kept(slot(row.path.id())?));
        kept.map(Option::<&_>::cloned).collect()
    };
    let known = rows.iter().zip(&kept).map(|(row, kept)| Known {
        spec: described(&row.spec.settings),
        has_failed: row.has_failed_anew(),
        is_leaving: row.is_leaving,
        next: kept.as_ref().map(|spec| spec.settings.version()),
    });
    let known: Vec<_> = known.collect();
    let described: Vec<_> = (list.children.iter())
        .map(|spec| described(&spec.settings))
        .collect();
    let comparison = comparison::compare(&known, &described, when);
    let_go_all(list.children);
    Ok(comparison)
}

fn described(settings: &ChildSettings) -> Described<'_> {
    Described {
        id: &settings.id,
        version: settings.version(),
        needs: settings.after(),
    }
}

/// Who called may have gone away, and these be the last of what they hold of the user's.
fn let_go_all(specs: Vec<ChildSpec>) {
    specs.into_iter().for_each(let_go);
}
