//! What happens in a tree, told as it happens: numbered events, for programs and for people.

mod event;
mod hub;
mod stderr;
mod stream;
pub(crate) mod trace;

pub use event::{Event, EventKind, StartCause};
pub(crate) use hub::Hub;
pub use hub::Observer;
pub use stderr::StderrObserver;
pub(crate) use stream::EventSink;
pub use stream::{EventStream, LostEvents};
