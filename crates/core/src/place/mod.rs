//! Where a child runs: what a spec says of it, and the threads and runtimes that are made for that.
//! Of children and of their lives it knows nothing.

mod error;
mod runtime;
mod spot;
mod thread;

pub(crate) use error::PlaceError;
pub(crate) use runtime::build_runtime;
pub use spot::Place;
pub(crate) use thread::start_thread;
