//! The rules that hold STYLE.md.

use super::{CHILD, DRIVER, MACHINE, NOTHING, found, tree};
use crate::tidy::tables::RELEASE_ONLY;
use crate::tidy::{docs, habits, sizes};

#[test]
fn a_file_and_a_function_that_grew_too_long_are_found() {
    let lines = |count: usize| "static A: u8 = 1;\n".repeat(count);
    assert_eq!(found(sizes::check, MACHINE, &lines(400)), NOTHING);
    assert_eq!(
        found(sizes::check, MACHINE, &lines(401)),
        [("file-size", 401)]
    );
    assert_eq!(
        found(sizes::check, DRIVER, &format!("// why\n{}", lines(251))),
        [("file-size", 252)]
    );
    assert_eq!(
        found(sizes::check, CHILD, &lines(501)),
        [("file-size", 501)]
    );
    let function =
        |count: usize| format!("/// Doc.\nfn f() {{\n{}}}\n", "    g();\n".repeat(count));
    assert_eq!(found(sizes::check, CHILD, &function(68)), NOTHING);
    assert_eq!(
        found(sizes::check, CHILD, &function(69)),
        [("function-size", 2)]
    );
    assert_eq!(
        found(
            sizes::check,
            "crates/core/src/child/tests.rs",
            &function(600)
        ),
        NOTHING
    );
}

#[test]
fn a_crate_over_its_budget_is_found() {
    let tree = tree(CHILD, "fn a() {}\nfn b() {}\n");
    assert_eq!(sizes::crates(&tree, &[("crates/core/src/", 2)]), []);
    assert_eq!(sizes::crates(&tree, &[("crates/core/src/", 1)]).len(), 1);
}

#[test]
fn a_public_type_shows_an_example() {
    let check = |text: &str| found(docs::check, CHILD, text);
    let good =
        "/// A.\n///\n/// # Examples\n///\n/// ```\n/// ```\n#[derive(Debug)]\npub struct A;\n";
    assert_eq!(check(good), NOTHING);
    assert_eq!(check("/// A.\npub enum A {}\n"), [("example", 2)]);
    assert_eq!(check("/// A.\npub(crate) struct A;\ntrait B {}\n"), NOTHING);
    let not_ours = "/// ```\n/// use perennial_core::worker;\n/// ```\nfn a() {}\n";
    assert_eq!(check(not_ours), [("example", 2)]);
    let of_a_test = "#[cfg(test)]\nmod tests {\n    pub struct A;\n}\n";
    assert_eq!(check(of_a_test), NOTHING);
}

#[test]
fn a_public_async_function_says_what_dropping_its_future_does() {
    let check = |text: &str| found(docs::check, CHILD, text);
    let good =
        "/// Waits.\n///\n/// # Cancel safety\n///\n/// Safe.\n#[inline]\npub async fn a() {}\n";
    assert_eq!(check(good), NOTHING);
    assert_eq!(
        check("/// Waits.\npub async fn a() {}\n"),
        [("cancel-safety", 2)]
    );
    assert_eq!(
        check("pub(crate) async fn a() {}\npub fn b() {}\nasync fn c() {}\n"),
        NOTHING
    );
    assert_eq!(
        check(&format!("{good}pub async fn b() {{}}\n")),
        [("cancel-safety", 8)]
    );
}

#[test]
fn a_heading_has_one_spelling_one_level_and_one_place() {
    let check = |text: &str| found(docs::check, CHILD, text);
    assert_eq!(
        check("/// # Errors\n///\n/// # Panics\n///\n/// # Examples\nfn a() {}\n"),
        NOTHING
    );
    for bad in [
        "# Error",
        "# errors",
        "# Exmples",
        "# Cancellation safety",
        "## Errors",
        "# Remarks",
    ] {
        assert_eq!(
            check(&format!("/// A.\n///\n/// {bad}\n")),
            [("heading", 3)],
            "{bad}"
        );
    }
    assert_eq!(check("/// # Panics\n/// # Errors\n"), [("heading", 2)]);
    assert_eq!(check("//! # A first tree\n"), NOTHING);
    assert_eq!(check("//! # Example\n"), [("heading", 1)]);
    assert_eq!(
        check("/// ```\n/// # use a::b;\n/// # Remarks\n/// ```\n/// #[test]\n"),
        NOTHING
    );
}

