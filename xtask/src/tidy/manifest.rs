//! As much of TOML as our manifests need: sections, keys, values as they stand.

/// A `key = value`, with the section that it stands in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// From 0.
    pub(crate) line: usize,
    /// `dependencies`; for a key with dots, without them: `tokio.workspace` has the key `tokio`.
    pub(crate) section: String,
    pub(crate) key: String,
    /// What follows the first dot of the key; empty if there is none.
    pub(crate) rest: String,
    /// As written, values of several lines joined by blanks.
    pub(crate) value: String,
}

impl Entry {
    /// Whether the entry says `workspace = true` in one of its two spellings.
    pub(crate) fn is_inherited(&self) -> bool {
        if self.rest == "workspace" {
            return self.value == "true";
        }
        let tight: String = self.value.chars().filter(|c| !c.is_whitespace()).collect();
        tight.contains("workspace=true")
    }

    /// Whether the entry belongs to a table of dependencies, also of one target.
    pub(crate) fn is_dependency(&self) -> bool {
        self.section.ends_with("dependencies")
    }

    /// As [`is_dependency`](Self::is_dependency), for tests and build scripts not.
    pub(crate) fn is_normal_dependency(&self) -> bool {
        self.section == "dependencies" || self.section.ends_with(".dependencies")
    }

    /// The value of a `name = "value"` inside an inline table.
    pub(crate) fn inside(&self, name: &str) -> Option<&str> {
        let (_, after) = self.value.split_once(&format!("{name} = \""))?;
        after.split('"').next()
    }
}

/// All entries of a manifest, in order. A section such as `[dependencies.tokio]` gives entries of
/// the section `dependencies` with the key `tokio`.
pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section = String::new();
    let mut of_one = None;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = without_comment(line).trim();
        if line.starts_with('[') {
            (section, of_one) = header(line);
        } else if let Some((key, value)) = line.split_once('=') {
            let mut value = value.trim().to_owned();
            while is_open(&value) {
                let Some((_, more)) = lines.next() else { break };
                value = format!("{value} {}", without_comment(more).trim());
            }
            let (key, rest) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
            let (key, rest) = match &of_one {
                Some(name) => (name.as_str(), key),
                None => (key, rest),
            };
            entries.push(Entry {
                line: number,
                section: section.clone(),
                key: key.trim_matches('"').to_owned(),
                rest: rest.to_owned(),
                value,
            });
        }
    }
    entries
}

/// Whether the package of the manifest goes to the registry.
pub(crate) fn is_published(entries: &[Entry]) -> bool {
    !entries
        .iter()
        .any(|entry| entry.section == "package" && entry.key == "publish" && entry.value == "false")
}

/// The section, and the dependency if the section is one's own.
fn header(line: &str) -> (String, Option<String>) {
    let name = line.trim_matches(['[', ']']);
    match name.rsplit_once("dependencies.") {
        Some((before, one)) => (format!("{before}dependencies"), Some(one.to_owned())),
        None => (name.to_owned(), None),
    }
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (index, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..index],
            _ => (),
        }
    }
    line
}

/// Whether brackets of the value are still to be closed.
fn is_open(value: &str) -> bool {
    let mut depth = 0_i32;
    let mut quoted = false;
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => (),
        }
    }
    depth > 0
}
