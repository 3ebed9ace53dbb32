//! Slow checks for people with time: more cases, and tools that not everybody has.
//!
//! A tool that is missing is skipped, and the end says so loudly: what was not run was not passed.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::command::CommandLine;
use crate::schedules;
use crate::tidy::manifest;

/// How many random cases each property is tried with here; the gate tries those of whole trees with 2,000.
const CASES: &str = "100000";

/// One check, and what it needs.
struct Check {
    name: &'static str,
    command: CommandLine,
    /// The command picks tests by name, and there must be such.
    picks_tests: bool,
    need: Option<Need>,
}

/// A tool that not everybody has.
struct Need {
    /// Answers well where the tool is there.
    probe: CommandLine,
    install: String,
}

enum Verdict {
    Passed,
    Failed(String),
    /// With what to do about it.
    Skipped(String),
}

/// Runs all checks, also after one failed.
pub(crate) fn run(root: &Path) -> ExitCode {
    let checks = checks(root);
    let mut verdicts = Vec::new();
    for (done, check) in checks.iter().enumerate() {
        println!(
            "[{:>2}/{}] {}: {}",
            done + 1,
            checks.len(),
            check.name,
            check.command
        );
        let began = Instant::now();
        let verdict = check.run(root);
        let seconds = began.elapsed().as_secs_f64();
        match &verdict {
            Verdict::Passed => println!("        passed in {seconds:.1} s"),
            Verdict::Failed(why) => println!("        FAILED in {seconds:.1} s: {why}"),
            Verdict::Skipped(_) => println!("        SKIPPED"),
        }
        verdicts.push((check, verdict));
    }
    sum_up(&verdicts)
}

impl Check {
    fn new(name: &'static str, command: CommandLine) -> Self {
        Self {
            name,
            command,
            picks_tests: false,
            need: None,
        }
    }

    fn needs(mut self, probe: CommandLine, install: impl Into<String>) -> Self {
        self.need = Some(Need {
            probe,
            install: install.into(),
        });
        self
    }

    fn picking_tests(mut self) -> Self {
        self.picks_tests = true;
        self
    }

    /// By a subcommand of cargo that is a crate of its own.
    fn by_tool(name: &'static str, tool: &str, words: &str) -> Self {
        let probe = CommandLine::cargo(tool).argument("--version");
        let command = CommandLine::cargo(tool);
        let command = words
            .split_whitespace()
            .fold(command, CommandLine::argument);
        Self::new(name, command).needs(probe, format!("cargo install --locked cargo-{tool}"))
    }

    fn run(&self, root: &Path) -> Verdict {
        if let Some(need) = self.need.as_ref().filter(|need| !need.probe.answers(root)) {
            return Verdict::Skipped(need.install.clone());
        }
        let picked = if self.picks_tests {
            self.command.require_a_test(root)
        } else {
            Ok(())
        };
        let ended = picked.and_then(|()| self.command.run(root));
        ended.map_or_else(Verdict::Failed, |()| Verdict::Passed)
    }
}

/// All checks, those that everybody can run first.
fn checks(root: &Path) -> Vec<Check> {
    let walk = CommandLine::cargo("test --release --locked -p perennial-core walk");
    let cases = CommandLine::cargo("test --release --locked -p perennial-core -p perennial-it");
    // The full product takes hours: PERENNIAL_WALK=50 walks every 50th machine.
    let part = std::env::var("PERENNIAL_WALK").unwrap_or_else(|_| "full".to_owned());
    vec![
        Check::new(
            "many random cases",
            // A case that fails is tried smaller thousands of times, and a backtrace each time fills the memory.
            cases
                .environment("PROPTEST_CASES", CASES)
                .environment("RUST_BACKTRACE", "0"),
        ),
        Check::new("many schedules", schedules::many()).picking_tests(),
        Check::new("lints of the schedules", schedules::lints()),
        Check::by_tool("licenses", "deny", "check licenses bans sources"),
        advisories(),
        Check::by_tool(
            "each feature alone",
            "hack",
            "check --workspace --each-feature --locked",
        ),
        oldest_toolchain(root),
        oldest_dependencies(),
        docs_as_published(),
        docs_of_private_items(),
        miri(),
        miri_of_the_allocator(),
        semver(root),
        Check::new(
            "chaos",
            CommandLine::cargo("run --release --locked -p perennial-bench -- chaos --seconds 60"),
        ),
        instructions(),
        Check::new(
            "walk of all states",
            walk.environment("PERENNIAL_WALK", &part),
        )
        .picking_tests(),
    ]
}

/// Needs the database of advisories, and so the network.
fn advisories() -> Check {
    let install = "cargo install --locked cargo-deny, and let it fetch the database of RustSec";
    Check::new("advisories", CommandLine::cargo("deny check advisories"))
        .needs(CommandLine::cargo("deny fetch db"), install)
}

/// The toolchain that the manifest promises.
fn oldest_toolchain(root: &Path) -> Check {
    let version = promised_toolchain(root).unwrap_or_else(|| "unknown".to_owned());
    let on_it = |words: &str| CommandLine::new("rustup", &format!("run {version} cargo {words}"));
    Check::new(
        "oldest toolchain",
        on_it("check --workspace --all-targets --locked"),
    )
    .needs(
        on_it("--version"),
        format!("rustup toolchain install {version} --profile minimal"),
    )
}

