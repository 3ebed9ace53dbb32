//! Builds the tree of a scenario with the public API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial::{
    ChildSpec, DynamicHandle, DynamicSupervisor, InitPolicy, Semantics, Strategy, Supervisor,
};

use crate::log::Log;
use crate::names::{ROOT, join};
use crate::script::ScriptedWorker;
use crate::spec::{Child, Children, Limit, Role, Spec, StartAct, StopAct, SupervisorSpec};
use crate::stage::Stage;

/// What a dynamic child is started with.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// Its name.
    pub(crate) key: String,
    /// What its start attempts do, if not what the template says.
    pub(crate) starts: Option<Vec<StartAct>>,
    /// How it answers a request to stop, if not as the template says.
    pub(crate) stop: Option<StopAct>,
}

/// By path, the handles of the dynamic supervisors: only these can start their children.
pub(crate) type DynamicHandles = HashMap<String, DynamicHandle<Arguments>>;

/// Makes the specs of a tree.
#[derive(Clone, Debug)]
pub(crate) struct Builder {
    stage: Stage,
    init_policy: InitPolicy,
    dynamic: Arc<Mutex<DynamicHandles>>,
}

/// A supervisor that was built.
#[derive(Debug)]
pub(crate) enum Built {
    /// With a list of children.
    Listed(Supervisor),
    /// With children that come at run time.
    Dynamic(DynamicSupervisor<Arguments>),
}

impl Builder {
    /// A builder for children of that policy, whose workers play on `stage`.
    pub(crate) fn new(stage: Stage, init_policy: InitPolicy) -> Self {
        Self {
            stage,
            init_policy,
            dynamic: Arc::default(),
        }
    }

    /// The whole tree; what happens in it is told to `log`.
    pub(crate) fn root(&self, spec: &SupervisorSpec, semantics: Semantics, log: Log) -> Built {
        let mut handles = DynamicHandles::new();
        let built = match self.supervisor(ROOT, ROOT, spec, &mut handles) {
            Built::Listed(root) => Built::Listed(root.semantics(semantics).observer(log)),
            Built::Dynamic(root) => Built::Dynamic(root.semantics(semantics).observer(log)),
        };
        self.admit(handles);
        built
    }

    /// A child of the supervisor at `parent`, and the handles of the dynamic supervisors in it.
    ///
    /// They are good once the child is there; then [`admit`](Self::admit) them.
    pub(crate) fn child(&self, parent: &str, spec: &Spec) -> (ChildSpec, DynamicHandles) {
        let mut handles = DynamicHandles::new();
        let child = self.spec(parent, &spec.id, &spec.child, &mut handles);
        (child, handles)
    }

    /// Puts handles in place of those known so far.
    pub(crate) fn admit(&self, handles: DynamicHandles) {
        self.lock().extend(handles);
    }

    /// The handle of the dynamic supervisor at `path`.
    pub(crate) fn dynamic_handle(&self, path: &str) -> Option<DynamicHandle<Arguments>> {
        self.lock().get(path).cloned()
    }

    fn spec(
        &self,
        parent: &str,
        id: &str,
        child: &Child,
        handles: &mut DynamicHandles,
    ) -> ChildSpec {
        let spec = match &child.role {
            Role::Worker(script) => {
                let stage = self.stage.clone();
                ChildSpec::new(ScriptedWorker::new(id.to_owned(), script.clone(), stage))
            }
            Role::Supervisor(spec) => match self.supervisor(&join(parent, id), id, spec, handles) {
                Built::Listed(supervisor) => ChildSpec::new(supervisor),
                Built::Dynamic(supervisor) => ChildSpec::new(supervisor),
            },
        };
        let spec = spec
            .restart(child.restart)
            .shutdown(child.shutdown)
            .init_policy(self.init_policy);
        if child.significant {
            spec.significant()
        } else {
            spec
        }
    }

    fn supervisor(
        &self,
        path: &str,
        id: &str,
        spec: &SupervisorSpec,
        handles: &mut DynamicHandles,
    ) -> Built {
        let Limit { intensity, period } = spec.limit;
        match &spec.children {
            Children::Listed {
                strategy,
                auto_shutdown,
                specs,
            } => {
                let supervisor = match strategy {
                    Strategy::OneForOne => Supervisor::one_for_one(id),
                    Strategy::OneForAll => Supervisor::one_for_all(id),
                    Strategy::RestForOne => Supervisor::rest_for_one(id),
                };
                let supervisor = supervisor
                    .intensity(intensity, period)
                    .auto_shutdown(*auto_shutdown);
                Built::Listed(specs.iter().fold(supervisor, |supervisor, child| {
                    supervisor.child(self.spec(path, &child.id, &child.child, handles))
                }))
            }
            Children::Dynamic { template } => {
                let supervisor = self
                    .dynamic(path, id, template)
                    .intensity(intensity, period);
                handles.insert(path.to_owned(), supervisor.handle());
                Built::Dynamic(supervisor)
            }
        }
    }

    fn dynamic(&self, path: &str, id: &str, template: &Child) -> DynamicSupervisor<Arguments> {
        let builder = self.clone();
        let path = path.to_owned();
        let template = template.clone();
        DynamicSupervisor::new(id, move |arguments: Arguments| {
            let (child, handles) = builder.child(&path, &instance(&template, arguments));
            // A template that is itself a dynamic supervisor: there is no answer to wait for here.
            builder.admit(handles);
            child
        })
    }

    fn lock(&self) -> MutexGuard<'_, DynamicHandles> {
        self.dynamic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The template with what one child has of its own.
fn instance(template: &Child, arguments: Arguments) -> Spec {
    let mut child = template.clone();
    if let Role::Worker(script) = &mut child.role {
        if let Some(starts) = arguments.starts {
            script.starts = starts;
        }
        if let Some(stop) = arguments.stop {
            script.stop = stop;
        }
    }
    Spec {
        id: arguments.key,
        child,
    }
}
