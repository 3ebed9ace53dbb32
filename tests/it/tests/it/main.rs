//! Tests of the public API, by concept. [`defects`] maps the defects of an earlier system to the tests
//! that keep them out.
#![allow(
    clippy::unwrap_used,
    reason = "a failure here is a failed test, in helpers too"
)]

mod amid;
mod at_once;
mod auto_shutdown;
mod calls;
mod check;
mod context;
mod crash;
mod dataspace;
mod defects;
mod drops;
mod dynamic;
mod events;
mod foreign;
mod handle;
mod health;
mod init;
mod intensity;
mod json;
mod kill;
mod lanes;
mod living;
mod metering;
mod metrics;
mod pacing;
mod partition;
mod place;
mod properties;
mod random;
mod report;
mod restart;
mod root;
mod scale;
mod scope;
mod snapshot;
mod stall;
mod start;
mod stash;
mod stop;
mod support;
mod tasks;
mod unresponsive;
mod watch;
mod wrapper;
