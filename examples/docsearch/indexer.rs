//! The indexer: brings the database into line with the folder, again and again.
//!
//! It may be killed at any moment and loses nothing, because it remembers nothing: what is to be
//! done is the difference between the folder and the database, and each life begins with all of it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use perennial::{BoxError, Context, InitializationError, Started, Supervisable, async_trait};
use tokio::sync::Notify;
use tokio::task::block_in_place;

use crate::database::DatabaseHandle;
use crate::folder::{self, Document};
use crate::index::Entry;

/// How many documents are read and written at a time.
const BATCH: usize = 8;
/// How often to look at the folder unasked, for file systems that tell of no changes.
const ROUND: Duration = Duration::from_secs(30);

/// The worker. What stands in its fields is what each of its lives begins with.
pub(crate) struct Indexer {
    pub(crate) root: PathBuf,
    /// From the watcher.
    pub(crate) changed: Arc<Notify>,
    pub(crate) database: DatabaseHandle,
}

impl Indexer {
    async fn follow(&self) -> Result<(), BoxError> {
        loop {
            self.reconcile().await?;
            // Told or not, it looks at everything.
            let _told = tokio::time::timeout(ROUND, self.changed.notified()).await;
        }
    }

    async fn reconcile(&self) -> Result<(), BoxError> {
        let found = folder::documents(&self.root, |_| ()).await?;
        let recorded = self.database.call(|index| index.stamps()).await?;

        let (to_read, gone) = difference(found, recorded);
        if !gone.is_empty() {
            self.database
                .call(move |index| index.update(&gone, &[]))
                .await?;
        }
        for documents in to_read.chunks(BATCH) {
            let entries: Vec<_> = block_in_place(|| documents.iter().map(read).collect());
            self.database
                .call(move |index| index.update(&[], &entries))
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

/// What to read, as new, changed or not certain to be unchanged, and what to forget.
pub(crate) fn difference(
    mut found: Vec<Document>,
    mut recorded: HashMap<String, Option<String>>,
) -> (Vec<Document>, Vec<String>) {
    found.retain(|document| {
        let stamp = recorded.remove(&document.name).flatten();
        stamp.is_none() || stamp != document.stamp
    });
    (found, recorded.into_keys().collect())
}

fn read(document: &Document) -> Entry {
    let text = document.read();
    Entry {
        name: document.name.clone(),
        // What could not be read is tried again the next time.
        stamp: document.stamp.clone().filter(|_| text.is_some()),
        text,
    }
}
