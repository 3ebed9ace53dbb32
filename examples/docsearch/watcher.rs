//! The watcher: hears of changes in the folder and tells the indexer where to look.
//!
//! No change slips through, because each folder is watched before it is looked into: at the
//! start, and when a new folder appears. (A recursive watch of `notify` does not promise that.)

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use perennial::{Context, InitializationError, Started, Supervisable, async_trait};

use crate::changes::Changes;
use crate::database::blocking;
use crate::folder::{Folder, is_document};

/// The worker. What stands in its fields is what each of its lives begins with.
#[derive(Debug)]
pub(crate) struct Watcher {
    folder: Arc<Folder>,
    /// To the indexer.
    changes: Arc<Changes>,
}

/// What one life of the worker has.
#[derive(Debug)]
struct Watch {
    notifier: RecommendedWatcher,
    /// From the notifier, which has a thread of its own.
    heard: Arc<Changes>,
}

impl Watcher {
    pub(crate) fn new(folder: Arc<Folder>, changes: Arc<Changes>) -> Self {
        Self { folder, changes }
    }

    async fn start(&self) -> notify::Result<Watch> {
        let watch = Watch::new(self.folder.root())?;
        // So that all is watched, and the indexer looks for what changed while nobody watched.
        watch.heard.tell_all();
        let all = watch.heard.take().await;
        self.pass_on(watch, all).await
    }

    async fn follow(&self, mut watch: Watch) -> notify::Result<()> {
        loop {
            let heard = watch.heard.take().await;
            watch = self.pass_on(watch, heard).await?;
        }
    }

    /// Watches the folders among `paths`, and only then tells the indexer of all that matters.
    async fn pass_on(&self, mut watch: Watch, paths: BTreeSet<PathBuf>) -> notify::Result<Watch> {
        let (folder, changes) = (self.folder.clone(), self.changes.clone());
        blocking(move || {
            for path in paths {
                watch.add(&path, &folder)?;
                // What is no more may have been a folder of documents.
                if is_document(&path) || path.is_dir() || !path.exists() {
                    changes.tell(path);
                }
            }
            Ok(watch)
        })
        .await
    }
}

#[async_trait]
impl Supervisable for Watcher {
    fn name(&self) -> &str {
        "watcher"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let watch = self.start().await.map_err(|error| {
            let root = self.folder.root();
            InitializationError::msg(format!("cannot watch the folder {root:?}: {error}"))
        })?;
        Ok(Started::run(async move {
            tokio::select! {
                biased;
                () = ctx.stopping() => Ok(()),
                ended = self.follow(watch) => ended,
            }
        }))
    }
}

impl Watch {
    fn new(root: &Path) -> notify::Result<Self> {
        let heard = Arc::new(Changes::in_folder(root));
        let told = heard.clone();
        let notifier =
            notify::recommended_watcher(move |event: notify::Result<Event>| match event {
                // Our own reading makes these.
                Ok(event) if event.kind.is_access() => (),
                Ok(event) if !event.need_rescan() => {
                    event.paths.into_iter().for_each(|path| told.tell(path));
                }
                // Nobody knows what was missed.
                _ => told.tell_all(),
            })?;
        Ok(Self { notifier, heard })
    }

    /// Watches `path` and each folder under it; nothing if `path` is no folder.
    fn add(&mut self, path: &Path, folder: &Folder) -> notify::Result<()> {
        let mut left = vec![path.to_path_buf()];
        while let Some(path) = left.pop() {
            let is_root = path == folder.root();
            let is_folder = path
                .symlink_metadata()
                .is_ok_and(|metadata| metadata.is_dir());
            if !is_root && (!is_folder || folder.name(&path).is_none()) {
                continue;
            }
            match self.notifier.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    let entries = path.read_dir().into_iter().flatten().flatten();
                    left.extend(entries.map(|entry| entry.path()));
                }
                Err(error) if is_root || matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                    return Err(error);
                }
                // It vanished, or may not be read: the indexer will see.
                Err(_) => (),
            }
        }
        Ok(())
    }
}
