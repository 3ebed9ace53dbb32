//! The command line: which files, which rules, which scenario.

use std::path::PathBuf;

/// How to call the program.
pub(crate) const USAGE: &str =
    "usage: perennial-otp-replay [--mode exact|default] [--only ID] [--verbose] FILE...";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) mode: Mode,
    /// Only the scenario of that id.
    pub(crate) only: Option<String>,
    /// Whether scenarios that pass are named too.
    pub(crate) verbose: bool,
    pub(crate) files: Vec<PathBuf>,
}

/// By which rules to play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// OTP's to the letter.
    Exact,
    /// The library's own, and what explains the differences.
    Default,
}

/// Reads the arguments, without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Request, String> {
    let mut request = Request {
        mode: Mode::Exact,
        only: None,
        verbose: false,
        files: Vec::new(),
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--mode" => {
                request.mode = match arguments.next().as_deref() {
                    Some("exact") => Mode::Exact,
                    Some("default") => Mode::Default,
                    Some(other) => return Err(format!("unknown mode `{other}`; {USAGE}")),
                    None => return Err(format!("--mode needs a mode; {USAGE}")),
                }
            }
            "--only" => match arguments.next() {
                Some(id) => request.only = Some(id),
                None => return Err(format!("--only needs the id of a scenario; {USAGE}")),
            },
            "--verbose" => request.verbose = true,
            option if option.starts_with('-') => {
                return Err(format!("unknown option `{option}`; {USAGE}"));
            }
            file => request.files.push(file.into()),
        }
    }
    if request.files.is_empty() {
        return Err(format!("no file given; {USAGE}"));
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Request, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_and_files_may_come_in_any_order() {
        let request = parsed("a.jsonl --mode default --only x-1 b.jsonl --verbose").unwrap();
        assert_eq!(
            request,
            Request {
                mode: Mode::Default,
                only: Some("x-1".to_owned()),
                verbose: true,
                files: vec!["a.jsonl".into(), "b.jsonl".into()],
            }
        );
        assert_eq!(parsed("a.jsonl").unwrap().mode, Mode::Exact);
    }

    #[test]
    fn bad_arguments_are_named() {
        let cases = [
            ("", "no file given"),
            ("--mode", "--mode needs a mode"),
            ("--mode odd a", "unknown mode `odd`"),
            ("--only", "--only needs the id of a scenario"),
            ("--fast a", "unknown option `--fast`"),
        ];
        for (line, said) in cases {
            assert_eq!(parsed(line).unwrap_err(), format!("{said}; {USAGE}"));
        }
    }
}
