//! Mistakes in a tree: found without starting it, all at once, each with its place.

use std::time::Duration;

use perennial::{
    AutoShutdown, Backoff, ChildSpec, DynamicSupervisor, Event, Fault, Intensity, Lint, OnLimit,
    Restart, ShutdownStrategy, StartChildError, StartError, StormGuard, Supervisor, worker,
};
use perennial_test::{Script, settle};

use crate::support::{chain, secs, started};

fn faulty() -> Supervisor {
    let nested = Supervisor::one_for_all("nested")
        .intensity(1, Duration::ZERO)
        .child(Script::new("twice"))
        .child(Script::new("twice"))
        .child(Script::new("a/b"))
        .child(DynamicSupervisor::new("jobs", |(): ()| Script::new("job")).max_children(0));
    Supervisor::one_for_one("app")
        .child(Script::new(""))
        .child(Script::new("always").spec().significant())
        .child(nested)
}

const FAULTS: [&str; 7] = [
    "app/ has an invalid id",
    "app/always is significant and permanent",
    "app/always is significant, but its supervisor has no auto shutdown",
    "app/nested has a restart intensity with a period of zero",
    "app/nested/twice has the id of a sibling before it",
    "app/nested/a/b has an invalid id",
    "app/nested/jobs is a dynamic supervisor with at most 0 children",
];

#[test]
fn check_names_all_faults_at_once_with_their_places() {
    let error = faulty().check().unwrap_err();
    let told: Vec<_> = error
        .faults()
        .map(|(path, fault)| format!("{path} {fault}"))
        .collect();
    assert_eq!(told.len(), FAULTS.len(), "{told:#?}");
    for fault in FAULTS {
        assert!(
            told.iter().any(|told| told.starts_with(fault)),
            "{fault} not in {told:#?}"
        );
        assert!(error.to_string().contains(fault));
    }
}

