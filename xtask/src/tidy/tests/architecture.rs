//! The rules that hold the tables of ARCHITECTURE.md.

use super::{CHILD, DRIVER, MACHINE, NOTHING, found, tree};
use crate::tidy::tables::CORE_ROWS;
use crate::tidy::{Tree, arrows, knowledge, packages, published, pure};

#[test]
fn a_package_depends_on_what_its_row_names() {
    let manifest = |dependencies: &str| {
        format!(
            "[package]\nname = \"perennial-core\"\nversion.workspace = true\n\
             edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
             [lints]\nworkspace = true\n[dependencies]\n{dependencies}\n"
        )
    };
    let check = |dependencies| {
        found(
            packages::check,
            "crates/core/Cargo.toml",
            &manifest(dependencies),
        )
    };
    assert_eq!(check("tokio = { workspace = true }"), NOTHING);
    assert_eq!(
        check("# why\nperennial-test.workspace = true"),
        [("package-arrow", 11)]
    );
    assert_eq!(check("rand.workspace = true"), [("package-arrow", 10)]);
    assert_eq!(
        check("[dev-dependencies]\nproptest.workspace = true"),
        NOTHING
    );
    assert_eq!(
        check("[dev-dependencies.perennial]\nworkspace = true"),
        [("package-arrow", 11)]
    );
}

#[test]
fn a_version_is_stated_once() {
    let bad = "[package]\nname = \"perennial-test\"\nversion = \"0.2.0\"\nedition.workspace = true\n\
               rust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n\
               [dependencies]\ntokio = \"1\"\n";
    let expected = [("stated-once", 3), ("stated-once", 10)];
    assert_eq!(
        found(packages::check, "crates/testkit/Cargo.toml", bad),
        expected
    );
    let root = |version: &str| {
        format!(
            "[workspace.package]\nversion = \"0.1.0\"\n[workspace.dependencies]\n\
             perennial = {{ version = \"{version}\", path = \"crates/perennial\" }}\n"
        )
    };
    assert_eq!(
        found(packages::check, "Cargo.toml", &root("0.1.0")),
        NOTHING
    );
    assert_eq!(
        found(packages::check, "Cargo.toml", &root("0.2.0")),
        [("stated-once", 4)]
    );
}

#[test]
fn a_published_crate_is_whole() {
    const MANIFEST: &str = "crates/a/Cargo.toml";
    let whole = "[package]\nname = \"a\"\ndescription = \"A\"\ndocumentation = \"d\"\nreadme = \"r\"\n\
                 keywords.workspace = true\ncategories = []\ninclude.workspace = true\n\
                 [package.metadata.docs.rs]\nall-features = true\nrustdoc-args = []\n";
    let check = |manifest: &str, license: &str| {
        let texts = [
            ("LICENSE-APACHE", "apache"),
            ("LICENSE-MIT", "mit"),
            (MANIFEST, manifest),
            ("crates/a/LICENSE-APACHE", "apache"),
            ("crates/a/LICENSE-MIT", license),
            ("crates/a/public-api.txt", ""),
        ];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let findings = published::check(&Tree::new(texts.to_vec()));
        findings.len()
    };
    assert_eq!(check(whole, "mit"), 0);
    assert_eq!(check(whole, "another"), 1);
    assert_eq!(check(&whole.replace("description", "about"), "mit"), 1);
    let private = "[package]\nname = \"a\"\npublish = false\n";
    assert_eq!(check(private, "another"), 0);
}

#[test]
fn the_facade_can_turn_off_every_feature_of_core() {
    let root = |settings: &str| {
        format!("[workspace.dependencies]\nperennial-core = {{ path = \"a\"{settings} }}\n")
    };
    let check = |settings| found(published::check, "Cargo.toml", &root(settings));
    assert_eq!(check(", default-features = false"), NOTHING);
    assert_eq!(check(""), [("published", 2)]);
}

#[test]
fn a_folder_of_core_imports_what_its_row_names() {
    let check = |path: &str, text: &str| found(arrows::check, path, text);
    assert_eq!(
        check(
            CHILD,
            "use crate::exit::ExitReason;\nuse crate::observe::Event;\n"
        ),
        NOTHING
    );
    assert_eq!(
        check(CHILD, "\nuse crate::{\n    path,\n    supervisor,\n};\n"),
        [("core-arrow", 4)]
    );
    assert_eq!(
        check(CHILD, "fn a() {\n    crate::dynamic::b();\n}\n"),
        [("core-arrow", 2)]
    );
    assert_eq!(
        check(CHILD, "use super::super::app;\n"),
        [("core-arrow", 1)]
    );
    assert_eq!(
        check(CHILD, "#[cfg(test)]\nuse crate::supervisor;\n"),
        NOTHING
    );
    assert_eq!(
        check(
            CHILD,
            "// crate::supervisor\nconst A: &str = \"crate::supervisor::B\";\n"
        ),
        NOTHING
    );
    assert_eq!(
        check("crates/core/src/child/tests.rs", "use crate::supervisor;\n"),
        NOTHING
    );
    assert_eq!(
        check(
            "crates/core/src/lib.rs",
            "pub use crate::supervisor::Supervisor;\n"
        ),
        NOTHING
    );
}

