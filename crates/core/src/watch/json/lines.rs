//! A tree as lines of JSON.

use crate::watch::TreeStream;

/// A tree as lines of JSON: a snapshot, then its events, each a document of [`TREE_SCHEMA`](crate::TREE_SCHEMA).
///
/// It writes nowhere itself: who reads it passes the lines on, to a file, a socket or a log, at a pace of their own, and the
/// tree waits for nobody. If they are too slow, a new snapshot takes the place of the events that were lost.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{JsonLines, Supervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handle = Supervisor::one_for_one("app").start().await?;
/// let mut lines = JsonLines::new(handle.watch_tree());
/// let first = lines.next().await.ok_or("the tree is over")?;
/// assert!(first.starts_with(r#"{"schema":"perennial.tree/v1","document":"snapshot","number":3,"#));
///
/// handle.request_stop();
/// while let Some(line) = lines.next().await {
///     println!("{line}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct JsonLines {
    tree: TreeStream,
}

impl JsonLines {
    /// The lines of that tree.
    #[must_use]
    pub fn new(tree: TreeStream) -> Self {
        Self { tree }
    }

    /// Waits for the next line, which has no line break, not even at its end; `None` when the tree is over.
    ///
    /// # Cancel safety
    ///
    /// No line is lost if the future is dropped.
    #[allow(
        clippy::missing_panics_doc,
        reason = "texts, numbers and lists of them can always be written"
    )]
    pub async fn next(&mut self) -> Option<String> {
        let news = self.tree.next().await?;
        let line = serde_json::to_string(&news);
        Some(line.expect("a document has only texts and numbers"))
    }
}
