//! The machine alone: its rules as tables, a walk of every state it can reach, and random trees.

mod world;
mod walk;
