//! What a panic said, and where.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Once};

/// What a panicking child said, and where it panicked if that is known.
///
/// The message is always kept. The location is known once [`install_panic_hook`] was called, which
/// [`Application`](crate::Application) does.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{ExitReason, Outcome, Supervisor, install_panic_hook, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// install_panic_hook();
/// let broken = worker("broken", |_| async { panic!("no disk") });
/// let app = Supervisor::one_for_one("app").intensity(0, Duration::from_secs(1)).child(broken);
/// let Outcome::Exhausted(why) = app.start().await?.wait().await else {
///     return Err("it still runs".into());
/// };
/// let ExitReason::Panicked(panic) = why.last_exit() else {
///     return Err("it did not panic".into());
/// };
/// assert_eq!(panic.message(), "no disk");
/// assert!(panic.location().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    said: Arc<Said>,
}

/// Behind one pointer: each child keeps exits inline, and few of them are panics.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    message: Box<str>,
    location: Option<Arc<str>>,
}

thread_local! {
    /// Where the latest panic on this thread happened; taken by who catches it.
    static LOCATION: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// Installs a panic hook that notes where a panic happened, so that [`Panic::location`] is known.
///
/// It calls the hook that was there before; calling it again does nothing.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if let Some(place) = info.location() {
                // The slot may be gone while the thread ends: then nobody is there to ask for it.
                let _gone = LOCATION.try_with(|slot| {
                    *slot.borrow_mut() = Some(place.to_string().into());
                });
            }
            before(info);
        }));
    });
}

/// Catches a panic, close to where it happens.
///
/// # Errors
///
/// What was said by it, and where.
// Inlined here and below: each poll of each child goes through it.
#[inline]
pub fn catch<T>(act: impl FnOnce() -> T) -> Result<T, Panic> {
    panic::catch_unwind(AssertUnwindSafe(act))
        .map_err(|payload| Panic::caught(payload.as_ref(), take_location()))
}

/// Drops what may hold values of the user's: a panic in their drop must not reach who does it.
#[inline]
pub(crate) fn let_go<T>(value: T) {
    // The panic hook has told of it.
    let _panicked = catch(|| drop(value));
}

/// Where the latest panic on this thread happened, if the hook noted it; forgets it.
fn take_location() -> Option<Arc<str>> {
    LOCATION.with(|slot| slot.borrow_mut().take())
}

impl Panic {
    /// Makes the report from what was caught.
    pub(crate) fn caught(payload: &(dyn Any + Send), location: Option<Arc<str>>) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a value that is not text");
        let said = Arc::new(Said {
            message: message.into(),
            location,
        });
        Self { said }
    }

    /// What was said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.said.message
    }

    /// File, line and column, as `src/index.rs:42:9`, if the hook was installed.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.said.location.as_deref()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said.message)?;
        match &self.said.location {
            Some(location) => write!(f, " ({location})"),
            None => Ok(()),
        }
    }
}
