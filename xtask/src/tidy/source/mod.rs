//! One Rust file, taken apart: code without comments and strings, docs, tests, functions, paths.
//!
//! This is no parser. It knows comments, strings, brackets, attributes and `use`, which is what
//! the rules need, and it expects the formatting of rustfmt.

mod blank;
mod flat;
mod items;
mod paths;

#[cfg(test)]
mod tests;

use flat::Flat;

/// A Rust file, line by line, with what the rules ask for.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root of the workspace, with `/` between folders.
    pub(crate) path: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) functions: Vec<Function>,
    pub(crate) paths: Vec<CodePath>,
}

/// One line and what stands in it.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// As written.
    pub(crate) text: String,
    /// Without comments, with the contents of strings and characters blanked, columns kept.
    pub(crate) code: String,
    /// The text of a doc comment, without its marker.
    pub(crate) doc: Option<Doc>,
    /// The text of a plain comment.
    pub(crate) comment: String,
    /// Something other than comment and blank: the contents of a string, too.
    pub(crate) solid: bool,
    /// Belongs to an attribute and to nothing else.
    pub(crate) attribute: bool,
    /// Belongs to what is compiled for tests only.
    pub(crate) test: bool,
}

/// A line of a doc comment.
#[derive(Debug)]
pub(crate) struct Doc {
    /// `//!`: it speaks of what it stands in, not of what follows.
    pub(crate) inner: bool,
    pub(crate) text: String,
}

/// A function with or without a body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// The line of `fn`, from 0.
    pub(crate) line: usize,
    /// The line of the closing brace, from 0.
    pub(crate) last_line: usize,
    /// Plain `pub`, not `pub(crate)`.
    pub(crate) public: bool,
    pub(crate) asynchronous: bool,
}

/// A path such as `crate::clock::Moment`: of a `use`, taken out of its braces, or in an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CodePath {
    /// From 0.
    pub(crate) line: usize,
    /// `self` and `super` resolved, so that paths of one's own crate begin with `crate`.
    pub(crate) segments: Vec<String>,
    pub(crate) import: bool,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let mut lines = blank::lines(text);
        let flat = Flat::new(&lines);
        items::mark(&flat, &mut lines);
        if is_test_file(path) {
            lines.iter_mut().for_each(|line| line.test = true);
        }
        Self {
            path: path.to_owned(),
            functions: items::functions(&flat, &lines),
            paths: paths::find(&flat, &module_of(path)),
            lines,
        }
    }

    /// Lines of code: no blank ones, no comments, no docs, no tests.
    pub(crate) fn code_lines(&self) -> usize {
        self.lines
            .iter()
            .filter(|line| line.solid && !line.test)
            .count()
    }

    /// The file's last component.
    pub(crate) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The modules that lead to this file, as `["supervisor", "driver"]`; none for a crate's root.
    pub(crate) fn module(&self) -> Vec<String> {
        module_of(&self.path)
    }
}

impl Line {
    /// Whether `word` stands in the code of this line as a word of its own.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        has_word(&self.code, word)
    }
}

/// Whether `word` stands in `text` with nothing of an identifier around it.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_identifier) && !after.is_some_and(is_identifier)
    })
}

/// Whether the whole file is compiled for tests only.
fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "tests.rs" | "loom.rs")
        || path.starts_with("tests/it/")
        || path.contains("/tests/")
}

fn module_of(path: &str) -> Vec<String> {
    let inside = path.rsplit_once("/src/").map_or(path, |(_, inside)| inside);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut modules: Vec<String> = inside.split('/').map(str::to_owned).collect();
    let names_no_module = |name: &String| matches!(name.as_str(), "mod" | "lib" | "main");
    if modules.last().is_some_and(names_no_module) {
        modules.pop();
    }
    modules
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