#[test]
fn an_example_that_does_not_run_is_found() {
    assert_eq!(
        found(docs::check, CHILD, "/// A.\n/// ```ignore\n/// ```\n"),
        [("doc-test", 2)]
    );
    assert_eq!(
        found(docs::check, CHILD, "/// ```no_run\n/// ```\n"),
        NOTHING
    );
}

#[test]
fn a_test_that_sleeps_is_found() {
    let check = |path: &str, text: &str| found(habits::check, path, text);
    assert_eq!(
        check(
            CHILD,
            "fn a() { sleep(1); }\n#[cfg(test)]\nmod tests {\n    fn b() { sleep(1); }\n}\n"
        ),
        [("sleep", 4)]
    );
    assert_eq!(
        check(
            "tests/otp-replay/src/a.rs",
            "\ntokio::time::sleep(a).await;\n"
        ),
        [("sleep", 2)]
    );
    assert_eq!(
        check("tests/it/src/lib.rs", "oversleep(1); // sleep(1)\n"),
        NOTHING
    );
}

#[test]
fn a_test_is_left_out_only_where_the_gate_runs_it_in_release() {
    let convention = RELEASE_ONLY;
    let check = |path, attribute: &str, name: &str| {
        found(
            habits::check,
            path,
            &format!("#[test]\n{attribute}\nfn {name}() {{}}\n"),
        )
    };
    let walk = "crates/core/src/supervisor/tests.rs";
    assert_eq!(check(walk, convention, "a_walk_of_all_states"), NOTHING);
    assert_eq!(
        check("tests/otp-replay/src/main.rs", convention, "all_traces"),
        NOTHING
    );
    assert_eq!(check(walk, convention, "heavy"), [("ignore", 2)]);
    assert_eq!(check(walk, "#[ignore]", "a_walk"), [("ignore", 2)]);
    assert_eq!(
        check(walk, "#[ignore = \"slow\"]", "a_walk"),
        [("ignore", 2)]
    );
    assert_eq!(
        check(walk, "#[cfg_attr(unix, ignore)]", "a_walk"),
        [("ignore", 2)]
    );
}

#[test]
fn open_ends_and_unsafe_code_are_found_everywhere() {
    let check = |text: &str| found(habits::check, "examples/a.rs", text);
    assert_eq!(check("\ntodo!();\n"), [("open-end", 2)]);
    assert_eq!(check("unimplemented!(\"a\");\n"), [("open-end", 1)]);
    assert_eq!(check("// FIXME: a\n"), [("open-end", 1)]);
    assert_eq!(check("/// XXX\n"), [("open-end", 1)]);
    assert_eq!(check("#[should_panic]\n"), [("open-end", 1)]);
    assert_eq!(check("fn a() {\n    unsafe { b() }\n}\n"), [("unsafe", 2)]);
    assert_eq!(
        check("// TODO: a\nlet a = \"todo!()\"; forbid(unsafe_code);\n"),
        NOTHING
    );
}

#[test]
fn paths_and_hosts_of_one_machine_are_found_in_every_file() {
    let check = |path: &str, text: &str| found(habits::leaks, path, text);
    for leak in [
        concat!("/wo", "rk/a"),
        concat!("file:///ho", "me/b"),
        concat!("https://index.", "crates.io/a"),
    ] {
        assert_eq!(
            check("README.md", &format!("A.\nSee `{leak}`.\n")),
            [("leak", 2)],
            "{leak}"
        );
        assert_eq!(check("Cargo.lock", leak), NOTHING, "{leak}");
    }
    assert_eq!(
        check("README.md", concat!("target/wo", "rk/a ../ho", "me/b\n")),
        NOTHING
    );
}
