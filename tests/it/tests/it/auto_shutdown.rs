//! Supervisors that end by themselves when their significant children have.

use perennial::{AutoShutdown, ExitReason, Outcome, Restart, Supervisor};
use perennial_test::{End, Journal, Script, settle};

use crate::support::started;

/// `plain`, and `x` and `y`, which are significant.
fn tree(auto: AutoShutdown, restart: Restart, journal: &Journal) -> (Supervisor, [Script; 2]) {
    let children = ["x", "y"].map(|id| Script::new(id).noting(journal));
    let app = Supervisor::one_for_one("app")
        .auto_shutdown(auto)
        .child(Script::new("plain").noting(journal));
    let spec = |child: &Script| child.spec().restart(restart).significant();
    let app = children
        .iter()
        .fold(app, |app, child| app.child(spec(child)));
    (app, children)
}

#[tokio::test(start_paused = true)]
async fn any_significant_child_that_ends_for_good_ends_its_supervisor() {
    for (restart, end) in [
        (Restart::Transient, End::Done),
        (Restart::Temporary, End::Done),
        (Restart::Temporary, End::Error),
    ] {
        let journal = Journal::default();
        let (app, [x, _]) = tree(AutoShutdown::AnySignificant, restart, &journal);
        let (handle, _events) = started(&app).await;
        let _starts = journal.take();
        x.end(end);
        let outcome = handle.wait().await;
        let Outcome::SignificantExited { child, .. } = &outcome else {
            panic!("{outcome}")
        };
        assert_eq!(child.to_string(), "app/x");
        assert!(outcome.is_clean());
        assert_eq!(journal.all("is to stop"), ["y", "plain"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_significant_child_that_is_restarted_ends_nobody() {
    let (app, [x, _]) = tree(
        AutoShutdown::AnySignificant,
        Restart::Transient,
        &Journal::default(),
    );
    let (handle, _events) = started(&app).await;
    x.end(End::Error);
    settle().await;
    assert_eq!((x.starts(), handle.path().is_some()), (2, true));
}

#[tokio::test(start_paused = true)]
async fn all_significant_waits_for_the_last_of_them() {
    let (app, [x, y]) = tree(
        AutoShutdown::AllSignificant,
        Restart::Transient,
        &Journal::default(),
    );
    let (handle, _events) = started(&app).await;
    x.end(End::Done);
    settle().await;
    assert!(handle.path().is_some());
    y.end(End::With(ExitReason::Shutdown));
    let outcome = handle.wait().await;
    assert_eq!(outcome.to_string(), "ended, as app/y has ended");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_terminates_a_significant_child_ends_nobody() {
    let (app, _children) = tree(
        AutoShutdown::AnySignificant,
        Restart::Temporary,
        &Journal::default(),
    );
    let (handle, _events) = started(&app).await;
    handle.terminate_child("x").await.unwrap();
    handle.terminate_child("y").await.unwrap();
    settle().await;
    assert!(handle.path().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_nested_supervisor_that_ended_by_itself_did_so_cleanly() {
    let child = Script::new("job");
    let nested = Supervisor::one_for_one("nested")
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(child.spec().restart(Restart::Transient).significant());
    let spec = perennial::ChildSpec::new(nested).restart(Restart::Transient);
    let (handle, mut events) = started(&Supervisor::one_for_one("app").child(spec)).await;
    child.end(End::Done);
    events.expect("app/nested exited: shutdown").await;
    settle().await;
    assert_eq!(child.starts(), 1);
    assert_eq!(handle.count_children().await.unwrap().active, 0);
}

#[tokio::test(start_paused = true)]
async fn run_until_returns_when_the_significant_children_have_ended() {
    let (app, [x, _]) = tree(
        AutoShutdown::AnySignificant,
        Restart::Transient,
        &Journal::default(),
    );
    let mut events = perennial_test::Events::of(&app.handle());
    let run = tokio::spawn(async move { app.run_until(std::future::pending::<()>()).await });
    events.expect("app runs").await;
    x.end(End::Done);
    assert!(run.await.unwrap().unwrap().is_clean());
}
