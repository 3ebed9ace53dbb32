//! The files that the rules look at.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::source::Source;

/// All files that are, or are about to be, committed.
pub(super) struct Tree {
    /// Every text, by its path.
    pub(super) texts: Vec<(String, String)>,
    /// The Rust files among them, taken apart.
    pub(super) sources: Vec<Source>,
}

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let paths = committed(root)?;
        let texts = paths.into_iter().filter_map(|path| {
            // What is no text, or was deleted just now, has nothing to find.
            let text = fs::read_to_string(root.join(&path)).ok()?;
            Some((path, text))
        });
        Ok(Self::new(texts.collect()))
    }

    pub(super) fn new(texts: Vec<(String, String)>) -> Self {
        let rust = texts.iter().filter(|(path, _)| path.ends_with(".rs"));
        let sources = rust.map(|(path, text)| Source::new(path, text)).collect();
        Self { texts, sources }
    }
}

/// The files that git knows, and the new ones that it does not ignore.
fn committed(root: &Path) -> Result<Vec<String>, String> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output();
    let mut paths: Vec<String> = match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
        // Without git, as from an archive: whatever is there, build output and hidden tools apart.
        _ => {
            let mut found = Vec::new();
            walk(root, "", &mut found)?;
            found
        }
    };
    paths.sort();
    Ok(paths)
}

fn walk(root: &Path, folder: &str, found: &mut Vec<String>) -> Result<(), String> {
    let said = |error| format!("cannot read the folder `{folder}`: {error}");
    for entry in fs::read_dir(root.join(folder)).map_err(said)? {
        let entry = entry.map_err(said)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        let kind = entry.file_type().map_err(said)?;
        if kind.is_file() {
            found.push(path);
        } else if kind.is_dir() && !matches!(name.as_str(), "target" | ".git") {
            walk(root, &path, found)?;
        }
    }
    Ok(())
}
