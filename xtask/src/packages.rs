//! `cargo xtask packages`: packs what is published, and builds it from the archives.
//!
//! Cargo's own verification unpacks an archive once for each version and never again: while the
//! version stays, a crate would be built against the first state of those it depends on.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::command::CommandLine;
use crate::published;

/// Without the lock file, or cargo would look for our own crates in the registry.
const PACK: &str = "package --no-verify --exclude-lockfile --allow-dirty --offline --quiet";

/// What every archive holds beside the sources.
const BESIDE: &[&str] = &["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

pub(crate) fn run(root: &Path) -> ExitCode {
    match check(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("packages: {why}");
            ExitCode::FAILURE
        }
    }
}

fn check(root: &Path) -> Result<(), String> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let folder = root.join(target).join("packages");
    let unpacked = folder.join("unpacked");
    emptied(&folder.join("package")).map_err(|error| said(&folder, &error))?;
    emptied(&unpacked).map_err(|error| said(&unpacked, &error))?;

    let names = published::names(root);
    let pack = CommandLine::cargo(PACK)
        .argument("--target-dir")
        .argument(folder.to_string_lossy());
    let pack = names
        .iter()
        .fold(pack, |pack, name| pack.argument("-p").argument(name));
    pack.run(root)?;

    let archives = archives(&folder.join("package")).map_err(|error| said(&folder, &error))?;
    if archives.len() != names.len() {
        return Err(format!(
            "{} archives came of {}",
            archives.len(),
            names.join(", ")
        ));
    }
    let mut members = Vec::new();
    for archive in &archives {
        let member = unpack(archive, &unpacked)?;
        println!("        {member}");
        members.push(member);
    }
    let manifest = manifest(&names, &members);
    let written = fs::write(unpacked.join("Cargo.toml"), manifest);
    written.map_err(|error| said(&unpacked, &error))?;
    let copied = fs::copy(root.join("Cargo.lock"), unpacked.join("Cargo.lock"));
    copied.map_err(|error| said(&unpacked, &error))?;
    let build = "check --workspace --all-features --offline --quiet --target-dir ../build";
    CommandLine::cargo(build).run(&unpacked)
}

/// Unpacks an archive, and answers the name of the folder that came of it.
fn unpack(archive: &Path, into: &Path) -> Result<String, String> {
    // With `m` the files are as old as their unpacking: by the times in the archive, which are always
    // the same, cargo would take what changed for built.
    let unpack = CommandLine::new("tar", "-xzmf")
        .argument(archive.to_string_lossy())
        .argument("-C")
        .argument(into.to_string_lossy());
    unpack.run(into)?;
    let name = archive.file_stem().unwrap_or_default().to_string_lossy();
    for file in BESIDE {
        if !into.join(&*name).join(file).is_file() {
            return Err(format!("the archive of {name} lacks {file}"));
        }
    }
    Ok(name.into_owned())
}

/// A workspace of the unpacked crates, each found by the others in it.
fn manifest(names: &[String], members: &[String]) -> String {
    let mut text =
        format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[patch.crates-io]\n");
    for name in names {
        let version = |member: &&String| {
            let rest = member.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with("-0") || rest.starts_with("-1"))
        };
        if let Some(member) = members.iter().find(version) {
            text.push_str(&format!("{name} = {{ path = \"{member}\" }}\n"));
        }
    }
    text
}

fn archives(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut archives = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "crate") {
            archives.push(path);
        }
    }
    archives.sort();
    Ok(archives)
}

fn emptied(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}

fn said(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unpacked_crate_is_found_by_the_others() {
        let text =
            |words: &[&str]| -> Vec<String> { words.iter().map(|&w| w.to_owned()).collect() };
        let names = text(&["a", "a-core"]);
        let made = manifest(&names, &text(&["a-0.1.0", "a-core-0.1.0"]));
        assert!(made.contains("a = { path = \"a-0.1.0\" }\n"), "{made}");
        assert!(
            made.contains("a-core = { path = \"a-core-0.1.0\" }\n"),
            "{made}"
        );
    }
}
