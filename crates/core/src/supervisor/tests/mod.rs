//! The machine alone: its rules as tables, a walk of every state it can reach, random trees, costs.

mod cost;
mod fingerprint;
mod promises;
mod random;
mod rules;
mod script;
mod tree;
mod walk;
mod world;
