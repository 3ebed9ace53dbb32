//! Tests of the public API; they stand in `tests/`.
