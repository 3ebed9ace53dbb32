//! The folder of documents: which files in it are documents, and what is in them.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::task::{block_in_place, yield_now};

const EXTENSIONS: [&str; 4] = ["md", "markdown", "txt", "text"];
const LEFT_OUT: [&str; 2] = ["target", "node_modules"];
/// A larger file, in bytes, is not read.
const LARGEST_DOCUMENT: u64 = 2 * 1024 * 1024;
/// A file that changed less than this ago may change again and keep its stamp, because the
/// clock of a file system ticks slowly (every 2 s on FAT).
const SETTLING_TIME: Duration = Duration::from_secs(2);

/// A document as the folder lists it.
#[derive(Clone)]
pub(crate) struct Document {
    /// The path inside the folder, with `/` on every platform.
    pub(crate) name: String,
    /// Tells a changed file from an unchanged one without reading it. None: it must be read.
    pub(crate) stamp: Option<String>,
    path: PathBuf,
    size: u64,
}

/// What reading a document gave.
pub(crate) struct Text {
    pub(crate) title: String,
    pub(crate) body: String,
}

/// Lists the documents in `root` and below. Tells `enter` of each folder before looking into it.
///
/// Leaves out what is hidden, what cannot be looked into and what is not there any more, and
/// follows no symbolic links. Only a root that cannot be read is an error.
pub(crate) async fn documents(
    root: &Path,
    mut enter: impl FnMut(&Path),
) -> Result<Vec<Document>, String> {
    if let Err(error) = root.read_dir() {
        return Err(format!("cannot read the folder {root:?}: {error}"));
    }
    let mut documents = Vec::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(folder) = left.pop() {
        block_in_place(|| {
            enter(&folder);
            for entry in folder.read_dir().into_iter().flatten().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let name = name.to_string_lossy();
                if name.starts_with('.') || LEFT_OUT.contains(&&*name) {
                    continue;
                }
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => left.push(path),
                    Ok(metadata) if metadata.is_file() && has_extension(&path) => {
                        documents.push(Document::new(root, path, &metadata));
                    }
                    _ => (),
                }
            }
        });
        // So that a worker that is stopped or killed does not go through the whole folder first.
        yield_now().await;
    }
    Ok(documents)
}

impl Document {
    fn new(root: &Path, path: PathBuf, metadata: &Metadata) -> Self {
        let inside = path.strip_prefix(root).unwrap_or(&path).components();
        let names: Vec<_> = inside
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let age = SystemTime::now().duration_since(modified);
        let is_settled = age.is_ok_and(|age| age >= SETTLING_TIME);
        Self {
            name: names.join("/"),
            stamp: is_settled.then(|| format!("{modified:?} {}", metadata.len())),
            size: metadata.len(),
            path,
        }
    }

    /// Reads the file; none if it may not be read, is not UTF-8, or is too large.
    pub(crate) fn read(&self) -> Option<Text> {
        if self.size > LARGEST_DOCUMENT {
            return None;
        }
        let body = fs::read_to_string(&self.path).ok()?;
        let title = title(&body).unwrap_or(&self.name).to_owned();
        Some(Text { title, body })
    }
}

fn has_extension(path: &Path) -> bool {
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
