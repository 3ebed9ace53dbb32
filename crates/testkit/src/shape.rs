//! The printed tree as something to compare: without times, whatever the width of its columns.

use perennial_core::{Snapshot, SnapshotEntry};

/// How many characters stand for a level of the tree.
const BRANCH: usize = 3;
/// What stands between the parts of a line.
const GAP: &str = "  ";

/// A printed tree without the times that depend on when it was printed.
///
/// # Examples
///
/// ```
/// use perennial::{Supervisor, worker};
/// use perennial_test::shape;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let web = worker("web", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(web).start().await?;
/// let shape = shape(&handle.snapshot());
/// assert_eq!(shape.lines().last(), Some("└─ web  worker       running"));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn shape(snapshot: &Snapshot) -> String {
    let text = snapshot.to_string();
    let mut entries = snapshot.entries().iter().peekable();
    let lines = text.lines().map(|line| {
        let entry = entries.next_if(|entry| rest(line, entry).is_some());
        // What an error says may have more lines than one.
        let rest = entry.and_then(|entry| rest(line, entry));
        rest.map_or(line.to_owned(), |at| without_uptime(line, at))
    });
    let lines: Vec<_> = lines.collect();
    lines.join("\n")
}

/// Fails the test unless a tree prints like that, times left out.
///
/// Spaces between columns and before the whole tree do not count, so `expected` can stand where the test stands.
///
/// # Panics
///
/// If it prints otherwise; the message shows both, line by line.
///
/// # Examples
///
/// ```
/// use perennial::{Supervisor, worker};
/// use perennial_test::assert_shape;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let web = worker("web", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(web).start().await?;
/// assert_shape(&handle.snapshot(), "
///     app     one-for-one  running  1/1
///     └─ web  worker       running
/// ");
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn assert_shape(snapshot: &Snapshot, expected: &str) {
    let found = shape(snapshot);
    let difference = difference(expected, &found);
    assert!(
        difference.is_none(),
        "the tree is not as expected (- expected, + found):\n{}",
        difference.unwrap_or_default()
    );
}

/// Where in the line of an entry its columns end of which each line has one: name, kind and state.
fn rest(line: &str, entry: &SnapshotEntry) -> Option<usize> {
    let branches = line.chars().take(BRANCH * entry.depth);
    let name = branches.map(char::len_utf8).sum::<usize>();
    let mut rest = line.get(name..)?.strip_prefix(entry.path.id().as_str())?;
    for _ in ["kind", "state"] {
        rest = rest.strip_prefix(' ')?.trim_start();
        rest = rest.trim_start_matches(|c: char| c != ' ');
    }
    let rest = rest.trim_start();
    Some(line.len() - rest.len())
}

/// The line without `up 2 m 10 s`, which may stand somewhere in what begins at `rest`.
fn without_uptime(line: &str, rest: usize) -> String {
    let (columns, rest) = line.split_at(rest);
    let parts = rest.split(GAP).filter(|part| !part.starts_with("up "));
    let parts: Vec<_> = parts.collect();
    format!("{columns}{}", parts.join(GAP))
        .trim_end()
        .to_owned()
}

/// How two trees differ, line by line; `None` if they do not.
fn difference(expected: &str, found: &str) -> Option<String> {
    let (expected, found) = (lines(expected), lines(found));
    if expected == found {
        return None;
    }
    // The longest common part of what is left from each pair of lines on.
    let mut common = vec![vec![0; found.len() + 1]; expected.len() + 1];
    for (i, left) in expected.iter().enumerate().rev() {
        for (j, right) in found.iter().enumerate().rev() {
            common[i][j] = match left == right {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut told = Vec::new();
    while i < expected.len() || j < found.len() {
        if i < expected.len() && j < found.len() && expected[i] == found[j] {
            told.push(format!("  {}", expected[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == found.len() || (i < expected.len() && common[i + 1][j] >= common[i][j + 1]) {
            told.push(format!("- {}", expected[i]));
            i += 1;
        } else {
            told.push(format!("+ {}", found[j]));
            j += 1;
        }
    }
    Some(told.join("\n"))
}

/// The lines that say something: each with its place in the tree, and its columns one space apart.
fn lines(text: &str) -> Vec<String> {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let indents = lines.iter().map(|line| indent(line));
    let indent = indents.min().unwrap_or(0);
    let of_tree = |c: char| matches!(c, ' ' | '│' | '├' | '└' | '─');
    let squeezed = lines.iter().map(|line| {
        let line = line.get(indent..).unwrap_or_default();
        let words = line.trim_start_matches(of_tree);
        let branches = &line[..line.len() - words.len()];
        let words: Vec<_> = words.split_whitespace().collect();
        format!("{branches}{}", words.join(" "))
    });
    squeezed.collect()
}

/// How many spaces a line begins with.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
