//! The scanner on what usually fools scanners.

use super::Source;

fn source(text: &str) -> Source {
    Source::new("crates/core/src/supervisor/driver.rs", text)
}

fn code(text: &str) -> Vec<String> {
    let lines = source(text).lines.into_iter();
    lines.map(|line| line.code.trim_end().to_owned()).collect()
}

fn paths(text: &str) -> Vec<(usize, String)> {
    let paths = source(text).paths.into_iter();
    paths
        .map(|path| (path.line, path.segments.join("::")))
        .collect()
}

fn test_lines(text: &str) -> Vec<usize> {
    let lines = source(text).lines.into_iter().enumerate();
    lines
        .filter(|(_, line)| line.test)
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn the_contents_of_strings_and_comments_are_no_code() {
    assert_eq!(code("let a = \"// no\"; b // c"), ["let a = \"     \"; b"]);
    assert_eq!(code("a /* b /* c */ d */ e"), ["a                   e"]);
    assert_eq!(code("r#\"a \" b\"# c"), ["r#\"     \"# c"]);
    assert_eq!(code("br\"\\\" c; r#type"), ["br\" \" c; r#type"]);
    assert_eq!(code("\"a\\\"b\" c"), ["\"    \" c"]);
}

#[test]
fn characters_are_blanked_and_lifetimes_are_not() {
    assert_eq!(
        code("f('{', '\\'', '\\u{7d}', b'\"') {"),
        ["f(' ', '  ', '      ', b' ') {"]
    );
    assert_eq!(code("fn f<'a>(x: &'a str) {}"), ["fn f<'a>(x: &'a str) {}"]);
}

#[test]
fn a_string_of_several_lines_counts_as_code_without_being_read_as_code() {
    let source = source("let a = \"\n// text\n\";\n// comment\n");
    let solid: Vec<bool> = source.lines.iter().map(|line| line.solid).collect();
    assert_eq!(solid, [true, true, true, false]);
    assert_eq!(source.lines[1].code.trim(), "");
    assert_eq!(source.code_lines(), 3);
}

#[test]
fn docs_and_comments_are_told_apart() {
    let source = source("//! inner\n/// outer\n//// plain\n/** block */\nfn f() {} // why\n");
    let doc = |line: usize| {
        source.lines[line]
            .doc
            .as_ref()
            .map(|doc| (doc.inner, doc.text.trim()))
    };
    assert_eq!(doc(0), Some((true, "inner")));
    assert_eq!(doc(1), Some((false, "outer")));
    assert_eq!(doc(2), None);
    assert_eq!(doc(3), Some((false, "block")));
    assert_eq!(source.lines[4].comment.trim(), "why");
}

#[test]
fn what_only_tests_compile_is_marked_to_its_end() {
    assert_eq!(
        test_lines("fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n"),
        [1, 2, 3, 4]
    );
    assert_eq!(test_lines("#[cfg(test)]\nmod tests;\nfn a() {}\n"), [0, 1]);
    assert_eq!(
        test_lines("#[cfg(all(test, unix))]\n#[allow(x)]\nuse a::{b,\n c};\nfn d() {}\n"),
        [0, 1, 2, 3]
    );
    assert_eq!(
        test_lines("struct A {\n  #[cfg(test)]\n  b: Vec<(u8, u8)>,\n  c: u8,\n}\n"),
        [1, 2]
    );
    assert_eq!(
        test_lines("#[tokio::test(start_paused = true)]\nasync fn a<T, U>() {\n}\nfn b() {}\n"),
        [0, 1, 2]
    );
    assert_eq!(
        test_lines("#[cfg(not(test))]\nfn a() {}\n"),
        Vec::<usize>::new()
    );
    assert_eq!(
        test_lines("#[cfg(any(test, feature = \"x\"))]\nfn a() {}\n"),
        Vec::<usize>::new()
    );
}

#[test]
fn files_of_tests_are_tests_from_the_first_line() {
    for path in [
        "crates/core/src/supervisor/tests.rs",
        "crates/core/tests/a.rs",
        "tests/it/src/lib.rs",
        "tests/otp-replay/tests/all.rs",
    ] {
        assert_eq!(Source::new(path, "fn a() {}\n").code_lines(), 0, "{path}");
    }
    assert_eq!(
        Source::new("tests/otp-replay/src/main.rs", "fn a() {}\n").code_lines(),
        1
    );
}

#[test]
fn imports_are_taken_out_of_their_braces_each_with_its_line() {
    let text = "use crate::{\n    clock::Moment,\n    exit::{self, ExitReason as Exit},\n};\n";
    let expected = [
        (1, "crate::clock::Moment"),
        (2, "crate::exit"),
        (2, "crate::exit::ExitReason"),
    ];
    assert_eq!(
        paths(text),
        expected.map(|(line, path)| (line, path.to_owned()))
    );
}

#[test]
fn relative_paths_are_resolved_from_where_the_file_stands() {
    let text = "use super::machine::Machine;\nuse super::super::tree;\nfn f() { self::g::h() }\n";
    let expected = [
        (0, "crate::supervisor::machine::Machine"),
        (1, "crate::tree"),
        (2, "crate::supervisor::driver::g::h"),
    ];
    assert_eq!(
        paths(text),
        expected.map(|(line, path)| (line, path.to_owned()))
    );
}

#[test]
fn paths_in_expressions_and_macros_are_found() {
    let text = "let a = crate::clock::Moment::ZERO;\nm!($crate::tree::b());\nfn f() -> impl A + use<'_> {}\n";
    let expected = [(0, "crate::clock::Moment::ZERO"), (1, "crate::tree::b")];
    assert_eq!(
        paths(text),
        expected.map(|(line, path)| (line, path.to_owned()))
    );
}

#[test]
fn a_function_reaches_from_its_name_to_its_closing_brace() {
    let text = "pub async fn a(x: [u8; 2]) -> T\nwhere\n    T: X,\n{\n    \"}\";\n}\ntrait B {\n    fn c();\n}\ntype D = fn(u8);\n";
    let source = source(text);
    let found: Vec<(&str, usize, usize)> = source
        .functions
        .iter()
        .map(|f| (f.name.as_str(), f.line, f.last_line))
        .collect();
    assert_eq!(found, [("a", 0, 5), ("c", 7, 7)]);
    assert!(source.functions[0].public && source.functions[0].asynchronous);
    assert!(!source.functions[1].public && !source.functions[1].asynchronous);
}
