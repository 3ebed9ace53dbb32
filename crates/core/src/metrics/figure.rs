//! The figures: what each is called, and what it says.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};

/// A figure, as it is described and told.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    kind: Kind,
    says: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Counter,
    Gauge,
    /// Of times, in seconds.
    Times,
}

pub(super) const RUNNING: Figure = Figure::new(
    "perennial_children_running",
    Kind::Gauge,
    "Children that run now.",
);
pub(super) const STARTS: Figure = Figure::new(
    "perennial_child_starts_total",
    Kind::Counter,
    "Starts, restarts among them.",
);
pub(super) const RESTARTS: Figure = Figure::new(
    "perennial_child_restarts_total",
    Kind::Counter,
    "Restarts, after a failure or with a group.",
);
pub(super) const START_FAILURES: Figure = Figure::new(
    "perennial_child_start_failures_total",
    Kind::Counter,
    "Starts that failed.",
);
pub(super) const EXITS: Figure = Figure::new(
    "perennial_child_exits_total",
    Kind::Counter,
    "Ends of children that ran, by reason.",
);
pub(super) const CRASHES: Figure = Figure::new(
    "perennial_child_crashes_total",
    Kind::Counter,
    "Abnormal ends that nobody asked for, failed starts among them.",
);
pub(super) const KILLS: Figure = Figure::new(
    "perennial_child_kills_total",
    Kind::Counter,
    "Tasks that a supervisor aborted.",
);
pub(super) const DROPS: Figure = Figure::new(
    "perennial_child_drops_total",
    Kind::Counter,
    "Children that stay down, as their own limit of restarts is used up.",
);
pub(super) const STALLS: Figure = Figure::new(
    "perennial_child_stalls_total",
    Kind::Counter,
    "Polls that lasted too long.",
);
pub(super) const START_TIME: Figure = Figure::new(
    "perennial_child_start_seconds",
    Kind::Times,
    "From the beginning of an initialization until the child ran.",
);
pub(super) const UPTIME: Figure = Figure::new(
    "perennial_child_uptime_seconds",
    Kind::Times,
    "How long a child had run when it ended.",
);
pub(super) const STOP_TIME: Figure = Figure::new(
    "perennial_child_stop_seconds",
    Kind::Times,
    "From the request to stop, or the abort, to the end.",
);
pub(super) const RESTART_DELAY: Figure = Figure::new(
    "perennial_child_restart_delay_seconds",
    Kind::Times,
    "Waits before a restart.",
);
pub(super) const STALL_TIME: Figure = Figure::new(
    "perennial_child_stall_seconds",
    Kind::Times,
    "How long a poll lasted that was too long.",
);
pub(super) const GIVE_UPS: Figure = Figure::new(
    "perennial_supervisor_give_ups_total",
    Kind::Counter,
    "Ends of a supervisor because of a child that could not be mended or started.",
);
pub(super) const STORM_PAUSES: Figure = Figure::new(
    "perennial_supervisor_storm_pauses_total",
    Kind::Counter,
    "Pauses in which a supervisor began no restart.",
);

/// All of them, in the order of the docs.
pub(super) const ALL: [&Figure; 16] = [
    &RUNNING,
    &STARTS,
    &RESTARTS,
    &START_FAILURES,
    &EXITS,
    &CRASHES,
    &KILLS,
    &DROPS,
    &STALLS,
    &START_TIME,
    &UPTIME,
    &STOP_TIME,
    &RESTART_DELAY,
    &STALL_TIME,
    &GIVE_UPS,
    &STORM_PAUSES,
];

const METADATA: Metadata<'static> = Metadata::new("perennial", Level::INFO, None);

impl Figure {
    const fn new(name: &'static str, kind: Kind, says: &'static str) -> Self {
        Self { name, kind, says }
    }

    /// Tells a recorder what the figure says.
    pub(super) fn describe(&self, recorder: &dyn Recorder) {
        let (name, says) = (self.name.into(), self.says.into());
        match self.kind {
            Kind::Counter => recorder.describe_counter(name, Some(Unit::Count), says),
            Kind::Gauge => recorder.describe_gauge(name, Some(Unit::Count), says),
            Kind::Times => recorder.describe_histogram(name, Some(Unit::Seconds), says),
        }
    }

    pub(super) fn counter(&self, recorder: &dyn Recorder, labels: &[Label]) -> Counter {
        debug_assert!(matches!(self.kind, Kind::Counter), "{}", self.name);
        recorder.register_counter(&self.key(labels), &METADATA)
    }

    pub(super) fn gauge(&self, recorder: &dyn Recorder, labels: &[Label]) -> Gauge {
        debug_assert!(matches!(self.kind, Kind::Gauge), "{}", self.name);
        recorder.register_gauge(&self.key(labels), &METADATA)
    }

    pub(super) fn times(&self, recorder: &dyn Recorder, labels: &[Label]) -> Histogram {
        debug_assert!(matches!(self.kind, Kind::Times), "{}", self.name);
        recorder.register_histogram(&self.key(labels), &METADATA)
    }

    fn key(&self, labels: &[Label]) -> Key {
        Key::from_parts(self.name, labels.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for figure in ALL {
            let ending = match figure.kind {
                Kind::Counter => "_total",
                Kind::Times => "_seconds",
                Kind::Gauge => "_running",
            };
            assert!(figure.name.ends_with(ending), "{}", figure.name);
            let is_plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(figure.name.chars().all(is_plain), "{}", figure.name);
        }
    }

    #[test]
    fn the_docs_have_a_row_for_each_figure_in_its_order() {
        let docs = include_str!("observer.rs");
        let mut rest = docs;
        for figure in ALL {
            let row = format!("/// | `{}` |", figure.name);
            let at = rest.find(&row);
            assert!(at.is_some(), "{} has no row in its place", figure.name);
            rest = &rest[at.unwrap_or_default()..];
        }
        assert_eq!(docs.matches("/// | `perennial_").count(), ALL.len());
    }
}
