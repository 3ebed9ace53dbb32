//! Figures for dashboards and alarms: what the events of a tree add up to, told to a recorder of the crate `metrics`.
//!
//! `tally` says which event means what for which figure; `label` keeps the number of labels within bounds.

mod figure;
mod label;
mod observer;
mod series;
mod tally;

pub use observer::MetricsObserver;