#[tokio::test(start_paused = true)]
async fn a_faulty_tree_is_refused_before_anything_starts() {
    let child = Script::new("good");
    let error = faulty().child(child.clone()).start().await.unwrap_err();
    assert!(matches!(error, StartError::Spec { .. }), "{error}");
    settle().await;
    assert_eq!(child.starts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_faulty_nested_supervisor_is_a_mistake_of_the_tree_and_is_not_retried() {
    let nested = Supervisor::one_for_one("nested").intensity(3, Duration::ZERO);
    let error = Supervisor::one_for_one("app")
        .child(nested)
        .start()
        .await
        .unwrap_err();
    assert!(
        chain(&error).contains("app/nested has a restart intensity"),
        "{}",
        chain(&error)
    );
}

#[tokio::test(start_paused = true)]
async fn a_faulty_child_is_refused_by_start_child_and_costs_nothing() {
    let (handle, _events) = started(&Supervisor::one_for_one("app").child(Script::new("a"))).await;
    let empty = Script::new("").spec();
    let faulty = [
        ChildSpec::new(faulty()),
        empty,
        worker("x/y", |_| async { Ok(()) }),
        Script::new("s").spec().significant(),
    ];
    for spec in faulty {
        let error = handle.start_child(spec).await.unwrap_err();
        assert!(matches!(error, StartChildError::Spec { .. }), "{error}");
    }
    assert_eq!(handle.which_children().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_faulty_child_of_a_template_is_refused() {
    let jobs = DynamicSupervisor::new("jobs", |id: &'static str| Script::new(id))
        .start()
        .await
        .unwrap();
    for id in ["", "a/b"] {
        assert!(matches!(
            jobs.start_child(id).await,
            Err(StartChildError::Spec { .. })
        ));
    }
    assert_eq!(jobs.count_children().await.unwrap().active, 0);
}

#[test]
fn a_faulty_root_id_is_found() {
    for id in ["", "a/b"] {
        let error = Supervisor::one_for_one(id).check().unwrap_err();
        assert!(error.faults().any(|(_, fault)| *fault == Fault::InvalidId));
    }
}

#[test]
fn significant_children_are_right_below_an_auto_shutdown_and_not_permanent() {
    let significant = |restart| Script::new("a").spec().restart(restart).significant();
    let app = |restart| {
        Supervisor::one_for_one("app")
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(significant(restart))
    };
    assert!(app(Restart::Transient).check().is_ok());
    assert!(app(Restart::Temporary).check().is_ok());
    assert!(app(Restart::Permanent).check().is_err());
}

#[test]
fn a_group_that_may_take_longer_to_stop_than_the_period_is_worth_a_word() {
    let slow = |id| {
        Script::new(id)
            .spec()
            .shutdown(ShutdownStrategy::Graceful(secs(4)))
    };
    let group = Supervisor::rest_for_one("group")
        .intensity(1, secs(5))
        .child(slow("a"))
        .child(slow("b"));
    let lints = Supervisor::one_for_one("app").child(group).check().unwrap();
    let [Lint::StopOutlastsPeriod { path, stop, period }] = lints.as_slice() else {
        panic!("{lints:?}")
    };
    assert_eq!(
        (path.to_string(), *stop, *period),
        ("app/group".to_owned(), secs(8), secs(5))
    );
    let alone = Supervisor::one_for_one("alone")
        .intensity(1, secs(5))
        .child(slow("a"))
        .child(slow("b"));
    assert!(alone.check().unwrap().is_empty());
}

#[test]
fn an_observer_below_the_root_is_told_nothing_and_worth_a_word() {
    let deaf = |_: &Event| ();
    let deep = Supervisor::one_for_one("deep").observer(deaf);
    let jobs = DynamicSupervisor::new("jobs", |(): ()| Script::new("job")).observer(deaf);
    let app = Supervisor::one_for_one("app")
        .observer(deaf)
        .child(Supervisor::one_for_one("nested").child(deep))
        .child(jobs);
    let lints = app.check().unwrap();
    let paths = lints.iter().map(|lint| match lint {
        Lint::UnheardObserver { path } => path.to_string(),
        other => panic!("{other}"),
    });
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    assert_eq!(paths, ["app/jobs", "app/nested/deep"]);
    for (lint, path) in lints.iter().zip(["app/nested/deep", "app/jobs"]) {
        assert!(lint.to_string().contains(path), "{lint}");
    }
}

#[test]
fn a_check_of_a_tree_with_a_stop_of_any_length_does_not_overflow() {
    let endless = |id| {
        Script::new(id)
            .spec()
            .shutdown(ShutdownStrategy::Graceful(Duration::MAX))
    };
    let group = Supervisor::one_for_all("group")
        .child(endless("a"))
        .child(endless("b"));
    assert!(group.check().is_ok());
}

/// What is doubtful about a tree, without the places.
fn doubts(app: &Supervisor) -> Vec<String> {
    let lints = app.check().unwrap();
    lints.iter().map(ToString::to_string).collect()
}

#[test]
fn a_temporary_child_with_a_backoff_or_a_limit_is_worth_a_word() {
    let app = |spec: ChildSpec| Supervisor::one_for_one("app").child(spec);
    let temporary = || Script::new("a").spec().restart(Restart::Temporary);
    let (wait, limit) = (Backoff::constant(secs(1)), Intensity::new(1, secs(1)));
    for spec in [
        temporary().backoff(wait),
        temporary().limit(limit, OnLimit::Drop),
    ] {
        let transient = spec.clone().restart(Restart::Transient);
        let expected = "app/a is temporary, so its backoff and its limit never apply";
        assert_eq!(doubts(&app(spec)), [expected]);
        assert!(doubts(&app(transient)).is_empty());
    }
    assert!(doubts(&app(temporary())).is_empty());
}

#[test]
fn restarts_without_a_limit_that_nothing_holds_back_are_worth_a_word() {
    let spec = || Script::new("a").spec();
    let app = || Supervisor::one_for_one("app").unlimited_intensity();
    let expected = "app/a may be restarted any number of times, and nothing makes it wait";
    assert_eq!(doubts(&app().child(spec())), [expected]);
    let (wait, limit) = (Backoff::constant(secs(1)), Intensity::new(1, secs(1)));
    for held in [
        app().child(spec().backoff(wait)),
        app().child(spec().limit(limit, OnLimit::Drop)),
        app().child(spec().restart(Restart::Temporary)),
        app().child(spec().classify(|_| None)),
        app().storm_guard(StormGuard::new(5)).child(spec()),
        Supervisor::one_for_one("app").child(spec()),
    ] {
        assert!(doubts(&held).is_empty());
    }
}

#[test]
fn a_backoff_whose_first_wait_never_comes_is_worth_a_word() {
    let wait = Backoff::constant(secs(1));
    let app = |restarts, wait| {
        Supervisor::one_for_one("app")
            .intensity(restarts, secs(5))
            .child(Script::new("a").spec().backoff(wait))
    };
    let expected = "app/a has a backoff that never waits: its supervisor bears 1 restarts";
    assert_eq!(doubts(&app(1, wait)), [expected]);
    assert!(doubts(&app(2, wait)).is_empty());
    assert!(doubts(&app(1, wait.not_at_once())).is_empty());
}

#[test]
fn a_quarantine_that_ends_before_its_period_is_worth_a_word() {
    let app = |time| {
        let limit = Intensity::new(3, secs(10));
        let spec = Script::new("a").spec();
        Supervisor::one_for_one("app").child(spec.limit(limit, OnLimit::Quarantine(secs(time))))
    };
    let expected = "app/a is left alone for 9s, less than the period of its limit of 10s";
    assert_eq!(doubts(&app(9)), [expected]);
    assert!(doubts(&app(10)).is_empty());
}

#[test]
fn a_significant_supervisor_that_never_ends_is_worth_a_word() {
    let app = |auto_shutdown, nested: Supervisor, restart| {
        Supervisor::one_for_one("app")
            .auto_shutdown(auto_shutdown)
            .child(ChildSpec::new(nested).restart(restart).significant())
    };
    let nested = || Supervisor::one_for_one("nested").child(Script::new("a"));
    let done = Script::new("b").spec().restart(Restart::Transient);
    let ends = Supervisor::one_for_one("nested")
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(done.significant());
    let satisfied =
        Supervisor::one_for_one("nested").child(Script::new("b").spec().stop_when(|_| true));
    let all = AutoShutdown::AllSignificant;
    let expected = "app/nested is significant, but a supervisor that does not end by itself";
    assert_eq!(doubts(&app(all, nested(), Restart::Transient)), [expected]);
    for tree in [
        app(all, ends, Restart::Transient),
        app(all, satisfied, Restart::Transient),
        // Its end is that it gave up.
        app(all, nested(), Restart::Temporary),
        app(AutoShutdown::AnySignificant, nested(), Restart::Transient),
    ] {
        assert!(doubts(&tree).is_empty());
    }
}
