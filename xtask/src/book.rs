//! The book: built with mdbook, which is installed first where it is missing.

use std::path::Path;

use crate::command::CommandLine;

/// What builds the book, and where it is installed: once, below what git ignores.
const VERSION: &str = "0.5.4";
const INSTALLED: &str = "target/tools";

/// Builds the book into `target/book`, with this version of mdbook and no other.
pub(crate) fn build(root: &Path) -> Result<(), String> {
    let version = mdbook(root, "--version").capture(root);
    if !version.is_ok_and(|version| version.trim() == format!("mdbook v{VERSION}")) {
        let install = installation();
        println!("        installs mdbook: {install}");
        install.run(root)?;
    }
    building(root).run(root)
}

/// The command that builds it, once mdbook is there.
pub(crate) fn building(root: &Path) -> CommandLine {
    mdbook(root, "build book")
}

/// Without what only watching, serving and searching need, and not optimized: this book takes it less than a
/// second even so, and to optimize it would take the compiler more than twice the time.
fn installation() -> CommandLine {
    CommandLine::cargo("install --locked --debug mdbook --no-default-features --force --version")
        .environment("CARGO_PROFILE_DEV_DEBUG", "0")
        .argument(VERSION)
        .argument("--root")
        .argument(INSTALLED)
}

fn mdbook(root: &Path, words: &str) -> CommandLine {
    let program = Path::new(INSTALLED).join("bin/mdbook");
    let shown = format!("{} {words}", program.display());
    CommandLine::at(&root.join(program), words).shown_as(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_the_step_is_what_a_person_would_type() {
        let command = building(Path::new("/nowhere"));
        assert_eq!(command.to_string(), "target/tools/bin/mdbook build book");
    }

    #[test]
    fn one_version_is_installed_below_target() {
        let command = installation().to_string();
        assert!(
            command.contains(&format!("--version {VERSION} --root target/")),
            "{command}"
        );
    }
}
