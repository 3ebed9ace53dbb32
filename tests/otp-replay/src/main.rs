//! Replays recorded scenarios and tells where they went another way.

mod cli;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use cli::{Mode, Request};
use perennial_otp_replay::explain::{Verdict, explain};
use perennial_otp_replay::parse::read_file;
use perennial_otp_replay::play::{Failure, Rules, play};
use perennial_otp_replay::report::{ExplanationTable, FailureReport};
use perennial_otp_replay::script::silence_scripted_crashes;
use perennial_otp_replay::trace::Scenario;

/// Some scenario failed.
const FAILED: u8 = 1;

/// The scenarios could not be played at all.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    silence_scripted_crashes();
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(error) => {
            // If standard error is closed, nobody is there to be told.
            let _closed = writeln!(io::stderr(), "{}", chain(error.as_ref()));
            ExitCode::from(UNUSABLE)
        }
    }
}

/// Does what was asked for; whether all scenarios passed.
fn run() -> Result<bool, Box<dyn Error>> {
    let request = cli::parse(std::env::args().skip(1))?;
    let scenarios = scenarios(&request)?;
    let mut out = io::stdout().lock();
    let failed = match request.mode {
        Mode::Exact => play_exactly(&scenarios, request.verbose, &mut out)?,
        Mode::Default => play_by_default(&scenarios, request.verbose, &mut out)?,
    };
    writeln!(out, "{} passed, {failed} failed", scenarios.len() - failed)?;
    Ok(failed == 0)
}

fn scenarios(request: &Request) -> Result<Vec<Scenario>, Box<dyn Error>> {
    let mut scenarios = Vec::new();
    for file in &request.files {
        scenarios.extend(read_file(file)?);
    }
    if let Some(id) = &request.only {
        scenarios.retain(|scenario| scenario.id == *id);
        if scenarios.is_empty() {
            return Err(format!("no scenario has the id `{id}`").into());
        }
    }
    Ok(scenarios)
}

/// Plays all scenarios by OTP's rules; how many failed.
fn play_exactly(scenarios: &[Scenario], verbose: bool, out: &mut impl Write) -> io::Result<usize> {
    let mut failed = 0;
    for scenario in scenarios {
        match play(scenario, Rules::otp_exact()) {
            Ok(()) if verbose => writeln!(out, "{} passed", scenario.id)?,
            Ok(()) => (),
            Err(failure) => {
                failed += 1;
                write_failure(out, scenario, &failure)?;
            }
        }
    }
    Ok(failed)
}

/// Plays all scenarios by the library's own rules; how many failed without an explanation.
fn play_by_default(
    scenarios: &[Scenario],
    verbose: bool,
    out: &mut impl Write,
) -> io::Result<usize> {
    let mut table = ExplanationTable::default();
    let mut failed = 0;
    for scenario in scenarios {
        let verdict = explain(scenario);
        table.add(&scenario.id, &verdict);
        match verdict {
            Verdict::AsRecorded if verbose => writeln!(out, "{} passed", scenario.id)?,
            Verdict::Explained(switches) if verbose => {
                writeln!(out, "{} passed with {}", scenario.id, switches.join(" + "))?;
            }
            Verdict::AsRecorded | Verdict::Explained(_) => (),
            Verdict::Unexplained(failure) => {
                failed += 1;
                write_failure(out, scenario, &failure)?;
            }
        }
    }
    write!(out, "{table}")?;
    Ok(failed)
}

fn write_failure(out: &mut impl Write, scenario: &Scenario, failure: &Failure) -> io::Result<()> {
    writeln!(out, "{}", FailureReport { scenario, failure })
}

/// The error and what caused it, on one line.
fn chain(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said.push_str(&format!(": {error}"));
        cause = error.source();
    }
    said
}
