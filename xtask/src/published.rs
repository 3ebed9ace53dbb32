//! The crates that go to the registry, and what each of them is tried with.

use std::fs;
use std::path::Path;

use crate::command::CommandLine;
use crate::tidy::manifest::{self, Entry};

const CRATES: &str = "crates";

/// A crate that goes to the registry.
struct Published {
    name: String,
    /// From the root of the workspace.
    folder: String,
    /// All of its features but `default`.
    features: Vec<String>,
}

/// Where the crates stand, from the root of the workspace.
pub(crate) fn folders(root: &Path) -> Vec<String> {
    let crates = published(root).into_iter();
    crates.map(|each| each.folder).collect()
}

/// What the crates are called.
pub(crate) fn names(root: &Path) -> Vec<String> {
    let crates = published(root).into_iter();
    crates.map(|each| each.name).collect()
}

/// One command for each crate without features, and for each of its features alone.
pub(crate) fn features_alone(root: &Path) -> Vec<(String, CommandLine)> {
    let mut commands = Vec::new();
    for Published { name, features, .. } in published(root) {
        let words = format!("clippy -p {name} --no-default-features --locked");
        let linted = |command: CommandLine| {
            ["--", "-D", "warnings"]
                .into_iter()
                .fold(command, CommandLine::argument)
        };
        commands.push((
            format!("{name} without features"),
            linted(CommandLine::cargo(&words)),
        ));
        for feature in features {
            let command = CommandLine::cargo(&words)
                .argument("--features")
                .argument(&feature);
            commands.push((format!("{name} with {feature} alone"), linted(command)));
        }
    }
    commands
}

/// The crates under `crates` that do not say `publish = false`, by name.
fn published(root: &Path) -> Vec<Published> {
    let Ok(folders) = fs::read_dir(root.join(CRATES)) else {
        return Vec::new();
    };
    let mut crates: Vec<Published> = folders
        .filter_map(|folder| {
            let folder = folder.ok()?;
            let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).ok()?;
            of_manifest(&folder.file_name().to_string_lossy(), &manifest)
        })
        .collect();
    crates.sort_by(|left, right| left.name.cmp(&right.name));
    crates
}

fn of_manifest(folder: &str, text: &str) -> Option<Published> {
    let entries = manifest::entries(text);
    if !manifest::is_published(&entries) {
        return None;
    }
    let name = |entry: &&Entry| entry.section == "package" && entry.key == "name";
    let features = entries
        .iter()
        .filter(|entry| entry.section == "features" && entry.key != "default");
    Some(Published {
        name: entries
            .iter()
            .find(name)?
            .value
            .trim_matches('"')
            .to_owned(),
        folder: format!("{CRATES}/{folder}"),
        features: features.map(|entry| entry.key.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_not_published_is_left_out() {
        let manifest = "[package]\nname = \"a\"\n[features]\ndefault = [\"b\"]\nb = []\n";
        let found = of_manifest("a", manifest).expect("it is published");
        assert_eq!(
            (found.name.as_str(), found.features),
            ("a", vec!["b".to_owned()])
        );
        let private = manifest.replace("[features]", "publish = false\n[features]");
        assert!(of_manifest("a", &private).is_none());
    }

    #[test]
    fn each_feature_of_the_facade_is_tried_alone() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let names: Vec<String> = features_alone(&root)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert!(
            names.contains(&"perennial without features".to_owned()),
            "{names:?}"
        );
        assert!(
            names.contains(&"perennial with signals alone".to_owned()),
            "{names:?}"
        );
    }
}
