//! `cargo xtask oldest`: builds what is published with the oldest dependencies that its manifests allow.
//!
//! The versions of a manifest are promises: each is the oldest that works. Cargo picks the newest, so
//! nobody would notice. This builds a copy of the published crates, with a lock file of its own, in
//! which our own dependencies have the version that stands in the manifest.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::command::CommandLine;
use crate::published;

/// Cargo's switch for it is not stable yet; only what picks the versions is told so.
const PICK: &str = "update -Zdirect-minimal-versions";

pub(crate) fn run(root: &Path) -> ExitCode {
    match check(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("oldest: {why}");
            ExitCode::FAILURE
        }
    }
}

fn check(root: &Path) -> Result<(), String> {
    let copy = copied(root).map_err(|error| format!("the crates cannot be copied: {error}"))?;
    let pick = CommandLine::cargo(PICK).environment("RUSTC_BOOTSTRAP", "1");
    pick.run(&copy)?;
    let build = "check --workspace --lib --all-features --locked --target-dir target";
    CommandLine::cargo(build).run(&copy)
}

/// A workspace of the published crates only, below the folder of the build.
fn copied(root: &Path) -> io::Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let copy = root.join(target).join("oldest");
    fs::create_dir_all(&copy)?;
    let folders = published::folders(root);
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    fs::write(copy.join("Cargo.toml"), with_members(&manifest, &folders))?;
    let lock = copy.join("Cargo.lock");
    if lock.exists() {
        fs::remove_file(lock)?;
    }
    for folder in &folders {
        let (from, to) = (root.join(folder), copy.join(folder));
        if to.exists() {
            fs::remove_dir_all(&to)?;
        }
        copy_folder(&from.join("src"), &to.join("src"))?;
        fs::copy(from.join("Cargo.toml"), to.join("Cargo.toml"))?;
    }
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The root manifest with these members instead of its own.
fn with_members(manifest: &str, folders: &[String]) -> String {
    let mut kept = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        let of_members = line.starts_with("members") || line.starts_with("default-members");
        if line.starts_with("members") {
            kept.push(format!("members = {folders:?}"));
        }
        inside |= of_members;
        if !inside {
            kept.push(line.to_owned());
        }
        inside &= !line.trim_end().ends_with(']');
    }
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_no_members_but_the_published_crates() {
        let manifest = "[workspace]\nmembers = [\n    \"a\",\n    \"b\",\n]\n\
                        default-members = [\"a\"]\n[workspace.package]\nversion = \"1.0.0\"";
        let expected = "[workspace]\nmembers = [\"a\"]\n[workspace.package]\nversion = \"1.0.0\"";
        assert_eq!(with_members(manifest, &["a".to_owned()]), expected);
    }
}
