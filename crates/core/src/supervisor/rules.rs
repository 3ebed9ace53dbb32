//! What a supervisor is told of itself, and what that makes of the settings of its children.

use std::time::Duration;

use super::protocol::Traits;
use super::strategy::Strategy;
use crate::child::{ChildSettings, ChildSpec, InitPolicy, Roster, Semantics, SpecError};
use crate::restart::Intensity;

/// What holds for the whole life of a supervisor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) semantics: Semantics,
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Intensity,
    /// How many crashes of each child are kept.
    pub(crate) crash_reports: usize,
    pub(crate) check: fn(&Rules, &Roster, &ChildSpec) -> Result<(), SpecError>,
    pub(crate) auto_shutdown: bool,
    pub(crate) max_children: usize,
    pub(crate) stop_budget: Option<Duration>,
}

impl Rules {
    /// What a machine is told of a child with these settings.
    pub(crate) fn traits(&self, settings: &ChildSettings) -> Traits {
        let init_policy = if self.semantics.retried_initialization {
            InitPolicy::FatalOnFirstStart
        } else {
            settings.init_policy
        };
        let unlimited = self.semantics.unlimited_initialization;
        Traits {
            restart: settings.restart,
            significant: settings.significant,
            shutdown: settings.shutdown,
            init_policy,
            init_timeout: match settings.ready_within() {
                within @ Some(_) => within,
                None => settings.init_timeout.filter(|_| !unlimited),
            },
        }
    }
}
