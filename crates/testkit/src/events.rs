//! Waits for events, and tells what came instead.

use std::fmt::Write;

use perennial_core::{Event, EventStream, StartCause, SupervisorHandle};
use tokio::time::{Instant, timeout_at};

use crate::expectation::Expectation;
use crate::recorder::Causes;
use crate::support::PATIENCE;

/// A listener to a tree that is no [`TestTree`](crate::TestTree): it judges nothing.
///
/// Each wait takes the events in turn: those before the one that is waited for are passed over.
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_test::{Events, Script};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = Supervisor::one_for_one("app").child(Script::new("a"));
/// let mut events = Events::of(&app.handle());
/// let handle = app.start().await?;
/// events.expect("app/a runs").await;
/// handle.shutdown().await;
/// events.expect("app/a exited: shutdown").await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Events {
    stream: EventStream,
    causes: Causes,
    /// What was passed over since the last one that was waited for.
    passed: Vec<Event>,
}

impl Events {
    /// Listens from now on.
    #[must_use]
    pub fn of(handle: &SupervisorHandle) -> Self {
        Self {
            stream: handle.events(),
            causes: Causes::default(),
            passed: Vec::new(),
        }
    }

    /// Waits for an event, up to a minute: a line as it prints, or any other [`Expectation`].
    ///
    /// # Cancel safety
    ///
    /// What was passed over so far is lost.
    ///
    /// # Panics
    ///
    /// If it does not come within a minute, and if the tree ends first.
    pub async fn expect(&mut self, expected: impl Expectation) -> Event {
        let text = expected.text();
        self.wait(&text, |event, cause| expected.fits(event, cause))
            .await
    }

    /// Waits for the first event that `fits`; `what` names it if it does not come.
    ///
    /// # Cancel safety
    ///
    /// What was passed over so far is lost.
    ///
    /// # Panics
    ///
    /// As [`expect`](Self::expect).
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        self.wait(what, |event, _| fits(event)).await
    }

    async fn wait(
        &mut self,
        what: &str,
        fits: impl Fn(&Event, Option<StartCause>) -> bool,
    ) -> Event {
        self.passed.clear();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.next()).await {
                Ok(Some((event, cause))) if fits(&event, cause) => return event,
                Ok(Some((event, _))) => self.passed.push(event),
                Ok(None) => panic!("the tree ended without {what}; {}", self.came()),
                Err(_) => panic!("no {what} within {PATIENCE:?}; {}", self.came()),
            }
        }
    }

    /// What was passed over by the last wait.
    #[must_use]
    pub fn passed(&self) -> &[Event] {
        &self.passed
    }

    /// All events up to the end of the tree.
    ///
    /// # Cancel safety
    ///
    /// What was read so far is lost.
    ///
    /// # Panics
    ///
    /// If the tree does not end within a minute.
    pub async fn rest(&mut self) -> Vec<Event> {
        self.passed.clear();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.next()).await {
                Ok(Some((event, _))) => self.passed.push(event),
                Ok(None) => return std::mem::take(&mut self.passed),
                Err(_) => panic!("the tree goes on; {}", self.came()),
            }
        }
    }

    async fn next(&mut self) -> Option<(Event, Option<StartCause>)> {
        let next = self.stream.next().await?;
        let event = next.unwrap_or_else(|lost| panic!("{lost}"));
        let cause = self.causes.hear(&event);
        Some((event, cause))
    }

    fn came(&self) -> String {
        let mut text = String::from("what came instead:");
        for event in &self.passed {
            // Writing to a String cannot fail.
            let _written = write!(text, "\n  {} {event}", event.number);
        }
        text
    }
}
