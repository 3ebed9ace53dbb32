//! The project's own tasks: `cargo xtask <task>`. One binary, std only, no shell scripts.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool whose output is read in a terminal"
)]

mod bench;
mod book;
mod ci;
mod command;
mod deep;
mod oldest;
mod packages;
mod published;
mod schedules;
mod tidy;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use command::CommandLine;

const USAGE: &str = "\
usage: cargo xtask <task>

tasks:
  ci             the gate: format, lints, tidy, tests, traces, examples, docs, book, public API, packages
  api            compares the public API with the lists `public-api.txt` that are committed
  bless          writes these lists anew: the change of the API is meant
  tidy           holds the tree against the tables of ARCHITECTURE.md and STYLE.md
  packages       packs what is published, and builds it from the archives
  oldest         builds what is published with the oldest dependencies that its manifests allow
  deep           slow checks with more cases and with tools that not everybody has
  bench-compare  measures ours, plain tokio and others in turn; takes options
  bench-count    counts instructions and compares with those committed; --bless writes them anew
  bench-cost     counts what each part costs when it is asked for; --readme writes the table
  help           prints this text";

/// What a shell expects when the arguments themselves were wrong.
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let task = match arguments.as_slice() {
        [task] => task.as_str(),
        [task, ..] if task.starts_with("bench-") => task.as_str(),
        [] => return bad_usage("no task was given"),
        [task, ..] => return bad_usage(&format!("`{task}` takes no further arguments")),
    };
    if matches!(task, "help" | "--help" | "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let Some(root) = workspace_root() else {
        return bad_usage("this is not a folder inside the workspace");
    };
    match task {
        "ci" => ci::run(&root),
        "api" => ended(&ci::public_api(), &root),
        "bless" => ended(&ci::public_api().argument("--").argument("--bless"), &root),
        "tidy" => tidy::run(&root),
        "packages" => packages::run(&root),
        "oldest" => oldest::run(&root),
        "deep" => deep::run(&root),
        "bench-compare" => bench::compare(&root, &arguments[1..]),
        "bench-count" => bench::count(&root, &arguments[1..]),
        "bench-cost" => bench::cost(&root, &arguments[1..]),
        unknown => bad_usage(&format!("there is no task `{unknown}`")),
    }
}

fn ended(command: &CommandLine, root: &Path) -> ExitCode {
    match command.run(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("cargo xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn bad_usage(what: &str) -> ExitCode {
    eprintln!("cargo xtask: {what}\n\n{USAGE}");
    ExitCode::from(BAD_USAGE)
}

/// The nearest folder, from here upward, whose manifest is the workspace's.
fn workspace_root() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| is_workspace(folder))
        .map(Path::to_path_buf)
}

fn is_workspace(folder: &Path) -> bool {
    std::fs::read_to_string(folder.join("Cargo.toml"))
        .is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
}
