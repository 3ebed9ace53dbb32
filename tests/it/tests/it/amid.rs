//! Calls amid other work: each ends with its own child and waits for no other.

use perennial::{
    ChildState, DynamicSupervisor, InitPolicy, ShutdownStrategy, Supervisor, SupervisorHandle,
};
use perennial_test::{End, Events, Script, StartAct, StopAct, settle};
use tokio::time::Instant;

use crate::support::{ms, secs, started};

/// What else goes on in the tree while it is called.
#[derive(Clone, Copy, Debug)]
enum Amid {
    /// Another child initializes, by a call.
    Start,
    /// Another child initializes, as it is restarted.
    Restart,
    /// A group is being stopped to be restarted.
    GroupStop,
    /// A group is being started again.
    GroupStart,
    /// Another child is terminated by a call.
    Terminate,
    /// A child's restart fails again and again.
    Retry,
}

const ALL: [Amid; 6] = [
    Amid::Start,
    Amid::Restart,
    Amid::GroupStop,
    Amid::GroupStart,
    Amid::Terminate,
    Amid::Retry,
];

/// `first` stands in front; `busy` is what the supervisor is busy with for ten seconds.
async fn busy(amid: Amid) -> (SupervisorHandle, Events) {
    let busy = Script::new("busy");
    let busy = match amid {
        Amid::Start => busy.start(2, StartAct::Slow(secs(10))),
        Amid::Restart | Amid::GroupStart => busy.start(2, StartAct::Slow(secs(10))),
        Amid::GroupStop | Amid::Terminate => busy.stop(StopAct::Slow(secs(10))),
        Amid::Retry => busy
            .start(2, StartAct::Fail)
            .start(3, StartAct::Slow(secs(10))),
    };
    let failing = Script::new("failing");
    let spec = busy
        .spec()
        .shutdown(ShutdownStrategy::Graceful(secs(20)))
        .init_policy(InitPolicy::FatalOnFirstStart);
    let app = match amid {
        Amid::GroupStop | Amid::GroupStart => Supervisor::rest_for_one("app"),
        _ => Supervisor::one_for_one("app"),
    };
    let app = app
        .child(Script::new("first"))
        .child(failing.clone())
        .child(spec);
    let (handle, mut events) = started(&app).await;
    let background = handle.clone();
    match amid {
        Amid::Start => {
            handle.terminate_child("busy").await.unwrap();
            tokio::spawn(async move { background.restart_child("busy").await });
        }
        Amid::Terminate => {
            tokio::spawn(async move { background.terminate_child("busy").await });
        }
        Amid::GroupStop | Amid::GroupStart => failing.end(End::Error),
        Amid::Restart | Amid::Retry => busy.end(End::Error),
    }
    settle().await;
    events.until("any", |_| true).await;
    (handle, events)
}

#[tokio::test(start_paused = true)]
async fn a_child_is_stopped_started_and_deleted_while_the_supervisor_is_busy_with_another() {
    for amid in ALL {
        let (handle, _events) = busy(amid).await;
        let began = Instant::now();
        handle
            .terminate_child("first")
            .await
            .unwrap_or_else(|error| panic!("{amid:?}: {error}"));
        handle
            .restart_child("first")
            .await
            .unwrap_or_else(|error| panic!("{amid:?}: {error}"));
        handle.terminate_child("first").await.unwrap();
        handle.delete_child("first").await.unwrap();
        assert!(began.elapsed() < ms(5), "{amid:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_is_added_while_the_supervisor_is_busy_with_another() {
    for amid in ALL {
        let (handle, _events) = busy(amid).await;
        let began = Instant::now();
        let new = handle
            .start_child(Script::new("new"))
            .await
            .unwrap_or_else(|error| panic!("{amid:?}: {error}"));
        assert!(new.incarnation().is_some());
        assert!(began.elapsed() < ms(5), "{amid:?}");
        let info = handle.which_child("new").await.unwrap();
        assert_eq!(info.state, ChildState::Running);
    }
}

#[tokio::test(start_paused = true)]
async fn the_busy_supervisor_ends_what_it_was_at_and_the_calls_have_lost_nothing() {
    for amid in ALL {
        let (handle, mut events) = busy(amid).await;
        handle.start_child(Script::new("new")).await.unwrap();
        handle.terminate_child("first").await.unwrap();
        match amid {
            Amid::Terminate => events.expect("app/busy exited: shutdown").await,
            _ => {
                events
                    .until("the restart", |event| {
                        event.to_string() == "app/busy runs" && event.number > 10
                    })
                    .await
            }
        };
        settle().await;
        let state = |id: &'static str| {
            let handle = handle.clone();
            async move { handle.which_child(id).await.unwrap().state }
        };
        assert_eq!(state("new").await, ChildState::Running, "{amid:?}");
        assert_eq!(state("first").await, ChildState::Idle, "{amid:?}");
        assert!(handle.shutdown().await.is_clean());
    }
}

#[tokio::test(start_paused = true)]
async fn terminate_child_returns_with_its_own_child_while_a_stop_is_under_way() {
    let slow = Script::new("slow").stop(StopAct::Slow(secs(3)));
    let app = Supervisor::one_for_one("app")
        .child(Script::new("first"))
        .child(slow);
    let (handle, mut events) = started(&app).await;
    handle.request_stop();
    events.expect("app/slow is to stop within 5 s").await;
    let began = Instant::now();
    handle.terminate_child("first").await.unwrap();
    assert_eq!(began.elapsed(), ms(0));
    handle.terminate_child("slow").await.unwrap();
    assert_eq!(began.elapsed(), secs(3));
    handle.wait().await;
}

#[tokio::test(start_paused = true)]
async fn terminate_child_of_a_child_in_its_initialization_drops_that_at_once() {
    let stuck = Script::new("stuck").start(2, StartAct::Hang);
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(stuck.clone())).await;
    stuck.end(End::Error);
    events.expect("app/stuck is restarted").await;
    let began = Instant::now();
    handle.terminate_child("stuck").await.unwrap();
    assert_eq!((began.elapsed(), stuck.alive()), (ms(0), 0));
    settle().await;
    assert_eq!(
        handle.which_child("stuck").await.unwrap().state,
        ChildState::Idle,
        "it is not tried again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_start_of_one_dynamic_child_delays_no_other() {
    let jobs = DynamicSupervisor::new("jobs", |act: StartAct| Script::new("job").starts_with(act));
    let jobs = jobs.start().await.unwrap();
    let began = Instant::now();
    let slow = jobs.start_child(StartAct::Slow(secs(20)));
    let quick = async {
        for _ in 0..10 {
            jobs.start_child(StartAct::Run).await.unwrap();
        }
        began.elapsed()
    };
    let (slow, quick) = tokio::join!(slow, quick);
    assert_eq!((quick, began.elapsed()), (ms(0), secs(20)));
    assert_eq!(slow.unwrap().id().as_str(), "job#1");
}
