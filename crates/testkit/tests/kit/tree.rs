//! A test tree hurts, waits and judges as it says.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use perennial_core::{
    ChildSpec, Context, DynamicSupervisor, InitPolicy, InitializationError, Outcome, Restart,
    ShutdownStrategy, Supervisable, Supervisor, async_trait, worker,
};
use perennial_test::{
    End, Escalated, Events, Exited, Failed, FaultPlan, GaveUp, Journal, Killed, Panicked,
    Restarted, Script, StartAct, Started, StopAct, StopRequested, TestTree, settle,
};

use crate::support::{panic_of, plain, secs};

/// A worker of a user's that does something at its first start, and later waits for its stop.
fn once<F: Future<Output = ()> + Send>(
    id: &str,
    act: impl Fn(Context) -> F + Send + Sync + Copy + 'static,
) -> ChildSpec {
    worker(id, move |ctx| async move {
        if ctx.last_exit().is_none() {
            act(ctx.clone()).await;
        }
        ctx.stopping().await;
        Ok(())
    })
}

fn storage() -> Supervisor {
    Supervisor::rest_for_one("storage")
        .child(plain("database"))
        .child(plain("indexer"))
}

fn app() -> Supervisor {
    Supervisor::one_for_one("app")
        .child(storage())
        .child(plain("web"))
}

