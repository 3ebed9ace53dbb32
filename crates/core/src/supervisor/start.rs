//! How a blueprint becomes a running supervisor.

use async_trait::async_trait;

use super::convoy::Lanes;
use super::decide::Decide;
use super::driver::Driver;
use super::machine::{Machine, Settings};
use super::protocol::Newcomer;
use super::rules::Rules;
use super::spec::{Supervisor, faults_of};
use super::strategy::{AutoShutdown, StartMode, StopMode};
use crate::child::{
    ChildKind, ChildSpec, Context, Fault, Findings, Manner, Roster, ShutdownStrategy, SpecError,
    Started, Supervisable,
};
use crate::exit::InitializationError;
use crate::path::ChildPath;
use crate::place::Place;

#[async_trait]
impl Supervisable for Supervisor {
    fn name(&self) -> &str {
        self.blueprint.id.as_str()
    }

    fn shutdown_strategy(&self) -> ShutdownStrategy {
        ShutdownStrategy::Infinite
    }

    fn kind(&self) -> ChildKind {
        ChildKind::Supervisor
    }

    fn children(&self) -> &[ChildSpec] {
        &self.children
    }

    fn place(&self) -> Place {
        self.blueprint.place.clone()
    }

    fn findings(&self, path: &ChildPath) -> Findings {
        self.own_findings(path)
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        // A supervisor that was made at run time was not checked with the tree.
        let findings = self.findings(ctx.path());
        findings.verdict().map_err(InitializationError::new)?;
        let blueprint = &self.blueprint;
        let semantics = blueprint.semantics_for(&ctx);
        let rules = Rules {
            semantics,
            strategy: self.strategy,
            intensity: blueprint.intensity,
            crash_reports: blueprint.crash_reports,
            check: check_child,
            auto_shutdown: self.auto_shutdown != AutoShutdown::Never,
            max_children: usize::MAX,
            stop_budget: blueprint.stop_budget,
        };
        let count = self.children.len();
        let manner = Manner {
            strategy: self.strategy.as_str(),
            dynamic: false,
            abort_grace: blueprint.abort_grace,
            crash_reports: blueprint.crash_reports,
        };
        let roster = Roster::new(ctx.path().clone(), manner, count);
        for spec in &self.children {
            let path = ctx.path().join(&spec.settings.id);
            roster.lock().add(spec.clone(), path, true);
        }
        let children = self.children.iter();
        let traits = children.map(|spec| rules.traits(&spec.settings));
        let settings = Settings {
            strategy: self.strategy,
            auto_shutdown: self.auto_shutdown,
            intensity: blueprint.intensity,
            storm_guard: blueprint.storm_guard,
            abort_grace: blueprint.abort_grace,
            semantics,
        };
        let seat = blueprint.seat_for(&ctx);
        let mut machine = match self.lanes() {
            Some(lanes) => Machine::with_lanes(settings, &traits.collect::<Vec<_>>(), lanes),
            None => Machine::new(settings, traits),
        };
        for (slot, spec) in self.children.iter().enumerate() {
            if let plan @ Some(_) = spec.settings.plan() {
                // Whom they need stands in the lanes.
                let needs = Vec::new();
                let renews = false;
                machine.introduce(Newcomer {
                    slot,
                    plan,
                    needs,
                    renews,
                });
            }
        }
        let mut driver = Driver::new(machine, rules, &ctx.life, seat, roster);
        driver.boot().await?;
        Ok(Started::Run(Box::pin(driver.run())))
    }
}

impl Supervisor {
    /// How its children start and stop beside each other, if not one after the other.
    fn lanes(&self) -> Option<Lanes> {
        let (start, stop) = (self.start_mode, self.stop_mode);
        let in_line = start == StartMode::Sequential && stop == StopMode::Ordered;
        if in_line && !self.has_needs() {
            return None;
        }
        // What is wrong with it was found before.
        let graph = self.graph(&mut |_, _| ()).ok()?;
        Some(Lanes {
            start,
            stop,
            graph,
            ..Lanes::default()
        })
    }
}

/// Refuses a child spec that a running supervisor must not take.
pub(crate) fn check_child(
    rules: &Rules,
    roster: &Roster,
    spec: &ChildSpec,
) -> Result<(), SpecError> {
    let mut faults = faults_of(spec, rules.auto_shutdown);
    for id in spec.settings.after() {
        if roster.manner.dynamic || roster.lock().find(id.as_str()).is_none() {
            faults.push(Fault::UnknownDependency { id: id.clone() });
        }
    }
    if faults.is_empty() && spec.settings.kind == ChildKind::Worker {
        return Ok(());
    }
    let path = roster.path.join(&spec.settings.id);
    let mut findings = Findings::default();
    for fault in faults {
        findings.faults.push((path.clone(), fault));
    }
    findings.add_below(spec.child.as_ref(), path);
    findings.verdict().map(|_lints| ())
}
