//! The defects of an earlier system, and the tests that keep them out.
//!
//! | # | what was wrong | kept out by |
//! |---|---|---|
//! | B1 | the stop order was wrong after a restart | `stop::children_stop_in_reverse_order_whatever_was_restarted` |
//! | B2 | and when a child ended while others stopped | `stop::a_child_that_ends_while_another_stops_does_not_change_the_order` |
//! | B3 | after the grace the loop spun | `unresponsive::after_the_grace_has_expired_a_child_is_aborted_once_and_nothing_spins` |
//! | B4 | a child that ignores its abort was waited for, for ever | `unresponsive::a_child_that_ignores_its_abort_is_named_in_the_report_and_the_supervisor_goes_on` |
//! | B5 | the graces of all children added up | `stop::a_stop_takes_no_longer_than_its_budget_and_who_still_runs_then_is_killed`, `stop::a_budget_is_divided_downward_and_each_level_keeps_a_reserve_to_report`, `lanes::in_waves_all_of_a_level_start_and_stop_side_by_side` |
//! | B6 | a group restart could not be stopped | `stop::a_stop_while_a_group_is_stopped_for_a_restart_turns_into_the_stop`, `stop::a_stop_while_a_group_starts_again_starts_no_further_child` |
//! | B7 | a stop lost against an exit | `stop::a_stop_request_is_heard_before_an_exit_that_came_earlier`, `stop::an_exit_after_the_stop_request_is_neither_restarted_nor_counted` |
//! | B8 | nobody could choose what a failed start means | all of `init` |
//! | B9 | a panic in `initialize` was something else than an error | `start::a_panic_in_initialize_is_an_initialization_failure`, and `init`, where each case is tried with both |
//! | B10 | no order of starts | `start::children_start_one_after_the_other_and_start_returns_when_the_last_is_up` |
//! | B11 | nothing said that the tree is up | the same, and `start::a_child_starts_only_after_the_supervisor_before_it_is_up_with_all_its_children` |
//! | B12 | no limit for an initialization | `start::an_initialization_is_given_up_after_thirty_seconds_by_default`, `start::an_initialization_is_given_up_after_its_own_timeout` |
//! | B13 | a stop waited for an initialization | `stop::a_stop_during_an_initialization_drops_it_at_once` |
//! | B14 | every exit counted and restarted | `restart::the_restart_type_decides_which_exits_are_followed_by_a_restart`, `restart::an_exit_that_is_not_followed_by_a_restart_touches_nobody_and_is_not_counted` |
//! | B15 | a kill from outside was not told apart | `restart::a_kill_from_outside_is_an_abnormal_exit_that_the_restart_type_judges` |
//! | B16 | some ways out aborted the siblings | `stop::on_every_way_out_the_others_stop_in_order_and_in_good_time`, `start::a_failed_first_start_stops_what_has_started_in_reverse_order` |
//! | B17 | what happened in a stop was dropped | all of `report` |
//! | B18 | failed starts during a stop were lost | `report::an_initialization_that_fails_while_the_tree_stops_is_told` |
//! | B19 | the limit named no child and no cause | `intensity::a_supervisor_that_gave_up_says_which_child_how_it_last_ended_and_what_came_before` |
//! | B20 | the words of a panic were lost | `restart::a_panic_is_told_with_its_message_and_its_location` |
//! | B21 | a mistake in a spec was retried | `check::a_faulty_nested_supervisor_is_a_mistake_of_the_tree_and_is_not_retried`, `start::a_supervisor_without_children_starts_also_a_nested_one` |
//! | B22 | bad names were found late or never | `check::check_names_all_faults_at_once_with_their_places`, `check::a_faulty_tree_is_refused_before_anything_starts` |
//! | B23 | two kinds of paths, and few errors with one | `defects::one_and_the_same_path_stands_in_errors_events_reports_snapshots_and_contexts` |
//! | B24 | restarts followed at once, for ever | `pacing::the_first_restart_is_at_once_and_the_next_wait_longer_and_longer`, `pacing::a_child_that_stayed_up_has_recovered_and_begins_anew` |
//! | B25 | an unlimited intensity took all memory | `intensity::an_unlimited_intensity_reserves_no_memory_and_never_gives_up` |
//! | B26 | a period of zero switched the limit off | `check::check_names_all_faults_at_once_with_their_places` |
//! | B27 | a slow group never reached its limit | `intensity::the_clock_of_the_window_stands_still_while_a_group_is_stopped`, `check::a_group_that_may_take_longer_to_stop_than_the_period_is_worth_a_word` |
//! | B28 | the end of a runtime blocked an executor thread | `place::the_end_of_a_runtime_of_its_own_never_blocks_an_executor_thread`, `place::what_runs_on_a_runtime_of_its_own_is_gone_before_the_exit_of_the_child_is_told` |
//! | B29 | a thread outlived its tree unseen | `place::a_tree_that_is_killed_takes_its_threads_along_and_its_streams_end_after_them`, `place::a_runtime_of_its_own_that_does_not_end_is_named_in_the_report_and_left_behind` |
//! | B30 | a thread or runtime that failed was told as something else | `place::a_runtime_that_cannot_be_made_is_an_initialization_failure_and_no_panic` |
//! | B31 | a root ignored its runtime | `place::a_root_with_a_place_is_refused_and_not_silently_run_elsewhere` |
//! | B32 | the request to stop could be lost | `context::the_request_to_stop_can_be_awaited_by_many_at_any_time_and_a_dropped_signal_loses_nothing`, `drops::dropping_a_context_or_a_stop_signal_loses_no_request` |
//! | B33 | no handle, and a drop of unknown effect | all of `handle` and `drops` |
//! | B34 | no strategies, calls and events | `restart`, `calls`, `amid`, `dynamic`, `events` |
//! | B35 | nobody could wrap a supervisor | all of `wrapper` |
//! | B36 | the name was read again and again | `restart::the_name_of_a_child_is_read_once_and_stays_over_restarts` |
//! | B37 | tests slept | none here does: all run on the paused clock but those of threads that are blocked |

