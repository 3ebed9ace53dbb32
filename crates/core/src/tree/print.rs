//! A snapshot on paper: ASCII, DOT and Mermaid.

use std::fmt::{self, Write};
use std::time::Duration;

use super::snapshot::{ChildKind, ChildState, Snapshot, SnapshotEntry};
use crate::meter::Memory;

impl Snapshot {
    /// The tree in the language of Graphviz.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph tree {\n  node [shape=box];\n");
        for (index, entry) in self.entries.iter().enumerate() {
            let label = escaped(&label(entry), "\\\"", "\\n");
            // Writing to a String cannot fail.
            let _written = writeln!(dot, "  n{index} [label=\"{label}\"];");
        }
        for (parent, child) in self.edges() {
            let _written = writeln!(dot, "  n{parent} -> n{child};");
        }
        dot.push_str("}\n");
        dot
    }

    /// The tree in the language of Mermaid.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut mermaid = String::from("graph TD\n");
        for (index, entry) in self.entries.iter().enumerate() {
            let label = escaped(&label(entry), "#quot;", "<br/>");
            let _written = writeln!(mermaid, "  n{index}[\"{label}\"]");
        }
        for (parent, child) in self.edges() {
            let _written = writeln!(mermaid, "  n{parent} --> n{child}");
        }
        mermaid
    }

    /// The positions of each parent and child.
    fn edges(&self) -> Vec<(usize, usize)> {
        let mut open: Vec<usize> = Vec::new();
        let mut edges = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            open.truncate(entry.depth);
            if let Some(&parent) = open.last() {
                edges.push((parent, index));
            }
            open.push(index);
        }
        edges
    }

    /// What each child has allocated with all below it, where that is measured.
    fn memory_with_all_below(&self) -> Vec<Option<Memory>> {
        let mut sums: Vec<_> = self.entries.iter().map(|entry| entry.memory).collect();
        // Children stand behind their supervisors, so each is whole when it is added.
        for (parent, child) in self.edges().into_iter().rev() {
            let (above, below) = sums.split_at_mut(child);
            if let (Some(sum), Some(memory)) = (&mut above[parent], below[0]) {
                *sum += memory;
            }
        }
        sums
    }

    /// For each entry whether a sibling follows it.
    fn has_next(&self) -> Vec<bool> {
        let mut seen_at_depth: Vec<bool> = Vec::new();
        let mut next = vec![false; self.entries.len()];
        for (index, entry) in self.entries.iter().enumerate().rev() {
            seen_at_depth.resize(entry.depth + 1, false);
            next[index] = std::mem::replace(&mut seen_at_depth[entry.depth], true);
        }
        next
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_next = self.has_next();
        let mut open: Vec<bool> = Vec::new();
        let mut lines = Vec::with_capacity(self.entries.len());
        for (entry, &next) in self.entries.iter().zip(&has_next) {
            open.truncate(entry.depth);
            let mut name = String::new();
            for (level, &more) in open.iter().enumerate().skip(1) {
                debug_assert!(level < entry.depth, "only the levels above are open");
                name.push_str(if more { "│  " } else { "   " });
            }
            if entry.depth > 0 {
                name.push_str(if next { "├─ " } else { "└─ " });
            }
            name.push_str(entry.path.id().as_str());
            open.push(next);
            lines.push((name, entry));
        }
        let width = lines.iter().map(|(name, _)| name.chars().count()).max();
        let width = width.unwrap_or(0) + 2;
        let memory = self.memory_with_all_below();
        for (index, (name, entry)) in lines.into_iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let kind = kind(entry);
            let line = format!(
                "{name:width$}{kind:13}{:11}{}",
                entry.state.as_str(),
                rest(entry, memory[index])
            );
            f.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

/// What is worth knowing beyond name, kind and state.
fn rest(entry: &SnapshotEntry, memory: Option<Memory>) -> String {
    let mut parts = Vec::new();
    if let Some(counts) = entry.counts {
        let all = counts.supervisors + counts.workers;
        parts.push(format!("{}/{all}", counts.active));
    }
    if !entry.place.is_here() {
        parts.push(entry.place.to_string());
    }
    if let Some(version) = &entry.version {
        parts.push(format!("version {version}"));
    }
    if let Some(uptime) = entry.uptime {
        parts.push(format!("up {}", Span(uptime)));
    }
    if let Some(busy) = entry.busy {
        parts.push(format!("busy {}", Short(busy.time)));
    }
    if let Some(memory) = memory {
        parts.push(format!("memory {}", Bytes(memory.live_bytes)));
    }
    if let Some(time) = entry.stalled_for {
        parts.push(format!("in one poll for {}", Short(time)));
    }
    if entry.restarts > 0 {
        parts.push(format!("restarts {}", entry.restarts));
    }
    if let Some(time) = entry.restart_in {
        parts.push(format!("again in {}", Span(time)));
    }
    let is_down = matches!(
        entry.state,
        ChildState::Idle
            | ChildState::Restarting
            | ChildState::Backoff
            | ChildState::Quarantined
            | ChildState::Paused
    );
    if let Some(exit) = entry.last_exit.as_ref().filter(|_| is_down) {
        parts.push(exit.to_string());
    }
    parts.join("  ")
}

/// The strategy of a supervisor, if it is known.
fn kind(entry: &SnapshotEntry) -> &'static str {
    match (entry.strategy, entry.kind) {
        (Some(strategy), _) => strategy,
        (None, ChildKind::Supervisor) => "supervisor",
        (None, ChildKind::Worker) => "worker",
    }
}

