//! The management calls: what each returns in each state of the child and of the supervisor.

use std::fmt::Display;

use perennial::{ChildError, InitPolicy, Restart, StartChildError, Supervisor, SupervisorHandle};
use perennial_test::{End, Events, Script, StartAct, StopAct, settle};
use tokio::time::{advance, timeout};

use crate::support::{ms, secs, started};

/// The states of child `b` in which it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Paused,
    Starting,
    Running,
    /// Its restart failed, and the next try waits in the inbox.
    Retrying,
    /// A call has told it to end.
    Stopping,
    /// It is down and waits for its group, of which another stops.
    Due,
    /// It is being stopped with its group.
    Cleared,
    /// It runs, while the supervisor stops another.
    Ending,
    /// There is no such child.
    Unknown,
    /// The supervisor has ended.
    Over,
}

const STATES: [State; 11] = [
    State::Idle,
    State::Paused,
    State::Starting,
    State::Running,
    State::Retrying,
    State::Stopping,
    State::Due,
    State::Cleared,
    State::Ending,
    State::Unknown,
    State::Over,
];

const CALLS: [&str; 7] = [
    "start",
    "restart",
    "delete",
    "terminate",
    "kill",
    "pause",
    "resume",
];

/// What keeps a scene as it is: calls that wait.
struct Scene {
    handle: SupervisorHandle,
    child: Script,
    _hold: Option<perennial::Hold>,
}

/// A tree of `a`, `b` and `c` whose `b` is in that state.
async fn scene(state: State) -> Scene {
    let a = Script::new("a").stop(StopAct::Slow(ms(500)));
    let c = Script::new("c").stop(match state {
        State::Due | State::Ending => StopAct::Slow(secs(4)),
        _ => StopAct::Obey,
    });
    let b = match state {
        State::Starting => Script::new("b").start(2, StartAct::Hang),
        State::Retrying => Script::new("b").start(2, StartAct::SlowFail(ms(10))),
        State::Stopping | State::Cleared => Script::new("b").stop(StopAct::Slow(secs(4))),
        _ => Script::new("b"),
    };
    let app = match state {
        State::Due | State::Cleared => Supervisor::one_for_all("app"),
        _ => Supervisor::one_for_one("app"),
    };
    let spec = b.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let (handle, mut events) = started(&app.child(a.clone()).child(spec).child(c.clone())).await;
    let hold = bring_about(state, &handle, &mut events, &b, &c).await;
    Scene {
        handle,
        child: b,
        _hold: hold,
    }
}

async fn bring_about(
    state: State,
    handle: &SupervisorHandle,
    events: &mut Events,
    b: &Script,
    c: &Script,
) -> Option<perennial::Hold> {
    match state {
        State::Running => (),
        State::Idle => handle.terminate_child("b").await.unwrap(),
        State::Paused => handle.pause_child("b").await.unwrap(),
        State::Starting => {
            b.end(End::Error);
            events.expect("app/b is restarted").await;
        }
        State::Retrying => {
            b.end(End::Error);
            events.expect("app/b is restarted").await;
            settle().await;
            let hold = handle.hold();
            advance(ms(10)).await;
            settle().await;
            return Some(hold);
        }
        State::Stopping => {
            let handle = handle.clone();
            tokio::spawn(async move { handle.terminate_child("b").await });
            events.expect("app/b is to stop within 5 s").await;
        }
        State::Due => {
            b.end(End::Error);
            events.expect("app/c is to stop within 5 s").await;
        }
        State::Cleared => {
            c.end(End::Error);
            events.expect("app/b is to stop within 5 s").await;
        }
        State::Ending => {
            handle.request_stop();
            events.expect("app/c is to stop within 5 s").await;
        }
        State::Unknown => {
            handle.terminate_child("b").await.unwrap();
            handle.delete_child("b").await.unwrap();
        }
        State::Over => {
            handle.shutdown().await;
        }
    }
    settle().await;
    None
}

/// The answer in words; `waits` if there is none at once.
async fn told<T, E: Display>(call: impl Future<Output = Result<T, E>>) -> String {
    match timeout(ms(5), call).await {
        Ok(Ok(_)) => "ok".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "waits".to_owned(),
    }
}

/// As the table says it: the hold is let go once the call is in the inbox.
async fn answers(state: State, call: &str) -> String {
    let Scene {
        handle,
        child,
        _hold: hold,
    } = scene(state).await;
    let call = async {
        match call {
            "start" => told(handle.start_child(child)).await,
            "restart" => told(handle.restart_child("b")).await,
            "delete" => told(handle.delete_child("b")).await,
            "terminate" => told(handle.terminate_child("b")).await,
            "pause" => told(handle.pause_child("b")).await,
            "resume" => told(handle.resume_child("b")).await,
            _ => told(handle.kill_child("b")).await,
        }
    };
    let release = async {
        tokio::task::yield_now().await;
        drop(hold);
    };
    let (answer, ()) = tokio::join!(call, release);
    answer
}

