//! What children publish for each other.

use std::sync::{Arc, Barrier, Mutex};

use perennial::{
    CallError, Change, ChildSpec, Context, Dataspace, Event, EventKind, InitializationError,
    PublishError, Published, ShutdownStrategy, Started, Strategy, Subscription, Supervisable,
    Supervisor, SupervisorHandle, WaitError, async_trait,
};
use perennial_test::{End, Journal, Script, StartAct, StopAct, settle};
use tokio::time::timeout;

use crate::support::{in_a_thread, ms, on_the_paused_clock, secs, started};

/// A script each life of which publishes its number under `address`, and keeps it there.
struct Server(Script);

#[async_trait]
impl Supervisable for Server {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let number = ctx.incarnation().get();
        let published = ctx.publish("address", number);
        published.map_err(InitializationError::new)?.keep();
        self.0.initialize(ctx).await
    }
}

fn server(script: &Script) -> ChildSpec {
    ChildSpec::new(Server(script.clone()))
}

/// A tree of one server.
async fn tree(script: &Script) -> (SupervisorHandle, Dataspace) {
    let app = Supervisor::one_for_one("app")
        .intensity(100, secs(5))
        .child(server(script));
    let handle = app.start().await.unwrap();
    let dataspace = handle.dataspace().unwrap();
    (handle, dataspace)
}

/// A tree of a script that publishes what the test likes.
async fn tree_of(scripts: &[&Script]) -> (SupervisorHandle, Dataspace) {
    let mut app = Supervisor::one_for_one("app");
    for script in scripts {
        app = app.child((*script).clone());
    }
    let handle = app.start().await.unwrap();
    let dataspace = handle.dataspace().unwrap();
    (handle, dataspace)
}

fn line(change: Change<u64>) -> String {
    match change {
        Change::Published { key, value, .. } => format!("{key} is {value}"),
        Change::Updated { key, value, .. } => format!("{key} is now {value}"),
        Change::Withdrawn { key, .. } => format!("{key} is gone"),
        other => panic!("{other:?}"),
    }
}

