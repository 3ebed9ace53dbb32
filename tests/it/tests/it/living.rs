//! A tree that is changed while it runs: children that rest, new specs, and whole lists of children.

use std::time::Duration;

use perennial::{
    ApplyError, Backoff, ChildError, ChildSpec, ChildState, DynamicSupervisor, EventKind,
    EventStream, InitPolicy, Jitter, Replace, Restart, ShutdownStrategy, Supervisor,
};
use perennial_test::{End, Events, Script, StartAct, StopAct, settle};
use tokio::time::{advance, timeout};

use crate::support::{chain, keeps_promises, ms, paths, secs, started};

/// What was told up to now, line by line.
async fn story(events: &mut EventStream) -> Vec<String> {
    settle().await;
    let mut lines = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::ZERO, events.next()).await {
        lines.push(event.unwrap().to_string());
    }
    lines
}

// Pauses.

#[tokio::test(start_paused = true)]
async fn a_paused_child_is_down_until_it_is_resumed_and_keeps_its_counters() {
    let web = Script::new("web");
    let app = Supervisor::one_for_one("app").child(web.clone());
    let (handle, _events) = started(&app).await;
    web.end(End::Error);
    settle().await;
    let mut events = handle.events();

    handle.pause_child("web").await.unwrap();
    assert_eq!(web.alive(), 0);
    let info = handle.which_child("web").await.unwrap();
    assert_eq!((info.state, info.restarts), (ChildState::Paused, 1));
    assert!(info.last_exit.is_some() && info.incarnation.is_none());
    assert!(handle.snapshot().to_string().contains("paused"));
    advance(secs(3_600)).await;
    settle().await;
    assert_eq!(web.alive(), 0);

    let resumed = handle.resume_child("web").await.unwrap();
    let info = handle.which_child("web").await.unwrap();
    assert_eq!((info.state, info.restarts), (ChildState::Running, 1));
    assert_eq!(resumed.incarnation(), info.incarnation);
    let expected = [
        "app/web is to stop within 5 s",
        "app/web exited: shutdown",
        "app/web is paused",
        "app/web is resumed",
        "app/web runs",
    ];
    assert_eq!(story(&mut events).await, expected);
}

