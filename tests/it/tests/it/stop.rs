//! How a tree is stopped: in reverse order, in time, and at any moment.

use perennial::{
    ChildSpec, Event, EventKind, InitPolicy, Outcome, Semantics, ShutdownStrategy, Strategy,
    Supervisor,
};
use perennial_test::{End, Events, Journal, Script, StartAct, StopAct, settle};
use tokio::time::Instant;

use crate::support::{ms, paths, secs, started};

fn three(journal: &Journal) -> [Script; 3] {
    ["a", "b", "c"].map(|id| Script::new(id).noting(journal))
}

fn app(strategy: Strategy, children: &[Script]) -> Supervisor {
    let app = Supervisor::new("app", strategy).intensity(10, secs(5));
    children
        .iter()
        .fold(app, |app, child| app.child(child.clone()))
}

#[tokio::test(start_paused = true)]
async fn children_stop_in_reverse_order_whatever_was_restarted() {
    for restarted in [vec![0], vec![1], vec![2], vec![0, 1], vec![2, 0, 1]] {
        let journal = Journal::default();
        let children = three(&journal);
        let (handle, mut events) = started(&app(Strategy::OneForOne, &children)).await;
        for index in restarted {
            children[index].end(End::Error);
            events
                .until("a restart", |event| {
                    event.to_string().ends_with("is restarted")
                })
                .await;
            settle().await;
        }
        let _before = journal.take();
        let report = handle.shutdown().await;
        assert_eq!(journal.all("ends"), ["c", "b", "a"]);
        assert_eq!(paths(&report), ["app/c", "app/b", "app/a"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ends_while_another_stops_does_not_change_the_order() {
    let journal = Journal::default();
    let ids = ["a", "b", "c", "d"];
    let children = ids.map(|id| {
        Script::new(id)
            .noting(&journal)
            .stop(StopAct::Slow(secs(1)))
    });
    let (handle, mut events) = started(&app(Strategy::OneForOne, &children)).await;
    let stop = tokio::spawn(async move { handle.shutdown().await });
    events.expect("app/d is to stop within 5 s").await;
    children[0].end(End::Done);
    assert!(stop.await.unwrap().is_clean());
    assert_eq!(journal.all("is to stop"), ["d", "c", "b"]);
    assert_eq!(journal.all("ends"), ["a", "d", "c", "b"]);
}

#[tokio::test(start_paused = true)]
async fn each_child_is_gone_before_the_one_before_it_is_asked() {
    let journal = Journal::default();
    let children = three(&journal).map(|child| child.stop(StopAct::Slow(ms(100))));
    let (handle, _events) = started(&app(Strategy::OneForOne, &children)).await;
    let _starts = journal.take();
    let began = Instant::now();
    handle.shutdown().await;
    assert_eq!(began.elapsed(), ms(300));
    let expected = [
        "c is to stop",
        "c ends",
        "b is to stop",
        "b ends",
        "a is to stop",
        "a ends",
    ];
    assert_eq!(journal.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ignores_stop_is_killed_when_its_grace_is_over() {
    let deaf = Script::new("deaf").stop(StopAct::Hang);
    let spec = deaf.spec().shutdown(ShutdownStrategy::Graceful(ms(700)));
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    let report = handle.shutdown().await;
    let child = &report.children()[0];
    assert_eq!(
        (child.took, child.forced, child.unresponsive),
        (ms(700), true, false)
    );
    assert_eq!(child.exit.to_string(), "killed");
    assert!(!report.is_clean());
    assert_eq!(
        report.to_string(),
        "app/deaf  killed after 700 ms, had to be killed"
    );
    events.expect("app/deaf is killed").await;
}

#[tokio::test(start_paused = true)]
async fn a_brutal_child_is_killed_without_being_asked() {
    let journal = Journal::default();
    let child = Script::new("a").noting(&journal).stop(StopAct::Hang);
    let spec = child.spec().shutdown(ShutdownStrategy::Brutal);
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert_eq!(began.elapsed(), ms(0));
    assert!(report.is_clean(), "as its spec says: {report}");
    assert_eq!(journal.take(), ["a starts", "a runs", "a ends"]);
    let asked = |event: &Event| {
        event.path.to_string() == "app/a" && matches!(event.kind, EventKind::StopRequested { .. })
    };
    assert!(!events.rest().await.iter().any(asked));
}

#[tokio::test(start_paused = true)]
async fn an_infinite_child_is_waited_for_without_a_limit() {
    let slow = Script::new("slow").stop(StopAct::Slow(secs(1_000_000)));
    let spec = slow.spec().shutdown(ShutdownStrategy::Infinite);
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert_eq!(began.elapsed(), secs(1_000_000));
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_gets_the_time_that_its_own_tree_needs() {
    let slow = |id| {
        let child = Script::new(id).stop(StopAct::Slow(secs(9)));
        child.spec().shutdown(ShutdownStrategy::Graceful(secs(10)))
    };
    let nested = Supervisor::one_for_one("nested")
        .child(slow("a"))
        .child(slow("b"))
        .child(slow("c"));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(nested)).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert_eq!(began.elapsed(), secs(27));
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_with_a_grace_of_its_own_is_killed_with_its_tree_when_that_is_over() {
    let deaf = Script::new("deaf").stop(StopAct::Hang);
    let nested =
        Supervisor::one_for_one("nested").child(deaf.spec().shutdown(ShutdownStrategy::Infinite));
    let spec = ChildSpec::new(nested).shutdown(ShutdownStrategy::Graceful(secs(2)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert_eq!(began.elapsed(), secs(2));
    assert!(!report.is_clean());
    settle().await;
    assert_eq!(deaf.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_an_initialization_drops_it_at_once() {
    let journal = Journal::default();
    let stuck = Script::new("stuck")
        .noting(&journal)
        .start(2, StartAct::Hang);
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(stuck.clone())).await;
    stuck.end(End::Error);
    events.expect("app/stuck is restarted").await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    assert_eq!(began.elapsed(), ms(0));
    let lines = journal.take();
    assert_eq!(lines.last().unwrap(), "stuck is cut off");
    assert!(report.is_clean(), "it ended as it was asked to: {report}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_a_group_is_stopped_for_a_restart_turns_into_the_stop() {
    let journal = Journal::default();
    let [a, b, c] = three(&journal);
    let c = c.stop(StopAct::Slow(secs(3)));
    let children = [a.clone(), b, c];
    let (handle, mut events) = started(&app(Strategy::OneForAll, &children)).await;
    let _starts = journal.take();
    a.end(End::Error);
    events.expect("app/c is to stop within 5 s").await;
    let report = handle.shutdown().await;
    let expected = ["a ends", "c is to stop", "c ends", "b is to stop", "b ends"];
    assert_eq!(journal.take(), expected, "nothing is started again");
    assert_eq!(paths(&report), ["app/c", "app/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_a_group_starts_again_starts_no_further_child() {
    let journal = Journal::default();
    let [a, b, c] = three(&journal);
    let children = [a.clone(), b.start(2, StartAct::Hang), c];
    let (handle, mut events) = started(&app(Strategy::OneForAll, &children)).await;
    a.end(End::Error);
    events.expect("app/b is restarted").await;
    settle().await;
    let _before = journal.take();
    let began = Instant::now();
    handle.shutdown().await;
    assert_eq!(began.elapsed(), ms(0));
    assert_eq!(journal.take(), ["b is cut off", "a is to stop", "a ends"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_retry_ends_the_retries() {
    let broken = Script::new("broken")
        .start(2, StartAct::SlowFail(ms(10)))
        .start(3, StartAct::Hang);
    let spec = broken.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    broken.end(End::Error);
    events
        .expect("app/broken could not start: scripted failure")
        .await;
    handle.shutdown().await;
    assert!(broken.starts() <= 3);
    assert_eq!(broken.alive(), 0);
    assert!(matches!(handle.wait().await, Outcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_stop_request_is_heard_before_an_exit_that_came_earlier() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(0, secs(1))
        .child(child.clone());
    let (handle, _events) = started(&app).await;
    let hold = handle.hold();
    child.end(End::Error);
    settle().await;
    handle.request_stop();
    drop(hold);
    let outcome = handle.wait().await;
    assert!(
        matches!(outcome, Outcome::Stopped),
        "neither restarted nor given up: {outcome}"
    );
    assert_eq!(child.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn with_arrival_order_a_stop_request_waits_for_its_turn() {
    let child = Script::new("a");
    let mut semantics = Semantics::default();
    semantics.arrival_order = true;
    let app = Supervisor::one_for_one("app")
        .semantics(semantics)
        .child(child.clone());
    let (handle, _events) = started(&app).await;
    let hold = handle.hold();
    child.end(End::Error);
    settle().await;
    handle.request_stop();
    drop(hold);
    assert!(matches!(handle.wait().await, Outcome::Stopped));
    assert_eq!(child.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_exit_after_the_stop_request_is_neither_restarted_nor_counted() {
    let [a, b] = ["a", "b"].map(|id| Script::new(id).stop(StopAct::Slow(secs(1))));
    let app = Supervisor::one_for_one("app")
        .intensity(0, secs(5))
        .child(a.clone())
        .child(b);
    let (handle, mut events) = started(&app).await;
    handle.request_stop();
    events.expect("app/b is to stop within 5 s").await;
    a.end(End::Error);
    assert!(matches!(handle.wait().await, Outcome::Stopped));
    assert_eq!(a.starts(), 1);
}

/// Each way out: what is done to the tree, and how its outcome begins.
#[tokio::test(start_paused = true)]
async fn on_every_way_out_the_others_stop_in_order_and_in_good_time() {
    for (way, said) in [
        ("restart", "app/last failed to initialize at a restart"),
        ("limit", "app gave up"),
        ("significant", "ended, as app/last"),
    ] {
        let journal = Journal::default();
        let slow = |id| {
            Script::new(id)
                .noting(&journal)
                .stop(StopAct::Slow(secs(1)))
        };
        let last = Script::new("last").start(2, StartAct::Fail);
        let app = Supervisor::one_for_one("app")
            .child(slow("a"))
            .child(Supervisor::one_for_one("nested").child(slow("b")));
        let (app, end) = match way {
            "restart" => (app.child(last.clone()), End::Error),
            "limit" => (app.child(last.clone()).intensity(0, secs(1)), End::Error),
            _ => {
                let spec = last
                    .spec()
                    .restart(perennial::Restart::Transient)
                    .significant();
                (
                    app.auto_shutdown(perennial::AutoShutdown::AnySignificant)
                        .child(spec),
                    End::Done,
                )
            }
        };
        let (handle, _events) = started(&app).await;
        let _starts = journal.take();
        let began = Instant::now();
        last.end(end);
        let outcome = handle.wait().await;
        assert!(outcome.to_string().starts_with(said), "{outcome}");
        assert_eq!(began.elapsed(), secs(2));
        assert_eq!(
            journal.take(),
            ["b is to stop", "b ends", "a is to stop", "a ends"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_of_a_tree_that_has_ended_tells_how_that_went() {
    let app = Supervisor::one_for_one("app").child(Script::new("a"));
    let handle = app.start().await.unwrap();
    let first = handle.shutdown().await;
    assert_eq!(paths(&handle.shutdown().await), paths(&first));
    assert_eq!(paths(&first), ["app/a"]);
}

#[tokio::test(start_paused = true)]
async fn two_shutdowns_at_once_get_the_same_report() {
    let (handle, _events) = started(&app(Strategy::OneForOne, &three(&Journal::default()))).await;
    let (first, second) = tokio::join!(handle.shutdown(), handle.shutdown());
    assert_eq!(paths(&first), ["app/c", "app/b", "app/a"]);
    assert_eq!(paths(&first), paths(&second));
}

#[tokio::test(start_paused = true)]
async fn run_until_stops_the_tree_when_its_signal_comes_and_returns_the_report() {
    let app = app(Strategy::OneForOne, &three(&Journal::default()));
    let mut events = Events::of(&app.handle());
    let report = app.run_until(events.expect("app runs")).await.unwrap();
    assert_eq!(paths(&report), ["app/c", "app/b", "app/a"]);
}

#[tokio::test(start_paused = true)]
async fn times_beyond_what_a_clock_can_tell_are_no_limit_and_no_panic() {
    let ever = std::time::Duration::MAX;
    let slow = Script::new("slow")
        .starts_with(StartAct::Slow(secs(1)))
        .stop(StopAct::Slow(secs(1)));
    let spec = slow
        .spec()
        .init_timeout(ever)
        .shutdown(ShutdownStrategy::Graceful(ever));
    let brutal = Script::new("brutal")
        .spec()
        .shutdown(ShutdownStrategy::Brutal);
    let app = Supervisor::one_for_one("app")
        .abort_grace(ever)
        .intensity(1, ever)
        .child(spec)
        .child(brutal);
    let (handle, mut events) = started(&app).await;
    handle.kill_child("brutal").await.unwrap();
    events.expect("app/brutal is restarted").await;
    let report = handle.shutdown().await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn in_blocking_semantics_a_call_that_waits_takes_nothing_of_the_abort_grace_of_a_child() {
    let mut semantics = Semantics::default();
    semantics.blocking = true;
    let deaf = Script::new("deaf").stop(StopAct::Hang);
    let app = Supervisor::one_for_one("app")
        .semantics(semantics)
        .child(deaf.clone())
        .child(Script::new("other"));
    let (handle, mut events) = started(&app).await;
    let hold = handle.hold();
    // Both are in the inbox at the same time; the second waits until the first is done.
    let stopped = ["deaf", "other"].map(|id| {
        let handle = handle.clone();
        tokio::spawn(async move { handle.terminate_child(id).await })
    });
    settle().await;
    drop(hold);
    for stopped in stopped {
        stopped.await.unwrap().unwrap();
    }
    let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
    events.until("its end", is_end).await;
    let mut passed = events.passed().iter().map(|event| &event.kind);
    assert!(passed.all(|kind| !matches!(kind, EventKind::Unresponsive)));
    assert_eq!(deaf.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_takes_no_longer_than_its_budget_and_who_still_runs_then_is_killed() {
    let deaf = |id: &str| Script::new(id).stop(StopAct::Hang);
    let children = ["a", "b", "c"].map(deaf);
    let app = children
        .iter()
        .fold(Supervisor::one_for_one("app"), |app, child| {
            let spec = child.spec().shutdown(ShutdownStrategy::Graceful(secs(4)));
            app.child(spec)
        });
    let handle = app.stop_budget(secs(6)).start().await.unwrap();
    let report = handle.shutdown().await;
    assert_eq!(report.took(), secs(6));
    let took: Vec<_> = report.children().iter().map(|child| child.took).collect();
    assert_eq!(took, [secs(4), secs(2), secs(0)]);
    assert!(report.children().iter().all(|child| child.forced));
}

#[tokio::test(start_paused = true)]
async fn a_budget_is_divided_downward_and_each_level_keeps_a_reserve_to_report() {
    let deaf = |id: &str| Script::new(id).stop(StopAct::Hang);
    let hopeless = deaf("worker").spec().shutdown(ShutdownStrategy::Infinite);
    let inner = Supervisor::one_for_one("inner").child(hopeless);
    let middle = Supervisor::one_for_one("middle").child(inner);
    let app = Supervisor::one_for_one("app").child(middle);
    let handle = app.stop_budget(secs(100)).start().await.unwrap();
    let report = handle.shutdown().await;
    // 100 s, less a twentieth on each of two levels.
    assert_eq!(report.took(), ms(90_250));
    let told: Vec<_> = report
        .children()
        .iter()
        .map(|child| (child.path.to_string(), child.forced))
        .collect();
    let expected = [
        ("app/middle/inner/worker", true),
        ("app/middle/inner", false),
        ("app/middle", false),
    ];
    assert_eq!(
        told,
        expected.map(|(path, forced)| (path.to_string(), forced))
    );
}

#[tokio::test(start_paused = true)]
async fn a_budget_holds_for_a_child_that_was_being_stopped_before() {
    let deaf = Script::new("deaf").stop(StopAct::Hang);
    let app = Supervisor::one_for_one("app")
        .child(deaf.spec().shutdown(ShutdownStrategy::Infinite))
        .stop_budget(secs(2));
    let handle = app.start().await.unwrap();
    let other = handle.clone();
    let call = tokio::spawn(async move { other.terminate_child("deaf").await });
    settle().await;
    let report = tokio::time::timeout(secs(60), handle.shutdown()).await;
    assert_eq!(report.expect("it ends in time").took(), secs(2));
    call.await.unwrap().unwrap();
}

/// How a budget comes to a supervisor that has more time when it is asked to stop.
#[derive(Clone, Copy, Debug)]
enum AskedBefore {
    /// By its supervisor.
    ByCall,
    /// By whoever has its handle.
    ByHandle,
}

#[tokio::test(start_paused = true)]
async fn a_budget_reaches_a_supervisor_that_was_asked_to_stop_before_it() {
    for how in [AskedBefore::ByCall, AskedBefore::ByHandle] {
        let deaf = Script::new("deaf").stop(StopAct::Hang);
        let deaf = deaf.spec().shutdown(ShutdownStrategy::Infinite);
        let inner = Supervisor::one_for_one("inner").child(deaf);
        let inner_handle = inner.handle();
        let middle = Supervisor::one_for_one("middle").child(inner);
        let app = Supervisor::one_for_one("app")
            .child(middle)
            .stop_budget(secs(100));
        let handle = app.start().await.unwrap();
        let other = handle.clone();
        let call = tokio::spawn(async move {
            match how {
                AskedBefore::ByCall => other.terminate_child("middle").await.unwrap(),
                AskedBefore::ByHandle => drop(inner_handle.shutdown().await),
            }
        });
        settle().await;
        let report = tokio::time::timeout(secs(200), handle.shutdown()).await;
        let report = report.expect("it ends in time");
        // Less a twentieth on each of two levels, as if it had been asked now.
        assert_eq!(report.took(), ms(90_250), "{how:?}");
        let forced: Vec<_> = report.children().iter().map(|child| child.forced).collect();
        assert_eq!(forced, [true, false, false], "{how:?}");
        call.await.unwrap();
    }
}
