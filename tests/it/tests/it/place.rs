//! Children that run elsewhere than their supervisor, and workers that block. In real time, as other
//! runtimes and threads know no other; what is waited for are events and channels.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use perennial::{
    BoxError, ChildSpec, ChildState, Context, DynamicSupervisor, Event, EventKind, ExitReason,
    Fault, Place, Restart, ShutdownStrategy, StartError, Supervisor, blocking, worker,
};
use perennial_test::{Journal, Script};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::support::{init_error, ms, paths, secs, started};

/// Far more than any step of these tests takes.
const LIMIT: Duration = Duration::from_secs(30);

/// What has no other end than the end of the test.
const LONG: Duration = Duration::from_secs(3600);

/// How a worker ends.
type End = fn() -> Result<(), BoxError>;

/// A runtime of somebody else's.
struct Elsewhere(Option<Runtime>);

impl Elsewhere {
    fn new() -> Self {
        let mut builder = Builder::new_multi_thread();
        Self(builder.worker_threads(1).enable_all().build().ok())
    }

    fn handle(&self) -> Handle {
        self.0.as_ref().unwrap().handle().clone()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Notes its name when it is dropped.
struct Held(&'static str, Journal);

impl Drop for Held {
    fn drop(&mut self) {
        self.1.note(self.0);
    }
}

/// Blocks whoever comes there until it is opened.
#[derive(Clone)]
struct Gate(Arc<Mutex<mpsc::Receiver<()>>>);

impl Gate {
    /// The gate is open once the other part is gone.
    fn new() -> (mpsc::Sender<()>, Self) {
        let (open, wait) = mpsc::channel();
        (open, Self(Arc::new(Mutex::new(wait))))
    }

    fn block(&self) {
        let _open = self.0.lock().unwrap().recv();
    }
}

/// What children tell, in their order.
struct Told<T>(UnboundedReceiver<T>);

impl<T> Told<T> {
    async fn next(&mut self) -> T {
        let told = timeout(LIMIT, self.0.recv()).await;
        told.expect("a child tells in time")
            .expect("there are children")
    }
}

fn telephone<T>() -> (UnboundedSender<T>, Told<T>) {
    let (teller, told) = unbounded_channel();
    (teller, Told(told))
}

/// A worker that tells where it runs, and then waits for its stop.
fn telling<T: Send + Sync + 'static>(id: &str, tell: fn() -> T) -> (ChildSpec, Told<T>) {
    let (teller, told) = telephone();
    let spec = worker(id, move |ctx| {
        let teller = teller.clone();
        async move {
            teller.send(tell())?;
            ctx.stopping().await;
            Ok(())
        }
    });
    (spec, told)
}

fn runtime_id() -> tokio::runtime::Id {
    Handle::current().id()
}

fn thread_name() -> Option<String> {
    std::thread::current().name().map(str::to_string)
}

fn app() -> Supervisor {
    Supervisor::one_for_one("app")
}

/// All that makes a place of its own.
fn own_places() -> [Place; 2] {
    [Place::OwnThread, Place::OwnRuntime { threads: 2 }]
}

#[tokio::test]
async fn a_child_runs_where_its_spec_says() {
    let elsewhere = Elsewhere::new();
    let (here, mut at_home) = telling("here", runtime_id);
    let (guest, mut at_guest) = telling("guest", runtime_id);
    let (apart, mut at_apart) = telling("apart", runtime_id);
    let tree = app()
        .child(here)
        .child(guest.place(Place::On(elsewhere.handle())))
        .child(apart.place(Place::OwnThread));
    let handle = tree.start().await.unwrap();
    assert_eq!(at_home.next().await, runtime_id());
    assert_eq!(at_guest.next().await, elsewhere.handle().id());
    let own = at_apart.next().await;
    assert!(own != runtime_id() && own != elsewhere.handle().id());
    let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(paths(&report), ["app/apart", "app/guest", "app/here"]);
}

#[tokio::test]
async fn a_snapshot_shows_the_places_that_are_not_here() {
    let elsewhere = Elsewhere::new();
    let nested = Supervisor::one_for_one("nested").with_dedicated_runtime(2);
    let tree = app()
        .child(Script::new("here"))
        .child(
            Script::new("guest")
                .spec()
                .place(Place::On(elsewhere.handle())),
        )
        .child(Script::new("apart").spec().place(Place::OwnThread))
        .child(nested);
    let handle = tree.start().await.unwrap();
    let snapshot = handle.snapshot();
    let place = |path| snapshot.find(path).unwrap().place.clone();
    assert_eq!(place("app"), Place::Here);
    assert_eq!(place("app/here"), Place::Here);
    assert_eq!(place("app/guest"), Place::On(elsewhere.handle()));
    assert_eq!(place("app/apart"), Place::OwnThread);
    assert_eq!(place("app/nested"), Place::OwnRuntime { threads: 2 });
    let printed = snapshot.to_string();
    let shows = |line: &str, place: &str| {
        let mut lines = printed.lines();
        lines.any(|printed| printed.contains(line) && printed.contains(place))
    };
    assert!(shows("guest", "other runtime"), "{printed}");
    assert!(shows("apart", "own thread"), "{printed}");
    assert!(shows("nested", "own runtime (2)"), "{printed}");
    let nested = handle.supervisor("nested").unwrap().snapshot();
    assert_eq!(nested.entries()[0].place, Place::OwnRuntime { threads: 2 });
    timeout(LIMIT, handle.shutdown()).await.unwrap();
}

#[tokio::test]
async fn a_thread_of_its_own_bears_the_end_of_the_path_of_its_child() {
    for place in own_places() {
        let (spec, mut told) = telling("thumbnails", thread_name);
        let handle = app().child(spec.place(place)).start().await.unwrap();
        assert_eq!(told.next().await.as_deref(), Some("app/thumbnails"));
        timeout(LIMIT, handle.shutdown()).await.unwrap();
    }
}

#[tokio::test]
async fn a_runtime_of_its_own_has_as_many_threads_as_it_was_given() {
    let (teller, mut told) = telephone();
    let pair = worker("pair", move |ctx| {
        let teller = teller.clone();
        async move {
            teller.send(Handle::current().metrics().num_workers())?;
            ctx.stopping().await;
            Ok(())
        }
    });
    let pair = pair.place(Place::OwnRuntime { threads: 2 });
    let handle = app().child(pair).start().await.unwrap();
    assert_eq!(told.next().await, 2);
    timeout(LIMIT, handle.shutdown()).await.unwrap();
}

#[tokio::test]
async fn whatever_way_a_placed_child_ends_its_supervisor_hears_what_became_of_it() {
    let ends: [(&str, End); 3] = [
        ("exited: normal", || Ok(())),
        ("exited: no paper", || Err("no paper".into())),
        ("exited: panicked: jam", || panic!("jam")),
    ];
    let elsewhere = Elsewhere::new();
    let places = own_places()
        .into_iter()
        .chain([Place::On(elsewhere.handle())]);
    for place in places {
        for (told, end) in ends {
            let spec = worker("a", move |_| async move { end() });
            let spec = spec.place(place.clone()).restart(Restart::Temporary);
            let (handle, mut events) = started(&app().child(spec)).await;
            let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
            let end = events.until("its end", is_end).await.to_string();
            assert!(end.starts_with(&format!("app/a {told}")), "{end}");
            timeout(LIMIT, handle.shutdown()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_placed_child_is_killed_and_restarted_like_any_other() {
    let elsewhere = Elsewhere::new();
    let places = own_places()
        .into_iter()
        .chain([Place::On(elsewhere.handle())]);
    for place in places {
        let journal = Journal::default();
        let noted = journal.clone();
        let (teller, mut told) = telephone();
        let spec = worker("a", move |_| {
            let held = Held("dropped", noted.clone());
            let teller = teller.clone();
            async move {
                teller.send(())?;
                let _held = held;
                pending().await
            }
        });
        let (handle, mut events) = started(&app().child(spec.place(place))).await;
        told.next().await;
        handle.kill_child("a").await.unwrap();
        events.expect("app/a exited: killed").await;
        assert_eq!(journal.take(), ["dropped"]);
        events.expect("app/a is restarted").await;
        told.next().await;
        handle.kill_child("a").await.unwrap();
        events.expect("app/a is restarted").await;
        told.next().await;
        assert_eq!(handle.snapshot().find("app/a").unwrap().restarts, 2);
        handle.kill();
        timeout(LIMIT, handle.wait()).await.unwrap();
    }
}

#[tokio::test]
async fn what_runs_on_a_runtime_of_its_own_is_gone_before_the_exit_of_the_child_is_told() {
    for place in own_places() {
        let journal = Journal::default();
        let (noted, told) = (journal.clone(), journal.clone());
        let spec = worker("a", move |_| {
            let stray = Held("stray", noted.clone());
            async move {
                // Of a task that belongs to nobody.
                tokio::spawn(async move {
                    let _stray = stray;
                    pending::<()>().await;
                });
                Ok(())
            }
        });
        let tree = app()
            .observer(move |event: &Event| {
                if let EventKind::Exited { .. } = event.kind {
                    told.note(event.to_string());
                }
            })
            .child(spec.place(place).restart(Restart::Temporary));
        let (handle, mut events) = started(&tree).await;
        events.expect("app/a exited: normal").await;
        assert_eq!(journal.take(), ["stray", "app/a exited: normal"]);
        timeout(LIMIT, handle.shutdown()).await.unwrap();
    }
}

/// A supervisor with a runtime of its own, in which a call blocks until the gate is opened.
fn blocked(gate: Gate, is_in: UnboundedSender<()>) -> Supervisor {
    let child = worker("caller", move |ctx| {
        let (gate, is_in) = (gate.clone(), is_in.clone());
        async move {
            tokio::task::spawn_blocking(move || {
                let _sent = is_in.send(());
                gate.block();
            });
            ctx.stopping().await;
            Ok(())
        }
    });
    Supervisor::one_for_one("nested")
        .with_dedicated_runtime(1)
        .child(child)
}

#[tokio::test]
async fn the_end_of_a_runtime_of_its_own_never_blocks_an_executor_thread() {
    let (open, gate) = Gate::new();
    let (is_in, mut entered) = telephone();
    let tree = app().abort_grace(LONG).child(blocked(gate, is_in));
    let (handle, mut events) = started(&tree).await;
    entered.next().await;
    // There is one thread for all: were it blocked, nobody could open the gate.
    let stop = tokio::spawn(async move { handle.shutdown().await });
    events.expect("app/nested/caller exited: shutdown").await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!stop.is_finished());
    drop(open);
    let report = timeout(LIMIT, stop).await.unwrap().unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(paths(&report), ["app/nested/caller", "app/nested"]);
}

#[tokio::test]
async fn a_runtime_of_its_own_that_does_not_end_is_named_in_the_report_and_left_behind() {
    let (open, gate) = Gate::new();
    let (is_in, mut entered) = telephone();
    let tree = app().abort_grace(ms(50)).child(blocked(gate, is_in));
    let (handle, mut events) = started(&tree).await;
    entered.next().await;
    let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
    assert!(!report.is_clean());
    assert_eq!(paths(&report), ["app/nested/caller", "app/nested"]);
    let nested = &report.children()[1];
    assert!(nested.unresponsive && matches!(nested.exit, ExitReason::Unresponsive));
    events
        .expect("app/nested is unresponsive: its task does not end")
        .await;
    drop(open);
}

#[tokio::test]
async fn a_supervisor_with_a_runtime_of_its_own_has_all_below_it_there() {
    let (first, mut at_first) = telling("first", runtime_id);
    let (second, mut at_second) = telling("second", runtime_id);
    let inner = Supervisor::one_for_one("inner").child(second);
    let nested = Supervisor::one_for_all("nested")
        .with_dedicated_runtime(2)
        .child(first)
        .child(inner);
    let (handle, mut events) = started(&app().child(nested)).await;
    let own = at_first.next().await;
    assert_eq!(at_second.next().await, own);
    assert_ne!(own, runtime_id());
    // The next life has the next runtime.
    handle.kill_child("nested").await.unwrap();
    events.expect("app/nested exited: killed").await;
    events.expect("app/nested runs").await;
    let next = at_first.next().await;
    assert_eq!(at_second.next().await, next);
    assert_ne!(next, own);
    let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_tree_that_is_killed_takes_its_threads_along_and_its_streams_end_after_them() {
    let (teller, told) = mpsc::channel::<()>();
    let spec = |id: &'static str| {
        let teller = teller.clone();
        worker(id, move |_| {
            let teller = teller.clone();
            async move {
                let _told_when_dropped = teller;
                pending().await
            }
        })
    };
    let tree = app()
        .child(spec("thread").place(Place::OwnThread))
        .child(spec("runtime").place(Place::OwnRuntime { threads: 1 }));
    let (handle, mut events) = started(&tree).await;
    drop((tree, teller));
    handle.kill();
    let rest = timeout(LIMIT, events.rest()).await.unwrap();
    let ends: Vec<_> = rest.iter().map(ToString::to_string).collect();
    for child in ["app/thread", "app/runtime"] {
        assert!(
            ends.contains(&format!("{child} exited: killed")),
            "{ends:?}"
        );
    }
    drop(handle);
    // Nobody is there any more who could tell.
    assert_eq!(
        told.recv_timeout(LIMIT),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[tokio::test]
async fn a_place_on_a_runtime_that_was_shut_down_is_an_initialization_failure() {
    let gone = Elsewhere::new().handle();
    let spec = Script::new("a").spec().place(Place::On(gone));
    let started = timeout(LIMIT, app().child(spec).start()).await.unwrap();
    let error = init_error(started.unwrap_err());
    let (path, exit) = error.origin().unwrap();
    assert_eq!(path.to_string(), "app/a");
    assert!(matches!(exit, ExitReason::InitializationFailed(_)));
    assert_eq!(exit.to_string(), "the runtime of its place was shut down");
}

#[tokio::test]
async fn a_runtime_that_ends_below_a_child_kills_it_and_nothing_hangs() {
    let elsewhere = Elsewhere::new();
    let spec = worker("a", |_| pending()).place(Place::On(elsewhere.handle()));
    let (handle, mut events) = started(&app().child(spec)).await;
    drop(elsewhere);
    events.expect("app/a exited: killed").await;
    events
        .expect("app/a could not start: the runtime of its place was shut down")
        .await;
    assert!(timeout(LIMIT, handle.wait()).await.is_ok());
}

#[tokio::test]
async fn a_runtime_that_cannot_be_made_is_an_initialization_failure_and_no_panic() {
    // More threads than anybody can count.
    let place = Place::OwnRuntime {
        threads: usize::MAX,
    };
    let spec = Script::new("a").spec().place(place);
    let started = timeout(LIMIT, app().child(spec).start()).await.unwrap();
    let error = init_error(started.unwrap_err());
    let (path, exit) = error.origin().unwrap();
    assert_eq!(path.to_string(), "app/a");
    let told = exit.to_string();
    assert!(
        told.starts_with("no runtime could be made for it: "),
        "{told}"
    );
}

#[test]
fn check_refuses_a_runtime_without_threads_and_a_root_with_a_place() {
    let tree = app()
        .with_dedicated_runtime(2)
        .child(
            Script::new("none")
                .spec()
                .place(Place::OwnRuntime { threads: 0 }),
        )
        .child(Supervisor::one_for_one("nested").with_dedicated_runtime(0))
        .child(Supervisor::one_for_one("fine").with_dedicated_runtime(1));
    let error = tree.check().unwrap_err();
    let faults = error.faults();
    let faults: Vec<_> = faults
        .map(|(path, fault)| (path.to_string(), fault.clone()))
        .collect();
    let expected = [
        ("app", Fault::PlacedRoot),
        ("app/none", Fault::NoThreads),
        ("app/nested", Fault::NoThreads),
    ];
    assert_eq!(
        faults,
        expected.map(|(path, fault)| (path.to_string(), fault))
    );
}

#[tokio::test]
async fn a_root_with_a_place_is_refused_and_not_silently_run_elsewhere() {
    let sessions = DynamicSupervisor::new("sessions", |(): ()| Script::new("session"));
    let refused = sessions
        .with_dedicated_runtime(1)
        .start()
        .await
        .unwrap_err();
    assert!(matches!(refused, StartError::Spec { .. }), "{refused}");
    let refused = app().with_dedicated_runtime(1).start().await.unwrap_err();
    assert!(matches!(refused, StartError::Spec { .. }), "{refused}");
}

#[tokio::test]
async fn a_stop_drops_the_initialization_of_a_placed_child() {
    for place in own_places() {
        let slow = Script::new("slow").starts_with(perennial_test::StartAct::Hang);
        let (handle, mut events) = started(&app()).await;
        let adding = handle.clone();
        let spec = slow.spec().place(place);
        let adding = tokio::spawn(async move { adding.start_child(spec).await });
        events
            .until("the start", |event| event.path.id() == "slow")
            .await;
        let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
        assert!(adding.await.unwrap().is_err());
        assert!(
            report.children().iter().all(|child| !child.forced),
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_dynamic_child_has_the_place_of_its_template() {
    let (teller, mut told) = telephone();
    let sessions = DynamicSupervisor::new("sessions", move |(): ()| {
        let teller = teller.clone();
        let session = worker("session", move |ctx| {
            let teller = teller.clone();
            async move {
                teller.send(thread_name())?;
                ctx.stopping().await;
                Ok(())
            }
        });
        session.place(Place::OwnThread)
    });
    let handle = sessions.start().await.unwrap();
    for number in 1..=2 {
        let child = handle.start_child(()).await.unwrap();
        assert_eq!(child.id().as_str(), format!("session#{number}"));
        let name = told.next().await.unwrap();
        assert!(name.ends_with(&format!("session#{number}")), "{name}");
    }
    let report = timeout(LIMIT, handle.as_supervisor().shutdown())
        .await
        .unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_placed_child_has_its_stash_its_scope_and_the_dataspace() {
    let (teller, mut told) = telephone();
    let spec = worker("a", move |ctx: Context| {
        let teller = teller.clone();
        async move {
            let stash = ctx.stash::<u32>();
            let lives = stash.get().unwrap_or(0) + 1;
            stash.put(lives);
            let published = ctx.publish("a", lives)?;
            let scope = ctx.scope();
            let at = scope.spawn(async { runtime_id() });
            assert_eq!(at.await?, runtime_id());
            scope.join().await;
            assert!(scope.is_empty());
            teller.send(lives)?;
            let _published = published;
            pending().await
        }
    });
    let (handle, mut events) = started(&app().child(spec.place(Place::OwnThread))).await;
    for lives in 1..=2_u32 {
        assert_eq!(told.next().await, lives);
        let dataspace = handle.dataspace().unwrap();
        assert_eq!(dataspace.get::<u32>("a").as_deref(), Some(&lives));
        handle.kill_child("a").await.unwrap();
        events.expect("app/a exited: killed").await;
    }
    handle.kill();
}

/// A worker that blocks until it is asked to stop, and tells when it comes and goes.
fn polling(journal: &Journal) -> ChildSpec {
    let journal = journal.clone();
    blocking("a", move |ctx| {
        journal.note("comes");
        while !ctx.stop_requested_within(LONG) {}
        journal.note("goes");
        Ok(())
    })
}

#[tokio::test]
async fn a_blocking_worker_is_asked_to_stop_while_it_waits() {
    let journal = Journal::default();
    let (handle, mut events) = started(&app().child(polling(&journal))).await;
    let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
    events.expect("app/a exited: shutdown").await;
    assert_eq!(journal.take(), ["comes", "goes"]);
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn a_blocking_worker_that_is_killed_hears_of_that_and_is_gone_before_the_next_life() {
    let journal = Journal::default();
    let spec = polling(&journal).shutdown(ShutdownStrategy::Brutal);
    let (handle, mut events) = started(&app().abort_grace(LONG).child(spec)).await;
    handle.kill_child("a").await.unwrap();
    events.expect("app/a exited: killed").await;
    assert_eq!(journal.take(), ["comes", "goes"]);
    events.expect("app/a runs").await;
    timeout(LIMIT, handle.shutdown()).await.unwrap();
    assert_eq!(journal.take(), ["comes", "goes"]);
}

#[tokio::test]
async fn a_wait_for_the_stop_of_a_blocking_worker_has_an_end() {
    let (teller, mut told) = telephone();
    let spec = blocking("a", move |ctx| {
        teller.send(ctx.stop_requested_within(ms(1)))?;
        Ok(())
    });
    let (handle, mut events) = started(&app().child(spec.restart(Restart::Temporary))).await;
    events.expect("app/a exited: normal").await;
    assert!(!told.next().await);
    handle.shutdown().await;
}

#[tokio::test]
async fn an_error_and_a_panic_of_a_blocking_worker_are_its_exit() {
    let ends: [(&str, End); 2] = [
        ("app/a exited: no paper", || Err("no paper".into())),
        ("app/a exited: panicked: jam", || panic!("jam")),
    ];
    for (told, end) in ends {
        let spec = blocking("a", move |_| end()).restart(Restart::Temporary);
        let (handle, mut events) = started(&app().child(spec)).await;
        let is_end = |event: &Event| matches!(event.kind, EventKind::Exited { .. });
        let end = events.until("its end", is_end).await.to_string();
        assert!(end.starts_with(told), "{end}");
        handle.shutdown().await;
    }
}

#[tokio::test]
async fn a_blocking_worker_that_never_looks_is_named_and_its_late_end_disturbs_nobody() {
    let (open, gate) = Gate::new();
    let (is_in, mut entered) = telephone();
    let was_here = AtomicBool::new(false);
    let spec = blocking("a", move |ctx| {
        is_in.send(())?;
        if was_here.swap(true, Ordering::Relaxed) {
            while !ctx.stop_requested_within(LONG) {}
        } else {
            gate.block();
        }
        Ok(())
    });
    let spec = spec.shutdown(ShutdownStrategy::Graceful(ms(20)));
    let (handle, mut events) = started(&app().abort_grace(ms(50)).child(spec)).await;
    entered.next().await;
    handle.kill_child("a").await.unwrap();
    events
        .expect("app/a is unresponsive: its task does not end")
        .await;
    entered.next().await;
    events.expect("app/a runs").await;
    let life = handle.which_child("a").await.unwrap().incarnation;
    drop(open);
    events.expect("app/a exited: killed").await;
    let info = handle.which_child("a").await.unwrap();
    assert_eq!((info.incarnation, info.state), (life, ChildState::Running));
    let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn in_the_thread_of_a_blocking_worker_the_runtime_of_the_child_is_at_hand() {
    let (teller, mut told) = telephone();
    let spec = blocking("reader", move |ctx| {
        let at = Handle::current().block_on(ctx.scope().spawn(async { runtime_id() }))?;
        teller.send((at, thread_name()))?;
        while !ctx.stop_requested_within(LONG) {}
        Ok(())
    });
    let handle = app().child(spec).start().await.unwrap();
    let (at, name) = told.next().await;
    assert_eq!((at, name.as_deref()), (runtime_id(), Some("app/reader")));
    timeout(LIMIT, handle.shutdown()).await.unwrap();
}

#[tokio::test]
async fn many_placed_children_come_and_go_without_a_trace() {
    let mut tree = app().intensity(1_000, secs(1));
    for number in 0..8 {
        let places = own_places();
        let place = places[number % places.len()].clone();
        let spec = Script::new(format!("child-{number}")).spec().place(place);
        tree = tree.child(spec);
    }
    for _ in 0..5 {
        let handle = tree.start().await.unwrap();
        let report = timeout(LIMIT, handle.shutdown()).await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.children().len(), 8);
    }
}