/// All that there is to tell now.
async fn told(subscription: &mut Subscription<u64>) -> Vec<String> {
    settle().await;
    let mut lines = Vec::new();
    while let Ok(Some(change)) = timeout(ms(1), subscription.next()).await {
        lines.push(line(change));
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn what_a_life_publishes_is_withdrawn_however_it_ends_and_published_anew_by_the_next() {
    for end in [Some(End::Done), Some(End::Error), Some(End::Panic), None] {
        let script = Script::new("web");
        let (handle, dataspace) = tree(&script).await;
        let mut address = dataspace.watch::<u64>("address");
        assert_eq!(told(&mut address).await, ["address is 2"]);
        match end.clone() {
            Some(end) => script.end(end),
            None => handle.kill_child("web").await.unwrap(),
        }
        let changes = told(&mut address).await;
        assert_eq!(changes, ["address is gone", "address is 3"], "{end:?}");
        handle.terminate_child("web").await.unwrap();
        assert_eq!(dataspace.get::<u64>("address"), None);
        assert_eq!(told(&mut address).await, ["address is gone"]);
        handle.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_initialization_published_is_withdrawn_when_it_fails() {
    let script = Script::new("web").starts_with(StartAct::Fail);
    let (handle, dataspace) = tree_of(&[]).await;
    let mut address = dataspace.watch::<u64>("address");
    handle.start_child(server(&script)).await.unwrap_err();
    assert_eq!(script.starts(), 1);
    assert_eq!(dataspace.get::<u64>("address"), None);
    // It came and went before anybody looked.
    assert_eq!(told(&mut address).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn with_its_group_and_with_its_supervisor_a_child_publishes_anew() {
    let (web, cache) = (Script::new("web"), Script::new("cache"));
    let nested = Supervisor::new("nested", Strategy::OneForAll)
        .child(server(&web))
        .child(cache.clone());
    let app = Supervisor::one_for_one("app").child(nested);
    let (handle, _events) = started(&app).await;
    let mut address = handle.dataspace().unwrap().watch::<u64>("address");
    assert_eq!(told(&mut address).await, ["address is 3"]);
    cache.end(End::Error);
    assert_eq!(
        told(&mut address).await,
        ["address is gone", "address is 5"]
    );
    handle.kill_child("nested").await.unwrap();
    assert_eq!(
        told(&mut address).await,
        ["address is gone", "address is 8"]
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_withdrawn_before_anybody_is_told_of_the_exit() {
    let (script, seen) = (Script::new("web"), Arc::new(Mutex::new(Vec::new())));
    let (notes, place) = (Arc::clone(&seen), Arc::new(Mutex::new(None::<Dataspace>)));
    let looked_at = Arc::clone(&place);
    let app = Supervisor::one_for_one("app")
        .observer(move |event: &Event| {
            if let (EventKind::Exited { .. }, Some(dataspace)) =
                (&event.kind, &*looked_at.lock().unwrap())
            {
                notes.lock().unwrap().push(dataspace.get::<u64>("address"));
            }
        })
        .child(server(&script));
    let handle = app.start().await.unwrap();
    let dataspace = handle.dataspace().unwrap();
    assert_eq!(dataspace.get::<u64>("address").as_deref(), Some(&2));
    *place.lock().unwrap() = Some(dataspace);
    script.end(End::Panic);
    settle().await;
    assert_eq!(*seen.lock().unwrap(), [None]);
    assert_eq!(script.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_before_it_is_published_is_told_when_it_is() {
    let script = Script::new("web").start(1, StartAct::Slow(secs(3)));
    let (handle, dataspace) = tree_of(&[]).await;
    let waiting = tokio::spawn(async move { dataspace.wait::<u64>("address").await });
    settle().await;
    assert!(!waiting.is_finished());
    handle.start_child(server(&script)).await.unwrap();
    assert_eq!(*waiting.await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_takes_nothing_from_others() {
    let script = Script::new("a");
    let (_handle, dataspace) = tree_of(&[&script]).await;
    let early = timeout(ms(5), dataspace.wait::<u64>("load")).await;
    assert!(early.is_err());
    let _load = script.context().publish("load", 7_u64).unwrap();
    assert_eq!(*dataspace.wait::<u64>("load").await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_second_value_of_a_type_under_one_key_is_refused_with_the_name_of_who_has_the_first() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let (_handle, dataspace) = tree_of(&[&a, &b]).await;
    let first = a.context().publish("leader", 1_u64).unwrap();
    for other in [&a, &b] {
        let error = other.context().publish("leader", 2_u64).unwrap_err();
        assert!(matches!(&error, PublishError::Taken { by, .. } if by == a.context().path()));
        let text = "a u64 under the key \"leader\" is already published by app/a";
        assert_eq!(error.to_string(), text);
    }
    // Another type or another key is another value.
    let _other_type = b.context().publish("leader", 2_u32).unwrap();
    let _other_key = b.context().publish("follower", 3_u64).unwrap();
    assert_eq!(dataspace.get::<u64>("leader").as_deref(), Some(&1));
    drop(first);
    let _now = b.context().publish("leader", 4_u64).unwrap();
    assert_eq!(dataspace.get::<u64>("leader").as_deref(), Some(&4));
}

#[tokio::test(start_paused = true)]
async fn a_late_guard_of_an_earlier_life_does_nothing_to_the_value_of_the_next() {
    let script = Script::new("a");
    let (_handle, dataspace) = tree_of(&[&script]).await;
    let earlier: Published<u64> = script.context().publish("load", 1).unwrap();
    script.end(End::Error);
    settle().await;
    let _present = script.context().publish("load", 2_u64).unwrap();
    assert!(matches!(earlier.update(9), Err(PublishError::Over { .. })));
    drop(earlier);
    assert_eq!(dataspace.get::<u64>("load").as_deref(), Some(&2));
}

#[tokio::test(start_paused = true)]
async fn a_life_that_is_over_publishes_nothing_whatever_it_has_left_behind() {
    for has_published in [false, true] {
        let script = Script::new("a");
        let (handle, dataspace) = tree_of(&[&script]).await;
        let ctx = script.context();
        if has_published {
            ctx.publish("load", 1_u64).unwrap().keep();
        }
        handle.terminate_child("a").await.unwrap();
        let error = ctx.publish("load", 2_u64).unwrap_err();
        assert_eq!(error.to_string(), "this life of app/a is over");
        assert_eq!(dataspace.get::<u64>("load"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_is_told_how_things_are_and_not_what_came_and_went() {
    let script = Script::new("a");
    let (_handle, dataspace) = tree_of(&[&script]).await;
    let ctx = script.context();
    let mut all = dataspace.subscribe::<u64>();
    let (kept, gone) = (ctx.publish("b", 0_u64).unwrap(), ctx.publish("c", 0_u64));
    assert_eq!(told(&mut all).await, ["b is 0", "c is 0"]);
    drop(gone);
    for value in 1..=1_000 {
        kept.update(value).unwrap();
        drop(ctx.publish(format!("job/{value}"), value).unwrap());
    }
    let _again = ctx.publish("c", 5_u64).unwrap();
    let changes = told(&mut all).await;
    assert_eq!(changes, ["c is gone", "c is 5", "b is now 1000"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_begins_with_what_is_published_and_hears_only_what_it_asked_for() {
    let script = Script::new("a");
    let (_handle, dataspace) = tree_of(&[&script]).await;
    let ctx = script.context();
    for (key, value) in [("shard/2", 2_u64), ("shard/1", 1), ("other", 0)] {
        ctx.publish(key, value).unwrap().keep();
    }
    ctx.publish("shard/3", "of another type").unwrap().keep();
    let mut shards = dataspace.subscribe_prefix::<u64>("shard/");
    let mut all = dataspace.subscribe::<u64>();
    let mut one = dataspace.watch::<u64>("shard/3");
    assert_eq!(told(&mut shards).await, ["shard/1 is 1", "shard/2 is 2"]);
    assert_eq!(told(&mut all).await.len(), 3);
    let _third = ctx.publish("shard/3", 3_u64).unwrap();
    ctx.publish("else", 4_u64).unwrap().keep();
    assert_eq!(told(&mut shards).await, ["shard/3 is 3"]);
    assert_eq!(told(&mut all).await, ["shard/3 is 3", "else is 4"]);
    assert_eq!(told(&mut one).await, ["shard/3 is 3"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_tells_who_publishes() {
    let script = Script::new("web");
    let (handle, dataspace) = tree(&script).await;
    let mut address = dataspace.watch::<u64>("address");
    let first = address.next().await.unwrap();
    assert!(matches!(first, Change::Published { by, .. } if by == *script.context().path()));
    handle.terminate_child("web").await.unwrap();
    let second = address.next().await.unwrap();
    assert!(matches!(second, Change::Withdrawn { by, .. } if by == *script.context().path()));
}

#[tokio::test(start_paused = true)]
async fn every_one_of_many_subscribers_is_told() {
    let script = Script::new("web");
    let (handle, dataspace) = tree(&script).await;
    let readers: Vec<_> = (0..500)
        .map(|_| {
            let mut all = dataspace.subscribe::<u64>();
            tokio::spawn(async move {
                let mut lines = Vec::new();
                while let Some(change) = all.next().await {
                    lines.push(line(change));
                }
                lines
            })
        })
        .collect();
    settle().await;
    script.end(End::Error);
    settle().await;
    handle.shutdown().await;
    for reader in readers {
        let lines = reader.await.unwrap();
        let (is_2, is_3, gone) = ("address is 2", "address is 3", "address is gone");
        assert_eq!(lines, [is_2, gone, is_3, gone]);
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_tree_is_over_subscriptions_end_and_waits_fail() {
    let script = Script::new("web");
    let (handle, dataspace) = tree(&script).await;
    let mut address = dataspace.watch::<u64>("address");
    let other = dataspace.clone();
    let waiting = tokio::spawn(async move { other.wait::<u64>("load").await });
    assert_eq!(told(&mut address).await, ["address is 2"]);
    handle.shutdown().await;
    assert_eq!(address.next().await.map(line).unwrap(), "address is gone");
    assert!(address.next().await.is_none());
    assert!(address.next().await.is_none());
    let error = waiting.await.unwrap().unwrap_err();
    let text = "the tree is over: nothing is published under the key \"load\"";
    assert_eq!(error.to_string(), text);
    let later = dataspace.wait::<u64>("address").await;
    assert!(matches!(later, Err(WaitError::Over { .. })));
    assert!(dataspace.publications().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_dataspace_of_a_tree_that_ended_without_one_is_over_too() {
    let script = Script::new("a");
    let app = Supervisor::one_for_one("app").child(script.clone());
    assert!(matches!(
        app.handle().dataspace(),
        Err(CallError::NotRunning { .. })
    ));
    app.start().await.unwrap().shutdown().await;
    assert!(app.handle().dataspace().is_err());
    let late = script.context().dataspace();
    assert!(late.wait::<u64>("load").await.is_err());
    assert!(script.context().publish("load", 1_u64).is_err());
}

#[tokio::test(start_paused = true)]
async fn other_threads_and_runtimes_wait_for_the_same_values() {
    let script = Script::new("a");
    let (handle, dataspace) = tree_of(&[&script]).await;
    let ctx = script.context();
    let (heard, mut hears) = tokio::sync::mpsc::channel(8);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async move {
            let mut load = dataspace.watch::<u64>("load");
            while let Some(change) = load.next().await {
                heard.send(line(change)).await.unwrap();
            }
        });
    });
    // In the name of a child that runs here, from a thread that has no runtime.
    let publishing = std::thread::spawn(move || ctx.publish("load", 7_u64).unwrap().keep());
    publishing.join().unwrap();
    let dataspace = handle.dataspace().unwrap();
    assert_eq!(*dataspace.wait::<u64>("load").await.unwrap(), 7);
    assert_eq!(hears.recv().await.unwrap(), "load is 7");
    handle.shutdown().await;
    assert_eq!(hears.recv().await.unwrap(), "load is gone");
    assert_eq!(hears.recv().await, None);
    thread.join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_an_unresponsive_child_has_published_is_withdrawn_when_it_is_left_behind() {
    let script = Script::new("web").stop(StopAct::Block);
    let spec = server(&script).shutdown(ShutdownStrategy::Graceful(ms(50)));
    let app = Supervisor::one_for_one("app")
        .abort_grace(ms(50))
        .child(spec);
    let (handle, mut events) = started(&app).await;
    let dataspace = handle.dataspace().unwrap();
    assert_eq!(dataspace.get::<u64>("address").as_deref(), Some(&2));
    handle.terminate_child("web").await.unwrap();
    events
        .expect("app/web is unresponsive: its task does not end")
        .await;
    assert_eq!(script.alive(), 1);
    assert_eq!(dataspace.get::<u64>("address"), None);
    let late = script.context().publish("address", 9_u64);
    assert!(matches!(late, Err(PublishError::Over { .. })));
    script.release();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_later_life_takes_over_from_one_that_a_killed_supervisor_has_left_behind() {
    let script = Script::new("web").stop(StopAct::Block);
    let nested = Supervisor::one_for_one("nested").child(server(&script));
    let app = Supervisor::one_for_one("app").child(nested);
    let (handle, mut events) = started(&app).await;
    let dataspace = handle.dataspace().unwrap();
    let mut address = dataspace.watch::<u64>("address");
    assert_eq!(address.next().await.map(line).unwrap(), "address is 3");
    // It blocks its thread, and so outlives its supervisor.
    let nested = handle.supervisor("nested").unwrap();
    nested.request_stop();
    script.blocks().await;
    handle.kill_child("nested").await.unwrap();
    assert_eq!(address.next().await.map(line).unwrap(), "address is gone");
    assert_eq!(address.next().await.map(line).unwrap(), "address is 5");
    let runs =
        |event: &Event| event.incarnation.get() == 5 && matches!(event.kind, EventKind::Started);
    events.until("the next life runs", runs).await;
    assert_eq!(script.alive(), 2);
    script.release();
    let ends = |event: &Event| {
        event.incarnation.get() == 3 && matches!(event.kind, EventKind::Exited { .. })
    };
    events.until("the first life is over", ends).await;
    assert_eq!(dataspace.get::<u64>("address").as_deref(), Some(&5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_while_the_life_ends_is_refused_or_withdrawn() {
    let script = Script::new("a");
    let (handle, dataspace) = tree_of(&[&script]).await;
    for _ in 0..100 {
        let (ctx, begun) = (script.context(), Arc::new(Barrier::new(2)));
        let begins = Arc::clone(&begun);
        let publishing = std::thread::spawn(move || {
            begins.wait();
            let mut keys = (0..20_000_u32).map(|key| key.to_string());
            // Until it is refused.
            keys.all(|key| ctx.publish(key, 1_u64).map(Published::keep).is_ok())
        });
        begun.wait();
        handle.terminate_child("a").await.unwrap();
        publishing.join().unwrap();
        assert_eq!(dataspace.publications().len(), 0);
        handle.restart_child("a").await.unwrap();
    }
}

/// Does something when it is dropped.
struct OnDrop(Box<dyn Fn() + Send + Sync>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn the_drop_of_a_value_may_use_the_dataspace_and_may_panic() {
    in_a_thread(|| {
        on_the_paused_clock(async {
            let (script, drops) = (Script::new("a"), Journal::default());
            let (handle, dataspace) = tree_of(&[&script]).await;
            let ctx = script.context();
            for key in ["first", "second"] {
                let (dataspace, drops) = (dataspace.clone(), drops.clone());
                let value = OnDrop(Box::new(move || {
                    drops.note(format!("{key}: {}", dataspace.publications().len()));
                    assert!(std::thread::panicking(), "scripted panic in a drop");
                }));
                ctx.publish(key, value).unwrap().keep();
            }
            script.end(End::Error);
            settle().await;
            assert_eq!(drops.take(), ["first: 0", "second: 0"]);
            assert_eq!((script.starts(), script.alive()), (2, 1));
            let _present = script.context().publish("first", 1_u64).unwrap();
            assert!(dataspace.get::<u64>("first").is_some());
            assert!(handle.shutdown().await.is_clean());
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_tree_publishes_so_many_values_and_no_more() {
    let script = Script::new("a");
    let (_handle, dataspace) = tree_of(&[&script]).await;
    let ctx = script.context();
    let last = ctx.publish("last", 0_u64).unwrap();
    for key in 1..65_536_u32 {
        ctx.publish(key.to_string(), key).unwrap().keep();
    }
    let error = ctx.publish("one more", 0_u64).unwrap_err();
    assert_eq!(error, PublishError::Full { limit: 65_536 });
    assert_eq!(dataspace.publications().len(), 65_536);
    last.update(1).unwrap();
    drop(last);
    let _fits = ctx.publish("one more", 0_u64).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_published_is_listed_with_its_publisher() {
    let script = Script::new("web");
    let (_handle, dataspace) = tree(&script).await;
    script.end(End::Error);
    settle().await;
    script.context().publish("name", "Ada").unwrap().keep();
    let lines: Vec<_> = dataspace
        .publications()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "name: &str by app/web (life 3)",
            "address: u64 by app/web (life 3)"
        ]
    );
}
