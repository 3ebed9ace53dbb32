//! A command line: shown, probed and run, with a time limit if it needs one.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a command with a time limit is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A command line, with what it adds to the environment and how long it may take.
#[derive(Clone, Debug)]
pub(crate) struct CommandLine {
    program: Cow<'static, str>,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    limit: Option<Duration>,
    shown: Option<String>,
}

impl CommandLine {
    /// A cargo command from words apart by blanks.
    pub(crate) fn cargo(words: &str) -> Self {
        Self::new("cargo", words)
    }

    /// Any command from words apart by blanks.
    pub(crate) fn new(program: impl Into<Cow<'static, str>>, words: &str) -> Self {
        Self {
            program: program.into(),
            arguments: words.split_whitespace().map(str::to_owned).collect(),
            environment: Vec::new(),
            limit: None,
            shown: None,
        }
    }

    /// A program that stands at a path of its own.
    pub(crate) fn at(program: &Path, words: &str) -> Self {
        Self::new(program.to_string_lossy().into_owned(), words)
    }

    pub(crate) fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn environment(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Kills the command when it takes longer than `limit`.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// What a person should type to repeat it, where that is shorter than the real words.
    pub(crate) fn shown_as(mut self, shown: impl Into<String>) -> Self {
        self.shown = Some(shown.into());
        self
    }

    /// Runs it, its output passed through.
    pub(crate) fn run(&self, root: &Path) -> Result<(), String> {
        let mut child = self
            .prepared(root)
            .spawn()
            .map_err(|error| format!("`{}` could not be started: {error}", self.program))?;
        let status = match self.limit {
            None => child.wait().map_err(|error| error.to_string())?,
            Some(limit) => wait_at_most(&mut child, limit)?,
        };
        judged(status)
    }

    /// Runs it and hands back what it printed.
    pub(crate) fn capture(&self, root: &Path) -> Result<String, String> {
        let output = self
            .prepared(root)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("`{}` could not be started: {error}", self.program))?;
        judged(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether the command exists and answers well; prints nothing.
    pub(crate) fn answers(&self, root: &Path) -> bool {
        self.prepared(root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// Refuses a test command that fits no test: cargo takes it for a success.
    pub(crate) fn require_a_test(&self, root: &Path) -> Result<(), String> {
        let listing = self
            .clone()
            .argument("--")
            .argument("--list")
            .capture(root)?;
        if tests_in(&listing) == 0 {
            return Err("the command fits no test".to_owned());
        }
        Ok(())
    }

    fn prepared(&self, root: &Path) -> Command {
        let mut command = Command::new(resolved(&self.program));
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .stdin(Stdio::null());
        command
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(shown) = &self.shown {
            return f.write_str(shown);
        }
        for (name, value) in &self.environment {
            write!(f, "{name}={} ", quoted(value))?;
        }
        f.write_str(&self.program)?;
        for argument in &self.arguments {
            write!(f, " {}", quoted(argument))?;
        }
        Ok(())
    }
}

/// The tests in what a test program prints for `--list`.
fn tests_in(listing: &str) -> usize {
    listing
        .lines()
        .filter(|line| line.ends_with(": test"))
        .count()
}

/// The same cargo that runs this program, so that the toolchain does not change half-way.
fn resolved(program: &str) -> OsString {
    match std::env::var_os("CARGO") {
        Some(cargo) if program == "cargo" => cargo,
        _ => program.into(),
    }
}

fn wait_at_most(child: &mut Child, limit: Duration) -> Result<ExitStatus, String> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if began.elapsed() >= limit {
            // Either may fail only because the command ended by itself in between.
            drop(child.kill());
            drop(child.wait());
            return Err(format!("it did not end within {} s", limit.as_secs()));
        }
        thread::sleep(GLANCE);
    }
}

fn judged(status: ExitStatus) -> Result<(), String> {
    if status.success() {
        Ok(())
    } else {
        Err(format!("the command ended with {status}"))
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+*@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_shown_as_a_person_would_type_it() {
        let command =
            CommandLine::cargo("doc --no-deps").environment("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            command.to_string(),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
    }

    #[test]
    fn a_command_that_fails_says_with_which_status() {
        let failed = CommandLine::new("false", "").run(Path::new("."));
        assert_eq!(
            failed,
            Err("the command ended with exit status: 1".to_owned())
        );
    }

    #[test]
    fn a_command_that_takes_too_long_is_killed() {
        let endless = CommandLine::new("sleep", "600").limit(Duration::from_millis(1));
        assert_eq!(
            endless.run(Path::new(".")),
            Err("it did not end within 0 s".to_owned())
        );
    }

    #[test]
    fn a_command_that_does_not_exist_does_not_answer() {
        assert!(!CommandLine::new("no-such-program-anywhere", "--version").answers(Path::new(".")));
    }

    #[test]
    fn only_lines_that_name_a_test_are_counted() {
        assert_eq!(tests_in("a::walk: test\n\n1 test, 0 benchmarks\n"), 1);
        assert_eq!(tests_in("0 tests, 0 benchmarks\n"), 0);
    }
}
