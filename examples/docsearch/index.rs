//! The index: an SQLite database with a full-text table. Plain blocking calls.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use perennial::BoxError;
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::folder::Text;

/// How long to wait for another program that has the file locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
const MOST_HITS: u32 = 20;
const MOST_WORDS: usize = 16;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;  -- what a power failure costs, the next start makes again
    CREATE TABLE IF NOT EXISTS documents (
        id      INTEGER PRIMARY KEY,
        path    TEXT NOT NULL UNIQUE,
        stamp   TEXT,             -- none: the document must be read again
        indexed INTEGER NOT NULL  -- or else it could not be read
    ) STRICT;
    CREATE VIRTUAL TABLE IF NOT EXISTS texts
        USING fts5(title, body, tokenize = 'porter unicode61');
    CREATE TRIGGER IF NOT EXISTS forget_text AFTER DELETE ON documents
        BEGIN DELETE FROM texts WHERE rowid = old.id; END;
";

/// An open index.
pub(crate) struct Index(Connection);

/// What is to be known of a document.
pub(crate) struct Entry {
    /// The path inside the folder.
    pub(crate) name: String,
    /// What the file is compared with later; none: it must be read again.
    pub(crate) stamp: Option<String>,
    /// None: it could not be read.
    pub(crate) text: Option<Text>,
}

/// The answer to a search, and how far the index has come.
#[derive(Serialize)]
pub(crate) struct Answer {
    pub(crate) indexed: u64,
    /// Documents that could not be read.
    pub(crate) skipped: u64,
    /// The best first.
    pub(crate) hits: Vec<Hit>,
}

/// A document that has all the words.
#[derive(Serialize)]
pub(crate) struct Hit {
    /// From 1.
    rank: usize,
    path: String,
    title: String,
    /// Some of the text, with the words in brackets.
    snippet: String,
}

impl Index {
    /// Opens the database at `path`, and makes it if there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, BoxError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(LOCK_TIMEOUT)?;
        // To find damage now rather than at some call.
        let verdict: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(format!("it is damaged: {verdict}").into());
        }
        connection.execute_batch(SCHEMA)?;
        Ok(Self(connection))
    }

    /// The stamp of each document.
    pub(crate) fn stamps(&self) -> rusqlite::Result<HashMap<String, Option<String>>> {
        let mut select = self.0.prepare_cached("SELECT path, stamp FROM documents")?;
        select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// Forgets the documents in `gone` and writes `entries` over what was known of them: all of
    /// it, or on an error nothing.
    pub(crate) fn update(&mut self, gone: &[String], entries: &[Entry]) -> rusqlite::Result<()> {
        let all = self.0.transaction()?;
        let forget = "DELETE FROM documents WHERE path = ?1";
        for name in gone {
            all.execute(forget, [name])?;
        }
        for Entry { name, stamp, text } in entries {
            all.execute(forget, [name])?;
            all.execute(
                "INSERT INTO documents (path, stamp, indexed) VALUES (?1, ?2, ?3)",
                params![name, stamp, text.is_some()],
            )?;
            if let Some(Text { title, body }) = text {
                all.execute(
                    "INSERT INTO texts (rowid, title, body) VALUES (?1, ?2, ?3)",
                    params![all.last_insert_rowid(), title, body],
                )?;
            }
        }
        all.commit()
    }

    /// Finds the best documents that have all the words, and says how many documents there are.
    pub(crate) fn search(&self, words: &str) -> rusqlite::Result<Answer> {
        let (indexed, skipped) = self.0.query_row(
            "SELECT count(*) FILTER (WHERE indexed), count(*) FILTER (WHERE NOT indexed)
             FROM documents",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        // A word in the title counts four times as much as one in the body.
        let mut select = self.0.prepare_cached(
            "SELECT path, title, snippet(texts, 1, '[', ']', '…', 16)
             FROM texts JOIN documents ON documents.id = texts.rowid
             WHERE texts MATCH ?1 ORDER BY bm25(texts, 4, 1), path LIMIT ?2",
        )?;
        let mut rows = select.query(params![quoted(words), MOST_HITS])?;
        let mut hits = Vec::new();
        while let Some(row) = rows.next()? {
            hits.push(Hit {
                rank: hits.len() + 1,
                path: row.get(0)?,
                title: row.get(1)?,
                snippet: row.get(2)?,
            });
        }
        Ok(Answer {
            indexed,
            skipped,
            hits,
        })
    }
}

/// Each word as it is: no sign in it means anything to FTS5.
pub(crate) fn quoted(words: &str) -> String {
    let words = words.split(|between: char| between.is_whitespace() || between.is_control());
    let words = words
        .filter(|word| word.contains(char::is_alphanumeric))
        .take(MOST_WORDS);
    let quoted = words.map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(" ")
}
