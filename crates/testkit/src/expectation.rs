//! What a test can wait for: one change of a tree.

use perennial_core::{ChildPath, Event, EventKind, ExitReason, StartCause};

/// Something that may happen in a tree.
///
/// Besides the types of this crate, such as [`Restarted`], these are expectations: a line, which fits the
/// event that prints so, and any `Fn(&Event) -> bool`.
///
/// # Examples
///
/// ```
/// use perennial::{Event, Supervisor};
/// use perennial_test::{Script, Started, TestTree};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let tree = TestTree::start(Supervisor::one_for_one("app").child(Script::new("web"))).await;
/// tree.expect("app is started").await;
/// tree.expect(Started("web")).await;
/// tree.expect(|event: &Event| event.path.parent().is_none()).await;
/// tree.stop().await;
/// # }
/// ```
pub trait Expectation {
    /// Whether this is what is expected. `cause` says why the life began that it happened to, if that is
    /// known.
    fn fits(&self, event: &Event, cause: Option<StartCause>) -> bool;

    /// What is expected, to end the sentence "there was no …".
    fn text(&self) -> String;
}

impl Expectation for &str {
    fn fits(&self, event: &Event, _cause: Option<StartCause>) -> bool {
        event.to_string() == *self
    }

    fn text(&self) -> String {
        format!("`{self}`")
    }
}

impl Expectation for String {
    fn fits(&self, event: &Event, cause: Option<StartCause>) -> bool {
        self.as_str().fits(event, cause)
    }

    fn text(&self) -> String {
        self.as_str().text()
    }
}

impl Expectation for &String {
    fn fits(&self, event: &Event, cause: Option<StartCause>) -> bool {
        self.as_str().fits(event, cause)
    }

    fn text(&self) -> String {
        self.as_str().text()
    }
}

impl<F: Fn(&Event) -> bool> Expectation for F {
    fn fits(&self, event: &Event, _cause: Option<StartCause>) -> bool {
        self(event)
    }

    fn text(&self) -> String {
        "such event".to_owned()
    }
}

/// Makes an expectation about one child: its doc, its name, how it reads, and what fits.
macro_rules! expectation {
    ($(#[$doc:meta])* $name:ident, $text:literal, $pattern:pat $(if $cond:expr)?, $cause:pat) => {
        $(#[$doc])*
        ///
        /// In it stands whom it happens to: its path below the root, or the whole path.
        ///
        /// # Examples
        ///
        /// ```
        #[doc = concat!("use perennial_test::{", stringify!($name), ", TestTree};")]
        ///
        /// async fn wait(tree: &TestTree) {
        #[doc = concat!("    let event = tree.expect(", stringify!($name), "(\"storage\")).await;")]
        ///     println!("{event}");
        /// }
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<'a>(pub &'a str);

        impl Expectation for $name<'_> {
            fn fits(&self, event: &Event, cause: Option<StartCause>) -> bool {
                matches!(&event.kind, $pattern $(if $cond)?)
                    && matches!(cause, $cause)
                    && is_at(&event.path, self.0)
            }

            fn text(&self) -> String {
                format!(concat!($text, " of `{}`"), self.0)
            }
        }
    };
}

expectation! {
    /// A child runs, at whatever start; of a supervisor all children run.
    Started, "start", EventKind::Started, _
}

expectation! {
    /// A child runs again: its restart is done. For a start by a call see [`Started`].
    Restarted, "restart", EventKind::Started, Some(StartCause::Restart)
}

expectation! {
    /// A child could not start.
    StartFailed, "failed start", EventKind::StartFailed { .. }, _
}

expectation! {
    /// A child is asked to stop.
    StopRequested, "request to stop", EventKind::StopRequested { .. }, _
}

expectation! {
    /// A child that ran is gone, for whatever reason.
    Exited, "exit", EventKind::Exited { .. }, _
}

expectation! {
    /// A child ended with an error.
    Failed, "failure", EventKind::Exited { reason: ExitReason::Failed(_) }, _
}

expectation! {
    /// A child panicked, in its initialization or later.
    Panicked, "panic", kind if panic_of(kind).is_some(), _
}

expectation! {
    /// The task of a child was aborted, from outside or by its supervisor.
    Killed, "violent end", EventKind::Exited { reason: ExitReason::Killed }, _
}

expectation! {
    /// A child was left behind: it did not end although its task was aborted.
    Unresponsive, "being left behind", EventKind::Unresponsive, _
}

expectation! {
    /// A supervisor gives up: more restarts than its intensity bears.
    GaveUp, "give-up", EventKind::GaveUp { .. }, _
}

expectation! {
    /// A supervisor ends, as one of its children could not start.
    Escalated, "end for want of a child", EventKind::Escalated { .. }, _
}

/// The panic that an event tells of.
pub(crate) fn panic_of(kind: &EventKind) -> Option<&perennial_core::Panic> {
    match kind {
        EventKind::Exited {
            reason: ExitReason::Panicked(panic),
        } => Some(panic),
        EventKind::StartFailed { error } => error.panic(),
        _ => None,
    }
}

/// Whether a path is what somebody wrote: from the root on, or from below the root on.
pub(crate) fn is_at(path: &ChildPath, written: &str) -> bool {
    let full = path.to_string();
    let root = full.split('/').next().unwrap_or_default();
    full == resolved(root, written)
}

/// The whole path of what somebody wrote: what begins with the root is whole already.
pub(crate) fn resolved(root: &str, written: &str) -> String {
    match written.strip_prefix(root) {
        Some(below) if below.is_empty() || below.starts_with('/') => written.to_owned(),
        _ => format!("{root}/{written}"),
    }
}
