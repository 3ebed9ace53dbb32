//! How a child stands in its supervisor.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{ChildKind, InitPolicy, ShutdownStrategy, Supervisable};
use crate::path::ChildId;
use crate::restart::Restart;

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

impl ChildSpec {
    /// The child with its own settings.
    pub fn new(child: impl Supervisable) -> Self {
        let kind = child.kind();
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
        };
        Self {
            has_initialization: child.has_initialization(),
            child: Arc::new(child),
            settings,
        }
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

    /// What is set, defaults included.
    #[must_use]
    pub fn settings(&self) -> &ChildSettings {
        &self.settings
    }
}

impl<T: Supervisable> From<T> for ChildSpec {
    fn from(child: T) -> Self {
        Self::new(child)
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChildSpec").field(&self.settings).finish()
    }
}
