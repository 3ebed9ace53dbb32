//! The index: an SQLite database with a full-text table. Plain blocking calls.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use perennial::BoxError;
use rusqlite::{Connection, InterruptHandle, TransactionBehavior, params};
use serde::Serialize;

use crate::folder::Content;

/// Marks a database file as ours, so that no other is written to. It ends in the number of the
/// schema ("doc1"): change it with the schema.
const APPLICATION_ID: i32 = 0x646f_6331;
/// How long to wait for another program that has the file locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
const MOST_HITS: u32 = 20;
const MOST_WORDS: usize = 16;

const SCHEMA: &str = "
    CREATE TABLE documents (
        id      INTEGER PRIMARY KEY,
        path    TEXT NOT NULL UNIQUE,
        stamp   TEXT,             -- none: the document must be read again
        indexed INTEGER NOT NULL  -- or else it could not be read
    ) STRICT;
    CREATE VIRTUAL TABLE texts USING fts5(title, body, tokenize = 'porter unicode61');
";

/// An open index.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) connection: Connection,
}

/// What becomes of one document.
#[derive(Debug)]
pub(crate) struct Update {
    /// The path inside the folder.
    pub(crate) name: String,
    /// What the file is compared with later; none: it must be read again.
    pub(crate) stamp: Option<String>,
    pub(crate) content: Content,
}

/// Words to search for, in the syntax of FTS5 and harmless in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Query(String);

/// The answer to a search, and how far the index has come.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub(crate) indexed: u64,
    /// Documents that could not be read.
    pub(crate) skipped: u64,
    /// The best first.
    pub(crate) hits: Vec<Hit>,
}

/// A document that has all the words.
#[derive(Debug, Serialize)]
pub(crate) struct Hit {
    /// From 1.
    pub(crate) rank: usize,
    pub(crate) path: String,
    pub(crate) title: String,
    /// Some of the text, with the words in brackets.
    pub(crate) snippet: String,
}

impl Index {
    /// Opens the database at `path`, and makes it if there is none.
    ///
    /// With `check` the whole file is read, to find damage now rather than later.
    pub(crate) fn open(path: &Path, check: bool) -> Result<Self, BoxError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(LOCK_TIMEOUT)?;
        let setup = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number = |sql: &str| setup.query_row(sql, [], |row| row.get::<_, i32>(0));
        let owner = number("PRAGMA application_id")?;
        if owner == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 {
            setup.execute_batch(SCHEMA)?;
            setup.pragma_update(None, "application_id", APPLICATION_ID)?;
        } else if owner != APPLICATION_ID {
            return Err("it belongs to another program or version".into());
        } else if check {
            let verdict: String = setup.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if verdict != "ok" {
                return Err(format!("it is damaged: {verdict}").into());
            }
        }
        setup.commit()?;
        // A power failure may cost the latest writes, which the next start makes again.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        Ok(Self { connection })
    }

    /// Ends a call from another thread.
    pub(crate) fn interrupt_handle(&self) -> InterruptHandle {
        self.connection.get_interrupt_handle()
    }

    /// The documents at `name` and under it (`""`: all), each with its stamp.
    pub(crate) fn stamps(&self, name: &str) -> rusqlite::Result<HashMap<String, Option<String>>> {
        // '0' comes right after '/': between the two is all that begins with "name/".
        let (first, end) = match name {
            "" => (String::new(), "\u{10FFFF}".to_owned()),
            name => (format!("{name}/"), format!("{name}0")),
        };
        let mut select = self.connection.prepare_cached(
            "SELECT path, stamp FROM documents WHERE path = ?1 OR (path >= ?2 AND path < ?3)",
        )?;
        select
            .query_map([name, &first, &end], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// Makes all the updates, or on an error none.
    pub(crate) fn update(&mut self, updates: &[Update]) -> rusqlite::Result<()> {
        let all = self.connection.transaction()?;
        for Update {
            name,
            stamp,
            content,
        } in updates
        {
            all.execute(
                "DELETE FROM texts WHERE rowid IN (SELECT id FROM documents WHERE path = ?1)",
                [name],
            )?;
            all.execute("DELETE FROM documents WHERE path = ?1", [name])?;
            let insert = "INSERT INTO documents (path, stamp, indexed) VALUES (?1, ?2, ?3)";
            match content {
                Content::Gone => (),
                Content::Unreadable => drop(all.execute(insert, params![name, stamp, false])?),
                Content::Text { title, body } => {
                    all.execute(insert, params![name, stamp, true])?;
                    let insert = "INSERT INTO texts (rowid, title, body) VALUES (?1, ?2, ?3)";
                    all.execute(insert, params![all.last_insert_rowid(), title, body])?;
                }
            }
        }
        all.commit()
    }

    /// Finds the best documents, and says how many there are.
    pub(crate) fn search(&self, query: &Query) -> rusqlite::Result<Answer> {
        let (indexed, skipped) = self.connection.query_row(
            "SELECT count(*) FILTER (WHERE indexed), count(*) FILTER (WHERE NOT indexed)
             FROM documents",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        // A word in the title counts four times as much as one in the body.
        let mut select = self.connection.prepare_cached(
            "SELECT path, title, snippet(texts, 1, '[', ']', '…', 16)
             FROM texts JOIN documents ON documents.id = texts.rowid
             WHERE texts MATCH ?1 ORDER BY bm25(texts, 4, 1), path LIMIT ?2",
        )?;
        let mut rows = select.query(params![query.0, MOST_HITS])?;
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

impl Query {
    /// Takes each word as it is: no sign in it means anything to FTS5. None if there is no word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let quoted: Vec<String> = text
            .split(|between: char| between.is_whitespace() || between.is_control())
            .filter(|word| word.contains(char::is_alphanumeric))
            .take(MOST_WORDS)
            .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
            .collect();
        if quoted.is_empty() {
            None
        } else {
            Some(Self(quoted.join(" ")))
        }
    }
}