fn label(entry: &SnapshotEntry) -> String {
    let kind = kind(entry);
    format!("{}\n{kind}, {}", entry.path.id(), entry.state)
}

fn escaped(text: &str, quote: &str, newline: &str) -> String {
    text.replace('"', quote).replace('\n', newline)
}

/// A time as people write it.
struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds} s"),
            (0, 0, _) => write!(f, "{minutes} m {} s", seconds % 60),
            (0, _, _) => write!(f, "{hours} h {} m", minutes % 60),
            (_, _, _) => write!(f, "{days} d {} h", hours % 24),
        }
    }
}

/// A time that may be short, in the largest unit that it fills.
struct Short(Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(time) = self;
        match time.as_micros() {
            0..1_000 => write!(f, "{} µs", time.as_micros()),
            1_000..1_000_000 => write!(f, "{} ms", time.as_millis()),
            1_000_000..60_000_000 => write!(f, "{:.1} s", time.as_secs_f64()),
            60_000_000.. => Span(*time).fmt(f),
        }
    }
}

/// An amount of memory, in the largest unit that it fills.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = *self;
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.into_iter().find(|(shift, _)| bytes >> shift > 0) {
            // What is lost by the conversion is not printed.
            Some((shift, unit)) => write!(f, "{:.1} {unit}", bytes as f64 / f64::from(1 << shift)),
            None => write!(f, "{bytes} B"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Busy;
    use crate::path::ChildPath;
    use crate::place::Place;
    use crate::tree::{ChildOutline, HealthImpact};

    fn entry(path: &str, strategy: Option<&'static str>) -> SnapshotEntry {
        let mut ids = path.split('/');
        let root = ChildPath::root(ids.next().unwrap_or_default());
        let path = ids.fold(root, |path, id| path.join(id));
        let depth = path.to_string().matches('/').count();
        let outline = ChildOutline {
            path,
            kind: match strategy {
                Some(_) => ChildKind::Supervisor,
                None => ChildKind::Worker,
            },
            place: Place::Here,
            version: None,
            impact: HealthImpact::Required,
            crash_reports: 0,
        };
        SnapshotEntry {
            strategy,
            state: ChildState::Running,
            uptime: Some(Duration::from_secs(130)),
            has_run: true,
            ..SnapshotEntry::new(outline, depth, 0)
        }
    }

    fn tree() -> Snapshot {
        Snapshot {
            number: 0,
            entries: vec![
                entry("app", Some("one-for-one")),
                entry("app/storage", Some("rest-for-one")),
                entry("app/storage/database", None),
                entry("app/storage/indexer", None),
                entry("app/web", None),
            ],
        }
    }

    #[test]
    fn a_tree_prints_with_its_branches() {
        let expected = "\
app             one-for-one  running    up 2 m 10 s
├─ storage      rest-for-one running    up 2 m 10 s
│  ├─ database  worker       running    up 2 m 10 s
│  └─ indexer   worker       running    up 2 m 10 s
└─ web          worker       running    up 2 m 10 s";
        assert_eq!(tree().to_string(), expected);
    }

    #[test]
    fn what_is_measured_is_printed_and_the_memory_of_a_supervisor_is_that_of_all_below_it() {
        let mut tree = tree();
        for (entry, kib) in tree.entries.iter_mut().zip([1, 2, 1_024, 512, 0]) {
            entry.memory = Some(Memory {
                live_bytes: kib << 10,
                ..Memory::default()
            });
        }
        let busy = |time| Busy {
            time,
            ..Busy::default()
        };
        tree.entries[1].busy = Some(busy(Duration::from_micros(999)));
        tree.entries[2].busy = Some(busy(Duration::from_millis(1_260)));
        tree.entries[3].busy = Some(busy(Duration::from_secs(61)));
        let expected = "\
app             one-for-one  running    up 2 m 10 s  memory 1.5 MiB
├─ storage      rest-for-one running    up 2 m 10 s  busy 999 µs  memory 1.5 MiB
│  ├─ database  worker       running    up 2 m 10 s  busy 1.3 s  memory 1.0 MiB
│  └─ indexer   worker       running    up 2 m 10 s  busy 1 m 1 s  memory 512.0 KiB
└─ web          worker       running    up 2 m 10 s  memory 0 B";
        assert_eq!(tree.to_string(), expected);
    }

    #[test]
    fn dot_and_mermaid_link_each_child_with_its_supervisor() {
        let links = [(0, 1), (1, 2), (1, 3), (0, 4)];
        let (dot, mermaid) = (tree().to_dot(), tree().to_mermaid());
        for (parent, child) in links {
            assert!(dot.contains(&format!("n{parent} -> n{child};")), "{dot}");
            assert!(
                mermaid.contains(&format!("n{parent} --> n{child}")),
                "{mermaid}"
            );
        }
        assert_eq!(dot.matches("->").count(), links.len());
    }
}
