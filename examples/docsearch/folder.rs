//! The folder of documents: which files in it are documents, and what is in them.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

const EXTENSIONS: [&str; 7] = ["md", "markdown", "mdx", "txt", "text", "rst", "adoc"];
const SKIPPED_FOLDERS: [&str; 2] = ["target", "node_modules"];
/// A larger file, in bytes, is not read.
const LARGEST_DOCUMENT: u64 = 4 * 1024 * 1024;
/// A file that changed less than this ago may change again and keep its stamp, because the
/// clock of a file system ticks slowly (every 2 s on FAT).
const SETTLING_TIME: Duration = Duration::from_secs(2);

/// A folder of documents. Hidden files are left out; symbolic links are not followed.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

/// A document as the folder lists it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The path inside the folder, with `/` on every platform.
    pub(crate) name: String,
    /// Time of change and size: tells a changed file from an unchanged one without reading it.
    pub(crate) stamp: String,
    /// Each later change will change the stamp.
    pub(crate) is_settled: bool,
    path: PathBuf,
    size: u64,
}

/// What reading a document gave.
#[derive(Debug)]
pub(crate) enum Content {
    Text {
        title: String,
        body: String,
    },
    /// May not be read, is not UTF-8, or is too large.
    Unreadable,
    /// The file is no more.
    Gone,
}

impl Folder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The name of `path` inside the folder, `""` for the folder itself; none if it is left out.
    pub(crate) fn name(&self, path: &Path) -> Option<String> {
        let mut parts = Vec::new();
        for component in path.strip_prefix(&self.root).ok()?.components() {
            let Component::Normal(part) = component else {
                return None;
            };
            let part = part.to_string_lossy().into_owned();
            if part.starts_with('.') || SKIPPED_FOLDERS.contains(&part.as_str()) {
                return None;
            }
            parts.push(part);
        }
        Some(parts.join("/"))
    }

    /// Finds the documents at `path` and under it; none if there is no such path any more.
    ///
    /// Only a root that cannot be read is an error. Another folder that cannot be read is listed
    /// as if it were a document, so that it is counted as one that could not be read.
    pub(crate) fn documents(&self, path: &Path) -> io::Result<Vec<Found>> {
        self.root.read_dir()?;
        let mut found = Vec::new();
        let mut left = vec![path.to_path_buf()];
        while let Some(path) = left.pop() {
            let (Some(name), Ok(metadata)) = (self.name(&path), path.symlink_metadata()) else {
                continue;
            };
            if metadata.is_dir() {
                match path.read_dir() {
                    Ok(entries) => left.extend(entries.flatten().map(|entry| entry.path())),
                    Err(_) => found.push(Found::new(name, path, &metadata)),
                }
            } else if metadata.is_file() && is_document(&path) {
                found.push(Found::new(name, path, &metadata));
            }
        }
        Ok(found)
    }
}

impl Found {
    fn new(name: String, path: PathBuf, metadata: &Metadata) -> Self {
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let age = SystemTime::now().duration_since(modified);
        let since_1970 = modified
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let size = metadata.len();
        Self {
            name,
            stamp: format!("{} ns, {size} bytes", since_1970.as_nanos()),
            is_settled: age.is_ok_and(|age| age >= SETTLING_TIME),
            path,
            size,
        }
    }

    pub(crate) fn read(&self) -> Content {
        if self.size > LARGEST_DOCUMENT {
            return Content::Unreadable;
        }
        match fs::read_to_string(&self.path) {
            Ok(body) => Content::Text {
                title: title(&body).unwrap_or(&self.name).into(),
                body,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Content::Gone,
            Err(_) => Content::Unreadable,
        }
    }
}

pub(crate) fn is_document(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The first line with a letter or a digit in it, without the marks of a heading.
fn title(body: &str) -> Option<&str> {
    let line = body
        .lines()
        .find(|line| line.contains(char::is_alphanumeric))?;
    Some(line.trim_matches(|mark: char| mark.is_whitespace() || "#=*".contains(mark)))
}
