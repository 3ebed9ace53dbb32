//! How a child stands in its supervisor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::extras::{Extras, Judge};
use super::{ChildKind, InitPolicy, ShutdownStrategy, Supervisable};
use crate::exit::ExitReason;
use crate::path::ChildId;
use crate::place::Place;
use crate::restart::{Backoff, ExitVerdict, Intensity, OnLimit, Plan, Restart};
use crate::tree::HealthImpact;

/// How long an initialization may take if nothing else is said.
const INIT_TIMEOUT: Duration = Duration::from_secs(30);

/// A child and how it is supervised: OTP's child spec.
///
/// Inert and cheap to clone. Whatever is [`Supervisable`] turns into a spec with its own settings,
/// so `new` is only needed to change them. Faults are found by
/// [`Supervisor::check`](crate::Supervisor::check).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::{Restart, ShutdownStrategy, worker};
///
/// let spec = worker("mailer", |ctx| async move { ctx.stopping().await; Ok(()) })
///     .restart(Restart::Transient)
///     .shutdown(ShutdownStrategy::Graceful(Duration::from_secs(10)));
/// assert_eq!(spec.settings().id, "mailer");
/// ```
#[derive(Clone)]
#[must_use = "a child spec starts nothing until a supervisor gets it"]
pub struct ChildSpec {
    pub(crate) child: Arc<dyn Supervisable>,
    pub(crate) settings: ChildSettings,
    /// What the child said of itself when the spec was made.
    pub(crate) has_initialization: bool,
}

/// The settings of a [`ChildSpec`], defaults filled in.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Restart, worker};
///
/// let mailer = worker("mailer", |_| async { Ok(()) }).restart(Restart::Transient);
/// let settings = mailer.settings();
/// assert_eq!((settings.id.as_str(), settings.restart), ("mailer", Restart::Transient));
/// assert!(settings.init_timeout.is_some());                // 30 seconds, unless set otherwise
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildSettings {
    /// The key among its siblings.
    pub id: ChildId,
    /// Worker or supervisor.
    pub kind: ChildKind,
    /// When it is restarted.
    pub restart: Restart,
    /// How it is ended.
    pub shutdown: ShutdownStrategy,
    /// Whether its end can end its supervisor.
    pub significant: bool,
    /// What follows when it cannot start.
    pub init_policy: InitPolicy,
    /// How long its initialization may take; `None` means without a limit.
    pub init_timeout: Option<Duration>,
    /// What few specs say.
    pub(crate) extras: Option<Arc<Extras>>,
}

impl ChildSpec {
    /// The child with its own settings.
    pub fn new(child: impl Supervisable) -> Self {
        let kind = child.kind();
        let place = child.place();
        let version: Option<Arc<str>> = child.version().map(Arc::from);
        let settings = ChildSettings {
            id: ChildId::from(child.name()),
            kind,
            restart: child.restart(),
            shutdown: child.shutdown_strategy(),
            significant: false,
            init_policy: child.init_policy(),
            init_timeout: match kind {
                ChildKind::Worker => Some(INIT_TIMEOUT),
                // Each of its children has a limit of its own.
                ChildKind::Supervisor => None,
            },
            extras: None,
        };
        let mut spec = Self {
            has_initialization: child.has_initialization(),
            child: Arc::new(child),
            settings,
        };
        if let Some(version) = version {
            spec = spec.version(version);
        }
        if place.is_here() {
            return spec;
        }
        spec.place(place)
    }

    /// Sets the key among its siblings; by default the child's name.
    pub fn id(mut self, id: impl Into<ChildId>) -> Self {
        self.settings.id = id.into();
        self
    }

