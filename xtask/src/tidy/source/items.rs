//! Finds attributes, the items that are compiled for tests only, and functions.

use super::flat::Flat;
use super::{Function, Line, has_word};

/// Marks the lines of attributes, and the lines of items that only tests compile.
pub(super) fn mark(flat: &Flat, lines: &mut [Line]) {
    let mut inside = vec![false; flat.chars.len()];
    let mut index = 0;
    while index < flat.chars.len() {
        let Some(attribute) = Attribute::at(flat, index) else {
            index += 1;
            continue;
        };
        inside[attribute.begin..=attribute.end].fill(true);
        if attribute.is_for_tests() {
            let (from, to) = attribute.reach(flat);
            lines[flat.line(from)..=flat.line(to)]
                .iter_mut()
                .for_each(|line| line.test = true);
        }
        index = attribute.end + 1;
    }
    mark_attributes(flat, &inside, lines);
}

/// A line is an attribute's if nothing else stands in it.
fn mark_attributes(flat: &Flat, inside: &[bool], lines: &mut [Line]) {
    for line in lines.iter_mut() {
        line.attribute = line.solid && line.code.chars().any(|c| !c.is_whitespace());
    }
    for (index, c) in flat.chars.iter().enumerate() {
        if !c.is_whitespace() && !inside[index] {
            lines[flat.line(index)].attribute = false;
        }
    }
}

struct Attribute {
    begin: usize,
    end: usize,
    inner: bool,
    /// Without blanks.
    text: String,
}

impl Attribute {
    fn at(flat: &Flat, begin: usize) -> Option<Self> {
        if flat.at(begin) != Some('#') {
            return None;
        }
        let inner = flat.at(begin + 1) == Some('!');
        let open = begin + 1 + usize::from(inner);
        if flat.at(open) != Some('[') {
            return None;
        }
        let end = flat.closing(open);
        let text = flat.text(open + 1, end);
        let text = text.chars().filter(|c| !c.is_whitespace()).collect();
        Some(Self {
            begin,
            end,
            inner,
            text,
        })
    }

    fn is_for_tests(&self) -> bool {
        let all = self
            .text
            .strip_prefix("cfg(all(")
            .is_some_and(|conditions| {
                conditions
                    .trim_end_matches(')')
                    .split(',')
                    .any(|condition| condition == "test")
            });
        let is_test = self.text == "test" || self.text.starts_with("tokio::test");
        all || is_test || matches!(self.text.as_str(), "cfg(test)" | "cfg(loom)")
    }

    /// From the attribute to the end of what it stands on.
    fn reach(&self, flat: &Flat) -> (usize, usize) {
        if self.inner {
            return (0, flat.chars.len().saturating_sub(1));
        }
        let mut begin = flat.solid_from(self.end + 1);
        while let Some(next) = Self::at(flat, begin) {
            begin = flat.solid_from(next.end + 1);
        }
        (self.begin, end_of_item(flat, begin))
    }
}

/// Where the item ends that begins at `begin`: its semicolon, its closing brace, or, for a field
/// or a variant, its comma.
fn end_of_item(flat: &Flat, begin: usize) -> usize {
    let is_item = ITEM_WORDS.contains(&flat.identifier(begin).as_str());
    let mut index = begin;
    while let Some(c) = flat.at(index) {
        match c {
            '(' | '[' => index = flat.closing(index),
            '{' => return flat.closing(index),
            ';' => return index,
            ',' if !is_item => return index,
            ')' | ']' | '}' => return index.saturating_sub(1),
            _ => (),
        }
        index += 1;
    }
    flat.chars.len().saturating_sub(1)
}

const ITEM_WORDS: [&str; 15] = [
    "pub", "fn", "mod", "use", "impl", "struct", "enum", "trait", "const", "static", "type",
    "async", "unsafe", "extern", "let",
];

/// All functions of the file, with or without a body, in the order of their first lines.
pub(super) fn functions(flat: &Flat, lines: &[Line]) -> Vec<Function> {
    (0..flat.chars.len())
        .filter_map(|index| function(flat, lines, index))
        .collect()
}

fn function(flat: &Flat, lines: &[Line], index: usize) -> Option<Function> {
    if !flat.begins_identifier(index) || flat.identifier(index) != "fn" {
        return None;
    }
    let name_at = flat.solid_from(index + 2);
    let name = flat.identifier(name_at);
    if name.is_empty() {
        return None; // A pointer type: `fn(u8)`.
    }
    let line = flat.line(index);
    let before = lines[line].code.split("fn ").next().unwrap_or_default();
    Some(Function {
        line,
        last_line: flat.line(end_of_function(flat, name_at)),
        public: before.trim_start().starts_with("pub "),
        asynchronous: has_word(before, "async"),
        name,
    })
}

fn end_of_function(flat: &Flat, from: usize) -> usize {
    let mut index = from;
    while let Some(c) = flat.at(index) {
        match c {
            '(' | '[' => index = flat.closing(index),
            '{' => return flat.closing(index),
            ';' => return index,
            _ => (),
        }
        index += 1;
    }
    from
}
