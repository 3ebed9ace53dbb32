//! The indexer: brings the database into line with the folder, again and again.
//!
//! It may be killed at any moment and loses nothing, because it remembers nothing: what is to be
//! done is the difference between the folder and the database, and each life begins with all of it.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use perennial::{BoxError, Context, InitializationError, Started, Supervisable, async_trait};

use crate::changes::Changes;
use crate::database::{DatabaseHandle, blocking};
use crate::folder::{Content, Folder, Found};
use crate::index::Update;

/// How many documents are read and written at a time.
const BATCH: usize = 16;
/// How often to look at the whole folder unasked, for file systems that tell of no changes.
const ROUND: Duration = Duration::from_secs(30);

/// The worker. What stands in its fields is what each of its lives begins with.
#[derive(Debug)]
pub(crate) struct Indexer {
    folder: Arc<Folder>,
    changes: Arc<Changes>,
    database: DatabaseHandle,
}

impl Indexer {
    pub(crate) fn new(
        folder: Arc<Folder>,
        changes: Arc<Changes>,
        database: DatabaseHandle,
    ) -> Self {
        Self {
            folder,
            changes,
            database,
        }
    }

    async fn follow(&self) -> Result<(), BoxError> {
        // The life before this one may have ended with changes in its hands.
        self.changes.tell_all();
        loop {
            let changed = tokio::time::timeout(ROUND, self.changes.take()).await;
            let all = |_| BTreeSet::from([self.folder.root().to_path_buf()]);
            for path in changed.unwrap_or_else(all) {
                self.reconcile(path).await?;
            }
        }
    }

    /// Brings the database into line with the folder at `path` and under it.
    async fn reconcile(&self, path: PathBuf) -> Result<(), BoxError> {
        let Some(name) = self.folder.name(&path) else {
            return Ok(());
        };
        let folder = self.folder.clone();
        let found = blocking(move || folder.documents(&path)).await?;
        let recorded = self.database.call(move |index| index.stamps(&name)).await?;

        let (to_read, to_forget) = difference(found, recorded);
        self.database
            .call(move |index| index.update(&to_forget))
            .await?;
        for documents in to_read.chunks(BATCH).map(<[_]>::to_vec) {
            let read = || documents.into_iter().map(Update::read).collect::<Vec<_>>();
            let updates = blocking(read).await;
            self.database
                .call(move |index| index.update(&updates))
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Supervisable for Indexer {
    fn name(&self) -> &str {
        "indexer"
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        Ok(Started::run(async move {
            tokio::select! {
                biased;
                () = ctx.stopping() => Ok(()),
                ended = self.follow() => ended,
            }
        }))
    }
}

impl Update {
    pub(crate) fn read(document: Found) -> Self {
        let content = document.read();
        // Without a stamp the document is read again the next time that its folder is looked at.
        let is_final = document.is_settled && matches!(content, Content::Text { .. });
        Self {
            name: document.name,
            stamp: is_final.then_some(document.stamp),
            content,
        }
    }

    fn forget(name: String) -> Self {
        Self {
            name,
            stamp: None,
            content: Content::Gone,
        }
    }
}

/// What to read, as new, changed or not certain to be unchanged, and what to forget.
pub(crate) fn difference(
    mut found: Vec<Found>,
    mut recorded: HashMap<String, Option<String>>,
) -> (Vec<Found>, Vec<Update>) {
    found.retain(|document| {
        let stamp = recorded.remove(&document.name).flatten();
        stamp.as_ref() != Some(&document.stamp)
    });
    (found, recorded.into_keys().map(Update::forget).collect())
}
