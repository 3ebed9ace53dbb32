//! What a child keeps for its next life.

use std::cell::Cell;
use std::sync::Arc;

use perennial::{
    Context, DynamicSupervisor, ExitReason, InitPolicy, Restart, Strategy, Supervisor,
    SupervisorHandle, worker,
};
use perennial_test::{End, Journal, Script, StartAct, settle};

use crate::support::{ms, secs, started};

/// A value that says when it is dropped.
struct Draft(Journal);

impl Drop for Draft {
    fn drop(&mut self) {
        self.0.note("dropped");
    }
}

/// A value that looks at its tree when it is dropped, and panics then.
struct Trap(Journal, SupervisorHandle);

impl Drop for Trap {
    fn drop(&mut self) {
        // Waits for itself for ever if somebody holds the roster meanwhile.
        drop(self.1.snapshot());
        self.0.note("sprung");
        panic!("a trap");
    }
}

async fn alone(child: &Script) -> SupervisorHandle {
    let app = Supervisor::one_for_one("app").child(child.clone());
    started(&app).await.0
}

fn number(ctx: &Context) -> Option<u32> {
    ctx.stash().get()
}

#[tokio::test(start_paused = true)]
async fn what_one_life_puts_in_the_next_one_finds() {
    for end in [End::Error, End::Done] {
        let child = Script::new("a");
        let _handle = alone(&child).await;
        assert_eq!(child.context().stash().put(7_u32), None);
        child.end(end);
        settle().await;
        assert_eq!((child.starts(), number(&child.context())), (2, Some(7)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stash_survives_a_life_that_does_not_look_at_it() {
    let child = Script::new("a");
    let _handle = alone(&child).await;
    child.context().stash().put(7_u32);
    for _ in 0..2 {
        child.end(End::Error);
        settle().await;
    }
    assert_eq!((child.starts(), number(&child.context())), (3, Some(7)));
}

#[tokio::test(start_paused = true)]
async fn a_stash_survives_a_kill() {
    let child = Script::new("a");
    let handle = alone(&child).await;
    child.context().stash().put(7_u32);
    handle.kill_child("a").await.unwrap();
    settle().await;
    assert_eq!((child.starts(), number(&child.context())), (2, Some(7)));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_out_before_a_kill_is_gone() {
    let child = worker("a", |ctx| async move {
        let stash = ctx.stash::<u32>();
        let _held = match ctx.last_exit() {
            None => stash.put(7).or_else(|| stash.take()),
            Some(_) => None,
        };
        ctx.stopping().await;
        assert!(stash.is_empty());
        Ok(())
    });
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(child)).await;
    handle.kill_child("a").await.unwrap();
    settle().await;
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_stash_survives_the_restart_of_the_group() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let (first, second) = (Script::new("first"), Script::new("second"));
        let app = Supervisor::new("app", strategy)
            .child(first.clone())
            .child(second.clone());
        let (_handle, _events) = started(&app).await;
        second.context().stash().put(7_u32);
        first.end(End::Panic);
        settle().await;
        assert_eq!((second.starts(), number(&second.context())), (2, Some(7)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stash_waits_for_restart_child() {
    let child = Script::new("a");
    let handle = alone(&child).await;
    child.context().stash().put(7_u32);
    handle.terminate_child("a").await.unwrap();
    handle.restart_child("a").await.unwrap();
    settle().await;
    assert_eq!((child.starts(), number(&child.context())), (2, Some(7)));
}

#[tokio::test(start_paused = true)]
async fn a_stash_waits_while_a_child_declines_to_start_or_cannot() {
    let child = Script::new("a")
        .start(2, StartAct::Ignore)
        .start(3, StartAct::Fail);
    let spec = child.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    child.context().stash().put(7_u32);
    child.end(End::Error);
    settle().await;
    assert!(handle.restart_child("a").await.is_err());
    handle.restart_child("a").await.unwrap();
    settle().await;
    assert_eq!((child.starts(), number(&child.context())), (4, Some(7)));
}

#[tokio::test(start_paused = true)]
async fn the_children_of_a_template_have_a_stash_each() {
    let child = Script::new("job");
    let template = child.clone();
    let jobs = DynamicSupervisor::new("jobs", move |(): ()| template.clone());
    let jobs = jobs.start().await.unwrap();
    jobs.start_child(()).await.unwrap();
    settle().await;
    child.context().stash().put(7_u32);
    child.end(End::Error);
    settle().await;
    assert_eq!(number(&child.context()), Some(7));
    jobs.start_child(()).await.unwrap();
    settle().await;
    assert_eq!(number(&child.context()), None);
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_the_stash_is_empty_and_what_was_in_it_is_dropped() {
    let (child, journal) = (Script::new("a"), Journal::default());
    let _handle = alone(&child).await;
    child.context().stash().put(Draft(journal.clone()));
    child.end(End::Panic);
    settle().await;
    assert_eq!(journal.take(), ["dropped"]);
    assert!(child.context().stash::<Draft>().is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_in_an_initialization_the_stash_is_empty() {
    let child = Script::new("a").start(2, StartAct::Panic);
    let spec = child.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let (_handle, _events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    child.context().stash().put(7_u32);
    child.end(End::Error);
    settle().await;
    assert_eq!((child.starts(), number(&child.context())), (3, None));
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_the_handles_of_that_life_do_not_reach_the_next_one() {
    let child = Script::new("a");
    let _handle = alone(&child).await;
    let old = child.context().stash::<u32>();
    child.end(End::Panic);
    settle().await;
    old.put(7);
    assert_eq!(number(&child.context()), None);
}

#[tokio::test(start_paused = true)]
async fn a_marked_cell_survives_each_panic_and_the_others_do_not() {
    let child = Script::new("a");
    let _handle = alone(&child).await;
    child.context().stash().keep_after_panic().put(7_u32);
    for _ in 0..2 {
        child.context().stash().put("plain");
        child.end(End::Panic);
        settle().await;
        assert!(child.context().stash::<&str>().is_empty());
    }
    assert_eq!((child.starts(), number(&child.context())), (3, Some(7)));
}

#[tokio::test(start_paused = true)]
async fn a_marked_cell_keeps_what_a_panic_left_half_changed() {
    let child = worker("a", |ctx| async move {
        let stash = ctx.stash::<Vec<u32>>().keep_after_panic();
        if ctx.last_exit().is_none() {
            stash.update(|kept| {
                kept.get_or_insert_default().push(1);
                panic!("before the second one");
            });
        }
        ctx.stopping().await;
        assert_eq!(stash.take(), Some(vec![1]));
        Ok(())
    });
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(child)).await;
    events.expect("app/a is restarted").await;
    events.expect("app/a runs").await;
    settle().await;
    assert!(handle.shutdown().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_stash_is_dropped_with_its_row() {
    let (child, journal) = (Script::new("a"), Journal::default());
    let handle = alone(&child).await;
    child.context().stash().put(Draft(journal.clone()));
    handle.terminate_child("a").await.unwrap();
    assert!(journal.take().is_empty());
    handle.delete_child("a").await.unwrap();
    assert_eq!(journal.take(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn the_stash_of_a_temporary_child_is_dropped_at_its_end() {
    let journal = Journal::default();
    let draft = journal.clone();
    let child = worker("a", move |ctx| {
        ctx.stash().put(Draft(draft.clone()));
        async { Ok(()) }
    });
    let app = Supervisor::one_for_one("app").child(child.restart(Restart::Temporary));
    let (_handle, _events) = started(&app).await;
    settle().await;
    assert_eq!(journal.take(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_stash_is_dropped_when_its_supervisor_ends_or_is_restarted() {
    let (child, journal) = (Script::new("a"), Journal::default());
    let nested = Supervisor::one_for_one("nested").child(child.clone());
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(nested)).await;
    child.context().stash().put(Draft(journal.clone()));
    handle.kill_child("nested").await.unwrap();
    settle().await;
    assert_eq!(
        (child.starts(), journal.take()),
        (2, vec!["dropped".to_owned()])
    );
    child.context().stash().put(Draft(journal.clone()));
    handle.shutdown().await;
    assert_eq!(journal.take(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn values_whose_drop_panics_and_looks_at_the_tree_hurt_nobody() {
    let (child, journal) = (Script::new("a"), Journal::default());
    let handle = alone(&child).await;
    let set = || {
        let ctx = child.context();
        ctx.stash().put(Trap(journal.clone(), handle.clone()));
        let second = [Trap(journal.clone(), handle.clone())];
        ctx.stash().put(second);
    };
    set();
    child.end(End::Panic);
    settle().await;
    assert_eq!((child.starts(), journal.take().len()), (2, 2));
    set();
    handle.terminate_child("a").await.unwrap();
    handle.delete_child("a").await.unwrap();
    assert_eq!(journal.take().len(), 2);
    handle.start_child(child.clone()).await.unwrap();
    settle().await;
    set();
    assert!(handle.shutdown().await.is_clean());
    assert_eq!(journal.take().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_unresponsive_child_keeps_its_stash_to_itself() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .abort_grace(ms(50))
        .child(child.clone());
    let (handle, mut events) = started(&app).await;
    let old = child.context();
    old.stash().keep_after_panic().put(7_u32);
    child.end(End::Block);
    child.blocks().await;
    handle.kill_child("a").await.unwrap();
    events
        .expect("app/a is unresponsive: its task does not end")
        .await;
    events.expect("app/a runs").await;
    let life = handle.which_child("a").await.unwrap().incarnation;
    while Some(child.context().incarnation()) != life {
        tokio::task::yield_now().await;
    }
    assert_eq!(number(&child.context()), None);
    assert_eq!(number(&old), Some(7));
    child.release();
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn each_child_has_a_cell_for_each_type() {
    let (a, b) = (Script::new("a"), Script::new("b"));
    let app = Supervisor::one_for_one("app").intensity(9, secs(5));
    let (_handle, _events) = started(&app.child(a.clone()).child(b.clone())).await;
    a.context().stash().put(1_u32);
    a.context().stash().put(2_u64);
    assert_eq!(number(&b.context()), None);
    assert_eq!(number(&a.context()), Some(1));
    assert_eq!(a.context().stash::<u64>().take(), Some(2));
    assert_eq!(number(&a.context()), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_cannot_be_shared_or_cloned_is_changed_in_its_place() {
    let child = Script::new("a");
    let _handle = alone(&child).await;
    let stash = child.context().stash::<(Cell<u32>, Arc<ExitReason>)>();
    stash.put((Cell::new(1), Arc::new(ExitReason::Normal)));
    let seen = stash.update(|kept| kept.as_ref().map(|(number, _)| number.replace(2)));
    assert_eq!(seen, Some(1));
    let seen = stash
        .clone()
        .update(|kept| kept.take().map(|(number, _)| number.get()));
    assert_eq!((seen, stash.is_empty()), (Some(2), true));
}
