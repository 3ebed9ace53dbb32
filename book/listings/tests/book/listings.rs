//! Each listing is run, and what it prints is what was recorded, to the letter.
//!
//! `PERENNIAL_BLESS=1 cargo test -p perennial-book recorded` records anew.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::source::{book, folder_of_the_book, within};

/// Where listings and their recorded output stand.
pub(crate) const LISTINGS: &str = "listings/src/bin";

/// How long a listing may take on a slow machine; they are made to take less than two seconds.
const LIMIT: Duration = Duration::from_secs(30);

/// How a listing says that it means to fail.
const EXIT_CODE: &str = "//! Ends with exit code ";

/// How a listing says that it needs what only unix has.
const UNIX_ONLY: &str = "//! Unix only";

/// What a listing did when it was run.
struct Run {
    out: String,
    err: String,
    code: Option<i32>,
}

#[test]
fn each_listing_prints_what_was_recorded() {
    let files = book();
    let bless = std::env::var_os("PERENNIAL_BLESS").is_some();
    let mut wrong = Vec::new();
    for (name, text) in within(&files, LISTINGS, ".rs") {
        if cfg!(not(unix)) && text.contains(UNIX_ONLY) {
            continue;
        }
        let run = Run::of(name);
        if run.code != Some(promised_code(text)) {
            let err = &run.err;
            wrong.push(format!("{name} ended with code {:?}: {err}", run.code));
        }
        for (ending, printed, always) in [(".out", &run.out, true), (".err", &run.err, false)] {
            let path = format!("{LISTINGS}/{name}{ending}");
            let recorded = files.get(&path);
            // Silence on stdout is not recorded, and stderr only where the book shows it.
            if recorded.is_none() && (printed.is_empty() || !always) {
                continue;
            }
            if bless {
                fs::write(folder_of_the_book().join(path), printed).expect("it can be written");
            } else {
                wrong.extend(difference(&path, recorded, printed));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn each_listing_is_built() {
    let files = book();
    let manifest = include_str!("../../Cargo.toml");
    let named: BTreeSet<&str> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .filter(|name| name.starts_with("ch"))
        .collect();
    let there: BTreeSet<&str> = within(&files, LISTINGS, ".rs")
        .map(|(name, _)| name)
        .collect();
    assert_eq!(named, there, "each listing is a [[bin]] of the manifest");
}

#[test]
fn a_changed_line_is_shown_with_its_number() {
    let recorded = "1 s  air 4.0 °C\n2 s  air 4.2 °C\n".to_owned();
    assert_eq!(difference("a.out", Some(&recorded), &recorded), None);
    let printed = "1 s  air 4.0 °C\n2 s  air 5.0 °C\n";
    let found = difference("a.out", Some(&recorded), printed).expect("they differ");
    assert!(found.starts_with("a.out:2: "), "{found}");
    let found = difference("a.out", Some(&recorded), "1 s  air 4.0 °C\n").expect("they differ");
    assert!(found.starts_with("a.out:2: "), "{found}");
    let found = difference("a.out", None, printed).expect("nothing is recorded");
    assert!(found.contains("PERENNIAL_BLESS=1"), "{found}");
}

#[test]
fn a_listing_says_how_it_means_to_end() {
    assert_eq!(promised_code("//! A tree.\n"), 0);
    let fails = "//! A tree without a disk.\n//!\n//! Ends with exit code 1.\n";
    assert_eq!(promised_code(fails), 1);
}

/// Where what was printed is another text than what was recorded.
fn difference(path: &str, recorded: Option<&String>, printed: &str) -> Option<String> {
    let bless = "PERENNIAL_BLESS=1 cargo test -p perennial-book recorded";
    let Some(recorded) = recorded else {
        return Some(format!("{path} is missing; `{bless}` records it"));
    };
    if recorded == printed {
        return None;
    }
    let (old, new): (Vec<_>, Vec<_>) = (recorded.lines().collect(), printed.lines().collect());
    let same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let [old, new] = [old, new].map(|lines| lines.get(same).copied().unwrap_or("(the end)"));
    let line = same + 1;
    Some(format!(
        "{path}:{line}: recorded\n  {old}\nbut printed\n  {new}\nIf that is right: {bless}"
    ))
}

fn promised_code(listing: &str) -> i32 {
    let promise = listing.lines().find_map(|line| {
        let code = line.strip_prefix(EXIT_CODE)?.strip_suffix('.')?;
        Some(code.parse().expect("an exit code is a number"))
    });
    promise.unwrap_or(0)
}

impl Run {
    fn of(name: &str) -> Self {
        let mut command = Command::new(program(name));
        let piped = command
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = piped.spawn().expect("it was built with this test");
        let mut out = process.stdout.take().expect("it is piped");
        let mut err = process.stderr.take().expect("it is piped");
        // Both are read while it runs: a full pipe would hold it up.
        let out = std::thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            err.read_to_string(&mut text).map(|_| text)
        });
        let code = wait(name, &mut process);
        let [out, err] = [out, err].map(|reader| {
            let text = reader.join().expect("a reader does not panic");
            text.expect("a listing prints text")
        });
        Self { out, err, code }
    }
}

/// Waits for the end of a listing, and ends it when it takes too long.
fn wait(name: &str, process: &mut Child) -> Option<i32> {
    let began = Instant::now();
    loop {
        if let Some(status) = process.try_wait().expect("it was started") {
            return status.code();
        }
        if began.elapsed() > LIMIT {
            process.kill().expect("it runs");
            panic!("{name} does not end");
        }
        // A process of its own cannot be waited for with a limit in any other way.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A listing stands beside the first one, whose place cargo tells.
fn program(name: &str) -> PathBuf {
    let first = Path::new(env!("CARGO_BIN_EXE_ch01_plain_tasks"));
    let ending = first.extension().unwrap_or_default();
    first.with_file_name(name).with_extension(ending)
}
