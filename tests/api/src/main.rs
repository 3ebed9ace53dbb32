//! Holds the public API of each published crate against the list that is committed beside its manifest.
//!
//! `cargo xtask api` compares, `cargo xtask bless` writes the lists anew. The list is made from what
//! rustdoc knows of the crate with all its features, in a format of rustdoc's that changes with the
//! toolchain: where it is another than [`READABLE`], nothing is compared, and that is said loudly.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool whose output is read in a terminal"
)]

mod difference;
mod library;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use crate::difference::difference;
use crate::library::{Library, Listing};

/// The version of rustdoc's format that the dependency `public-api` reads.
const READABLE: u32 = 57;

/// What became of one list.
enum Verdict {
    Same,
    Written,
    /// The lines that differ, with their signs.
    Differs(Vec<String>),
    /// Rustdoc writes this version of its format.
    Unreadable(u32),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let bless = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--bless"] => true,
        _ => {
            eprintln!("usage: perennial-api [--bless]");
            return ExitCode::FAILURE;
        }
    };
    match run(bless) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("api: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Whether no list differs.
fn run(bless: bool) -> Result<bool, String> {
    // Asked when it runs: a build folder that two clones share would hold the path of either.
    let here = env::var_os("CARGO_MANIFEST_DIR").ok_or("start it with `cargo xtask api`")?;
    let root = Path::new(&here).join("../..");
    let mut same = true;
    for library in library::published(&root)? {
        match judge(&library, bless)? {
            Verdict::Same => println!("        {}: as listed", library.name),
            Verdict::Written => println!("        {}: list written", library.name),
            Verdict::Differs(lines) => {
                same = false;
                println!("        {}: the public API is not as listed", library.name);
                lines.iter().for_each(|line| println!("{line}"));
                println!("If that is meant: cargo xtask bless, and a line in CHANGELOG.md.");
            }
            Verdict::Unreadable(version) => println!(
                "        {}: SKIPPED, NOTHING IS KNOWN: the rustdoc of this toolchain writes format \
                 {version}, {READABLE} can be read",
                library.name
            ),
        }
    }
    Ok(same)
}

fn judge(library: &Library, bless: bool) -> Result<Verdict, String> {
    let now = match library.listing()? {
        Listing::Unreadable(version) => return Ok(Verdict::Unreadable(version)),
        Listing::Lines(lines) => lines,
    };
    let listed = library.listed();
    if listed.as_deref() == Some(now.as_slice()) {
        return Ok(Verdict::Same);
    }
    if bless {
        library.write(&now)?;
        return Ok(Verdict::Written);
    }
    Ok(Verdict::Differs(difference(
        &listed.unwrap_or_default(),
        &now,
    )))
}
