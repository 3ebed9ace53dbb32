//! The handles of the figures, for each set of labels once.

use std::collections::HashMap;
use std::mem::take;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Label, Recorder};

use super::{figure, label};
use crate::exit::ExitReason;
use crate::path::ChildPath;

/// The figures of all children of one label.
#[derive(Debug)]
pub(super) struct ChildSeries {
    pub(super) running: Gauge,
    pub(super) starts: Counter,
    pub(super) restarts: Counter,
    pub(super) start_failures: Counter,
    pub(super) crashes: Counter,
    pub(super) kills: Counter,
    pub(super) drops: Counter,
    pub(super) stalls: Counter,
    pub(super) start_time: Histogram,
    pub(super) uptime: Histogram,
    pub(super) stop_time: Histogram,
    pub(super) restart_delay: Histogram,
    pub(super) stall_time: Histogram,
    /// By reason; each is there from the first such exit on.
    exits: Vec<(&'static str, Counter)>,
    labels: [Label; 2],
}

/// The figures of a supervisor as such.
#[derive(Debug)]
pub(super) struct SupervisorSeries {
    pub(super) give_ups: Counter,
    pub(super) storm_pauses: Counter,
}

/// All figures, so many of each kind.
#[derive(Debug)]
pub(super) struct AllSeries {
    max_labels: usize,
    children: Shelf<ChildSeries>,
    supervisors: Shelf<SupervisorSeries>,
    /// The child that was looked for last: one that fails is looked for again and again.
    latest: Option<(ChildPath, Place)>,
    /// For the next look; kept, as it has its size.
    key: String,
}

/// Where the figures of one child stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

/// Figures by the key of their label.
#[derive(Debug)]
struct Shelf<T> {
    places: HashMap<Box<str>, Place>,
    series: Vec<T>,
    /// Where all stand that are beyond the bound.
    others: Option<Place>,
}

impl AllSeries {
    pub(super) fn new(max_labels: usize) -> Self {
        Self {
            max_labels,
            children: Shelf::default(),
            supervisors: Shelf::default(),
            latest: None,
            key: String::new(),
        }
    }

    /// Where the figures of a child stand; they are made if it is the first one of its label.
    pub(super) fn place(&mut self, path: &ChildPath, recorder: &dyn Recorder) -> Place {
        if let Some((latest, place)) = &self.latest
            && latest.address() == path.address()
        {
            return *place;
        }
        let mut key = take(&mut self.key);
        label::write_key(path, &mut key);
        let place = self.children.find(&key).unwrap_or_else(|| {
            if let Some(above) = path.parent() {
                // From now on it is known that it has not given up.
                let _known = self.supervisor(above, recorder);
            }
            self.children.add(&key, self.max_labels, |is_other| {
                let [above, name] = match (is_other, path.parent()) {
                    (true, _) => [label::OTHERS.to_owned(), label::OTHERS.to_owned()],
                    (false, above) => [
                        above.map(label::text).unwrap_or_default(),
                        label::name(path.id().as_str()).to_owned(),
                    ],
                };
                ChildSeries::new(
                    [shared("supervisor", &above), shared("child", &name)],
                    recorder,
                )
            })
        });
        key.clear();
        self.key = key;
        self.latest = Some((path.clone(), place));
        place
    }

    pub(super) fn child(&mut self, place: Place) -> &mut ChildSeries {
        &mut self.children.series[place.0]
    }

    /// The figures of the supervisor at that path.
    pub(super) fn supervisor(
        &mut self,
        path: &ChildPath,
        recorder: &dyn Recorder,
    ) -> &SupervisorSeries {
        let mut key = String::new();
        label::write_key(path, &mut key);
        let shelf = &mut self.supervisors;
        let place = shelf.find(&key).unwrap_or_else(|| {
            shelf.add(&key, self.max_labels, |is_other| {
                let text = if is_other {
                    label::OTHERS.to_owned()
                } else {
                    label::text(path)
                };
                SupervisorSeries::new(&[shared("supervisor", &text)], recorder)
            })
        });
        &shelf.series[place.0]
    }
}

impl<T> Shelf<T> {
    fn find(&self, key: &str) -> Option<Place> {
        self.places.get(key).copied()
    }

    /// Makes figures for that key, or for all that are beyond the bound, if they are not there.
    fn add(&mut self, key: &str, max_labels: usize, make: impl FnOnce(bool) -> T) -> Place {
        let is_other = self.places.len() >= max_labels;
        if let Some(others) = self.others.filter(|_| is_other) {
            return others;
        }
        let place = Place(self.series.len());
        self.series.push(make(is_other));
        if is_other {
            self.others = Some(place);
        } else {
            self.places.insert(key.into(), place);
        }
        place
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            series: Vec::new(),
            others: None,
        }
    }
}

impl ChildSeries {
    fn new(labels: [Label; 2], recorder: &dyn Recorder) -> Self {
        let counter = |figure: &figure::Figure| figure.counter(recorder, &labels);
        let times = |figure: &figure::Figure| figure.times(recorder, &labels);
        Self {
            running: figure::RUNNING.gauge(recorder, &labels),
            starts: counter(&figure::STARTS),
            restarts: counter(&figure::RESTARTS),
            start_failures: counter(&figure::START_FAILURES),
            crashes: counter(&figure::CRASHES),
            kills: counter(&figure::KILLS),
            drops: counter(&figure::DROPS),
            stalls: counter(&figure::STALLS),
            start_time: times(&figure::START_TIME),
            uptime: times(&figure::UPTIME),
            stop_time: times(&figure::STOP_TIME),
            restart_delay: times(&figure::RESTART_DELAY),
            stall_time: times(&figure::STALL_TIME),
            exits: Vec::new(),
            labels,
        }
    }

    /// The figure of exits with such a reason.
    pub(super) fn exits(&mut self, reason: &ExitReason, recorder: &dyn Recorder) -> &Counter {
        let word = word(reason);
        let at = self.exits.iter().position(|(it, _)| *it == word);
        let at = at.unwrap_or_else(|| {
            let mut labels = self.labels.to_vec();
            labels.push(Label::from_static_parts("reason", word));
            let exits = figure::EXITS.counter(recorder, &labels);
            self.exits.push((word, exits));
            self.exits.len() - 1
        });
        &self.exits[at].1
    }
}

impl SupervisorSeries {
    fn new(labels: &[Label], recorder: &dyn Recorder) -> Self {
        Self {
            give_ups: figure::GIVE_UPS.counter(recorder, labels),
            storm_pauses: figure::STORM_PAUSES.counter(recorder, labels),
        }
    }
}

/// A label whose value is cloned cheaply.
fn shared(key: &'static str, value: &str) -> Label {
    Label::new(key, Arc::<str>::from(value))
}

/// A reason as a label says it.
fn word(reason: &ExitReason) -> &'static str {
    match reason {
        ExitReason::Normal => "normal",
        ExitReason::Shutdown | ExitReason::ShutdownWith(_) => "shutdown",
        ExitReason::Planned => "planned",
        ExitReason::Failed(_) => "failed",
        ExitReason::Permanent(_) => "permanent",
        ExitReason::Panicked(_) => "panicked",
        ExitReason::Killed => "killed",
        ExitReason::Unresponsive => "unresponsive",
        ExitReason::Stuck(_) => "stuck",
        ExitReason::InitializationFailed(_) => "initialization_failed",
        ExitReason::Exhausted(_) => "exhausted",
        ExitReason::Escalated(_) => "escalated",
    }
}
