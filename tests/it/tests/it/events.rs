//! Events: numbered, in order, none missed without being told.

use std::sync::{Arc, Mutex};

use perennial::{Event, EventKind, InitPolicy, Restart, StartCause, StartError, Supervisor};
use perennial_test::{End, Events, Journal, Script, StartAct, settle};

use crate::support::{in_a_thread, keeps_promises, on_the_paused_clock, secs, started};

#[tokio::test(start_paused = true)]
async fn events_are_numbered_from_one_without_a_gap() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(20, secs(5))
        .child(child.clone());
    let (handle, mut events) = started(&app).await;
    for _ in 0..10 {
        child.end(End::Error);
        settle().await;
    }
    handle.shutdown().await;
    let numbers: Vec<_> = events
        .rest()
        .await
        .iter()
        .map(|event| event.number)
        .collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_also_while_nobody_listens() {
    let (handle, events) = started(&Supervisor::one_for_one("app")).await;
    drop(events);
    handle.start_child(Script::new("a")).await.unwrap();
    let mut late = Events::of(&handle);
    handle.terminate_child("a").await.unwrap();
    let first = late.until("any", |_| true).await;
    assert_eq!(
        (first.number, first.to_string().as_str()),
        (7, "app/a is to stop within 5 s")
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_told_how_many_events_it_lost_and_reads_on() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(u32::MAX, secs(5))
        .child(child.clone());
    let handle = app.start().await.unwrap();
    let mut slow = handle.events();
    for _ in 0..500 {
        child.end(End::Error);
        settle().await;
    }
    handle.shutdown().await;
    let lost = slow.next().await.unwrap().unwrap_err();
    let mut next = slow.next().await.unwrap().unwrap();
    assert_eq!(next.number, 6 + lost.0, "it began to listen before event 6");
    while let Some(event) = slow.next().await {
        let event = event.unwrap();
        assert_eq!(event.number, next.number + 1);
        next = event;
    }
    assert_eq!(next.to_string(), "app exited: shutdown");
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_with_the_tree_also_when_that_is_killed_or_did_not_start() {
    let killed = Supervisor::one_for_one("app").child(Script::new("a"));
    let (handle, mut events) = started(&killed).await;
    handle.kill();
    let all = events.rest().await;
    assert!(
        all.iter()
            .any(|event| event.to_string() == "app exited: killed")
    );

    let broken = Supervisor::one_for_one("app").child(Script::new("a").starts_with(StartAct::Fail));
    let mut events = Events::of(&broken.handle());
    broken.start().await.unwrap_err();
    let last = events.rest().await.pop().unwrap();
    assert!(matches!(last.kind, EventKind::StartFailed { .. }), "{last}");
}

#[tokio::test(start_paused = true)]
async fn events_of_a_tree_that_has_ended_are_those_of_its_next_start() {
    let app = Supervisor::one_for_one("app");
    let handle = app.start().await.unwrap();
    handle.shutdown().await;
    let mut events = Events::of(&handle);
    app.start().await.unwrap();
    assert_eq!(events.expect("app runs").await.number, 3);
}

#[tokio::test(start_paused = true)]
async fn every_life_has_exactly_one_beginning_and_one_end() {
    let moody = Script::new("moody")
        .start(2, StartAct::Fail)
        .start(3, StartAct::Panic)
        .start(4, StartAct::Run);
    let shy = Script::new("shy").start(2, StartAct::Ignore);
    let nested = Supervisor::one_for_all("nested")
        .child(Script::new("x"))
        .child(shy.clone());
    let app = Supervisor::one_for_one("app")
        .intensity(20, secs(5))
        .child(moody.spec().init_policy(InitPolicy::FatalOnFirstStart))
        .child(nested);
    let (handle, mut events) = started(&app).await;
    moody.end(End::Panic);
    shy.end(End::Error);
    settle().await;
    handle.kill_child("nested").await.unwrap();
    settle().await;
    handle
        .start_child(Script::new("cut").starts_with(StartAct::SlowFail(secs(1))))
        .await
        .unwrap_err();
    handle.shutdown().await;
    keeps_promises(&events.rest().await);
}

#[tokio::test(start_paused = true)]
async fn a_killed_tree_tells_the_end_of_every_life() {
    let app = Supervisor::one_for_one("app")
        .child(
            Supervisor::one_for_one("nested")
                .child(Script::new("a"))
                .child(Script::new("b")),
        )
        .child(Script::new("c"));
    let (handle, mut events) = started(&app).await;
    handle.kill();
    // Its children are dropped by tasks of their own: their ends may come after its own.
    keeps_promises(&events.rest().await);
}

#[tokio::test(start_paused = true)]
async fn a_start_tells_its_cause() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app").child(child.clone());
    let (handle, mut events) = started(&app).await;
    child.end(End::Error);
    settle().await;
    handle.terminate_child("a").await.unwrap();
    handle.restart_child("a").await.unwrap();
    handle.start_child(Script::new("b")).await.unwrap();
    handle.shutdown().await;
    let causes: Vec<_> = events
        .rest()
        .await
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Starting { cause } => Some(cause),
            _ => None,
        })
        .collect();
    use StartCause::{Added, FirstStart, Requested, Restart};
    assert_eq!(causes, [FirstStart, FirstStart, Restart, Requested, Added]);
}

