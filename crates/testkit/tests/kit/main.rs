//! Tests of the kit itself: what it shall notice, it does.

mod plan;
mod promises;
mod shape;
mod support;
mod tree;
