//! A published crate: where its list stands, and how the list of now is made.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use public_api::Builder;

use crate::READABLE;

/// Traits that the compiler gives and nobody may name on a stable toolchain.
const NOT_OURS: &[&str] = &[
    "impl core::marker::Freeze ",
    "impl !core::marker::Freeze ",
    "impl core::marker::UnsafeUnpin ",
    "impl !core::marker::UnsafeUnpin ",
    "impl core::marker::StructuralPartialEq ",
];

/// A crate that goes to the registry.
pub(crate) struct Library {
    pub(crate) name: String,
    root: PathBuf,
    list: PathBuf,
}

/// What rustdoc tells of a crate.
pub(crate) enum Listing {
    /// One line an item, sorted.
    Lines(Vec<String>),
    /// In a version of the format that cannot be read.
    Unreadable(u32),
}

/// The crates under `crates` that do not say `publish = false`, in the order of their folders.
pub(crate) fn published(root: &Path) -> Result<Vec<Library>, String> {
    let folder = root.join("crates");
    let entries = fs::read_dir(&folder).map_err(|error| said(&folder, &error))?;
    let mut libraries = Vec::new();
    for entry in entries {
        let folder = entry.map_err(|error| error.to_string())?.path();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        if let Some(name) = published_name(&manifest) {
            libraries.push(Library {
                name: name.to_owned(),
                root: root.to_owned(),
                list: folder.join("public-api.txt"),
            });
        }
    }
    libraries.sort_by(|left, right| left.list.cmp(&right.list));
    if libraries.is_empty() {
        return Err(format!("{} holds no published crate", folder.display()));
    }
    Ok(libraries)
}

/// The name in the manifest, unless it says that the crate is not published.
fn published_name(manifest: &str) -> Option<&str> {
    let value = |key: &str| {
        let mut entries = manifest.lines().filter_map(|line| line.split_once('='));
        let (_, value) = entries.find(|(left, _)| left.trim() == key)?;
        Some(value.trim().trim_matches('"'))
    };
    value("name").filter(|_| value("publish") != Some("false"))
}

impl Library {
    /// The list that is committed.
    pub(crate) fn listed(&self) -> Option<Vec<String>> {
        let text = fs::read_to_string(&self.list).ok()?;
        Some(text.lines().map(str::to_owned).collect())
    }

    pub(crate) fn write(&self, lines: &[String]) -> Result<(), String> {
        let mut text = lines.join("\n");
        text.push('\n');
        fs::write(&self.list, text).map_err(|error| said(&self.list, &error))
    }

    /// The list of now.
    pub(crate) fn listing(&self) -> Result<Listing, String> {
        let file = self.described()?;
        let text = fs::read_to_string(&file).map_err(|error| said(&file, &error))?;
        let version = format_version(&text)
            .ok_or_else(|| format!("{} names no version of its format", file.display()))?;
        if version != READABLE {
            return Ok(Listing::Unreadable(version));
        }
        let items = Builder::from_rustdoc_json(&file)
            .omit_blanket_impls(true)
            .build()
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let lines = items.items().map(ToString::to_string);
        Ok(Listing::Lines(lines.filter(|line| is_ours(line)).collect()))
    }

    /// Has rustdoc describe the crate, and answers where.
    ///
    /// The folder of the build is one of its own: a build script that asks for the nightly switch
    /// would have everything that stands on it built anew, here and again in the next build.
    fn described(&self) -> Result<PathBuf, String> {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        let target = self.root.join(target).join("api");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["rustdoc", "--quiet", "--locked", "--lib", "--all-features"])
            .args(["--package", &self.name, "--target-dir"])
            .arg(&target)
            .args(["--", "-Zunstable-options", "--output-format=json"])
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(&self.root)
            .status()
            .map_err(|error| format!("cargo could not be started: {error}"))?;
        if !status.success() {
            return Err(format!("rustdoc on {} ended with {status}", self.name));
        }
        let file = format!("doc/{}.json", self.name.replace('-', "_"));
        Ok(target.join(file))
    }
}

fn is_ours(line: &str) -> bool {
    !NOT_OURS.iter().any(|start| line.starts_with(start))
}

/// The number after `"format_version":`, which stands near the end.
fn format_version(json: &str) -> Option<u32> {
    let (_, after) = json.rsplit_once("\"format_version\":")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn said(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_not_published_has_no_list() {
        let manifest = "[package]\nname = \"a\"\npublish = false\n";
        assert_eq!(published_name(manifest), None);
        assert_eq!(published_name("[package]\nname = \"a\"\n"), Some("a"));
    }

    #[test]
    fn the_version_of_the_format_is_read_from_the_end_of_the_file() {
        assert_eq!(
            format_version(r#"{"index":{},"format_version":57}"#),
            Some(57)
        );
        assert_eq!(format_version("{}"), None);
    }

    #[test]
    fn traits_of_the_compiler_are_not_listed_and_send_is() {
        assert!(!is_ours(
            "impl core::marker::Freeze for perennial_core::Event"
        ));
        assert!(is_ours("impl core::marker::Send for perennial_core::Event"));
    }
}