    /// Sets when it is restarted: by default always, unless the child itself says otherwise.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.settings.restart = restart;
        self
    }

    /// Sets how it is ended: by default a worker gets 5 seconds and a supervisor all the time that it needs,
    /// unless the child itself says otherwise.
    pub fn shutdown(mut self, shutdown: ShutdownStrategy) -> Self {
        self.settings.shutdown = shutdown;
        self
    }

    /// Makes it significant: its end can end its supervisor, as [`AutoShutdown`](crate::AutoShutdown) says.
    ///
    /// A significant child must not be permanent, and its supervisor must have an auto shutdown.
    pub fn significant(mut self) -> Self {
        self.settings.significant = true;
        self
    }

    /// Sets what follows when it cannot start: by default its supervisor ends, unless the child itself says
    /// otherwise.
    pub fn init_policy(mut self, policy: InitPolicy) -> Self {
        self.settings.init_policy = policy;
        self
    }

    /// Sets how long its initialization may take: 30 seconds by default, unlimited for a supervisor.
    pub fn init_timeout(mut self, timeout: Duration) -> Self {
        self.settings.init_timeout = Some(timeout);
        self
    }

    /// Lets its initialization take as long as it likes.
    pub fn no_init_timeout(mut self) -> Self {
        self.settings.init_timeout = None;
        self
    }

    /// Lets it wait before its restarts: by default each restart is at once.
    ///
    /// A child that fails at its restarts again and again uses its supervisor's intensity up all the same.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.extras().backoff = Some(backoff);
        self
    }

    /// Sets how many restarts of its own it may have, and what follows then: by default only its
    /// supervisor's intensity counts, which what is over this limit does not touch.
    pub fn limit(mut self, limit: Intensity, then: OnLimit) -> Self {
        self.extras().limit = Some((limit, then));
        self
    }

    /// Sets within what time it has to call [`Context::progress`](crate::Context::progress) again and again
    /// while it runs; else it is stopped as its shutdown strategy says, and has failed: by default it need not.
    pub fn watchdog(mut self, within: Duration) -> Self {
        self.extras().watchdog = Some(within);
        self
    }

    /// Lets it say itself when it is ready, with [`Context::ready`](crate::Context::ready), within that time from its start
    /// on: by default it is ready when its initialization has succeeded.
    ///
    /// Until then it counts as starting: those after it wait, and an exit is a failed start. It can get more time with
    /// [`Context::extend_start`](crate::Context::extend_start). Takes the place of the
    /// [`init_timeout`](Self::init_timeout).
    pub fn explicit_readiness(mut self, within: Duration) -> Self {
        self.extras().ready_within = Some(within);
        self
    }

    /// Names siblings that it needs: it starts only when all of them are ready, and they stop only when it is gone.
    ///
    /// By default a child needs nobody, and the order of the list decides. This holds for the start and the stop of
    /// its supervisor and for restarts of a group; a rest-for-one supervisor in which anybody needs anybody restarts with
    /// a failed child all that need it, in place of all behind it. Who starts side by side says [`StartMode`](crate::StartMode).
    ///
    /// If one that it needs is down, as it was terminated, dropped, or waits for its own restart, the others go on, and the child waits:
    /// it is started when that one runs. Meanwhile it shows a [`DelayCause::Dependency`](crate::DelayCause), and a call that is to
    /// start it is refused. One that declined to start, or that has ended and is not to be restarted, is not waited for. And a
    /// restart of the child alone waits for nobody.
    pub fn after<I>(mut self, ids: I) -> Self
    where
        I: IntoIterator<Item: Into<ChildId>>,
    {
        self.extras().after.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Sets whether its state counts for the [`Health`](crate::Health) of the tree: by default it does, unless its
    /// supervisor is a dynamic one.
    pub fn health(mut self, impact: HealthImpact) -> Self {
        self.extras().impact = Some(impact);
        self
    }

    /// Asks `classify` what is to follow an exit of this child that nobody asked for; `None` is: as its restart
    /// type says.
    ///
    /// It is asked once for each such end: an exit, a kill from outside, a restart that has failed at its initialization, a child that
    /// was stopped as its watchdog heard nothing of it, one that was left behind as unresponsive. It is not asked when
    /// the child was told to stop, while its supervisor ends, when it declines to start, and at a first start, which
    /// fails who asked for it. A child that ends just when its group is restarted comes along with that, whatever is said,
    /// unless that is [`Stop`](ExitVerdict::Stop) or [`Escalate`](ExitVerdict::Escalate). A temporary child is never restarted.
    ///
    /// It is called by the supervisor and must not block; one that panics has said `None`.
    pub fn classify<F>(mut self, classify: F) -> Self
    where
        F: Fn(&ExitReason) -> Option<ExitVerdict> + Send + Sync + 'static,
    {
        self.extras().classifier = Some(Judge::new(classify));
        self
    }

    /// Ends the supervisor, satisfied, when this child exits by itself in a way that `is_enough` says yes to:
    /// see [`Outcome::Satisfied`](crate::Outcome).
    ///
    /// Asked before the classifier, and as that.
    pub fn stop_when<F>(mut self, is_enough: F) -> Self
    where
        F: Fn(&ExitReason) -> bool + Send + Sync + 'static,
    {
        self.extras().stop_when = Some(Judge::new(is_enough));
        self
    }

    /// Sets where it runs, and if it is a supervisor, all below it: by default where its supervisor runs,
    /// unless the child itself says otherwise.
    pub fn place(mut self, place: Place) -> Self {
        if !place.is_here() || self.settings.extras.is_some() {
            self.extras().place = Some(place).filter(|place| !place.is_here());
        }
        self
    }

    /// Says which version of itself it is, in whatever words: by default it says nothing, unless the child itself does.
    ///
    /// [`apply`](crate::SupervisorHandle::apply) takes two specs of one id for the same if they say the same here, or both
    /// nothing: what a closure holds cannot be compared, and nothing else is, not even whether they are of workers or of
    /// supervisors, or which children those have. A hash of the settings that the child is made from will do. Shown in
    /// snapshots.
    pub fn version(mut self, version: impl Into<Arc<str>>) -> Self {
        self.extras().version = Some(version.into());
        self
    }

    fn extras(&mut self) -> &mut Extras {
        Arc::make_mut(self.settings.extras.get_or_insert_default())
    }

    /// What is set, defaults included.
    #[must_use]
    pub fn settings(&self) -> &ChildSettings {
        &self.settings
    }
}

