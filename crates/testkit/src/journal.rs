//! What children write down together.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines in the order in which they were written; a clone writes to the same lines.
///
/// # Examples
///
/// ```
/// use perennial_test::Journal;
///
/// let journal = Journal::default();
/// journal.clone().note("a starts");
/// assert_eq!(journal.take(), ["a starts"]);
/// assert!(journal.take().is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    /// Writes a line.
    pub fn note(&self, line: impl Into<String>) {
        self.lock().push(line.into());
    }

    /// All lines since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock())
    }

    /// The lines that end like this since the last call of [`take`](Self::take), without that end.
    #[must_use]
    pub fn all(&self, end: &str) -> Vec<String> {
        let lines = self.lock();
        let fitting = lines.iter().filter_map(|line| line.strip_suffix(end));
        fitting.map(|line| line.trim_end().to_owned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        // A line is written or it is not.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
