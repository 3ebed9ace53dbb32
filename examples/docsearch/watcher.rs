//! The watcher: hears of changes in the folder and tells the indexer to look again.
//!
//! No change slips through, because each folder is watched before it is looked into: at the
//! start, and when a new folder appears. (A recursive watch of `notify` does not promise that.)

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use perennial::{Context, InitializationError, Started, Supervisable, async_trait};
use tokio::sync::Notify;

use crate::folder;

/// Changes rarely come alone: how long to wait for more.
const PAUSE: Duration = Duration::from_millis(50);

/// The worker. What stands in its fields is what each of its lives begins with.
pub(crate) struct Watcher {
    pub(crate) root: PathBuf,
    /// To the indexer. What it is told while it is down waits for its next life.
    pub(crate) changed: Arc<Notify>,
}

impl Watcher {
    fn watch_root(&self, heard: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
        let mut notifier = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Our own reading makes events too.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                heard.notify_one();
            }
        })?;
        notifier.watch(&self.root, RecursiveMode::NonRecursive)?;
        Ok(notifier)
    }

    async fn follow(
        &self,
        mut notifier: RecommendedWatcher,
        heard: Arc<Notify>,
    ) -> Result<(), String> {
        loop {
            // A folder that is watched already stays so. One that cannot be watched is looked at
            // in the next round of the indexer.
            let watch = |folder: &_| drop(notifier.watch(folder, RecursiveMode::NonRecursive));
            folder::documents(&self.root, watch).await?;
            self.changed.notify_one();
            heard.notified().await;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[async_trait]
impl Supervisable for Watcher {
    fn name(&self) -> &str {
        "watcher"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let heard = Arc::new(Notify::new());
        let notifier = self.watch_root(heard.clone()).map_err(|mut error| {
            error.paths.clear(); // the sentence names the folder itself
            let root = &self.root;
            InitializationError::msg(format!("cannot watch the folder {root:?}: {error}"))
        })?;
        Ok(Started::run(async move {
            tokio::select! {
                biased;
                () = ctx.stopping() => Ok(()),
                ended = self.follow(notifier, heard) => ended,
            }
        }))
    }
}
