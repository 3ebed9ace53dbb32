//! The files of the book.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The text of files, by their path below the folder of the book: `src/why-trees.md`.
pub(crate) type Files = BTreeMap<String, String>;

/// The pages, the listings, their recorded output, and what does not compile.
pub(crate) fn book() -> Files {
    let mut files = Files::new();
    for folder in [
        "src",
        "listings/src",
        "listings/src/bin",
        "listings/src/station",
        "listings/tests",
        "../crates/macros/tests/ui/methods",
        "../crates/macros/tests/ui/settings",
    ] {
        let entries = fs::read_dir(folder_of_the_book().join(folder)).expect("it is there");
        for entry in entries.flatten() {
            let name = entry.file_name().into_string().expect("a plain name");
            let text = [".md", ".rs", ".out", ".err", ".stderr"];
            if text.iter().any(|ending| name.ends_with(ending)) {
                let body = fs::read_to_string(entry.path()).expect("it is text");
                files.insert(format!("{folder}/{name}"), body);
            }
        }
    }
    files
}

/// The files of this book in a folder, with one ending, as name without the ending and text.
pub(crate) fn within<'a>(
    files: &'a Files,
    folder: &'a str,
    ending: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    files.iter().filter_map(move |(path, text)| {
        let name = path.strip_prefix(folder)?.strip_prefix('/')?;
        let name = name.strip_suffix(ending)?;
        (!name.contains('/')).then_some((name, text.as_str()))
    })
}

pub(crate) fn folder_of_the_book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
