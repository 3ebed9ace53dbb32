//! The gate: what every change must pass, one step after the other, up to the first failure.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::book;
use crate::command::CommandLine;
use crate::published;
use crate::schedules;
use crate::tidy;

/// How many packages `perennial-core` may pull in with default features, itself included.
const PACKAGE_BUDGET: usize = 30;

/// How long one example may run, once it is built.
const EXAMPLE_LIMIT: Duration = Duration::from_secs(60);

const TRACES: &str = "tests/otp-replay/traces";
const EXAMPLES: &str = "examples";

/// One step of the gate: a name to speak of it, what it does, and the command that repeats it.
struct Step {
    name: String,
    work: Work,
}

enum Work {
    /// A command that must succeed.
    Command(CommandLine),
    /// As `Command`, by a rustup component that may be missing.
    Component(CommandLine, &'static str),
    /// As `Command`, which must have run at least one test: a filter that fits nothing succeeds too.
    Tests(CommandLine),
    /// `cargo xtask tidy`, without a process of its own.
    Tidy,
    /// The command lists packages, and there must not be too many.
    PackageBudget(CommandLine),
    /// The book is built, by a tool that is installed first if it is missing.
    Book,
    /// What the step works on is not there.
    Missing(String),
}

/// Runs the gate.
pub(crate) fn run(root: &Path) -> ExitCode {
    let steps = steps(root);
    for (passed, step) in steps.iter().enumerate() {
        println!(
            "[{:>2}/{}] {}: {}",
            passed + 1,
            steps.len(),
            step.name,
            step.repeat()
        );
        let began = Instant::now();
        if let Err(why) = step.run(root) {
            println!("\nThe gate stopped at the step `{}`: {why}.", step.name);
            println!("Repeat it with: {}\n", step.repeat());
            println!("{passed} passed, 1 failed");
            return ExitCode::FAILURE;
        }
        println!("        passed in {:.1} s", began.elapsed().as_secs_f64());
    }
    println!("\n{} passed, 0 failed", steps.len());
    ExitCode::SUCCESS
}

impl Step {
    fn new(name: impl Into<String>, work: Work) -> Self {
        Self {
            name: name.into(),
            work,
        }
    }

    fn repeat(&self) -> String {
        match &self.work {
            Work::Command(command)
            | Work::Component(command, _)
            | Work::Tests(command)
            | Work::PackageBudget(command) => command.to_string(),
            Work::Tidy => "cargo xtask tidy".to_owned(),
            Work::Book => book::building(Path::new(".")).to_string(),
            Work::Missing(_) => "cargo xtask ci".to_owned(),
        }
    }