/// For each state what the calls of [`CALLS`] say.
fn expected(state: State) -> [&'static str; 7] {
    const GONE: &str = "supervisor app is not running";
    const ENDING: &str = "the supervisor is shutting down";
    const NONE: &str = "there is no child b";
    let (known, present) = ("child b is already started", "child b is already present");
    let (starting, running) = ("child b is starting", "child b is running");
    let (restarting, stopping) = ("child b is restarting", "child b is stopping");
    let (down, paused) = ("child b is not running", "child b is paused");
    match state {
        State::Idle => [
            present,
            "ok",
            "ok",
            "ok",
            down,
            "ok",
            "child b is not paused",
        ],
        State::Paused => [present, paused, "ok", "ok", down, "ok", "ok"],
        State::Starting => [known, starting, starting, "ok", "ok", "ok", starting],
        State::Running => [known, running, running, "ok", "ok", "ok", running],
        // A kill does not wait for its turn: the supervisor has not heard yet that the child is gone.
        State::Retrying => [
            present, restarting, restarting, "ok", "ok", "ok", restarting,
        ],
        State::Stopping => [known, stopping, stopping, "waits", "ok", "waits", stopping],
        State::Due => [
            present, restarting, restarting, "ok", down, "ok", restarting,
        ],
        State::Cleared => [
            known, restarting, restarting, "waits", "ok", "waits", restarting,
        ],
        State::Ending => [ENDING, ENDING, ENDING, "ok", "ok", ENDING, ENDING],
        State::Unknown => ["ok", NONE, NONE, NONE, NONE, NONE, NONE],
        State::Over => [GONE; 7],
    }
}

#[tokio::test(start_paused = true)]
async fn each_call_has_one_answer_in_each_state() {
    let mut wrong = Vec::new();
    for state in STATES {
        for (call, expected) in CALLS.iter().zip(expected(state)) {
            let answer = answers(state, call).await;
            if answer != expected {
                wrong.push(format!("{state:?} {call}: `{answer}`, not `{expected}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn reads_are_answered_at_once_in_each_state() {
    for state in STATES {
        let Scene { handle, _hold, .. } = scene(state).await;
        let counts = told(handle.count_children()).await;
        let children = told(handle.which_children()).await;
        let (child, spec) = (
            told(handle.which_child("b")).await,
            told(handle.child_spec("b")).await,
        );
        let answer = |known: &'static str| match state {
            State::Over => "supervisor app is not running",
            State::Unknown => known,
            _ => "ok",
        };
        assert_eq!(
            (counts.as_str(), children.as_str()),
            (answer("ok"), answer("ok")),
            "{state:?}"
        );
        let unknown = answer("there is no child b");
        assert_eq!(
            (child.as_str(), spec.as_str()),
            (unknown, unknown),
            "{state:?}"
        );
        assert_eq!(handle.snapshot().entries().is_empty(), state == State::Over);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_child_is_refused_when_the_supervisor_ends() {
    let Scene { handle, .. } = scene(State::Ending).await;
    let error = handle.start_child(Script::new("new")).await.unwrap_err();
    assert!(matches!(error, StartChildError::ShuttingDown), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_cut_by_terminate_child_is_told_as_cancelled() {
    let (handle, mut events) = started(&Supervisor::one_for_one("app")).await;
    let child = Script::new("new")
        .start(1, StartAct::Hang)
        .start(2, StartAct::Hang);
    let start = tokio::spawn({
        let (handle, child) = (handle.clone(), child.clone());
        async move { handle.start_child(child).await }
    });
    events.expect("app/new is started").await;
    handle.terminate_child("new").await.unwrap();
    assert!(matches!(
        start.await.unwrap(),
        Err(StartChildError::Cancelled)
    ));
    let restart = tokio::spawn({
        let handle = handle.clone();
        async move { handle.restart_child("new").await }
    });
    events.expect("app/new is started").await;
    handle.terminate_child("new").await.unwrap();
    assert!(matches!(
        restart.await.unwrap(),
        Err(ChildError::Cancelled { .. })
    ));
    assert_eq!(child.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_when_the_supervisor_stops_gets_an_answer() {
    let (handle, mut events) = started(&Supervisor::one_for_one("app")).await;
    let stuck = Script::new("stuck").starts_with(StartAct::Hang);
    let start = tokio::spawn({
        let handle = handle.clone();
        async move { handle.start_child(stuck).await }
    });
    events.expect("app/stuck is started").await;
    handle.shutdown().await;
    assert!(matches!(
        start.await.unwrap(),
        Err(StartChildError::Cancelled)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_when_the_supervisor_is_killed_is_told_so() {
    let (handle, mut events) = started(&Supervisor::one_for_one("app")).await;
    let stuck = Script::new("stuck").starts_with(StartAct::Hang);
    let start = tokio::spawn({
        let handle = handle.clone();
        async move { handle.start_child(stuck).await }
    });
    events.expect("app/stuck is started").await;
    handle.kill();
    let error = start.await.unwrap().unwrap_err();
    assert!(matches!(error, StartChildError::Ended { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn terminate_child_keeps_the_spec_unless_the_child_is_temporary() {
    let app = Supervisor::one_for_one("app")
        .child(Script::new("stays"))
        .child(Script::new("goes").spec().restart(Restart::Temporary));
    let (handle, _events) = started(&app).await;
    handle.terminate_child("stays").await.unwrap();
    handle.terminate_child("goes").await.unwrap();
    let children = handle.which_children().await.unwrap();
    assert_eq!(children.len(), 1);
    assert_eq!(children[0].id, "stays");
}

#[tokio::test(start_paused = true)]
async fn kill_child_does_not_wait_for_the_exit_nor_for_the_supervisor() {
    let child = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child.clone())).await;
    let _hold = handle.hold();
    assert_eq!(told(handle.kill_child("a")).await, "ok");
    settle().await;
    assert_eq!(child.alive(), 0);
}
