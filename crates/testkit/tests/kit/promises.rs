//! A broken promise is noticed.

use perennial_core::{BoxError, Event, EventKind, Supervisor};
use perennial_test::{End, Events, Script, broken_promises, settle};

/// All events of a tree whose second child fails once, and which is then stopped.
async fn events() -> Result<Vec<Event>, BoxError> {
    let [a, b] = ["a", "b"].map(Script::new);
    let app = Supervisor::one_for_one("app").child(a).child(b.clone());
    let mut events = Events::of(&app.handle());
    let handle = app.start().await?;
    b.end(End::Error);
    settle().await;
    handle.shutdown().await;
    Ok(events.rest().await)
}

fn place(events: &[Event], line: &str) -> usize {
    let place = events.iter().rposition(|event| event.to_string() == line);
    place.unwrap_or_else(|| panic!("there is no {line}"))
}

#[tokio::test(start_paused = true)]
async fn a_tree_keeps_its_promises() -> Result<(), BoxError> {
    assert_eq!(broken_promises(&events().await?), Vec::<String>::new());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_beginning_and_every_end_that_is_missing_or_told_twice_is_noticed()
-> Result<(), BoxError> {
    let events = events().await?;
    for (at, event) in events.iter().enumerate() {
        // These are neither: what a supervisor has, what is asked of a life, and the story of its end.
        let is_neither = matches!(
            event.kind,
            EventKind::Listed { .. } | EventKind::StopRequested { .. } | EventKind::Crashed { .. }
        );
        if is_neither {
            continue;
        }
        let mut missing = events.clone();
        missing.remove(at);
        assert!(!broken_promises(&missing).is_empty(), "without {event}");
        let mut doubled = events.clone();
        doubled.insert(at, event.clone());
        assert!(!broken_promises(&doubled).is_empty(), "twice {event}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_order_of_the_starts_is_noticed() -> Result<(), BoxError> {
    let mut events = events().await?;
    let [a, b] = ["a", "b"].map(|id| place(&events, &format!("app/{id} is to stop within 5 s")));
    events.swap(a, b);
    let broken = broken_promises(&events);
    assert!(broken[0].starts_with("not in reverse"), "{broken:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_start_below_a_supervisor_that_is_to_stop_is_noticed() -> Result<(), BoxError> {
    let mut events = events().await?;
    let asked = place(&events, "app is to stop");
    let asked = events.remove(asked);
    let again = place(&events, "app/b is restarted");
    events.insert(again, asked);
    let broken = broken_promises(&events);
    assert!(
        broken[0].starts_with("starts below one that is to stop"),
        "{broken:?}"
    );
    Ok(())
}
