//! What changed and was not looked at yet: a set of paths rather than a queue, so that a file
//! written a thousand times waits once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// More paths than this are not remembered one by one: then all counts as changed.
const MOST_PATHS: usize = 1_024;

/// Changes on their way from whoever sees them, on any thread, to the one that takes them.
///
/// It outlives both: what is told while the taker is down waits for the taker's next life.
#[derive(Debug)]
pub(crate) struct Changes {
    root: PathBuf,
    paths: Mutex<BTreeSet<PathBuf>>,
    told: Notify,
}

impl Changes {
    pub(crate) fn in_folder(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            paths: Mutex::default(),
            told: Notify::new(),
        }
    }

    /// Tells that `path`, or what is under it, may have changed. Never waits.
    pub(crate) fn tell(&self, path: PathBuf) {
        // A set is whole even if a thread panicked while it held the lock.
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.insert(path);
        if paths.len() > MOST_PATHS {
            *paths = BTreeSet::from([self.root.clone()]);
        }
        self.told.notify_one();
    }

    /// Tells that anything may have changed. Never waits.
    pub(crate) fn tell_all(&self) {
        self.tell(self.root.clone());
    }

    /// Takes what was told, as soon as there is something.
    ///
    /// A future that is dropped has taken nothing. There must be one taker at a time.
    pub(crate) async fn take(&self) -> BTreeSet<PathBuf> {
        loop {
            let paths = {
                let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *paths)
            };
            if !paths.is_empty() {
                return paths;
            }
            // If one was told since the look at the set, this returns at once.
            self.told.notified().await;
        }
    }
}
