//! What few child specs say, so that all others are small.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::exit::ExitReason;
use crate::path::ChildId;
use crate::place::Place;
use crate::restart::{Backoff, ExitVerdict, Intensity, OnLimit, Plan};
use crate::tree::HealthImpact;

/// What few child specs say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    pub(crate) backoff: Option<Backoff>,
    pub(crate) limit: Option<(Intensity, OnLimit)>,
    pub(crate) watchdog: Option<Duration>,
    /// Within what time it says itself that it is ready.
    pub(crate) ready_within: Option<Duration>,
    /// The siblings that it needs.
    pub(crate) after: Vec<ChildId>,
    pub(crate) impact: Option<HealthImpact>,
    pub(crate) classifier: Option<Judge<Option<ExitVerdict>>>,
    pub(crate) stop_when: Option<Judge<bool>>,
    /// None is where its supervisor runs.
    pub(crate) place: Option<Place>,
    pub(crate) version: Option<Arc<str>>,
}

/// What a user says to an exit.
pub(crate) struct Judge<T>(Arc<dyn Fn(&ExitReason) -> T + Send + Sync>);

impl Extras {
    /// What a machine is told of the restarts of the child, if there is anything to tell.
    pub(crate) fn plan(&self) -> Option<Plan> {
        let plan = Plan {
            backoff: self.backoff,
            limit: self.limit,
            watchdog: self.watchdog,
            seed: self.backoff.map_or(0, |backoff| backoff.first_seed()),
        };
        (!plan.is_empty()).then_some(plan)
    }
}

impl<T> Judge<T> {
    pub(crate) fn new(judge: impl Fn(&ExitReason) -> T + Send + Sync + 'static) -> Self {
        Self(Arc::new(judge))
    }

    pub(crate) fn ask(&self, reason: &ExitReason) -> T {
        (self.0)(reason)
    }
}

impl<T> Clone for Judge<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Two are the same if one is a clone of the other.
impl<T> PartialEq for Judge<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Judge<T> {}

impl<T> fmt::Debug for Judge<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
