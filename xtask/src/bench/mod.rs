//! `cargo xtask bench-compare`, `bench-count` and `bench-cost`: what supervision costs, beside others, beside
//! what it cost before, and with each of its parts.

mod cases;
mod cost;
mod count;
mod figures;
mod plot;
mod programs;
mod report;

use std::path::Path;
use std::process::ExitCode;

use cases::{CASES, Case, SYSTEMS, System};
pub(crate) use cost::cost;
pub(crate) use count::count;
use figures::{Figure, Figures};
use programs::Programs;

/// How `bench-compare` is called.
pub(crate) const USAGE: &str = "\
usage: cargo xtask bench-compare [--rounds R] [--workers W] [--only WORKLOAD,..]
                                 [--systems SYSTEM,..] [--add] [--check] [--readme]

  --rounds R   how often each case is measured, all systems in turn; 5 by default; 0: only
               shows again what was measured last
  --workers W  worker threads; 2 by default
  --only       only these workloads; --systems: only these systems
  --add        to what was measured last
  --check      fails if a bound is missed
  --readme     writes tables and plots into crates/bench";

/// What is asked for.
struct Plan {
    rounds: usize,
    workers: usize,
    cases: Vec<Case>,
    systems: Vec<&'static System>,
    add: bool,
    check: bool,
    readme: bool,
}

/// Measures everybody in turn, and compares.
pub(crate) fn compare(root: &Path, arguments: &[String]) -> ExitCode {
    let compared = Plan::new(arguments).and_then(|plan| {
        let figures = plan.measured(root)?;
        if plan.readme {
            report::write(root, &figures, plan.workers)?;
        }
        let missed = report::print(&figures);
        if plan.check && missed > 0 {
            return Err(format!("{missed} bounds are missed or not measured"));
        }
        Ok(())
    });
    match compared {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("cargo xtask bench-compare: {why}");
            ExitCode::FAILURE
        }
    }
}

impl Plan {
    fn new(arguments: &[String]) -> Result<Self, String> {
        let mut plan = Self {
            rounds: 5,
            workers: 2,
            cases: CASES.to_vec(),
            systems: SYSTEMS.iter().collect(),
            add: false,
            check: false,
            readme: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next().map(String::as_str);
                value.ok_or_else(|| format!("`{argument}` needs a value\n\n{USAGE}"))
            };
            match argument.as_str() {
                "--rounds" => plan.rounds = number(value()?)?,
                "--workers" => plan.workers = number(value()?)?,
                "--only" => {
                    let only = value()?;
                    plan.cases.retain(|case| named(only, case.workload));
                }
                "--systems" => {
                    let only = value()?;
                    plan.systems.retain(|system| named(only, system.name));
                }
                "--add" => plan.add = true,
                "--check" => plan.check = true,
                "--readme" => plan.readme = true,
                unknown => return Err(format!("there is no option `{unknown}`\n\n{USAGE}")),
            }
        }
        if plan.cases.is_empty() || plan.systems.is_empty() {
            return Err("there is nothing to measure by that name".to_owned());
        }
        Ok(plan)
    }

    /// Round by round, and in each round case by case, so that what drifts hits all systems alike.
    fn measured(&self, root: &Path) -> Result<Figures, String> {
        let file = programs::target(root).join("bench-compare.jsonl");
        let mut figures = match (self.rounds, self.add) {
            (0, _) | (_, true) => Figures::read(&file)?,
            _ => Figures::default(),
        };
        if self.rounds == 0 {
            return Ok(figures);
        }
        let programs = Programs::build(root, &self.systems)?;
        programs::warn_if_busy();
        let first = figures.rounds() + 1;
        for round in first..first + self.rounds {
            for case in &self.cases {
                let has = |system: &&&System| system.has.contains(&case.workload);
                for system in self.systems.iter().filter(has) {
                    let measured = programs.run(system, *case, self.workers);
                    let shown = format!("round {round}: {} {case}", system.name);
                    match measured {
                        None => continue,
                        Some(Err(why)) => println!("{shown}: FAILED: {why}"),
                        Some(Ok(lines)) => {
                            for line in lines.iter().filter(|line| line.starts_with('{')) {
                                figures.push(Figure::new(round, case.window, line));
                            }
                            println!("{shown}");
                        }
                    }
                }
            }
            figures.save(&file)?;
        }
        Ok(figures)
    }
}

fn named(names: &str, name: &str) -> bool {
    names.split(',').any(|one| one == name)
}

fn number(word: &str) -> Result<usize, String> {
    word.parse()
        .map_err(|_| format!("`{word}` is not a number\n\n{USAGE}"))
}
