//! Code without line breaks in its way: one sequence to look for brackets and words in.

use super::{Line, is_identifier};

/// The code of a file as one sequence, each character with its line.
pub(super) struct Flat {
    pub(super) chars: Vec<char>,
    lines: Vec<usize>,
}

impl Flat {
    pub(super) fn new(lines: &[Line]) -> Self {
        let mut flat = Self {
            chars: Vec::new(),
            lines: Vec::new(),
        };
        for (number, line) in lines.iter().enumerate() {
            for c in line.code.chars().chain(['\n']) {
                flat.chars.push(c);
                flat.lines.push(number);
            }
        }
        flat
    }

    pub(super) fn at(&self, index: usize) -> Option<char> {
        self.chars.get(index).copied()
    }

    pub(super) fn line(&self, index: usize) -> usize {
        let last = self.lines.last().copied().unwrap_or_default();
        self.lines.get(index).copied().unwrap_or(last)
    }

    pub(super) fn text(&self, from: usize, to: usize) -> String {
        self.chars[from..to.min(self.chars.len())].iter().collect()
    }

    /// The first index from `from` that is not blank.
    pub(super) fn solid_from(&self, from: usize) -> usize {
        let blanks = self
            .chars
            .iter()
            .skip(from)
            .take_while(|c| c.is_whitespace());
        from + blanks.count()
    }

    /// The identifier that begins at `from`; empty if there is none.
    pub(super) fn identifier(&self, from: usize) -> String {
        let rest = self.chars.iter().skip(from);
        rest.take_while(|c| is_identifier(**c)).collect()
    }

    /// Whether an identifier, and not only a part of one, begins at `index`.
    pub(super) fn begins_identifier(&self, index: usize) -> bool {
        let starts = self
            .at(index)
            .is_some_and(|c| c.is_alphabetic() || c == '_');
        let inside = index > 0 && self.at(index - 1).is_some_and(is_identifier);
        starts && !inside
    }

    /// The index of the bracket that closes the one at `open`, or the end of the file.
    pub(super) fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (index, c) in self.chars.iter().enumerate().skip(open) {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => continue,
            }
            if depth == 0 {
                return index;
            }
        }
        self.chars.len().saturating_sub(1)
    }
}
