//! Finds paths, those of `use` taken out of their braces, and resolves `self` and `super`.

use super::flat::Flat;
use super::{CodePath, is_identifier};

/// All paths of at least two segments, and all of `use` whatever their length.
pub(super) fn find(flat: &Flat, module: &[String]) -> Vec<CodePath> {
    let mut found = Vec::new();
    let mut index = 0;
    while index < flat.chars.len() {
        if !flat.begins_identifier(index) {
            index += 1;
        } else if is_use(flat, index) {
            let mut tree = UseTree {
                flat,
                at: index + 3,
                found: Vec::new(),
            };
            tree.read(&[]);
            index = tree.at;
            found.append(&mut tree.found);
        } else {
            let (path, end) = plain_path(flat, index);
            found.extend((path.segments.len() > 1).then_some(path));
            index = end;
        }
    }
    for path in &mut found {
        path.segments = resolved(std::mem::take(&mut path.segments), module);
    }
    found
}

/// Whether a declaration begins here, not the `use<..>` of a bound.
fn is_use(flat: &Flat, index: usize) -> bool {
    flat.identifier(index) == "use" && flat.at(flat.solid_from(index + 3)) != Some('<')
}

fn plain_path(flat: &Flat, begin: usize) -> (CodePath, usize) {
    let mut segments = Vec::new();
    let mut index = begin;
    loop {
        let segment = flat.identifier(index);
        index += segment.chars().count();
        segments.push(segment);
        let goes_on = flat.at(index) == Some(':')
            && flat.at(index + 1) == Some(':')
            && flat.begins_identifier(index + 2);
        if !goes_on {
            let path = CodePath {
                line: flat.line(begin),
                segments,
                import: false,
            };
            return (path, index);
        }
        index += 2;
    }
}

/// Reads what stands behind `use`, up to its semicolon.
struct UseTree<'a> {
    flat: &'a Flat,
    at: usize,
    found: Vec<CodePath>,
}

impl UseTree<'_> {
    fn read(&mut self, prefix: &[String]) {
        let mut segments = prefix.to_vec();
        let mut line = self.flat.line(self.flat.solid_from(self.at));
        while let Some(c) = self.flat.at(self.at) {
            match c {
                '{' => {
                    self.at += 1;
                    self.group(&segments);
                    return;
                }
                ',' | '}' | ';' => break,
                '*' => {
                    segments.push("*".to_owned());
                    self.at += 1;
                }
                _ if is_identifier(c) => {
                    let name = self.flat.identifier(self.at);
                    self.at += name.chars().count();
                    if name == "as" {
                        self.skip_alias();
                    } else {
                        line = self.flat.line(self.at - 1);
                        segments.push(name);
                    }
                }
                _ => self.at += 1,
            }
        }
        if segments.len() > prefix.len() {
            if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
                segments.pop();
            }
            self.found.push(CodePath {
                line,
                segments,
                import: true,
            });
        }
    }

    fn group(&mut self, prefix: &[String]) {
        loop {
            self.read(prefix);
            let ends = !matches!(self.flat.at(self.at), Some(','));
            self.at += 1;
            if ends {
                return;
            }
        }
    }

    fn skip_alias(&mut self) {
        self.at = self.flat.solid_from(self.at);
        self.at += self.flat.identifier(self.at).chars().count();
    }
}

/// Replaces a leading `self` or `super` by the modules it means.
fn resolved(segments: Vec<String>, module: &[String]) -> Vec<String> {
    let mut here = module.to_vec();
    let mut relative = false;
    let mut rest = segments.into_iter().peekable();
    while let Some(first) = rest.peek() {
        match first.as_str() {
            "self" => (),
            "super" => drop(here.pop()),
            _ => break,
        }
        relative = true;
        rest.next();
    }
    if relative {
        [String::from("crate")]
            .into_iter()
            .chain(here)
            .chain(rest)
            .collect()
    } else {
        rest.collect()
    }
}
