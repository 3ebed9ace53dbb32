//! The command line: what is asked for, or one sentence about what is wrong with it.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: docsearch FOLDER [--port N] [--database FILE] [--chaos]";
const DEFAULT_PORT: u16 = 8080;

/// What one run of docsearch is to do.
pub(crate) struct Args {
    /// Absolute, and a folder when it was looked at.
    pub(crate) folder: PathBuf,
    pub(crate) database: PathBuf,
    /// 0 takes a free one.
    pub(crate) port: u16,
    /// Whether children may be crashed on request.
    pub(crate) chaos: bool,
}

impl Args {
    /// Reads the words after the program's name. An error is a sentence for the user.
    pub(crate) fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let (mut folder, mut database, mut port, mut chaos) = (None, None, DEFAULT_PORT, false);
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--port") => port = port_number(words.next())?,
                Some("--database") => {
                    database = Some(words.next().ok_or("--database needs a file")?.into())
                }
                Some("--chaos") => chaos = true,
                Some(option) if option.starts_with('-') => {
                    return Err(format!("unknown option {option}; {USAGE}"));
                }
                _ if folder.is_some() => return Err(format!("more than one folder; {USAGE}")),
                _ => folder = Some(existing_folder(Path::new(&word))?),
            }
        }
        let folder = folder.ok_or_else(|| format!("no folder given; {USAGE}"))?;
        Ok(Self {
            database: database.unwrap_or_else(|| default_database(&folder)),
            folder,
            port,
            chaos,
        })
    }
}

fn port_number(word: Option<OsString>) -> Result<u16, String> {
    let word = word.ok_or("--port needs a number")?;
    let number = word.to_str().and_then(|word| word.parse().ok());
    number.ok_or_else(|| format!("--port needs a number from 0 to 65535, not {word:?}"))
}

fn existing_folder(path: &Path) -> Result<PathBuf, String> {
    match path.canonicalize() {
        Ok(absolute) if absolute.is_dir() => Ok(absolute),
        Ok(_) => Err(format!("{path:?} is not a folder")),
        Err(error) => Err(format!("cannot read the folder {path:?}: {error}")),
    }
}

/// A file of its own for each folder, so that the next run finds what this one indexed.
fn default_database(folder: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    std::env::temp_dir().join(format!("docsearch-{:016x}.db", hasher.finish()))
}
