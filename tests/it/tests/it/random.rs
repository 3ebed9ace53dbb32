//! Random trees under random treatment: whatever happens, the promises hold.

use std::collections::HashMap;

use perennial::{
    ChildSpec, Event, EventKind, Incarnation, InitPolicy, Restart, ShutdownStrategy,
    Strategy as Group, Supervisor, SupervisorHandle,
};
use perennial_test::{End, Events, Script, StartAct, StopAct, settle};
use proptest::prelude::*;
use proptest::sample::select;
use tokio::time::advance;

use crate::events::check_lives;
use crate::support::{ms, secs};

/// A part of a tree before it has names.
#[derive(Clone, Debug)]
enum Plan {
    Worker(Restart, StopAct, Option<(usize, StartAct)>),
    Supervisor(Group, Restart, Vec<Plan>),
}

/// What is done to a running tree; numbers choose whom, and fit into any tree.
#[derive(Clone, Debug)]
enum Act {
    End(usize, usize),
    Kill(usize),
    Terminate(usize),
    Restart(usize),
    Delete(usize),
    Add(usize),
    Wait(u64),
}

fn restarts() -> impl Strategy<Value = Restart> {
    select(vec![
        Restart::Permanent,
        Restart::Permanent,
        Restart::Transient,
        Restart::Temporary,
    ])
}

fn plans() -> impl Strategy<Value = Plan> {
    let stops = select(vec![
        StopAct::Obey,
        StopAct::Obey,
        StopAct::Slow(ms(300)),
        StopAct::Hang,
        StopAct::Fail,
    ]);
    let acts = select(vec![
        StartAct::Fail,
        StartAct::Panic,
        StartAct::Ignore,
        StartAct::Slow(ms(50)),
        StartAct::Hang,
    ]);
    let worker = (
        restarts(),
        stops,
        proptest::option::weighted(0.3, (2..4_usize, acts)),
    );
    let worker = worker.prop_map(|(restart, stop, start)| Plan::Worker(restart, stop, start));
    worker.prop_recursive(4, 50, 6, |inner| {
        let groups = select(vec![Group::OneForOne, Group::OneForAll, Group::RestForOne]);
        let nested = (groups, restarts(), prop::collection::vec(inner, 0..6));
        nested.prop_map(|(group, restart, children)| Plan::Supervisor(group, restart, children))
    })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let who = 0..1_000_usize;
    let act = prop_oneof![
        4 => (who.clone(), 0..4_usize).prop_map(|(who, how)| Act::End(who, how)),
        1 => who.clone().prop_map(Act::Kill),
        1 => who.clone().prop_map(Act::Terminate),
        1 => who.clone().prop_map(Act::Restart),
        1 => who.clone().prop_map(Act::Delete),
        1 => who.prop_map(Act::Add),
        2 => (0..500_u64).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 0..25)
}

/// The tree of a plan, and its workers.
fn grow(plan: &Plan, id: String, workers: &mut Vec<Script>) -> ChildSpec {
    let policy = InitPolicy::FatalOnFirstStart;
    match plan {
        Plan::Worker(restart, stop, start) => {
            let script = Script::new(id).stop(*stop);
            let script = start
                .iter()
                .fold(script, |script, &(nth, act)| script.start(nth, act));
            workers.push(script.clone());
            let spec = script
                .spec()
                .restart(*restart)
                .init_policy(policy)
                .init_timeout(ms(200));
            spec.shutdown(ShutdownStrategy::Graceful(ms(400)))
        }
        Plan::Supervisor(group, restart, children) => {
            let nested = Supervisor::new(id.as_str(), *group).intensity(3, secs(1));
            let nested = children
                .iter()
                .enumerate()
                .fold(nested, |nested, (index, child)| {
                    nested.child(grow(child, format!("{id}{index}"), workers))
                });
            ChildSpec::new(nested).restart(*restart).init_policy(policy)
        }
    }
}

/// The supervisors of the tree as it is now.
fn supervisors(root: &SupervisorHandle) -> Vec<SupervisorHandle> {
    let snapshot = root.snapshot();
    let nested = snapshot
        .entries()
        .iter()
        .filter(|entry| entry.strategy.is_some() && entry.depth > 0);
    let paths = nested.map(|entry| entry.path.to_string());
    let found = paths.filter_map(|path| root.supervisor(path.strip_prefix("r/")?).ok());
    std::iter::once(root.clone()).chain(found).collect()
}

/// Some supervisor, and the id of one of its children.
async fn somebody(
    root: &SupervisorHandle,
    who: usize,
) -> Option<(SupervisorHandle, perennial::ChildId)> {
    let all = supervisors(root);
    let supervisor = all[who % all.len()].clone();
    let children = supervisor.which_children().await.ok()?;
    let child = children.get((who / all.len()).checked_rem(children.len())?)?;
    Some((supervisor, child.id.clone()))
}

