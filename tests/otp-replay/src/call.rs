//! Operations as calls of the public API, and what they are told.

use perennial::{ChildError, ChildRef, StartChildError, SupervisorHandle};

use crate::log::Log;
use crate::names::{ROOT, below_root, join, split};
use crate::spec::{ExitOrder, Spec};
use crate::stage::Stage;
use crate::state;
use crate::trace::{Answer, PlainOperation};
use crate::tree::{Arguments, Builder};
use crate::words::{self, NOT_THERE};

/// A running tree, as those see it that call it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) root: SupervisorHandle,
    pub(crate) log: Log,
    pub(crate) stage: Stage,
    pub(crate) builder: Builder,
}

impl Caller {
    /// Carries out an operation and waits for its answer.
    pub(crate) async fn perform(self, operation: PlainOperation) -> Answer {
        match operation {
            PlainOperation::Exit { child, order } => self.exit(&child, order).await,
            PlainOperation::StartChild { supervisor, spec } => {
                self.start_child(&supervisor, &spec).await
            }
            PlainOperation::StartDynamic {
                supervisor,
                key,
                starts,
                stop,
            } => {
                let arguments = Arguments { key, starts, stop };
                self.start_dynamic(&supervisor, arguments).await
            }
            PlainOperation::TerminateDynamic {
                supervisor, key, ..
            } => self.terminate_dynamic(&supervisor, &key).await,
            PlainOperation::TerminateChild { supervisor, child } => {
                match self.supervisor(&supervisor) {
                    Some(handle) => done(handle.terminate_child(child.as_str()).await),
                    None => word(NOT_THERE),
                }
            }
            PlainOperation::RestartChild { supervisor, child } => {
                match self.supervisor(&supervisor) {
                    Some(handle) => match handle.restart_child(child.as_str()).await {
                        Ok(child) => started(&child),
                        Err(error) => Answer::Word(words::child_error(&error)),
                    },
                    None => word(NOT_THERE),
                }
            }
            PlainOperation::DeleteChild { supervisor, child } => match self.supervisor(&supervisor)
            {
                Some(handle) => done(handle.delete_child(child.as_str()).await),
                None => word(NOT_THERE),
            },
            PlainOperation::WhichChildren { supervisor } => self.which_children(&supervisor).await,
            PlainOperation::CountChildren { supervisor } => self.count_children(&supervisor).await,
            PlainOperation::Stop => self.stop().await,
            PlainOperation::KillSupervisor { supervisor } => self.kill(&supervisor).await,
        }
    }

    /// The handle of the supervisor at `path`, if one is there.
    pub(crate) fn supervisor(&self, path: &str) -> Option<SupervisorHandle> {
        if path == ROOT {
            return Some(self.root.clone());
        }
        let tree_path = self.log.tree_path(path)?;
        self.root.supervisor(below_root(&tree_path)?).ok()
    }

    /// The id in the tree of the newest life at `path`, and the handle of its supervisor.
    fn newest(&self, path: &str) -> Option<(SupervisorHandle, String)> {
        let (supervisor, _) = split(path)?;
        let tree_path = self.log.tree_path(path)?;
        let (_, id) = split(&tree_path)?;
        Some((self.supervisor(supervisor)?, id.to_owned()))
    }

    async fn exit(&self, child: &str, order: ExitOrder) -> Answer {
        const NOT_RUNNING: &str = "not_running";
        if !self.stage.is_present(child) {
            return word(NOT_RUNNING);
        }
        if order == ExitOrder::Kill {
            return match self.newest(child) {
                Some((supervisor, id)) => killed(supervisor.kill_child(id.as_str()).await),
                None => word(NOT_RUNNING),
            };
        }
        if self.stage.order(child, order) {
            Answer::Nothing
        } else {
            word(NOT_RUNNING)
        }
    }

    async fn start_child(&self, supervisor: &str, spec: &Spec) -> Answer {
        let Some(handle) = self.supervisor(supervisor) else {
            return word(NOT_THERE);
        };
        let (child, handles) = self.builder.child(supervisor, spec);
        let answer = handle.start_child(child).await;
        if answer.is_ok() {
            self.builder.admit(handles);
        }
        start_answer(answer)
    }

    async fn start_dynamic(&self, supervisor: &str, arguments: Arguments) -> Answer {
        match self.builder.dynamic_handle(supervisor) {
            Some(handle) => start_answer(handle.start_child(arguments).await),
            None => word(NOT_THERE),
        }
    }

    async fn terminate_dynamic(&self, supervisor: &str, key: &str) -> Answer {
        let Some(handle) = self.builder.dynamic_handle(supervisor) else {
            return word(NOT_THERE);
        };
        match self.newest(&join(supervisor, key)) {
            Some((_, id)) => done(handle.terminate_child(id.as_str()).await),
            None => done(handle.terminate_child(key).await),
        }
    }

    async fn which_children(&self, supervisor: &str) -> Answer {
        let Some(handle) = self.supervisor(supervisor) else {
            return word(NOT_THERE);
        };
        match handle.which_children().await {
            Ok(children) => Answer::Children(state::rows(self, supervisor, &children)),
            Err(error) => Answer::Word(words::call_error(&error)),
        }
    }

    async fn count_children(&self, supervisor: &str) -> Answer {
        let Some(handle) = self.supervisor(supervisor) else {
            return word(NOT_THERE);
        };
        match handle.count_children().await {
            Ok(counts) => Answer::Count(state::count(&counts)),
            Err(error) => Answer::Word(words::call_error(&error)),
        }
    }

    async fn stop(&self) -> Answer {
        // Who had to be forced is in the events already.
        let _report = self.root.shutdown().await;
        match self.log.root_exit() {
            Some(reason) => Answer::Word(reason),
            None => word(NOT_THERE),
        }
    }

    async fn kill(&self, supervisor: &str) -> Answer {
        if supervisor == ROOT {
            self.root.kill();
            return Answer::Nothing;
        }
        match self.newest(supervisor) {
            Some((parent, id)) => killed(parent.kill_child(id.as_str()).await),
            None => word(NOT_THERE),
        }
    }
}

fn word(word: &str) -> Answer {
    Answer::Word(word.to_owned())
}

fn done(answer: Result<(), ChildError>) -> Answer {
    match answer {
        Ok(()) => word("ok"),
        Err(error) => Answer::Word(words::child_error(&error)),
    }
}

/// Who kills is told nothing, if there was somebody to kill.
fn killed(answer: Result<(), ChildError>) -> Answer {
    match answer {
        Ok(()) => Answer::Nothing,
        Err(error) => Answer::Word(words::child_error(&error)),
    }
}

fn start_answer(answer: Result<ChildRef, StartChildError>) -> Answer {
    match answer {
        Ok(child) => started(&child),
        Err(error) => Answer::Word(words::start_child_error(&error)),
    }
}

fn started(child: &ChildRef) -> Answer {
    match child.incarnation() {
        Some(_) => word("ok"),
        None => word("ok:ignored"),
    }
}