#[tokio::test(start_paused = true)]
async fn a_crash_on_demand_of_any_worker_is_expected_and_followed_by_what_the_strategy_says() {
    let tree = TestTree::start(app()).await;
    tree.crash("storage/database").await;
    tree.expect(Restarted("storage/database")).await;
    tree.expect(Restarted("storage/indexer")).await;
    tree.expect_no(Exited("web")).await;
    assert!(tree.stop().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_panic_that_nobody_expected_fails_the_test() {
    let moody = once("moody", |_| async { panic!("a bug") });
    let tree = TestTree::start(Supervisor::one_for_one("app").child(moody)).await;
    tree.expect(Restarted("moody")).await;
    let verdict = tree.judge().await;
    assert!(!verdict.is_clean());
    assert_eq!(
        verdict.to_string(),
        "tree app: not expected by this test:\n  6 app/moody exited: panicked: a bug"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_an_initialization_that_nobody_expected_fails_the_test() {
    struct Mine(AtomicBool);
    #[async_trait]
    impl Supervisable for Mine {
        fn name(&self) -> &str {
            "mine"
        }
        async fn initialize(
            &self,
            ctx: Context,
        ) -> Result<perennial_core::Started<'_>, InitializationError> {
            assert!(!self.0.swap(true, Ordering::SeqCst), "a bug");
            Ok(perennial_core::Started::run(async move {
                ctx.stopping().await;
            }))
        }
    }
    let mine = ChildSpec::new(Mine(AtomicBool::new(false)));
    let mine = mine.init_policy(InitPolicy::FatalOnFirstStart);
    let tree = TestTree::start(Supervisor::one_for_one("app").child(mine)).await;
    tree.fail("mine").await;
    tree.expect(GaveUp("app")).await;
    let verdict = tree.judge().await;
    assert!(verdict.to_string().contains("panicked: a bug"), "{verdict}");
}

#[tokio::test(start_paused = true)]
async fn stop_panics_with_the_verdict_and_the_tree_is_down() {
    let moody = once("moody", |_| async { panic!("a bug") });
    let journal = Journal::default();
    let witness = Script::new("witness").noting(&journal);
    let app = Supervisor::one_for_one("app").child(witness).child(moody);
    let tree = TestTree::start(app).await;
    settle().await;
    let message = panic_of(tree.stop()).await;
    assert!(message.contains("panicked: a bug"), "{message}");
    assert_eq!(
        journal.all("ends"),
        ["witness"],
        "it was stopped all the same"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_that_was_waited_for_or_allowed_fails_no_test() {
    let moody = || {
        let moody = once("moody", |_| async { panic!("a bug") });
        Supervisor::one_for_one("app").child(moody)
    };
    let tree = TestTree::start(moody()).await;
    tree.expect(Panicked("moody")).await;
    tree.stop().await;

    let tree = TestTree::start(moody()).await;
    settle().await;
    tree.allow(Panicked("moody"));
    tree.stop().await;

    let tree = TestTree::start(moody()).await;
    settle().await;
    tree.allow(Panicked("app/somebody"));
    assert!(!tree.judge().await.is_clean(), "another panic was allowed");
}

#[tokio::test(start_paused = true)]
async fn a_give_up_that_nobody_expected_fails_the_test_also_when_the_crashes_were_ordered() {
    for is_expected in [false, true] {
        let storage = storage().intensity(0, secs(5));
        let tree = TestTree::start(Supervisor::one_for_one("app").child(storage)).await;
        tree.crash("storage/indexer").await;
        if is_expected {
            tree.expect(GaveUp("storage")).await;
        }
        tree.expect(Restarted("storage")).await;
        let verdict = tree.judge().await;
        assert_eq!(verdict.is_clean(), is_expected, "{verdict}");
        assert_eq!(
            verdict.to_string().contains("app/storage gave up"),
            !is_expected
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_brought_back_fails_the_test_unless_it_was_expected() {
    for is_expected in [false, true] {
        let tree = TestTree::start(app()).await;
        tree.next_start("web", StartAct::Fail);
        tree.fail("web").await;
        if is_expected {
            tree.expect(Escalated("app")).await;
        }
        tree.expect(Exited("app")).await;
        assert_eq!(tree.judge().await.is_clean(), is_expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_outlives_the_tree_fails_the_test() {
    for leaked in 0..3 {
        let leaky = worker("leaky", move |ctx| async move {
            for _ in 0..leaked {
                tokio::spawn(std::future::pending::<()>());
            }
            ctx.stopping().await;
            Ok(())
        });
        let tree = TestTree::start(Supervisor::one_for_one("app").child(leaky)).await;
        let verdict = tree.judge().await;
        assert_eq!(verdict.leaked_tasks(), leaked);
        assert_eq!(verdict.is_clean(), leaked == 0, "{verdict}");
        let words = ["nothing unexpected", "a task outlived", "2 tasks outlived"];
        assert!(verdict.to_string().contains(words[leaked]), "{verdict}");
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_end_soon_after_the_tree_and_those_that_the_test_allows_are_no_leak() {
    let tidy = worker("tidy", |ctx| async move {
        let own = ctx.clone();
        tokio::spawn(async move {
            own.stopping().await;
            tokio::time::timeout(Duration::from_millis(500), std::future::pending::<()>()).await
        });
        ctx.stopping().await;
        Ok(())
    });
    let tree = TestTree::start(Supervisor::one_for_one("app").child(tidy)).await;
    tokio::spawn(std::future::pending::<()>());
    tree.allow_tasks(1);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_is_dropped_without_a_stop_fails_the_test_and_tells_what_it_knows() {
    let moody = once("moody", |_| async { panic!("a bug") });
    let tree = TestTree::start(Supervisor::one_for_one("app").child(moody)).await;
    settle().await;
    let message = panic_of(async move { drop(tree) }).await;
    assert!(message.contains("tree.stop().await"), "{message}");
    assert!(message.contains("panicked: a bug"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_is_heard_after_the_tree_was_stopped_in_order() {
    let journal = Journal::default();
    let [a, b] = ["a", "b"].map(|id| Script::new(id).noting(&journal));
    let app = Supervisor::one_for_one("app").child(a).child(b);
    let body = TestTree::run(app, async |tree| {
        tree.expect(Started("b")).await;
        assert_eq!(1, 2, "the test's own claim");
    });
    let message = panic_of(body).await;
    assert!(message.contains("the test's own claim"), "{message}");
    assert_eq!(journal.all("ends"), ["b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_returns_fails_by_what_it_did_not_expect_and_else_hands_on_its_value() {
    let value = TestTree::run(app(), async |tree| {
        tree.crash("web").await;
        tree.handle().snapshot().entries().len()
    });
    assert_eq!(value.await, 5);

    let moody = once("moody", |_| async { panic!("a bug") });
    let app = Supervisor::one_for_one("app").child(moody);
    let message = panic_of(TestTree::run(app, async |_| settle().await)).await;
    assert!(message.contains("panicked: a bug"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_expectation_that_fails_tells_where_what_came_and_how_the_tree_is() {
    let tree = TestTree::start(app()).await;
    tree.expect(Started("app")).await;
    tree.fail("web").await;
    let line = line!() + 1;
    let message = panic_of(tree.expect(Restarted("storage/indexer"))).await;
    let expected = ": there was no restart of `storage/indexer` within 60s
since the last expectation:
  13 app/web exited: scripted failure
  14 app/web crashed: restarted at once
  15 app/web is restarted
  16 app/web runs
the tree now:
app";
    assert!(message.contains(expected), "{message}");
    let place = format!("crates/testkit/tests/kit/tree.rs:{line}:");
    assert!(message.starts_with(&place), "{message}");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_expectation_waits_as_long_as_it_says_on_the_clock_of_the_test() {
    let tree = TestTree::start(app()).await;
    tree.slow_start("web", secs(20));
    tree.fail("web").await;
    let message = panic_of(tree.expect_within(secs(19), Restarted("web"))).await;
    assert!(message.contains("within 19s"), "{message}");
    tree.expect_within(secs(2), Restarted("web")).await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_expectation_looks_at_what_came_after_the_one_before() {
    let tree = TestTree::start(app()).await;
    let first = tree.expect(Started("web")).await;
    tree.fail("web").await;
    let second = tree.expect(Started("web")).await;
    assert!(second.number > first.number);
    tree.expect_no(Started("web")).await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_must_not_have_happened_and_has_is_told() {
    let tree = TestTree::start(app()).await;
    tree.fail("storage/database").await;
    let message = panic_of(tree.expect_no(Restarted("storage/indexer"))).await;
    assert!(
        message.contains("there was a restart of `storage/indexer`"),
        "{message}"
    );
    tree.expect_no(Restarted("web")).await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_no_first_start_and_no_start_by_a_call() -> Result<(), perennial_core::BoxError>
{
    let tree = TestTree::start(app()).await;
    tree.handle().terminate_child("web").await?;
    tree.handle().restart_child("web").await?;
    tree.expect_no(Restarted("web")).await;
    tree.kill("web").await;
    tree.expect(Killed("web")).await;
    tree.expect(Restarted("web")).await;
    tree.stop().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_kill_comes_from_outside_and_reaches_workers_supervisors_and_the_root() {
    let tree = TestTree::start(app()).await;
    for path in ["web", "storage/indexer", "app/storage/database", "storage"] {
        tree.kill(path).await;
        tree.expect(Killed(path)).await;
        tree.expect(Restarted(path)).await;
    }
    tree.kill("app").await;
    tree.expect(Killed("app")).await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_hangs_is_deaf_until_it_is_released_or_killed() {
    let tree = TestTree::start(app()).await;
    tree.hang("web");
    let stopping = tree.handle().clone();
    tokio::spawn(async move { stopping.terminate_child("web").await });
    tree.expect(StopRequested("web")).await;
    tree.expect(Killed("web")).await;

    tree.hang("storage/indexer");
    tree.release("storage/indexer");
    let reason = tree.expect(Exited("storage/indexer")).await.to_string();
    assert_eq!(reason, "app/storage/indexer exited: normal");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_starts_and_stops_as_it_is_told() {
    let tree = TestTree::start(app()).await;
    tree.on_stop("web", StopAct::Slow(secs(3)));
    tree.on_stop("storage/indexer", StopAct::Hang);
    tree.on_stop("storage/database", StopAct::Fail);
    let report = tree.stop().await;
    let told: Vec<_> = report
        .children()
        .iter()
        .map(|child| {
            (
                child.path.to_string(),
                child.exit.to_string(),
                child.took.as_secs(),
            )
        })
        .collect();
    let expected = [
        ("app/web", "shutdown", 3),
        ("app/storage/indexer", "killed", 5),
        ("app/storage/database", "scripted failure", 0),
        ("app/storage", "shutdown", 5),
    ]
    .map(|(path, exit, took)| (path.to_owned(), exit.to_owned(), took));
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_hurt_must_be_there() {
    let tree = TestTree::start(app()).await;
    for (message, path) in [
        (panic_of(tree.crash("nobody")).await, "nobody"),
        (panic_of(tree.kill("nobody")).await, "nobody"),
        (panic_of(tree.crash("storage")).await, "storage"),
    ] {
        assert!(
            message.starts_with(&format!("`{path}` does not run")),
            "{message}"
        );
        assert!(message.contains("├─ storage"), "{message}");
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn scripts_and_children_of_a_dynamic_supervisor_are_hurt_like_any_worker()
-> Result<(), perennial_core::BoxError> {
    let jobs = DynamicSupervisor::new("jobs", |()| plain("job").restart(Restart::Transient));
    let open = jobs.handle();
    let script = Script::new("script");
    let app = Supervisor::one_for_one("app")
        .child(script.clone())
        .child(jobs);
    let tree = TestTree::start(app).await;
    open.start_child(()).await?;
    tree.fail("jobs/job#1").await;
    tree.expect(Failed("jobs/job#1")).await;
    tree.expect(Restarted("jobs/job#1")).await;
    tree.kill("jobs/job#1").await;
    tree.expect(Restarted("jobs/job#1")).await;
    tree.end("jobs/job#1", End::Done).await;
    script.end(End::Panic);
    tree.expect(Restarted("script")).await;
    tree.crash("script").await;
    tree.expect(Restarted("script")).await;
    assert_eq!(script.starts(), 3);
    tree.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_blocks_its_thread_and_is_left_behind_fails_the_test() {
    let blocker = Script::new("blocker").stop(StopAct::Block);
    let moment = Duration::from_millis(1);
    let spec = blocker.spec().shutdown(ShutdownStrategy::Graceful(moment));
    let app = Supervisor::one_for_one("app")
        .abort_grace(moment)
        .child(spec);
    let tree = TestTree::start(app).await;
    let verdict = tree.judge().await;
    blocker.release();
    let said = verdict.to_string();
    assert!(said.contains("app/blocker is unresponsive"), "{said}");
    assert_eq!(verdict.leaked_tasks(), 1, "its own");
    assert!(verdict.report().children()[0].unresponsive);
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_what_each_life_meets() -> Result<(), perennial_core::BoxError> {
    let plan = FaultPlan::default()
        .start("web", 2, StartAct::Slow(secs(2)))
        .end("web", 1, secs(30), End::Error)
        .end("web", 2, secs(7), End::Done)
        .stop("web", StopAct::Slow(secs(3)));
    let tree = TestTree::start_with(app(), plan).await?;
    let clock = tokio::time::Instant::now();
    let mut seconds = Vec::new();
    for _ in 0..2 {
        tree.expect(Exited("web")).await;
        seconds.push(clock.elapsed().as_secs());
        tree.expect(Restarted("web")).await;
        seconds.push(clock.elapsed().as_secs());
    }
    assert_eq!(seconds, [30, 32, 39, 39]);
    assert_eq!(tree.stop().await.children()[0].took, secs(3));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_plan_may_keep_a_tree_from_starting() {
    let plan = FaultPlan::default().start("storage/indexer", 1, StartAct::Fail);
    assert!(TestTree::start_with(app(), plan).await.is_err());
    let plan = FaultPlan::default().start("storage/indexer", 2, StartAct::Fail);
    let tree = TestTree::start_with(app(), plan).await;
    assert!(tree.expect("it starts").stop().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_test_tree_that_does_not_start_says_why() {
    let broken = Script::new("web").starts_with(StartAct::Fail);
    let message = panic_of(TestTree::start(
        Supervisor::one_for_one("app").child(broken),
    ))
    .await;
    assert!(message.contains("app/web"), "{message}");
    assert!(message.contains("scripted failure"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_listener_to_any_tree_knows_the_same_expectations() -> Result<(), perennial_core::BoxError>
{
    let app = app();
    let mut events = Events::of(&app.handle());
    let handle = app.start().await?;
    events.expect("app is started").await;
    events.expect(Started("web")).await;
    handle.kill_child("web").await?;
    events.expect(Restarted("web")).await;
    let message = panic_of(events.expect(Restarted("storage"))).await;
    assert!(message.starts_with("no restart of `storage` within 60s; "));
    handle.shutdown().await;
    let message = panic_of(events.expect(Restarted("storage"))).await;
    assert!(message.starts_with("the tree ended without restart of"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_does_not_stop_fails_the_test_and_is_killed() {
    let web = plain("web").shutdown(ShutdownStrategy::Infinite);
    let tree = TestTree::start(Supervisor::one_for_one("app").child(web)).await;
    tree.hang("web");
    let handle = tree.handle().clone();
    let verdict = tree.judge().await;
    assert_eq!(
        verdict.to_string(),
        "tree app: not expected by this test:\n  the tree did not stop: it had to be killed"
    );
    assert!(matches!(handle.wait().await, Outcome::Killed));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_does_not_come_is_not_waited_for_for_ever() {
    let tree = TestTree::start(app()).await;
    let message = panic_of(tree.end("web", End::Hang)).await;
    assert!(
        message.starts_with("`web` was told to end, and did not within 60s"),
        "{message}"
    );
    tree.kill("web").await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_test_that_is_given_up_kills_its_tree_and_fails() {
    let script = Script::new("web");
    let app = Supervisor::one_for_one("app").child(script.clone());
    let mut test = Box::pin(TestTree::run(app, async |_| std::future::pending().await));
    let over: Result<(), _> = tokio::time::timeout(secs(1), &mut test).await;
    assert!(over.is_err());
    let message = panic_of(async { drop(test) }).await;
    assert!(message.contains("the tree was not stopped"), "{message}");
    settle().await;
    assert_eq!(script.alive(), 0);
}
