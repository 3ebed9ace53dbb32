//! The machine alone: its rules as tables, a walk of every state it can reach, random trees, costs.

mod calls;
mod cost;
mod fingerprint;
mod needs;
mod pauses;
mod promises;
mod properties;
mod random;
mod renewals;
mod renewed_needs;
mod restarts;
mod script;
mod stops;
mod tree;
mod walk;
mod world;
