//! What happens in a tree, told as it happens: numbered events, for programs and for people.

mod event;
mod hub;
mod pulse;
mod stderr;
mod stream;
pub(crate) mod trace;

pub(crate) use event::About;
pub use event::{Event, EventKind, KillCause, StartCause};
pub use hub::Observer;
pub(crate) use hub::{Hub, Sink};
pub(crate) use pulse::Pulse;
pub use stderr::StderrObserver;
pub use stream::{EventStream, LostEvents};