#[tokio::test(start_paused = true)]
async fn pauses_and_resumptions_do_not_use_the_intensity_up() {
    let app = Supervisor::one_for_all("app").intensity(0, secs(5));
    let app = app.child(Script::new("a")).child(Script::new("b"));
    let (handle, _events) = started(&app).await;
    for _ in 0..10 {
        handle.pause_child("a").await.unwrap();
        handle.resume_child("a").await.unwrap();
    }
    assert_eq!(handle.count_children().await.unwrap().active, 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_is_paused_as_its_shutdown_strategy_says() {
    let stuck = Script::new("stuck").stop(StopAct::Hang);
    let spec = stuck.spec().shutdown(ShutdownStrategy::Graceful(ms(200)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    let began = tokio::time::Instant::now();
    handle.pause_child("stuck").await.unwrap();
    assert_eq!((began.elapsed(), stuck.alive()), (ms(200), 0));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_is_paused_at_once() {
    let web = Script::new("web");
    let backoff = Backoff::constant(secs(60)).jitter(Jitter::None);
    let spec = web.spec().backoff(backoff.not_at_once());
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    web.end(End::Error);
    settle().await;
    handle.pause_child("web").await.unwrap();
    advance(secs(120)).await;
    settle().await;
    assert_eq!(
        web.starts(),
        1,
        "the restart that was due is not made up for"
    );
    handle.resume_child("web").await.unwrap();
    assert_eq!(web.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_paused_child_is_no_hindrance_for_the_health_of_its_tree() {
    let web = Script::new("web");
    let app = Supervisor::one_for_one("app").child(web.clone());
    let (handle, _events) = started(&app).await;
    web.end(End::Error);
    settle().await;
    handle.pause_child("web").await.unwrap();
    let health = handle.health();
    assert_eq!(health.to_string(), "startup: ok\nready: ok\nlive: ok");
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_forgotten_when_the_supervisor_itself_is_restarted() {
    let web = Script::new("web");
    let inner = Supervisor::one_for_one("inner").child(web.clone());
    let desk = inner.handle();
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(inner)).await;
    desk.pause_child("web").await.unwrap();
    handle.kill_child("inner").await.unwrap();
    settle().await;
    assert_eq!(web.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_child_has_stashed_outlives_a_pause() {
    let web = Script::new("web");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(web.clone())).await;
    web.context().stash().put(7_u32);
    handle.pause_child("web").await.unwrap();
    handle.resume_child("web").await.unwrap();
    assert_eq!(web.context().stash::<u32>().get(), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_resumed_is_down_and_not_tried_again() {
    let web = Script::new("web").start(2, StartAct::Fail);
    let spec = web.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    handle.pause_child("web").await.unwrap();
    let error = handle.resume_child("web").await.unwrap_err();
    assert!(
        matches!(error, ChildError::Initialization { .. }),
        "{error}"
    );
    settle().await;
    let info = handle.which_child("web").await.unwrap();
    assert_eq!((info.state, web.starts()), (ChildState::Idle, 2));
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_told_of_the_latest_life_of_the_child_or_if_it_has_none_of_its_supervisor() {
    let app = Supervisor::one_for_one("app")
        .child(Script::new("shy").starts_with(StartAct::Ignore))
        .child(Script::new("slow").starts_with(StartAct::Slow(secs(1))))
        .child(Script::new("web"));
    let handle = app.handle();
    let mut events = Events::of(&handle);
    let starts = tokio::spawn(async move { app.start().await });
    let shy = events.expect("app/shy declined to start").await;
    events.expect("app/slow is started").await;
    let root = handle.snapshot().entries()[0].incarnation;
    for (id, life) in [("shy", Some(shy.incarnation)), ("web", root)] {
        handle.pause_child(id).await.unwrap();
        let paused = events.expect(format!("app/{id} is paused").as_str()).await;
        assert!(matches!(paused.kind, EventKind::Paused));
        assert_eq!(Some(paused.incarnation), life);
    }
    starts.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_stays_while_it_is_paused() {
    let job = Script::new("job");
    let spec = job.spec().restart(Restart::Temporary);
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    handle.pause_child("job").await.unwrap();
    handle.resume_child("job").await.unwrap();
    assert_eq!(job.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_children_of_a_template_are_not_paused() {
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job").spec());
    let jobs = jobs.start().await.unwrap();
    let job = jobs.start_child(()).await.unwrap();
    let refusals = [
        jobs.pause_child(job.id()).await.unwrap_err(),
        jobs.resume_child(job.id()).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert!(matches!(refusal, ChildError::Dynamic), "{refusal}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_with_paused_children_stops_in_order() {
    let app = ["a", "b", "c"]
        .map(Script::new)
        .into_iter()
        .fold(Supervisor::one_for_all("app"), Supervisor::child);
    let (handle, mut events) = started(&app).await;
    handle.pause_child("b").await.unwrap();
    let report = handle.shutdown().await;
    assert!(report.is_clean(), "{report}");
    keeps_promises(&events.rest().await);
}

// New specs.

#[tokio::test(start_paused = true)]
async fn a_child_that_is_replaced_now_ends_by_its_old_spec_and_keeps_its_place_and_its_counters() {
    let (old, new) = (Script::new("b").stop(StopAct::Hang), Script::new("b"));
    let spec = old.spec().shutdown(ShutdownStrategy::Graceful(ms(200)));
    let app = Supervisor::one_for_one("app")
        .child(Script::new("a"))
        .child(spec.version("1"))
        .child(Script::new("c"));
    let (handle, _events) = started(&app).await;
    old.end(End::Error);
    settle().await;
    let mut events = handle.events();

    let replaced = handle
        .replace_child(new.spec().version("2"), Replace::Now)
        .await
        .unwrap();
    assert_eq!((old.alive(), new.alive()), (0, 1));
    let info = handle.which_child("b").await.unwrap();
    assert_eq!((info.state, info.restarts), (ChildState::Running, 1));
    assert!(info.last_exit.is_some());
    assert_eq!(info.version.as_deref(), Some("2"));
    assert_eq!(info.incarnation, replaced.incarnation());
    let children = handle.which_children().await.unwrap();
    let ids: Vec<_> = children.iter().map(|child| child.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let expected = [
        "app/b is to stop within 200 ms",
        "app/b is killed",
        "app/b exited: killed",
        "app/b has a new spec, version 2",
        "app/b is started",
        "app/b runs",
    ];
    assert_eq!(story(&mut events).await, expected);
    assert!(handle.snapshot().to_string().contains("version 2"));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_replaced_at_its_next_restart_goes_on_until_then() {
    let (old, new) = (Script::new("a"), Script::new("a"));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(old.clone())).await;
    let kept = handle
        .replace_child(new.clone(), Replace::AtNextRestart)
        .await
        .unwrap();
    assert_eq!((old.alive(), kept.incarnation()), (1, None));
    let mut events = handle.events();
    old.end(End::Error);
    let expected = [
        "app/a exited: scripted failure",
        "app/a crashed: restarted at once",
        "app/a has a new spec",
        "app/a is restarted",
        "app/a runs",
    ];
    assert_eq!(story(&mut events).await, expected);
    assert_eq!((old.starts(), new.alive()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_replacement_uses_neither_the_intensity_up_nor_takes_siblings_along() {
    let sibling = Script::new("sibling");
    let app = Supervisor::one_for_all("app").intensity(0, secs(5));
    let app = app.child(Script::new("a")).child(sibling.clone());
    let (handle, _events) = started(&app).await;
    for _ in 0..10 {
        handle
            .replace_child(Script::new("a"), Replace::Now)
            .await
            .unwrap();
    }
    assert_eq!((sibling.starts(), sibling.alive()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_restart_starts_at_once_when_it_is_replaced() {
    let (old, new) = (Script::new("a"), Script::new("a"));
    let backoff = Backoff::constant(secs(60)).jitter(Jitter::None);
    let spec = old.spec().backoff(backoff.not_at_once());
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    old.end(End::Error);
    settle().await;
    handle
        .replace_child(new.clone(), Replace::Now)
        .await
        .unwrap();
    new.end(End::Error);
    settle().await;
    assert_eq!(new.starts(), 2, "the new spec has no backoff");
}

#[tokio::test(start_paused = true)]
async fn what_a_child_has_stashed_is_there_with_its_new_spec() {
    let (old, new) = (Script::new("a"), Script::new("a"));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(old.clone())).await;
    old.context().stash().put(7_u32);
    handle
        .replace_child(new.clone(), Replace::Now)
        .await
        .unwrap();
    assert_eq!(new.context().stash::<u32>().get(), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_new_spec_that_cannot_start_is_told_to_who_called_and_stays() {
    let old = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(old.clone())).await;
    let broken = Script::new("a").start(1, StartAct::Fail);
    let error = handle
        .replace_child(broken.clone(), Replace::Now)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ChildError::Initialization { .. }),
        "{error}"
    );
    let info = handle.which_child("a").await.unwrap();
    assert_eq!((info.state, old.alive()), (ChildState::Idle, 0));
    handle.restart_child("a").await.unwrap();
    assert_eq!((old.starts(), broken.alive()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_faulty_new_spec_is_refused_and_the_child_goes_on() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let app = Supervisor::one_for_one("app")
        .child(a.clone())
        .child(b.spec().after(["a"]));
    let (handle, _events) = started(&app).await;
    let refused = async |spec| {
        let error = handle.replace_child(spec, Replace::Now).await.unwrap_err();
        chain(&error)
    };
    let significant = refused(a.spec().significant()).await;
    assert!(significant.contains("is significant"), "{significant}");
    let unknown = refused(a.spec().after(["z"])).await;
    assert!(unknown.contains("is to start after z"), "{unknown}");
    let circle = refused(a.spec().after(["b"])).await;
    assert!(circle.contains("it waits for itself"), "{circle}");
    let missing = refused(Script::new("z").spec()).await;
    assert_eq!(missing, "there is no child z");
    assert_eq!((a.starts(), a.alive()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn two_kept_specs_that_would_need_each_other_are_a_circle() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let app = Supervisor::one_for_one("app")
        .child(a.clone())
        .child(b.clone());
    let (handle, _events) = started(&app).await;
    let later = Replace::AtNextRestart;
    let needs_b = a.spec().after(["b"]);
    handle.replace_child(needs_b, later).await.unwrap();
    let error = handle
        .replace_child(b.spec().after(["a"]), later)
        .await
        .unwrap_err();
    assert!(matches!(error, ChildError::Spec { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_group_restart_starts_a_child_after_those_that_its_new_spec_needs() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let app = Supervisor::one_for_all("app")
        .child(a.clone())
        .child(b.clone());
    let (handle, _events) = started(&app).await;
    let spec = a.spec().after(["b"]);
    handle
        .replace_child(spec, Replace::AtNextRestart)
        .await
        .unwrap();
    let mut events = handle.events();
    b.end(End::Error);
    let story = story(&mut events).await;
    let place = |line: &str| story.iter().position(|told| told == line);
    assert!(
        place("app/b runs") < place("app/a is restarted"),
        "{story:?}"
    );
    let report = handle.shutdown().await;
    assert_eq!(paths(&report), ["app/a", "app/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_is_replaced_with_all_below_it_and_its_handles_stay_good() {
    let (old, new) = (Script::new("old"), Script::new("new"));
    let inner = |child: &Script| Supervisor::one_for_one("inner").child(child.clone());
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(inner(&old))).await;
    let desk = handle.supervisor("inner").unwrap();
    handle
        .replace_child(inner(&new), Replace::Now)
        .await
        .unwrap();
    assert_eq!((old.alive(), new.alive()), (0, 1));
    assert_eq!(desk.which_children().await.unwrap()[0].id, "new");
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_is_dropped_after_it_was_heard_is_made_all_the_same() {
    let (old, new) = (
        Script::new("a").stop(StopAct::Slow(secs(1))),
        Script::new("a"),
    );
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(old.clone())).await;
    let call = handle.replace_child(new.clone(), Replace::Now);
    assert!(timeout(ms(10), call).await.is_err());
    advance(secs(2)).await;
    settle().await;
    assert_eq!((old.alive(), new.alive()), (0, 1));
}

// Whole lists of children.

fn spec(script: &Script, version: &str) -> ChildSpec {
    script.spec().version(version)
}

#[tokio::test(start_paused = true)]
async fn apply_adds_removes_and_replaces_and_leaves_the_unchanged_alone() {
    let same = Script::new("same");
    let (old, new) = (Script::new("other"), Script::new("other"));
    let (gone, fresh) = (Script::new("gone"), Script::new("fresh"));
    let app = Supervisor::one_for_one("app")
        .child(spec(&same, "1"))
        .child(gone.clone())
        .child(spec(&old, "1"));
    let (handle, _events) = started(&app).await;
    same.end(End::Error);
    settle().await;
    let before = handle.which_child("same").await.unwrap();
    advance(secs(60)).await;
    let mut events = handle.events();

    let wanted = [fresh.spec(), spec(&new, "2"), spec(&same, "1")];
    let applied = handle.apply(wanted).await.unwrap();
    assert_eq!(
        applied.to_string(),
        "1 unchanged, removed gone, replaced other, added fresh"
    );
    let after = handle.which_child("same").await.unwrap();
    assert_eq!(before.incarnation, after.incarnation);
    assert_eq!((after.restarts, same.starts()), (1, 2));
    let snapshot = handle.snapshot();
    let uptime = snapshot.find("app/same").unwrap().uptime;
    assert!(uptime >= Some(secs(60)), "its uptime goes on");
    assert_eq!((gone.alive(), old.alive()), (0, 0));
    assert_eq!((new.alive(), fresh.alive()), (1, 1));
    let ids: Vec<_> = snapshot.entries().iter().skip(1).collect();
    let ids: Vec<_> = ids.iter().map(|entry| entry.path.id().as_str()).collect();
    assert_eq!(ids, ["same", "other", "fresh"]);
    let story = story(&mut events).await;
    assert!(!story.iter().any(|line| line.contains("same")), "{story:?}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_applied_is_unchanged_when_it_is_applied_again() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let (handle, _events) = started(&Supervisor::one_for_one("app")).await;
    let wanted = || [a.spec().after(["b"]), spec(&b, "1")];
    let applied = handle.apply(wanted()).await.unwrap();
    assert_eq!(applied.added, ["b", "a"], "each after those that it needs");
    for when in [Replace::Now, Replace::AtNextRestart] {
        let again = handle.apply_with(wanted(), when).await.unwrap();
        assert_eq!(again.to_string(), "2 unchanged");
    }
    let nobody: [ChildSpec; 0] = [];
    let applied = handle.apply(nobody).await.unwrap();
    assert_eq!(applied.removed, ["a", "b"], "from the back");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_if_anything_in_the_list_is_wrong() {
    let a = Script::new("a");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec(&a, "1"))).await;
    let new = || Script::new("new").spec();
    let lists = [
        vec![new(), new()],
        vec![new().after(["a"])],
        vec![spec(&a, "2").after(["new"]), new().after(["a"])],
        vec![spec(&a, "2").significant()],
        vec![new().id("a/b")],
        vec![
            Supervisor::one_for_one("inner")
                .child(new())
                .child(new())
                .into(),
        ],
    ];
    for list in lists {
        let error = handle.apply(list).await.unwrap_err();
        assert!(matches!(error, ApplyError::Spec { .. }), "{error}");
        assert_eq!((a.starts(), a.alive()), (1, 1), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_fails_is_told_and_all_others_are_made() {
    let (old, new) = (Script::new("a"), Script::new("a").start(1, StartAct::Fail));
    let app = Supervisor::one_for_one("app")
        .child(old.clone())
        .child(Script::new("gone"));
    let (handle, _events) = started(&app).await;
    let broken = Script::new("broken").starts_with(StartAct::Fail);
    let needy = Script::new("needy");
    let fresh = Script::new("fresh");
    let wanted = [
        spec(&new, "2"),
        broken.spec(),
        needy.spec().after(["broken"]),
        fresh.spec(),
    ];
    let error = handle.apply(wanted).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a, broken, needy could not be changed as wanted"
    );
    let ApplyError::Incomplete { applied, failed } = error else {
        panic!("{error}");
    };
    assert_eq!(
        applied.to_string(),
        "0 unchanged, removed gone, added fresh"
    );
    let failed: Vec<_> = failed.iter().map(|failure| chain(failure)).collect();
    assert!(failed[0].starts_with("child a could not be replaced: child a could not start"));
    assert!(failed[1].starts_with("child broken could not be added: the child could not start"));
    // It is not there at all.
    assert!(failed[2].ends_with("is to start after broken, but has no such sibling"));
}

#[tokio::test(start_paused = true)]
async fn two_lists_that_are_applied_at_once_are_applied_one_after_the_other() {
    let slow = Script::new("a").stop(StopAct::Slow(secs(1)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec(&slow, "1"))).await;
    let (second, third) = (Script::new("a"), Script::new("a"));
    let (first, then) = tokio::join!(
        handle.apply([spec(&second, "2")]),
        handle.apply([spec(&third, "3")])
    );
    assert_eq!(
        (first.unwrap().replaced.len(), then.unwrap().replaced.len()),
        (1, 1)
    );
    assert_eq!((second.starts(), third.alive()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_application_was_dropped_can_be_applied_again() {
    let slow = Script::new("a").stop(StopAct::Slow(secs(1)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(slow.clone())).await;
    let fresh = Script::new("fresh");
    let dropped = timeout(ms(10), handle.apply([fresh.clone()])).await;
    assert!(dropped.is_err() && fresh.starts() == 0);
    let applied = handle.apply([fresh.clone()]).await.unwrap();
    assert_eq!(applied.to_string(), "0 unchanged, removed a, added fresh");
}

#[tokio::test(start_paused = true)]
async fn a_child_whose_removal_nobody_waited_for_is_there_again_if_a_list_wants_it() {
    let slow = Script::new("a").stop(StopAct::Slow(secs(1)));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(slow.clone())).await;
    let nobody: [ChildSpec; 0] = [];
    assert!(timeout(ms(10), handle.apply(nobody)).await.is_err());
    let applied = handle.apply([slow.clone()]).await.unwrap();
    assert_eq!(applied.to_string(), "0 unchanged, removed a, added a");
    assert_eq!((slow.starts(), slow.alive()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_could_not_start_with_its_new_spec_is_tried_again_by_the_same_list() {
    let (old, new) = (Script::new("a"), Script::new("a").start(1, StartAct::Fail));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec(&old, "1"))).await;
    let wanted = || [spec(&new, "2")];
    let error = handle.apply(wanted()).await.unwrap_err();
    assert!(matches!(error, ApplyError::Incomplete { .. }), "{error}");
    let applied = handle.apply(wanted()).await.unwrap();
    assert_eq!((applied.replaced.len(), new.alive()), (1, 1));
    // One that ran and was terminated is left alone.
    handle.terminate_child("a").await.unwrap();
    let applied = handle.apply(wanted()).await.unwrap();
    assert_eq!(
        (applied.to_string().as_str(), new.alive()),
        ("1 unchanged", 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_turns_round_who_needs_whom_by_way_of_an_unchanged_child_is_applied() {
    let [a, b, c] = ["a", "b", "c"].map(Script::new);
    let app = Supervisor::one_for_one("app")
        .child(spec(&a, "1"))
        .child(b.spec().after(["c"]))
        .child(spec(&c, "1").after(["a"]));
    let (handle, _events) = started(&app).await;
    let wanted = [
        spec(&a, "2").after(["b"]),
        b.spec().after(["c"]),
        spec(&c, "2"),
    ];
    let applied = handle.apply(wanted).await.unwrap();
    assert_eq!(applied.replaced, ["c", "a"]);
    assert_eq!(applied.unchanged, ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_for_one_life_of_a_supervisor_only() {
    let slow = Script::new("slow").stop(StopAct::Slow(secs(1)));
    let inner = Supervisor::one_for_one("inner").child(slow.clone());
    let desk = inner.handle();
    let (_handle, _events) = started(&Supervisor::one_for_one("app").child(inner)).await;
    let fresh = Script::new("fresh");
    let wanted = [fresh.clone()];
    let stop = async {
        settle().await;
        desk.shutdown().await;
    };
    let (applied, ()) = tokio::join!(desk.apply(wanted), stop);
    let error = applied.unwrap_err();
    let ApplyError::Incomplete { applied, failed } = &error else {
        panic!("{error}");
    };
    assert_eq!(applied.removed, ["slow"]);
    assert_eq!(failed[0].id(), "fresh");
    settle().await;
    assert_eq!(
        (slow.alive(), fresh.starts()),
        (1, 0),
        "the next life has its own list"
    );
}

#[tokio::test(start_paused = true)]
async fn a_worker_takes_the_place_of_a_supervisor_and_the_other_way_round() {
    let below = Script::new("below");
    let inner = || ChildSpec::from(Supervisor::one_for_one("x").child(below.clone()));
    let worker = Script::new("x");
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(inner())).await;
    handle.apply([spec(&worker, "2")]).await.unwrap();
    assert_eq!((worker.alive(), below.alive()), (1, 0));
    assert!(handle.supervisor("x").is_err());
    handle.apply([inner().version("3")]).await.unwrap();
    assert_eq!((worker.alive(), below.alive()), (0, 1));
    let desk = handle.supervisor("x").unwrap();
    assert_eq!(desk.count_children().await.unwrap().active, 1);
}

#[tokio::test(start_paused = true)]
async fn specs_are_taken_at_the_next_restart_if_the_list_is_applied_so() {
    let (old, new) = (Script::new("a"), Script::new("a"));
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec(&old, "1"))).await;
    let later = Replace::AtNextRestart;
    let applied = handle.apply_with([spec(&new, "2")], later).await.unwrap();
    assert_eq!(applied.replaced, ["a"]);
    let again = handle.apply_with([spec(&new, "2")], later).await.unwrap();
    assert_eq!(again.unchanged, ["a"]);
    // Back to what runs: nobody is disturbed for that.
    handle.apply([spec(&old, "1")]).await.unwrap();
    assert_eq!((old.starts(), old.alive()), (1, 1));
    old.end(End::Error);
    settle().await;
    assert_eq!((old.starts(), new.starts()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_down_or_paused_is_left_so_if_its_spec_is_the_same() {
    let (down, paused) = (Script::new("down"), Script::new("paused"));
    let app = Supervisor::one_for_one("app")
        .child(down.clone())
        .child(paused.clone());
    let (handle, _events) = started(&app).await;
    handle.terminate_child("down").await.unwrap();
    handle.pause_child("paused").await.unwrap();
    let applied = handle.apply([down.clone(), paused.clone()]).await.unwrap();
    assert_eq!(applied.to_string(), "2 unchanged");
    let wanted = [spec(&down, "2"), spec(&paused, "2")];
    handle.apply(wanted).await.unwrap();
    assert_eq!((down.alive(), paused.alive()), (1, 0), "a pause stays one");
}

#[tokio::test(start_paused = true)]
async fn lists_are_for_supervisors_that_have_one() {
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job").spec());
    let desk = jobs.handle();
    let wanted = || [Script::new("a")];
    let error = desk.apply(wanted()).await.unwrap_err();
    assert!(matches!(error, ApplyError::NotRunning { .. }), "{error}");
    let jobs = jobs.start().await.unwrap();
    let error = jobs.apply(wanted()).await.unwrap_err();
    assert!(matches!(error, ApplyError::Dynamic), "{error}");
    let error = jobs.replace_child(Script::new("job#1"), Replace::Now).await;
    assert!(matches!(error, Err(ChildError::Dynamic)));
}
