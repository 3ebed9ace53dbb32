//! The memory of a whole tree on paper.

use std::collections::HashMap;
use std::fmt;

use perennial_core::{ChildPath, Memory};

use crate::accounts::{self, MAX_ACCOUNTS, OTHERS};
use crate::tracker::Row;

/// What all children of a tree have allocated at one moment, by supervisor, and what is nobody's.
///
/// Prints as a table. The counts of different children may be those of moments that are a little apart.
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_alloc::{Tracker, TrackingAllocator};
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tracker = Tracker::new()?;
/// let storage = Supervisor::one_for_one("storage");
/// let app = Supervisor::one_for_one("app").meter(tracker.clone()).child(storage);
/// let handle = app.start().await?;
/// let report = tracker.report();
/// println!("{report}");
/// let paths: Vec<_> = report.entries().iter().map(|entry| entry.path.to_string()).collect();
/// assert_eq!(paths, ["app", "app/storage"]);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryReport {
    entries: Vec<MemoryEntry>,
    outside: Memory,
    others: (usize, Memory),
}

/// One child in a [`MemoryReport`].
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_alloc::{Tracker, TrackingAllocator};
///
/// #[global_allocator]
/// static ALLOCATOR: TrackingAllocator = TrackingAllocator::new();
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tracker = Tracker::new()?;
/// let storage = Supervisor::one_for_one("storage");
/// let app = Supervisor::one_for_one("app").meter(tracker.clone()).child(storage);
/// let handle = app.start().await?;
/// let report = tracker.report();
/// let [app, storage] = report.entries() else { return Err("there are two".into()) };
/// assert_eq!(app.group.live_bytes, app.own.live_bytes + storage.own.live_bytes);
/// assert!(storage.is_present && storage.depth == 1);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemoryEntry {
    /// Where it stands, or stood.
    pub path: ChildPath,
    /// How many levels it stands below the root.
    pub depth: usize,
    /// What it has allocated itself.
    pub own: Memory,
    /// What it and all below it have allocated.
    pub group: Memory,
    /// Whether the child is there; otherwise this is what it, or those below it, have left behind.
    pub is_present: bool,
}

/// A child while the report is made.
struct Node {
    entry: MemoryEntry,
    parent: Option<usize>,
    children: Vec<usize>,
}

/// The children while the report is made, in any order.
#[derive(Default)]
struct Nodes {
    list: Vec<Node>,
    places: HashMap<ChildPath, usize>,
}

impl MemoryReport {
    pub(crate) fn new(mut rows: Vec<(Row, Memory)>, others: usize) -> Self {
        rows.sort_unstable_by_key(|(row, _)| row.serial);
        let mut nodes = Nodes::default();
        for (row, memory) in rows {
            let place = nodes.place(&row.path);
            let entry = &mut nodes.list[place].entry;
            entry.own += memory;
            entry.group += memory;
            entry.is_present |= row.is_open;
        }
        Self {
            entries: nodes.into_entries(),
            outside: accounts::read_outside(),
            others: (others, accounts::read(OTHERS)),
        }
    }

    /// All children in the order in which they were first started, each supervisor before its own children.
    #[must_use]
    pub fn entries(&self) -> &[MemoryEntry] {
        &self.entries
    }

    /// The child at `path`, written as it prints: `app/storage/database`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&MemoryEntry> {
        self.entries
            .iter()
            .find(|entry| entry.path.to_string() == path)
    }

    /// What was allocated in no poll of any child, in the whole process.
    #[must_use]
    pub fn outside(&self) -> Memory {
        self.outside
    }

    /// How many children of this tree have no account of their own, as there are more than
    /// [`MAX_ACCOUNTS`], and what all such children of the process have allocated together.
    #[must_use]
    pub fn others(&self) -> (usize, Memory) {
        self.others
    }
}

impl Nodes {
    /// Where the child at `path` stands, with all above it.
    fn place(&mut self, path: &ChildPath) -> usize {
        // Upward to the first that is known, then down again: trees may be deep.
        let mut missing = Vec::new();
        let mut parent = None;
        let mut at = Some(path);
        while let Some(path) = at {
            parent = self.places.get(path).copied();
            if parent.is_some() {
                break;
            }
            missing.push(path);
            at = path.parent();
        }
        for path in missing.into_iter().rev() {
            parent = Some(self.add(path, parent));
        }
        parent.expect("a path has at least one step")
    }

    fn add(&mut self, path: &ChildPath, parent: Option<usize>) -> usize {
        let place = self.list.len();
        self.places.insert(path.clone(), place);
        self.list.push(Node {
            entry: MemoryEntry {
                path: path.clone(),
                depth: parent.map_or(0, |parent| self.list[parent].entry.depth + 1),
                own: Memory::default(),
                group: Memory::default(),
                is_present: false,
            },
            parent,
            children: Vec::new(),
        });
        if let Some(parent) = parent {
            self.list[parent].children.push(place);
        }
        place
    }

    fn into_entries(mut self) -> Vec<MemoryEntry> {
        // Children stand behind their supervisors, so each is whole when it is added.
        for place in (0..self.list.len()).rev() {
            let group = self.list[place].entry.group;
            if let Some(parent) = self.list[place].parent {
                self.list[parent].entry.group += group;
            }
        }
        let roots = (0..self.list.len()).filter(|&place| self.list[place].parent.is_none());
        let mut open: Vec<usize> = roots.collect();
        open.reverse();
        let mut entries = Vec::with_capacity(self.list.len());
        while let Some(place) = open.pop() {
            let node = &self.list[place];
            entries.push(node.entry.clone());
            open.extend(node.children.iter().rev());
        }
        entries
    }
}

impl fmt::Display for MemoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |entry: &MemoryEntry| {
            let gone = if entry.is_present { "" } else { " (gone)" };
            let indent = 2 * entry.depth;
            format!("{:indent$}{}{gone}", "", entry.path.id())
        };
        let mut lines: Vec<(String, Memory, Option<Memory>)> = self
            .entries
            .iter()
            .map(|entry| (name(entry), entry.group, Some(entry.own)))
            .collect();
        lines.push(("outside of any child".to_owned(), self.outside, None));
        let (count, others) = self.others;
        if count > 0 {
            let name = format!("{count} CHILDREN BEYOND THE LIMIT OF {MAX_ACCOUNTS}");
            lines.push((name, others, None));
        }
        let width = lines.iter().map(|(name, ..)| name.chars().count()).max();
        let width = width.unwrap_or_default();
        write!(
            f,
            "{:width$}{:>12}{:>12}{:>12}{:>13}",
            "", "live", "own", "live blocks", "blocks ever"
        )?;
        for (name, group, own) in lines {
            let own = own.map_or_else(String::new, |own| Bytes(own.live_bytes).to_string());
            write!(
                f,
                "\n{name:width$}{:>12}{own:>12}{:>12}{:>13}",
                Bytes(group.live_bytes).to_string(),
                group.live_allocations,
                group.allocations
            )?;
        }
        Ok(())
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
