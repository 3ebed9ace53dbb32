//! The messages of an actor: which wait, in what order they are taken, and who may add to them.

mod config;
mod machine;
#[cfg(test)]
mod tests;

pub use config::{Lane, Mailbox, Overflow};
pub(crate) use machine::{Inbox, Offered, Ticket, Waited};