#[tokio::test(start_paused = true)]
async fn a_request_to_reload_is_told_of_the_supervisor_that_it_was_made_to() {
    let storage = Supervisor::one_for_one("storage").child(Script::new("a"));
    let app = Supervisor::one_for_one("app").child(storage);
    // Nobody is there to be told.
    app.handle().request_reload();
    let (handle, mut events) = started(&app).await;
    handle.supervisor("storage").unwrap().request_reload();
    handle.request_reload();
    handle.shutdown().await;
    handle.request_reload();
    let requests: Vec<_> = events
        .rest()
        .await
        .iter()
        .filter(|event| matches!(event.kind, EventKind::ReloadRequested))
        .map(ToString::to_string)
        .collect();
    let said = "is to read its configuration anew";
    assert_eq!(
        requests,
        [format!("app/storage {said}"), format!("app {said}")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_an_observer_hurts_neither_the_tree_nor_other_observers() {
    let seen: Arc<Mutex<Vec<u64>>> = Arc::default();
    let notes = Arc::clone(&seen);
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .observer(|_: &Event| panic!("an observer's bug"))
        .observer(move |event: &Event| notes.lock().unwrap().push(event.number))
        .child(child.spec().restart(Restart::Permanent));
    let handle = app.start().await.unwrap();
    child.end(End::Error);
    settle().await;
    assert!(handle.shutdown().await.is_clean());
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert_eq!(child.starts(), 2);
}

#[test]
fn an_observer_may_use_the_handle_and_what_follows_is_told_after_it() {
    in_a_thread(|| {
        on_the_paused_clock(async {
            let leaf = Script::new("leaf");
            let app = Supervisor::one_for_one("app").child(leaf.spec());
            let handle = app.handle();
            let journal = Journal::default();
            let (told, seen) = (journal.clone(), handle.clone());
            let app = app.observer(move |event: &Event| {
                told.note(format!("{} {event}", event.number));
                if matches!(event.kind, EventKind::Exited { .. }) {
                    let _late_stream = seen.events();
                    let _tree = seen.snapshot();
                    seen.request_stop();
                }
            });
            app.start().await.unwrap();
            leaf.end(End::Error);
            assert!(handle.wait().await.is_clean());
            let lines = journal.take();
            let stop = "7 app is to stop";
            let crash = "6 app/leaf exited: scripted failure";
            assert_eq!(lines[5..7], [crash, stop], "{lines:?}");
            let numbers: Vec<_> = lines
                .iter()
                .map(|line| line.split(' ').next().unwrap())
                .collect();
            let expected: Vec<_> = (1..=lines.len()).map(|number| number.to_string()).collect();
            assert_eq!(numbers, expected, "each number once, in order");
        });
    });
}

#[test]
fn an_observer_that_asks_again_for_a_stop_that_begins_is_not_told_again() {
    in_a_thread(|| {
        on_the_paused_clock(async {
            let app = Supervisor::one_for_one("app").child(Script::new("leaf").spec());
            let handle = app.handle();
            let journal = Journal::default();
            let (told, seen) = (journal.clone(), handle.clone());
            let app = app.observer(move |event: &Event| {
                if matches!(event.kind, EventKind::StopRequested { .. }) {
                    told.note(event.path.to_string());
                    seen.request_stop();
                }
            });
            app.start().await.unwrap();
            handle.request_stop();
            assert!(handle.wait().await.is_clean());
            assert_eq!(journal.take(), ["app", "app/leaf"]);
        });
    });
}

#[test]
fn an_observer_may_ask_for_a_stop_as_soon_as_the_tree_starts() {
    in_a_thread(|| {
        on_the_paused_clock(async {
            let app = Supervisor::one_for_one("app").child(Script::new("leaf").spec());
            let handle = app.handle();
            let journal = Journal::default();
            let (told, seen) = (journal.clone(), handle.clone());
            let app = app.observer(move |event: &Event| {
                told.note(event.to_string());
                if matches!(event.kind, EventKind::Starting { .. }) {
                    seen.request_stop();
                }
            });
            assert!(matches!(app.start().await, Err(StartError::Stopped { .. })));
            assert_eq!(journal.take()[..2], ["app is started", "app is to stop"]);
        });
    });
}
