//! Actors in real trees, on the paused clock.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use perennial_actor::{
    Actor, ActorContext, ActorRef, ActorSpec, AnyCall, CallError, Dispatch, Lane, Mailbox,
    Overflow, Protocol, Reply, SendError,
};
use perennial_core::{ChildSpec, ExitReason, Restart, Supervisor, SupervisorHandle};
use tokio::sync::oneshot;

/// Notes what it is told.
struct Journal {
    lines: Vec<u32>,
    life: u64,
}

enum Message {
    Note(u32),
    Read(Reply<Vec<u32>>),
    Life(Reply<u64>),
    Crash(Reply<()>),
    /// Says that it has begun, and goes on when it is told to.
    Hold(oneshot::Sender<()>, oneshot::Receiver<()>),
    Forget(Reply<()>),
    Later(Reply<u32>, oneshot::Receiver<u32>),
    Fail,
    Leave,
}

impl Protocol for Journal {
    type Message = Message;

    fn name(message: &Message) -> &'static str {
        match message {
            Message::Note(_) => "note",
            Message::Read(_) => "read",
            Message::Life(_) => "life",
            Message::Crash(_) => "crash",
            Message::Hold(..) => "hold",
            Message::Forget(_) => "forget",
            Message::Later(..) => "later",
            Message::Fail => "fail",
            Message::Leave => "leave",
        }
    }

    fn call(message: &Message) -> Option<Arc<dyn AnyCall>> {
        match message {
            Message::Read(reply) => reply.call(),
            Message::Life(reply) => reply.call(),
            Message::Crash(reply) | Message::Forget(reply) => reply.call(),
            Message::Later(reply, _) => reply.call(),
            Message::Note(_) | Message::Hold(..) | Message::Fail | Message::Leave => None,
        }
    }
}

impl Dispatch for Journal {
    async fn dispatch(&mut self, message: Message, ctx: &mut ActorContext<Self>) {
        match message {
            Message::Note(line) => self.lines.push(line),
            Message::Read(reply) => reply.send(self.lines.clone()),
            Message::Life(reply) => reply.send(self.life),
            Message::Crash(_reply) => panic!("no ink"),
            Message::Hold(begun, go_on) => {
                let _heard = begun.send(());
                let _told = go_on.await;
            }
            Message::Forget(reply) => drop(reply),
            Message::Later(reply, value) => {
                let task = async move {
                    if let Ok(value) = value.await {
                        reply.send(value);
                    }
                };
                let _owned = ctx.context().scope().spawn(task);
            }
            Message::Fail => ctx.fail(Torn),
            Message::Leave => ctx.stop(),
        }
    }
}

#[derive(Debug)]
struct Torn;

impl std::fmt::Display for Torn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a page is torn")
    }
}

impl Error for Torn {}

impl Actor for Journal {
    type Args = ();
    type Error = Torn;

    async fn init((): &(), ctx: &mut ActorContext<Self>) -> Result<Self, Torn> {
        Ok(Self {
            lines: Vec::new(),
            life: ctx.context().incarnation().get(),
        })
    }
}

async fn tree(spec: impl Into<ChildSpec>) -> SupervisorHandle {
    let app = Supervisor::one_for_one("app").child(spec.into());
    app.start().await.expect("it starts")
}

async fn journal(mailbox: Mailbox) -> (SupervisorHandle, ActorRef<Journal>) {
    let spec = ActorSpec::<Journal>::new("journal", ()).mailbox(mailbox);
    let handle = spec.handle();
    (tree(ChildSpec::new(spec)).await, handle)
}

/// The actor has begun with a message, and goes on when what this returns is dropped.
async fn held(journal: &ActorRef<Journal>) -> oneshot::Sender<()> {
    let (message, has_begun, go_on) = hold();
    journal.cast(message).expect("it is open");
    has_begun.await.expect("it begins");
    go_on
}

/// A message that says when it is begun with, and is done when the last one of these is dropped.
fn hold() -> (Message, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let ((begun, has_begun), (go_on, held)) = (oneshot::channel(), oneshot::channel());
    (Message::Hold(begun, held), has_begun, go_on)
}

async fn read(journal: &ActorRef<Journal>) -> Vec<u32> {
    journal.call(Message::Read).await.expect("it answers")
}

