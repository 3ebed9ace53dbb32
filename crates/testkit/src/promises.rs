//! What every tree promises, checked on the events of a whole run.

use std::collections::{HashMap, HashSet};

use perennial_core::{Event, EventKind, Incarnation, StartCause};

/// Which promises a tree has broken, by all its events from the first to the last; none, one hopes.
///
/// - Each life has one beginning and one end, and runs only in between; one that is left behind may have no end.
/// - Between the request to a supervisor to stop and its end it starts none of its children.
/// - A root that is asked to stop asks the children of its spec list in reverse order.
///
/// The last two are about a tree that is at rest when it is asked to stop: what its supervisors have not heard
/// of yet, an exit or a call, may come between. The first one alone is [`broken_lives`].
///
/// A [`TestTree`](crate::TestTree) that [endures](crate::TestTree::endure) a plan is checked so.
///
/// # Examples
///
/// ```
/// use perennial::Supervisor;
/// use perennial_test::{Events, Script, broken_promises};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = Supervisor::one_for_one("app").child(Script::new("a"));
/// let mut events = Events::of(&app.handle());
/// app.start().await?.shutdown().await;
/// let all = events.rest().await;
/// assert!(broken_promises(&all).is_empty());
/// assert!(!broken_promises(&all[1..]).is_empty(), "a life without a beginning");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn broken_promises(events: &[Event]) -> Vec<String> {
    let mut broken = broken_lives(events);
    starts(events, &mut broken);
    stop(events, &mut broken);
    broken
}

/// How far a life is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Starting,
    Running,
    Over,
}

/// Which lives a tree has told wrongly: without one beginning and one end, or running out of turn.
#[must_use]
pub fn broken_lives(events: &[Event]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut lives: HashMap<Incarnation, (Stage, &Event)> = HashMap::new();
    let mut left_behind = HashSet::new();
    for event in events {
        let (from, to) = match event.kind {
            EventKind::Starting { .. } => (None, Stage::Starting),
            EventKind::Started => (Some(Stage::Starting), Stage::Running),
            EventKind::Ignored | EventKind::StartFailed { .. } => {
                (Some(Stage::Starting), Stage::Over)
            }
            EventKind::Exited { .. } => (Some(Stage::Running), Stage::Over),
            EventKind::Unresponsive => {
                left_behind.insert(event.incarnation);
                continue;
            }
            _ => continue,
        };
        let before = lives.insert(event.incarnation, (to, event));
        if before.map(|(stage, _)| stage) != from {
            broken.push(format!("out of turn in its life: {} {event}", event.number));
        }
    }
    let mut open: Vec<_> = lives.into_values().collect();
    open.retain(|(stage, event)| {
        *stage != Stage::Over && !left_behind.contains(&event.incarnation)
    });
    open.sort_by_key(|(_, event)| event.number);
    let open = open.iter().map(|(_, event)| event);
    broken.extend(open.map(|event| format!("a life without an end: {} {event}", event.number)));
    broken
}

/// Between the request to a supervisor and its end it starts none of its children.
fn starts(events: &[Event], broken: &mut Vec<String>) {
    let mut asked: HashMap<String, Incarnation> = HashMap::new();
    for event in events {
        match event.kind {
            EventKind::StopRequested { .. } => {
                asked.insert(event.path.to_string(), event.incarnation);
            }
            EventKind::Starting { .. } => {
                if above(event).is_some_and(|above| asked.contains_key(&above)) {
                    let number = event.number;
                    broken.push(format!(
                        "starts below one that is to stop: {number} {event}"
                    ));
                }
                asked.remove(&event.path.to_string());
            }
            _ => (),
        }
    }
}

/// The root asks the children of its spec list in reverse order.
///
/// Only of the root is it known that it is not in the middle of something else.
fn stop(events: &[Event], broken: &mut Vec<String>) {
    let mut order: HashMap<String, u64> = HashMap::new();
    let mut last = None;
    let mut is_asked = false;
    for event in events {
        let asked = matches!(event.kind, EventKind::StopRequested { .. });
        let Some(above) = event.path.parent() else {
            is_asked |= asked;
            continue;
        };
        if above.parent().is_some() {
            continue;
        }
        let path = event.path.to_string();
        match event.kind {
            EventKind::Starting {
                cause: StartCause::FirstStart,
            } => {
                order.insert(path, event.number);
            }
            // If one of its name was there before, its place is another one now.
            EventKind::Starting {
                cause: StartCause::Added,
            } => {
                order.remove(&path);
            }
            EventKind::StopRequested { .. } if is_asked => {
                let Some(&place) = order.get(&path) else {
                    continue;
                };
                if last.is_some_and(|last| place >= last) {
                    broken.push(format!("not in reverse: {} {event}", event.number));
                }
                last = Some(place);
            }
            _ => (),
        }
    }
}

fn above(event: &Event) -> Option<String> {
    Some(event.path.parent()?.to_string())
}
