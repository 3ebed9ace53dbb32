//! How a blueprint becomes a running dynamic supervisor.

use async_trait::async_trait;

use super::machine::{Machine, Settings};
use super::spec::DynamicSupervisor;
use crate::child::{
    ChildKind, Context, Fault, Findings, Manner, Roster, ShutdownStrategy, Started, Supervisable,
};
use crate::exit::InitializationError;
use crate::path::ChildPath;
use crate::place::Place;
use crate::supervisor::{Driver, Rules, Strategy, check_child};
use crate::tree::DYNAMIC;

#[async_trait]
impl<A: Send + 'static> Supervisable for DynamicSupervisor<A> {
    fn name(&self) -> &str {
        self.blueprint.id.as_str()
    }

    fn shutdown_strategy(&self) -> ShutdownStrategy {
        ShutdownStrategy::Infinite
    }

    fn kind(&self) -> ChildKind {
        ChildKind::Supervisor
    }

    fn place(&self) -> Place {
        self.blueprint.place.clone()
    }

    fn findings(&self, path: &ChildPath) -> Findings {
        let mut findings = self.blueprint.findings(path);
        if self.max_children == 0 {
            findings
                .faults
                .push((path.clone(), Fault::NoChildrenAllowed));
        }
        findings
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        // A supervisor that was made at run time was not checked with the tree.
        let findings = self.findings(ctx.path());
        findings.verdict().map_err(InitializationError::new)?;
        let blueprint = &self.blueprint;
        let semantics = blueprint.semantics_for(&ctx);
        let rules = Rules {
            semantics,
            strategy: Strategy::OneForOne,
            intensity: blueprint.intensity,
            crash_reports: blueprint.crash_reports,
            check: check_child,
            auto_shutdown: false,
            max_children: self.max_children,
            stop_budget: blueprint.stop_budget,
        };
        let settings = Settings {
            intensity: blueprint.intensity,
            storm_guard: blueprint.storm_guard,
            abort_grace: blueprint.abort_grace,
            max_children: self.max_children,
            semantics,
        };
        let seat = blueprint.seat_for(&ctx);
        let manner = Manner {
            strategy: DYNAMIC,
            dynamic: true,
            abort_grace: blueprint.abort_grace,
            crash_reports: blueprint.crash_reports,
        };
        let roster = Roster::new(ctx.path().clone(), manner, 0);
        let machine = Machine::new(settings);
        let mut driver = Driver::new(machine, rules, &ctx.life, seat, roster);
        driver.boot().await?;
        Ok(Started::Run(Box::pin(driver.run())))
    }
}