    fn run(&self, root: &Path) -> Result<(), String> {
        match &self.work {
            Work::Command(command) => command.run(root),
            Work::Component(command, component) => {
                require_component(component, root)?;
                command.run(root)
            }
            Work::Tests(command) => {
                command.require_a_test(root)?;
                command.run(root)
            }
            Work::Tidy => tidy::check(root),
            Work::PackageBudget(command) => within_budget(&command.capture(root)?),
            Work::Book => book::build(root),
            Work::Missing(what) => Err(what.clone()),
        }
    }
}

/// All steps, cheap ones first.
fn steps(root: &Path) -> Vec<Step> {
    let tests = |words| Work::Tests(CommandLine::cargo(words));
    let lint = |words| Work::Component(CommandLine::cargo(words), "clippy");
    let mut steps = vec![
        Step::new(
            "format",
            Work::Component(CommandLine::cargo("fmt --all --check"), "rustfmt"),
        ),
        Step::new(
            "format of the schedules",
            Work::Component(schedules::format(), "rustfmt"),
        ),
        Step::new("tidy", Work::Tidy),
        Step::new(
            "lints",
            lint("clippy --workspace --all-targets --all-features --locked -- -D warnings"),
        ),
    ];
    let alone = published::features_alone(root).into_iter();
    steps.extend(alone.map(|(name, command)| Step::new(name, Work::Component(command, "clippy"))));
    steps.extend([
        Step::new("package budget", package_budget()),
        Step::new(
            "tests",
            Work::Command(CommandLine::cargo("test --workspace --locked")),
        ),
        Step::new(
            "replay tests",
            tests("test --release --locked -p perennial-otp-replay"),
        ),
        Step::new(
            "walk",
            tests("test --release --locked -p perennial-core walk"),
        ),
        traces(root),
        Step::new("schedules", Work::Tests(schedules::some())),
    ]);
    steps.extend(examples(root));
    steps.push(Step::new("docs", docs()));
    steps.push(Step::new("book", Work::Book));
    steps.push(Step::new("public API", Work::Command(public_api())));
    steps.push(Step::new(
        "packages",
        Work::Command(CommandLine::cargo("xtask packages")),
    ));
    steps
}

/// Compares each published crate with its list; with `--bless` behind `--`, writes the lists.
pub(crate) fn public_api() -> CommandLine {
    CommandLine::cargo("run --quiet --locked -p perennial-api")
}

fn package_budget() -> Work {
    let words = "tree -e normal -p perennial-core --prefix none --locked";
    Work::PackageBudget(CommandLine::cargo(words))
}

fn docs() -> Work {
    let flags = "-D warnings -D rustdoc::broken-intra-doc-links";
    let command = CommandLine::cargo("doc --workspace --no-deps --all-features --locked");
    Work::Command(command.environment("RUSTDOCFLAGS", flags))
}

/// OTP's own traces, played against the real supervisor.
fn traces(root: &Path) -> Step {
    let files = names(&root.join(TRACES), ".jsonl");
    if files.is_empty() {
        return Step::new(
            "traces",
            Work::Missing(format!("there are no traces in {TRACES}")),
        );
    }
    let run = "run --release --locked -p perennial-otp-replay --";
    let command = files
        .iter()
        .fold(CommandLine::cargo(run), |command, file| {
            command.argument(format!("{TRACES}/{file}.jsonl"))
        })
        .shown_as(format!("cargo {run} {TRACES}/*.jsonl"));
    Step::new("traces", Work::Command(command))
}

/// Builds all examples, then runs each; the time limit is theirs, not the compiler's.
fn examples(root: &Path) -> Vec<Step> {
    let examples = names(&root.join(EXAMPLES), ".rs");
    if examples.is_empty() {
        let missing = Work::Missing(format!("there are no examples in {EXAMPLES}"));
        return vec![Step::new("examples", missing)];
    }
    let build = "build --release --locked -p perennial-examples --examples";
    let built = Step::new("examples", Work::Command(CommandLine::cargo(build)));
    let runs = examples.iter().map(|example| {
        let command = CommandLine::cargo("run --release --locked -p perennial-examples --example")
            .argument(example)
            .limit(EXAMPLE_LIMIT);
        Step::new(format!("example {example}"), Work::Command(command))
    });
    [built].into_iter().chain(runs).collect()
}

/// The names of the files in `folder` that end in `ending`, without it, sorted.
fn names(folder: &Path, ending: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(ending).map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

fn require_component(component: &str, root: &Path) -> Result<(), String> {
    let subcommand = component.strip_prefix("rust").unwrap_or(component);
    if CommandLine::cargo(subcommand)
        .argument("--version")
        .answers(root)
    {
        Ok(())
    } else {
        Err(format!(
            "the toolchain lacks {component}; install it with `rustup component add {component}`"
        ))
    }
}

fn within_budget(listing: &str) -> Result<(), String> {
    let packages = packages_in(listing);
    let count = packages.len();
    println!("        {count} of {PACKAGE_BUDGET} packages");
    if count <= PACKAGE_BUDGET {
        return Ok(());
    }
    let names: Vec<&str> = packages.into_iter().collect();
    Err(format!(
        "perennial-core pulls in {count} packages, {PACKAGE_BUDGET} are allowed: {}",
        names.join(", ")
    ))
}

/// The distinct packages of a `cargo tree --prefix none`, as `name v1.2.3`.
fn packages_in(listing: &str) -> BTreeSet<&str> {
    listing
        .lines()
        .map(|line| line.split(" (").next().unwrap_or(line).trim())
        .filter(|package| !package.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_named_twice_in_the_tree_counts_once() {
        let listing = "a v1.0.0 (proc-macro)\nb v2.0.0\n\na v1.0.0 (proc-macro) (*)\nb v3.0.0\n";
        let packages: Vec<&str> = packages_in(listing).into_iter().collect();
        assert_eq!(packages, ["a v1.0.0", "b v2.0.0", "b v3.0.0"]);
    }

    #[test]
    fn one_package_too_many_breaks_the_budget() {
        let listing =
            |count: usize| -> String { (0..count).map(|n| format!("p{n} v1.0.0\n")).collect() };
        assert_eq!(within_budget(&listing(PACKAGE_BUDGET)), Ok(()));
        assert!(within_budget(&listing(PACKAGE_BUDGET + 1)).is_err());
    }

    #[test]
    fn a_step_without_its_files_fails_and_says_so() {
        let step = traces(Path::new("/nowhere"));
        assert!(
            step.run(Path::new("/nowhere"))
                .is_err_and(|why| why.contains("no traces"))
        );
    }
}