#[test]
fn values_import_only_values_that_come_before_them() {
    let check = |path: &str, text: &str| found(arrows::check, path, text);
    assert_eq!(
        check("crates/core/src/exit.rs", "use crate::path::ChildPath;\n"),
        NOTHING
    );
    assert_eq!(
        check("crates/core/src/path.rs", "use crate::exit::ExitReason;\n"),
        [("core-arrow", 1)]
    );
    assert_eq!(
        check("crates/core/src/clock.rs", "use crate::restart::Restart;\n"),
        [("core-arrow", 1)]
    );
}

#[test]
fn a_re_export_does_not_hide_an_arrow() {
    assert_eq!(
        found(arrows::check, CHILD, "\nuse crate::Supervisor;\n"),
        [("core-arrow", 2)]
    );
}

#[test]
fn a_folder_without_a_row_and_a_row_without_a_folder_are_found() {
    assert_eq!(
        found(arrows::check, "crates/core/src/helper/mod.rs", ""),
        [("core-arrow", 1)]
    );
    let rows = arrows::rows_of_nothing(&tree(CHILD, ""));
    assert_eq!(rows.len(), CORE_ROWS.len() - 1);
}

#[test]
fn the_rows_of_core_make_no_circle() {
    for (position, row) in CORE_ROWS.iter().enumerate() {
        for target in row.may_import {
            let earlier = CORE_ROWS[..position]
                .iter()
                .any(|other| other.folder == *target);
            assert!(
                earlier,
                "{} imports {target}, which stands after it",
                row.folder
            );
        }
    }
}

#[test]
fn files_of_a_folder_keep_to_their_role() {
    let check = |path: &str, text: &str| found(arrows::check, path, text);
    assert_eq!(check(MACHINE, "use super::slot::Slot;\n"), NOTHING);
    assert_eq!(
        check(
            MACHINE,
            "use super::slot::Slot;\nuse super::lives::Lives;\n"
        ),
        [("folder-arrow", 2)]
    );
    assert_eq!(
        check("crates/core/src/child/handle.rs", "use super::machine;\n"),
        [("folder-arrow", 1)]
    );
    assert_eq!(
        check(
            DRIVER,
            "use super::machine::Machine;\nuse super::lives::Lives;\n"
        ),
        NOTHING
    );
}

#[test]
fn a_machine_knows_only_collections_durations_and_our_values() {
    let check = |text: &str| found(pure::check, MACHINE, text);
    let good = "use std::collections::{BTreeMap, VecDeque};\nuse std::time::Duration;\n\
                use crate::clock::Moment;\nuse Input::*;\nfn f() { std::mem::take(&mut a) }\n";
    assert_eq!(check(good), NOTHING);
    assert_eq!(
        check("use std::time::{Duration, Instant};\n"),
        [("pure", 1), ("pure", 1)]
    );
    assert_eq!(check("\nuse indexmap::IndexMap;\n"), [("pure", 2)]);
    assert_eq!(check("// tokio\nasync fn f() {}\n"), [("pure", 2)]);
    assert_eq!(check("fn f() {\n    let a: Mutex<u8>;\n}\n"), [("pure", 2)]);
    assert_eq!(
        check("#[cfg(test)]\nmod tests {\n    use proptest::prelude::*;\n}\n"),
        NOTHING
    );
    assert_eq!(
        found(pure::check, DRIVER, "use tokio::time::Instant;\n"),
        NOTHING
    );
    assert_eq!(
        found(
            pure::check,
            "crates/core/src/supervisor/slot.rs",
            "use tokio::task;\n"
        )
        .len(),
        2
    );
}

#[test]
fn the_state_of_a_machine_can_be_walked() {
    let machine = |derives: &str| {
        format!("/// Decides.\n#[derive({derives})]\npub(crate) struct Machine {{}}\n")
    };
    assert_eq!(
        found(
            pure::check,
            MACHINE,
            &machine("Clone, Debug, PartialEq, Eq, Hash")
        ),
        NOTHING
    );
    assert_eq!(
        found(pure::check, MACHINE, &machine("Clone, Debug")),
        [("pure", 3)]
    );
}

#[test]
fn each_knowledge_stays_where_it_belongs() {
    let bad = [
        ("clock", "let now = Instant::now();"),
        ("clock", "let now = tokio::time::Instant::now();"),
        ("clock", "let took = began.elapsed();"),
        ("random", "use rand::Rng;"),
        ("spawn", "tokio::spawn(async {});"),
        ("spawn", "use tokio::{task::{JoinSet}};"),
        ("spawn", "runtime.spawn(async {});"),
        ("threads", "use std::{sync::Arc, thread};"),
        ("tracing", "tracing::info!(a);"),
        (
            "panics",
            "use std::panic::{AssertUnwindSafe, catch_unwind};",
        ),
        ("environment", "std::env::args();"),
    ];
    for (rule, line) in bad {
        assert_eq!(
            found(knowledge::check, CHILD, &format!("\n{line}\n")),
            [(rule, 2)],
            "{line}"
        );
        assert_eq!(
            found(knowledge::check, "tests/it/src/lib.rs", line),
            NOTHING,
            "{line}"
        );
        assert_eq!(
            found(knowledge::check, CHILD, &format!("// {line}\n")),
            NOTHING,
            "{line}"
        );
    }
    assert_eq!(
        found(knowledge::check, DRIVER, "let now = Instant::now();\n"),
        NOTHING
    );
    assert_eq!(
        found(
            knowledge::check,
            "crates/core/src/exit.rs",
            "use tokio::task::Id;\n"
        ),
        [("values", 1)]
    );
    assert_eq!(
        found(
            knowledge::check,
            CHILD,
            "let a = operand; brand::b(); env!(\"A\");\n"
        ),
        NOTHING
    );
}
