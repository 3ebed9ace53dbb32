//! Time as the machines know it, what has passed since their supervisor began; and as people read it.

use std::fmt;
use std::time::Duration;

/// Time since a supervisor began, as its driver measured it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(pub(crate) Duration);

impl Moment {
    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment that long after this one.
    pub(crate) fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}

/// A time as people write it: `5 s`, `20 ms`.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(span) = self;
        if span.subsec_nanos() == 0 {
            write!(f, "{} s", span.as_secs())
        } else if span.subsec_nanos() % 1_000_000 == 0 {
            write!(f, "{} ms", span.as_millis())
        } else {
            write!(f, "{span:?}")
        }
    }
}