use perennial::{EventKind, Restart, Supervisor};
use perennial_test::{End, Script};

use crate::support::{exhausted, paths, secs, started};

#[tokio::test(start_paused = true)]
async fn one_and_the_same_path_stands_in_errors_events_reports_snapshots_and_contexts() {
    const PATH: &str = "app/storage/database";
    let database = Script::new("database");
    let storage = Supervisor::one_for_one("storage")
        .intensity(1, secs(5))
        .child(database.clone());
    let spec = perennial::ChildSpec::new(storage).restart(Restart::Temporary);
    let app = Supervisor::one_for_one("app").child(spec);
    let (handle, mut events) = started(&app).await;
    assert_eq!(database.context().path().to_string(), PATH);
    assert!(handle.snapshot().find(PATH).is_some());
    database.end(End::Error);
    assert_eq!(
        events
            .expect(&format!("{PATH} is restarted"))
            .await
            .path
            .to_string(),
        PATH
    );
    events.expect(&format!("{PATH} runs")).await;
    database.end(End::Error);
    let gave_up = events
        .until("the end", |event| {
            matches!(event.kind, EventKind::GaveUp { .. })
        })
        .await;
    let EventKind::GaveUp { exhausted } = gave_up.kind else {
        unreachable!("it was waited for")
    };
    assert_eq!(exhausted.child.to_string(), PATH);
    handle.shutdown().await;

    let handle = app.start().await.unwrap();
    assert_eq!(paths(&handle.shutdown().await), [PATH, "app/storage"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_ends_the_root_is_told_once_and_whole() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app")
        .intensity(0, secs(5))
        .child(child.clone());
    let (handle, _events) = started(&app).await;
    child.end(End::Error);
    let outcome = handle.wait().await;
    assert_eq!(
        outcome.to_string(),
        "app gave up after 0 restarts in 5 s: app/a failed: scripted failure"
    );
    assert!(!outcome.is_clean());
    assert_eq!(exhausted(outcome).history.len(), 1);
}