#[tokio::test(start_paused = true)]
async fn a_handle_is_good_before_the_start_and_what_is_sent_waits() {
    let spec = ActorSpec::<Journal>::new("journal", ());
    let journal = spec.handle();
    journal.cast(Message::Note(1)).expect("there is room");
    journal.cast(Message::Note(2)).expect("there is room");
    let app = tree(ChildSpec::new(spec)).await;
    assert_eq!(read(&journal).await, [1, 2]);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_the_same_handle_goes_on_and_what_waited_is_handled_in_order() {
    let (app, journal) = journal(Mailbox::default()).await;
    let go_on = held(&journal).await;
    let crash = tokio::spawn(journal.call(Message::Crash).into_future());
    tokio::task::yield_now().await;
    for line in 1..=5 {
        journal.cast(Message::Note(line)).expect("there is room");
    }
    drop(go_on);
    let crashed = crash.await.expect("no panic here");
    let Err(CallError::Crashed { crash }) = crashed else {
        panic!("it must be told of the crash: {crashed:?}");
    };
    assert_eq!(
        crash.to_string(),
        "app/journal in `crash`: panicked: no ink"
    );
    assert_eq!(crash.queued(), 5);
    assert_eq!(read(&journal).await, [1, 2, 3, 4, 5]);
    assert_eq!(
        app.which_child("journal")
            .await
            .expect("it is there")
            .restarts,
        1
    );
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_over_before_it_begins_never_runs() {
    let (app, journal) = journal(Mailbox::default()).await;
    let go_on = held(&journal).await;
    let short = journal
        .call(Message::Crash)
        .timeout(Duration::from_millis(50));
    let late = short.await.expect_err("nobody answers");
    assert!(
        matches!(late, CallError::Timeout { started: false }),
        "{late}"
    );
    drop(go_on);
    assert_eq!(journal.call(Message::Life).await.expect("it lives"), 2);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_time_is_over_after_it_has_begun_is_told_as_begun() {
    let (app, journal) = journal(Mailbox::default()).await;
    let (_never, value) = oneshot::channel();
    let call = journal.call(|reply| Message::Later(reply, value));
    let late = call.await.expect_err("nobody answers");
    assert!(
        matches!(late, CallError::Timeout { started: true }),
        "{late}"
    );
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_answer_may_come_later_and_from_elsewhere() {
    let (app, journal) = journal(Mailbox::default()).await;
    let (give, value) = oneshot::channel();
    let call = tokio::spawn(
        journal
            .call(|reply| Message::Later(reply, value))
            .into_future(),
    );
    assert!(read(&journal).await.is_empty());
    give.send(7).expect("it waits for that");
    assert_eq!(call.await.expect("no panic").expect("an answer"), 7);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_right_to_answer_that_is_dropped_is_told() {
    let (app, journal) = journal(Mailbox::default()).await;
    let told = journal.call(Message::Forget).await;
    assert!(matches!(told, Err(CallError::Dropped)), "{told:?}");
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_mailbox_hands_the_message_back_and_a_caller_waits_for_room() {
    let (app, journal) = journal(Mailbox::bounded(1)).await;
    let go_on = held(&journal).await;
    journal.cast(Message::Note(1)).expect("there is room");
    let refused = journal.cast(Message::Note(2)).expect_err("there is none");
    assert!(matches!(refused, SendError::Full(Message::Note(2))));
    let reader = tokio::spawn(journal.call(Message::Read).into_future());
    tokio::task::yield_now().await;
    drop(go_on);
    assert_eq!(reader.await.expect("no panic").expect("an answer"), [1]);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_waits_for_room_in_vain_is_told_that_it_was_not_begun() {
    let (app, journal) = journal(Mailbox::bounded(1)).await;
    let go_on = held(&journal).await;
    journal.cast(Message::Note(1)).expect("there is room");
    let late = journal
        .call(Message::Read)
        .await
        .expect_err("there is no room");
    assert!(
        matches!(late, CallError::Timeout { started: false }),
        "{late}"
    );
    drop(go_on);
    assert_eq!(read(&journal).await, [1]);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gives_way_to_a_newer_message_is_told() {
    let mailbox = Mailbox::bounded(1).overflow(Overflow::DropOldest);
    let (app, journal) = journal(mailbox).await;
    let go_on = held(&journal).await;
    let reader = tokio::spawn(journal.call(Message::Read).into_future());
    tokio::task::yield_now().await;
    journal.cast(Message::Note(1)).expect("something gives way");
    let told = reader.await.expect("no panic");
    assert!(matches!(told, Err(CallError::Full)), "{told:?}");
    drop(go_on);
    // Or this would take its place too.
    tokio::task::yield_now().await;
    assert_eq!(read(&journal).await, [1]);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_urgent_message_goes_before_those_that_were_taken_already() {
    let (app, journal) = journal(Mailbox::default()).await;
    let go_on = held(&journal).await;
    journal.cast(Message::Note(1)).expect("there is room");
    let (second, has_begun, next) = hold();
    journal.cast(second).expect("there is room");
    journal.cast(Message::Note(3)).expect("there is room");
    drop(go_on);
    has_begun.await.expect("it begins");
    // The last one was taken by now, together with those before it.
    let urgent = journal.call::<()>(|_| Message::Note(2)).lane(Lane::High);
    urgent.cast().expect("there is room");
    drop(next);
    assert_eq!(read(&journal).await, [1, 2, 3]);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn stop_ends_a_permanent_actor_for_good_with_a_full_mailbox() {
    let (app, journal) = journal(Mailbox::bounded(1)).await;
    let go_on = held(&journal).await;
    let reader = tokio::spawn(journal.call(Message::Read).into_future());
    tokio::task::yield_now().await;
    journal.stop();
    drop(go_on);
    let told = reader.await.expect("no panic");
    assert!(matches!(told, Err(CallError::Closed { .. })), "{told:?}");
    assert!(matches!(journal.closed().await, ExitReason::Shutdown));
    let child = app.which_child("journal").await.expect("its spec stays");
    assert_eq!(
        (child.restarts, child.state),
        (0, perennial_core::ChildState::Idle)
    );
    assert!(matches!(
        journal.cast(Message::Note(1)),
        Err(SendError::Closed(_))
    ));
    // A call to its supervisor brings it back, under the same handle.
    app.restart_child("journal").await.expect("it starts");
    assert!(read(&journal).await.is_empty());
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn drain_works_off_what_waits_and_takes_nothing_else() {
    let (app, journal) = journal(Mailbox::default()).await;
    let go_on = held(&journal).await;
    let reader = tokio::spawn(journal.call(Message::Read).into_future());
    tokio::task::yield_now().await;
    journal.drain();
    assert!(matches!(
        journal.cast(Message::Note(2)),
        Err(SendError::Closed(_))
    ));
    drop(go_on);
    assert!(
        reader
            .await
            .expect("no panic")
            .expect("an answer")
            .is_empty()
    );
    assert!(matches!(journal.closed().await, ExitReason::Shutdown));
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_waits_for_room_is_told_when_the_actor_is_drained() {
    let (app, journal) = journal(Mailbox::bounded(1)).await;
    let go_on = held(&journal).await;
    journal.cast(Message::Note(1)).expect("there is room");
    let reader = tokio::spawn(journal.call(Message::Read).no_timeout().into_future());
    tokio::task::yield_now().await;
    journal.drain();
    let told = reader.await.expect("no panic");
    assert!(matches!(told, Err(CallError::Closed { .. })), "{told:?}");
    drop(go_on);
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn kill_ends_the_life_amid_a_handler_and_the_next_one_goes_on() {
    let (app, journal) = journal(Mailbox::default()).await;
    for life in 3..6 {
        let _never = held(&journal).await;
        journal.cast(Message::Note(1)).expect("there is room");
        journal.kill();
        assert_eq!(journal.call(Message::Life).await.expect("it lives"), life);
        assert_eq!(read(&journal).await, [1]);
    }
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_told_when_its_supervisor_kills_the_actor_amid_the_call() {
    let (app, journal) = journal(Mailbox::default()).await;
    let (_never, value) = oneshot::channel();
    let call = tokio::spawn(
        journal
            .call(|reply| Message::Later(reply, value))
            .into_future(),
    );
    assert!(read(&journal).await.is_empty());
    app.kill_child("journal").await.expect("it is there");
    let told = call.await.expect("no panic");
    assert!(matches!(told, Err(CallError::Dropped)), "{told:?}");
    app.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn handles_are_closed_when_the_tree_ends() {
    let (app, journal) = journal(Mailbox::default()).await;
    let waits: Vec<_> = (0..100)
        .map(|_| {
            let journal = journal.clone();
            tokio::spawn(async move { journal.closed().await })
        })
        .collect();
    app.shutdown().await;
    for wait in waits {
        assert!(matches!(
            wait.await.expect("no panic"),
            ExitReason::Shutdown
        ));
    }
    assert!(journal.is_closed());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_an_actor_is_a_crash_and_a_normal_end_is_restarted_by_its_spec() {
    let spec = ChildSpec::new(ActorSpec::<Journal>::new("journal", ())).restart(Restart::Transient);
    let app = tree(spec).await;
    assert_eq!(
        app.which_child("journal")
            .await
            .expect("it is there")
            .restarts,
        0
    );
    app.shutdown().await;
    let (app, journal) = journal(Mailbox::default()).await;
    journal.cast(Message::Fail).expect("there is room");
    journal.cast(Message::Leave).expect("there is room");
    assert_eq!(journal.call(Message::Life).await.expect("it lives"), 4);
    app.shutdown().await;
}

/// Cannot start.
struct Broken;

impl Protocol for Broken {
    type Message = Infallible;

    fn name(message: &Infallible) -> &'static str {
        match *message {}
    }

    fn call(message: &Infallible) -> Option<Arc<dyn AnyCall>> {
        match *message {}
    }
}

impl Dispatch for Broken {
    async fn dispatch(&mut self, message: Infallible, _ctx: &mut ActorContext<Self>) {
        match message {}
    }
}

impl Actor for Broken {
    type Args = ();
    type Error = Torn;

    async fn init((): &(), _ctx: &mut ActorContext<Self>) -> Result<Self, Torn> {
        Err(Torn)
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_cannot_start_is_told_with_its_path_and_its_handle_is_closed() {
    let spec = ActorSpec::<Broken>::new("broken", ());
    let handle = spec.handle();
    let app = Supervisor::one_for_one("app").child(spec);
    let error = app.start().await.expect_err("it cannot start");
    let why = error.source().map(ToString::to_string);
    assert_eq!(why.as_deref(), Some("app/broken failed to initialize"));
    // It could be started again.
    assert!(!handle.is_closed());
    drop(app);
    handle.closed().await;
}
