//! What core promises holds in whichever order its tasks go on.
//!
//! Each test is a scenario that is played in many orders, drawn by shuttle: at each use of what tasks share, another
//! task may go on. The assertions stand in the root task, as a panic in a child is caught, which is what supervisors do.

mod books;
mod children;
mod commands;
mod deadlines;
mod dynamic;
mod explore;
mod groups;
mod itself;
mod living;
mod owned;
mod readiness;
mod starts;
mod stops;
