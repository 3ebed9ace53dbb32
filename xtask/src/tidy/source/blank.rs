//! Splits a text into lines and tells code, strings and comments apart.

use super::{Doc, Line, is_identifier};

/// What the reader is in the middle of.
#[derive(Clone, Copy)]
enum State {
    Code,
    LineComment(Kind),
    /// Block comments nest.
    Block(Kind, usize),
    Text,
    /// Ends with a quote and as many hashes.
    RawText(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    OuterDoc,
    InnerDoc,
}

/// Takes a text apart, line by line; attributes and tests are marked later.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut reader = Reader {
        chars: text.chars().collect(),
        at: 0,
        state: State::Code,
        line: Line::default(),
        done: Vec::new(),
    };
    while reader.at < reader.chars.len() {
        reader.step();
    }
    if !reader.line.text.is_empty() {
        reader.end_line();
    }
    reader.done
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    state: State,
    line: Line,
    done: Vec<Line>,
}

impl Reader {
    fn step(&mut self) {
        if self.peek(0) == Some('\n') {
            self.at += 1;
            self.end_line();
            if let State::LineComment(_) = self.state {
                self.state = State::Code;
            }
            return;
        }
        match self.state {
            State::Code => self.code(),
            State::LineComment(kind) => self.comment(kind, 1),
            State::Block(kind, depth) => self.block(kind, depth),
            State::Text => self.text(),
            State::RawText(hashes) => self.raw_text(hashes),
        }
    }

    fn code(&mut self) {
        if self.sees("//") {
            let kind = self.kind("///", "////", "//!");
            self.state = State::LineComment(kind);
            self.comment(kind, if kind == Kind::Plain { 2 } else { 3 });
        } else if self.sees("/*") {
            let empty = self.sees("/**/");
            let kind = if empty {
                Kind::Plain
            } else {
                self.kind("/**", "/***", "/*!")
            };
            self.state = State::Block(kind, 1);
            self.comment(kind, if kind == Kind::Plain { 2 } else { 3 });
        } else if let Some(hashes) = self.raw_text_begins() {
            self.state = State::RawText(hashes);
            self.keep(hashes + 2);
        } else if self.sees("\"") {
            self.state = State::Text;
            self.keep(1);
        } else if let Some(length) = self.character() {
            self.keep(1);
            self.blank(length - 2);
            self.keep(1);
        } else {
            self.keep(1);
        }
    }

    fn comment(&mut self, kind: Kind, count: usize) {
        // The marker itself belongs to nothing; later calls bring one character each.
        let marker = count > 1;
        for _ in 0..count {
            let Some(c) = self.take() else { return };
            self.line.code.push(' ');
            if kind == Kind::Plain && !marker {
                self.line.comment.push(c);
            } else if kind != Kind::Plain {
                let doc = self.line.doc.get_or_insert_with(|| Doc {
                    inner: kind == Kind::InnerDoc,
                    text: String::new(),
                });
                if !marker {
                    doc.text.push(c);
                }
            }
        }
    }

    fn block(&mut self, kind: Kind, depth: usize) {
        if self.sees("*/") {
            self.blank_marker();
            self.state = if depth == 1 {
                State::Code
            } else {
                State::Block(kind, depth - 1)
            };
        } else if self.sees("/*") {
            self.blank_marker();
            self.state = State::Block(kind, depth + 1);
        } else {
            self.comment(kind, 1);
        }
    }

    fn text(&mut self) {
        if self.sees("\\") && self.peek(1) != Some('\n') {
            self.blank(2);
        } else if self.sees("\"") {
            self.state = State::Code;
            self.keep(1);
        } else {
            self.blank(1);
        }
    }

    fn raw_text(&mut self, hashes: usize) {
        let closes = self.sees("\"") && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
        if closes {
            self.state = State::Code;
            self.keep(hashes + 1);
        } else {
            self.blank(1);
        }
    }

    /// How many hashes a raw string has whose `r` stands here.
    fn raw_text_begins(&self) -> Option<usize> {
        if !self.sees("r") || self.is_inside_identifier() {
            return None;
        }
        let hashes = (1..)
            .take_while(|ahead| self.peek(*ahead) == Some('#'))
            .count();
        (self.peek(hashes + 1) == Some('"')).then_some(hashes)
    }

    /// Whether the character here continues an identifier; the `b` and `c` of literals do not count.
    fn is_inside_identifier(&self) -> bool {
        let behind = |distance: usize| {
            let index = self.at.checked_sub(distance)?;
            self.chars.get(index).copied()
        };
        match behind(1) {
            Some('b' | 'c') => behind(2).is_some_and(is_identifier),
            Some(c) => is_identifier(c),
            None => false,
        }
    }

    /// How long the character literal is that begins here; a lifetime is none.
    fn character(&self) -> Option<usize> {
        if !self.sees("'") {
            return None;
        }
        if self.peek(1) == Some('\\') {
            let closing = (3..).find(|ahead| matches!(self.peek(*ahead), Some('\'') | None))?;
            return Some(closing + 1);
        }
        (self.peek(2) == Some('\'')).then_some(3)
    }

    fn kind(&self, outer: &str, not_outer: &str, inner: &str) -> Kind {
        if self.sees(inner) {
            Kind::InnerDoc
        } else if self.sees(outer) && !self.sees(not_outer) {
            Kind::OuterDoc
        } else {
            Kind::Plain
        }
    }

    /// Passes `count` characters on as code.
    fn keep(&mut self, count: usize) {
        for _ in 0..count {
            let Some(c) = self.take() else { return };
            self.line.code.push(c);
            self.line.solid |= !c.is_whitespace();
        }
    }

    /// Replaces `count` characters of a literal by blanks.
    fn blank(&mut self, count: usize) {
        for _ in 0..count {
            let Some(c) = self.take() else { return };
            self.line.code.push(' ');
            self.line.solid |= !c.is_whitespace();
        }
    }

    fn blank_marker(&mut self) {
        for _ in 0..2 {
            if self.take().is_some() {
                self.line.code.push(' ');
            }
        }
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        self.line.text.push(c);
        Some(c)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn sees(&self, expected: &str) -> bool {
        expected
            .chars()
            .enumerate()
            .all(|(ahead, c)| self.peek(ahead) == Some(c))
    }

    fn end_line(&mut self) {
        self.done.push(std::mem::take(&mut self.line));
    }
}
