//! What an application says to whoever runs the process.

use std::fmt;
use std::io::Write;

use crate::observe::trace;
use crate::path::ChildId;
use crate::tree::{ChildState, Snapshot};

/// How many children are named that hold the process up.
const NAMED: usize = 20;

/// The children that have not ended, without the supervisors that only wait for them.
pub(super) struct Remaining(pub(super) Snapshot);

/// Tells whoever started the process; nowhere is left to tell that stderr is gone.
pub(super) fn say(what: fmt::Arguments<'_>) {
    let text = what.to_string();
    let _told = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}

/// Prints a tree to the log, or to stderr if nobody keeps one.
pub(super) fn print_tree(id: &ChildId, snapshot: &Snapshot) {
    let printed = if snapshot.entries().is_empty() {
        format!("{id} does not run")
    } else {
        format!("the tree of {id}:\n{snapshot}")
    };
    if !trace::tree(&printed) {
        say(format_args!("{printed}"));
    }
}

impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.entries().iter();
        let live: Vec<_> = entries
            .filter(|entry| entry.state != ChildState::Idle)
            .collect();
        let waits = |index: usize| {
            let next = live.get(index + 1);
            next.is_some_and(|next| next.depth > live[index].depth)
        };
        let leaves: Vec<_> = (0..live.len()).filter(|&index| !waits(index)).collect();
        for &index in leaves.iter().take(NAMED) {
            let entry = live[index];
            write!(f, "\n  {}  {}", entry.path, entry.state)?;
        }
        match leaves.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::worker;
    use crate::supervisor::Supervisor;

    fn tree(workers: usize) -> Supervisor {
        let worker = |number| worker(format!("w{number}"), |_ctx| std::future::pending());
        let below = (0..workers).fold(Supervisor::one_for_one("below"), |supervisor, number| {
            supervisor.child(worker(number))
        });
        Supervisor::one_for_one("app").child(below)
    }

    #[tokio::test(start_paused = true)]
    async fn what_remains_are_the_children_that_nobody_else_keeps() {
        let handle = tree(3).start().await.expect("nothing can fail");
        let below = handle.supervisor("below").expect("it runs");
        below.terminate_child("w1").await.expect("it is there");
        let remaining = Remaining(handle.snapshot()).to_string();
        assert_eq!(
            remaining,
            "\n  app/below/w0  running\n  app/below/w2  running"
        );
        for id in ["w0", "w2"] {
            below.terminate_child(id).await.expect("it is there");
        }
        let remaining = Remaining(handle.snapshot()).to_string();
        assert_eq!(remaining, "\n  app/below  running");
        handle.kill();
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_that_remain_the_first_are_named() {
        let handle = tree(NAMED + 2).start().await.expect("nothing can fail");
        let remaining = Remaining(handle.snapshot()).to_string();
        assert!(
            remaining.ends_with("\n  app/below/w19  running\n  and 2 more"),
            "{remaining}"
        );
        assert_eq!(Remaining(Snapshot::default()).to_string(), "");
        handle.kill();
    }
}