async fn play(root: &SupervisorHandle, act: &Act, workers: &mut Vec<Script>) {
    let call = |who| somebody(root, who);
    match *act {
        Act::End(who, how) => {
            let living: Vec<_> = workers.iter().filter(|worker| worker.alive() > 0).collect();
            if let Some(worker) = who.checked_rem(living.len()).map(|at| living[at]) {
                let ends = [
                    End::Done,
                    End::Error,
                    End::Panic,
                    End::With(perennial::ExitReason::Shutdown),
                ];
                let _lives = worker.try_end(ends[how].clone());
            }
        }
        Act::Kill(who) => {
            if let Some((supervisor, id)) = call(who).await {
                let _down = supervisor.kill_child(id).await;
            }
        }
        // Calls are made and not waited for: what follows comes while they are under way.
        Act::Terminate(who) => {
            if let Some((supervisor, id)) = call(who).await {
                tokio::spawn(async move { supervisor.terminate_child(id).await });
            }
        }
        Act::Restart(who) => {
            if let Some((supervisor, id)) = call(who).await {
                tokio::spawn(async move { supervisor.restart_child(id).await });
            }
        }
        Act::Delete(who) => {
            if let Some((supervisor, id)) = call(who).await {
                tokio::spawn(async move { supervisor.delete_child(id).await });
            }
        }
        Act::Add(who) => {
            let all = supervisors(root);
            let supervisor = all[who % all.len()].clone();
            let new = Script::new(format!("new{}", workers.len()));
            workers.push(new.clone());
            tokio::spawn(async move { supervisor.start_child(new).await });
        }
        Act::Wait(millis) => advance(ms(millis)).await,
    }
    if let Act::Wait(_) = act {
        settle().await;
    }
}

/// The order of the rows of each supervisor: that in which they first came.
type Ranks = HashMap<String, usize>;

fn parent(event: &Event) -> Option<String> {
    Some(event.path.parent()?.to_string())
}

/// After the root was asked, nothing starts, and each supervisor asks its children in reverse order.
fn check_stop(events: &[Event], ranks: &Ranks) {
    let asked = |event: &Event| matches!(event.kind, EventKind::StopRequested { .. });
    let root_asked = events
        .iter()
        .position(|event| event.path.parent().is_none() && asked(event));
    let Some(at) = root_asked else { return };
    let mut last: HashMap<String, usize> = HashMap::new();
    for event in &events[at..] {
        // One level below may still be in the middle of its work when the request to the root comes.
        if event
            .path
            .parent()
            .is_none_or(|parent| parent.parent().is_some())
        {
            continue;
        }
        assert!(
            !matches!(event.kind, EventKind::Starting { .. }),
            "starts after the request: {event}"
        );
        if let (true, Some(parent), Some(&rank)) = (
            asked(event),
            parent(event),
            ranks.get(&event.path.to_string()),
        ) {
            let before = last.insert(parent, rank);
            assert!(
                before.is_none_or(|before| before > rank),
                "not in reverse: {event}"
            );
        }
    }
}

/// Between the request to a supervisor and its end none of its children starts.
fn check_no_starts(events: &[Event]) {
    let mut asked: HashMap<String, Incarnation> = HashMap::new();
    for event in events {
        let path = event.path.to_string();
        match event.kind {
            EventKind::StopRequested { .. } => {
                asked.insert(path, event.incarnation);
            }
            EventKind::Starting { .. } => {
                let above = parent(event).and_then(|parent| asked.get(&parent));
                assert!(above.is_none(), "{event} under one that was asked to stop");
                asked.remove(&path);
            }
            _ => (),
        }
    }
}

async fn treat(plan: &Plan, acts: &[Act]) {
    let mut workers = Vec::new();
    let children = match plan {
        Plan::Supervisor(group, _, children) => (*group, children.clone()),
        worker => (Group::OneForOne, vec![worker.clone()]),
    };
    let root = Supervisor::new("r", children.0).intensity(10, secs(1));
    let root = children
        .1
        .iter()
        .enumerate()
        .fold(root, |root, (index, child)| {
            root.child(grow(child, format!("c{index}"), &mut workers))
        });
    let ranks = (0..children.1.len())
        .map(|index| (format!("r/c{index}"), index))
        .collect();
    let mut events = Events::of(&root.handle());
    let handle = root.start().await.unwrap();
    for act in acts {
        play(&handle, act, &mut workers).await;
    }
    // A call that comes with the stop is carried out beside it: the order is that of the stop alone.
    settle().await;
    let report = handle.shutdown().await;
    settle().await;
    for worker in &workers {
        assert_eq!(
            worker.alive(),
            0,
            "after the shutdown nothing runs: {report}"
        );
    }
    let events = events.rest().await;
    check_lives(&events);
    check_stop(&events, &ranks);
    check_no_starts(&events);
}

/// How many random cases are tried: so many, or what `PROPTEST_CASES` says.
fn cases(usual: u32) -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(1_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_random_tree_under_random_treatment_keeps_its_promises(plan in plans(), acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(treat(&plan, &acts));
    }
}
