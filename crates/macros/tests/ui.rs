//! What does not compile, with the text that is shown for it.
//!
//! What the macros say is the same with every compiler. What the compiler says of a method that does not
//! fit begins with our words and goes on with its own, which change from one release to the next: these
//! texts are compared only with the release that [`RECORDED`] names. `TRYBUILD=overwrite` records them anew.

use std::process::Command;

/// The release of the compiler that the texts in `ui/methods` are those of.
const RECORDED: &str = "rustc 1.95.";

#[test]
fn a_wrong_attribute_is_told_at_its_token_with_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/settings/*.rs");
}

#[test]
fn a_method_that_does_not_fit_is_told_with_what_to_write() {
    let version = Command::new("rustc").arg("--version").output();
    let version = version.expect("a test is built by rustc").stdout;
    if version.starts_with(RECORDED.as_bytes()) {
        trybuild::TestCases::new().compile_fail("tests/ui/methods/*.rs");
    }
}