impl ChildSettings {
    /// What a machine is told of its restarts, if there is anything to tell.
    pub(crate) fn plan(&self) -> Option<Plan> {
        self.extras.as_deref().and_then(Extras::plan)
    }

    /// Whether its end can be the end, in good order, of its supervisor.
    pub(crate) fn can_end_supervisor(&self) -> bool {
        let extras = self.extras.as_ref();
        self.significant || extras.is_some_and(|extras| extras.stop_when.is_some())
    }

    /// Whether the user has a say in what follows its exits.
    pub(crate) fn is_judged(&self) -> bool {
        let extras = self.extras.as_ref();
        extras.is_some_and(|extras| extras.classifier.is_some() || extras.stop_when.is_some())
    }

    /// How it waits before its restarts, if it does.
    #[must_use]
    pub fn backoff(&self) -> Option<Backoff> {
        self.extras.as_ref()?.backoff
    }

    /// The limit of its own restarts and what follows then, if it has one.
    #[must_use]
    pub fn limit(&self) -> Option<(Intensity, OnLimit)> {
        self.extras.as_ref()?.limit
    }

    /// How long its start may take in all, if that has a limit.
    pub(crate) fn start_timeout(&self) -> Option<Duration> {
        self.ready_within().or(self.init_timeout)
    }

    /// Within what time it has to say that it is ready, if it says so itself.
    #[must_use]
    pub fn ready_within(&self) -> Option<Duration> {
        self.extras.as_ref()?.ready_within
    }

    /// The siblings that it needs.
    #[must_use]
    pub fn after(&self) -> &[ChildId] {
        self.extras.as_ref().map_or(&[], |extras| &extras.after)
    }

    /// Where it runs.
    #[must_use]
    pub fn place(&self) -> Place {
        self.placed_apart().cloned().unwrap_or_default()
    }

    /// Which version of itself it is, if it says so.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.shared_version().map(AsRef::as_ref)
    }

    /// The same, to be kept.
    pub(crate) fn shared_version(&self) -> Option<&Arc<str>> {
        self.extras.as_ref()?.version.as_ref()
    }

    /// Where it runs, if that is not where its supervisor does.
    pub(crate) fn placed_apart(&self) -> Option<&Place> {
        self.extras.as_ref()?.place.as_ref()
    }

    /// Whether its state counts for the health of the tree, if its spec says so.
    #[must_use]
    pub fn impact(&self) -> Option<HealthImpact> {
        self.extras.as_ref()?.impact
    }

    /// Within what time it has to say that it gets on, if it has to.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.extras.as_ref()?.watchdog
    }
}

impl<T: Supervisable> From<T> for ChildSpec {
    fn from(child: T) -> Self {
        Self::new(child)
    }
}

impl fmt::Debug for ChildSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = f.debug_struct("ChildSettings");
        settings
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("restart", &self.restart)
            .field("shutdown", &self.shutdown)
            .field("significant", &self.significant)
            .field("init_policy", &self.init_policy)
            .field("init_timeout", &self.init_timeout);
        if let Some(extras) = &self.extras {
            settings.field("extras", extras);
        }
        settings.finish()
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChildSpec").field(&self.settings).finish()
    }
}
