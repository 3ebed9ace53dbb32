//! The log of a played tree, in the words of the traces.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial::{Event, EventKind, Incarnation, KillCause, Observer};

use crate::names::{ROOT, trace_path};
use crate::trace::{TraceEvent, TraceKind};
use crate::words;

/// Writes down each event of a tree at the moment it happens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    /// What happened since the log was last taken.
    events: Vec<TraceEvent>,
    /// How many events there ever were.
    written: usize,
    /// By path, how many starts were attempted.
    starts: HashMap<String, u32>,
    /// Which of the attempts at its path each life comes from.
    lives: HashMap<Incarnation, u32>,
    /// By path, the path in the tree of the newest attempt.
    newest: HashMap<String, String>,
    /// Why the root ended.
    root_exit: Option<String>,
}

impl Log {
    /// Takes what happened since the last time.
    pub(crate) fn take(&self) -> Vec<TraceEvent> {
        std::mem::take(&mut self.lock().events)
    }

    /// How many events there ever were.
    pub(crate) fn written(&self) -> usize {
        self.lock().written
    }

    /// Which start attempt that life comes from.
    pub(crate) fn life(&self, incarnation: Incarnation) -> Option<u32> {
        self.lock().lives.get(&incarnation).copied()
    }

    /// The path in the tree of what the traces call `path`: of its newest start attempt.
    pub(crate) fn tree_path(&self, path: &str) -> Option<String> {
        self.lock().newest.get(path).cloned()
    }

    /// Why the root ended, if it ran and has ended.
    pub(crate) fn root_exit(&self) -> Option<String> {
        self.lock().root_exit.clone()
    }

    /// Writes down a tree that was refused before its root began to start.
    ///
    /// Whoever starts the root calls its start function, so the traces have the attempt and its
    /// failure; the tree has nothing to tell of it.
    pub(crate) fn note_refused_root(&self, reason: &str) {
        let shared = &mut *self.lock();
        if shared.starts.contains_key(ROOT) {
            return;
        }
        for kind in [TraceKind::Start, TraceKind::StartFailed(reason.to_owned())] {
            let path = ROOT.to_owned();
            shared.events.push(TraceEvent {
                kind,
                path,
                life: 1,
            });
            shared.written += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Log {
    fn notice(&self, event: &Event) {
        let Some(kind) = trace_kind(&event.kind) else {
            return;
        };
        let path = trace_path(&event.path);
        let shared = &mut *self.lock();
        if kind == TraceKind::Start {
            let starts = shared.starts.entry(path.clone()).or_default();
            *starts += 1;
            shared.lives.insert(event.incarnation, *starts);
            shared.newest.insert(path.clone(), event.path.to_string());
        }
        if let (TraceKind::Exit(reason), ROOT) = (&kind, path.as_str()) {
            shared.root_exit = Some(reason.clone());
        }
        // A life that never began has no number; 0 is none that could be recorded.
        let life = shared.lives.get(&event.incarnation).copied().unwrap_or(0);
        shared.events.push(TraceEvent { kind, path, life });
        shared.written += 1;
    }
}

/// The event in the words of the traces, which have none for some.
fn trace_kind(kind: &EventKind) -> Option<TraceKind> {
    match kind {
        EventKind::Starting { .. } => Some(TraceKind::Start),
        EventKind::Started => Some(TraceKind::Started),
        EventKind::Ignored => Some(TraceKind::Ignored),
        EventKind::StartFailed { error, .. } => {
            Some(TraceKind::StartFailed(words::start_failure(error)))
        }
        EventKind::StopRequested { .. } => Some(TraceKind::StopAsked),
        // Nothing is done to a task that was aborted before.
        EventKind::Killed {
            cause: KillCause::Doomed,
        } => None,
        EventKind::Killed { .. } => Some(TraceKind::StopKilled),
        EventKind::Exited { reason, .. } => Some(TraceKind::Exit(words::exit(reason))),
        _ => None,
    }
}