/// Asks the registry for older versions than those that the lock file names.
fn oldest_dependencies() -> Check {
    Check::new("oldest dependencies", CommandLine::cargo("xtask oldest")).needs(
        CommandLine::cargo("update --dry-run --quiet"),
        "nothing to install: the registry must be reachable",
    )
}

/// With the flags of docs.rs, which say at each item which feature it needs.
fn docs_as_published() -> Check {
    let words = "doc --workspace --no-deps --all-features --locked --target-dir target/docs-rs";
    let command = CommandLine::cargo(words)
        .environment("RUSTC_BOOTSTRAP", "1")
        .environment("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
    Check::new("docs as docs.rs builds them", command)
}

fn docs_of_private_items() -> Check {
    let words = "doc --workspace --no-deps --all-features --locked --document-private-items";
    let command = CommandLine::cargo(words).argument("--target-dir");
    let command = command.argument("target/docs-private");
    Check::new(
        "docs of private items",
        command.environment("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn promised_toolchain(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("Cargo.toml")).ok()?;
    let entries = manifest::entries(&text);
    let promised = entries
        .into_iter()
        .find(|entry| entry.section == "workspace.package" && entry.key == "rust-version")?;
    Some(promised.value.trim_matches('"').to_owned())
}

/// Without OS signals, which miri does not know, and with few random cases, since it is slow.
fn miri() -> Check {
    let on_nightly =
        |words: &str| CommandLine::new("rustup", &format!("run nightly cargo {words}"));
    let test = "miri test --locked -p perennial-core --no-default-features --lib";
    let command = on_nightly(test)
        .environment("MIRIFLAGS", "-Zmiri-disable-isolation")
        .environment("PROPTEST_CASES", "4");
    Check::new("undefined behavior", command).needs(
        on_nightly("miri --version"),
        "rustup toolchain install nightly --component miri",
    )
}

/// By the rules of tree borrows: those of stacked borrows let no allocator look behind the bytes of a box.
fn miri_of_the_allocator() -> Check {
    let on_nightly =
        |words: &str| CommandLine::new("rustup", &format!("run nightly cargo {words}"));
    let test = "miri test --locked -p perennial-alloc --test blocks";
    let command = on_nightly(test)
        .environment("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-tree-borrows")
        .environment("PROPTEST_CASES", "2");
    Check::new("undefined behavior in the allocator", command).needs(
        on_nightly("miri --version"),
        "rustup toolchain install nightly --component miri",
    )
}

/// Against the latest release; before the first there is nothing to break.
fn semver(root: &Path) -> Check {
    let tags = CommandLine::new("git", "describe --tags --abbrev=0 --match v[0-9]*");
    let latest = Some(&tags).filter(|tags| tags.answers(root));
    let latest = latest.and_then(|tags| tags.capture(root).ok());
    match latest {
        Some(tag) => {
            let words = format!("--workspace --baseline-rev {}", tag.trim());
            Check::by_tool("public promises", "semver-checks", &words)
        }
        None => Check::new(
            "public promises",
            CommandLine::cargo("semver-checks --workspace"),
        )
        .needs(
            tags,
            "nothing to install: there is no release tag `v…` to compare with yet",
        ),
    }
}

/// What supervision costs, counted rather than timed.
fn instructions() -> Check {
    let count = CommandLine::cargo("xtask bench-count");
    Check::new("instructions", count).needs(
        CommandLine::new("valgrind", "--version"),
        "valgrind, from your system's packages",
    )
}

fn sum_up(verdicts: &[(&Check, Verdict)]) -> ExitCode {
    let mut passed = 0_usize;
    let mut failed = Vec::new();
    let mut skipped = Vec::new();
    for (check, verdict) in verdicts {
        match verdict {
            Verdict::Passed => passed += 1,
            Verdict::Failed(_) => failed.push(format!("  {}: {}", check.name, check.command)),
            Verdict::Skipped(install) => skipped.push(format!("  {}: {install}", check.name)),
        }
    }
    if !skipped.is_empty() {
        println!(
            "\nSKIPPED, so nothing is known about:\n{}",
            skipped.join("\n")
        );
    }
    if !failed.is_empty() {
        println!("\nFAILED, repeat with:\n{}", failed.join("\n"));
    }
    println!(
        "\n{passed} passed, {} failed, {} skipped",
        failed.len(),
        skipped.len()
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_whose_tool_is_missing_is_skipped_and_says_how_to_get_it() {
        let check = Check::by_tool("nothing", "no-such-tool-anywhere", "check");
        let verdict = check.run(Path::new("."));
        let install = "cargo install --locked cargo-no-such-tool-anywhere";
        assert!(matches!(verdict, Verdict::Skipped(what) if what == install));
    }

    #[test]
    fn a_failed_check_fails_the_whole() {
        let check = Check::new("false", CommandLine::new("false", ""));
        assert_eq!(
            sum_up(&[(&check, check.run(Path::new(".")))]),
            ExitCode::FAILURE
        );
    }

    #[test]
    fn the_oldest_toolchain_is_the_one_that_the_manifest_promises() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let promised = promised_toolchain(&root).expect("the root manifest names it");
        assert!(promised.starts_with("1."), "{promised}");
    }
}
