//! Finds the children that stay in one poll for too long: a cell for each task says since when it is
//! polled, and a thread of the operating system looks at all cells, whatever the runtime does.

mod cell;
mod detector;

pub(crate) use detector::{Detector, InPoll, Watched};
