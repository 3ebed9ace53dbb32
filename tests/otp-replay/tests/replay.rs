//! The library plays OTP's recorded scenarios.

mod common;

use common::{FILES, scenarios};
use perennial_otp_replay::explain::{Verdict, explain};
use perennial_otp_replay::play::{Rules, play};
use perennial_otp_replay::report::{ExplanationTable, FailureReport};
use perennial_otp_replay::script::silence_scripted_crashes;
use perennial_otp_replay::trace::{Answer, Item, Record, RowState, Scenario};
use perennial_test::Dice;

/// Plays a file by OTP's rules; every scenario must come out as recorded.
fn plays_exactly(file: &str) {
    silence_scripted_crashes();
    let mut failed = Vec::new();
    for scenario in scenarios(file) {
        if let Err(failure) = play(&scenario, Rules::otp_exact()) {
            let (scenario, failure) = (&scenario, failure.as_ref());
            failed.push(FailureReport { scenario, failure }.to_string());
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {file} failed, the first one:\n{}",
        failed.len(),
        failed[0]
    );
}

macro_rules! plays_exactly {
    ($($file:ident),* $(,)?) => {
        /// The files that are played below.
        const PLAYED: &[&str] = &[$(stringify!($file)),*];

        $(
            #[test]
            fn $file() {
                plays_exactly(stringify!($file));
            }
        )*
    };
}

mod otp_exact_plays {
    use super::plays_exactly;

    plays_exactly![
        api,
        auto_shutdown,
        batch,
        dynamic,
        dynmatrix,
        escalation,
        handpicked,
        ignore,
        inflight,
        intensity,
        matrix,
        mixed,
        orphan,
        restart_fail,
        start_fail,
        stop_order,
        window,
    ];

    #[test]
    fn no_file_is_left_out() {
        assert_eq!(PLAYED, super::FILES.map(|(file, _)| file));
        assert_eq!(
            super::FILES.iter().map(|(_, number)| number).sum::<usize>(),
            1416
        );
    }
}

#[test]
fn the_default_departs_from_otp_only_where_a_switch_says_so() {
    silence_scripted_crashes();
    let mut table = ExplanationTable::default();
    let mut failed = Vec::new();
    for (file, _) in FILES {
        for scenario in scenarios(file) {
            let verdict = explain(&scenario);
            table.add(&scenario.id, &verdict);
            if let Verdict::Unexplained(failure) = verdict {
                let (scenario, failure) = (&scenario, failure.as_ref());
                failed.push(FailureReport { scenario, failure }.to_string());
            }
        }
    }
    println!("{table}");
    assert!(
        failed.is_empty(),
        "{} are not explained, the first one:\n{}",
        failed.len(),
        failed[0]
    );
}

/// Alters one thing in a record; `false` if there is nothing of that sort in it.
type Corruption = fn(&mut Record, &mut Dice) -> bool;

fn swap_two_ordered_events(record: &mut Record, dice: &mut Dice) -> bool {
    let both_single = |pair: &[Item]| matches!(pair, [Item::One(_), Item::One(_)]);
    let pairs: Vec<usize> = (1..record.events.len())
        .filter(|&at| both_single(&record.events[at - 1..=at]))
        .collect();
    if pairs.is_empty() {
        return false;
    }
    let at = pairs[dice.roll(pairs.len())];
    record.events.swap(at - 1, at);
    true
}

fn drop_an_event(record: &mut Record, dice: &mut Dice) -> bool {
    if record.events.is_empty() {
        return false;
    }
    let at = dice.roll(record.events.len());
    record.events.remove(at);
    true
}

fn double_an_event(record: &mut Record, dice: &mut Dice) -> bool {
    let lives: Vec<usize> = (0..record.events.len())
        .filter(|&at| matches!(record.events[at], Item::One(_)))
        .collect();
    if lives.is_empty() {
        return false;
    }
    let at = lives[dice.roll(lives.len())];
    let Item::One(mut event) = record.events[at].clone() else {
        unreachable!("only single events were chosen");
    };
    event.life += 1;
    record.events.insert(at, Item::One(event));
    true
}

fn alter_the_answer(record: &mut Record, dice: &mut Dice) -> bool {
    alter(&mut record.answer, dice);
    true
}

fn alter(answer: &mut Answer, dice: &mut Dice) {
    match answer {
        Answer::Nothing => *answer = Answer::Word("ok".to_owned()),
        Answer::Word(word) => word.push_str("ay"),
        Answer::Children(rows) if rows.is_empty() => *answer = Answer::Nothing,
        Answer::Children(rows) => rows.truncate(rows.len() - 1),
        Answer::Count(count) => count.active += 1,
        Answer::Several(answers) => {
            let number = answers.len();
            alter(&mut answers[dice.roll(number)], dice);
        }
        Answer::Held { meanwhile, .. } => {
            let number = meanwhile.len();
            alter(&mut meanwhile[dice.roll(number)], dice);
        }
    }
}

fn alter_the_state(record: &mut Record, dice: &mut Dice) -> bool {
    if record.state.is_empty() {
        return false;
    }
    let at = dice.roll(record.state.len());
    let state = &mut record.state[at];
    match state.children.first_mut() {
        Some(row) if row.state == RowState::Running && dice.roll(2) == 0 => {
            row.life = row.life.map(|life| life + 1);
        }
        Some(row) if row.state == RowState::Running => row.state = RowState::Undefined,
        Some(row) => row.state = RowState::Running,
        None => state.count.specs += 1,
    }
    true
}

/// Alters one of the records that can be altered in this way; `None` if there is none.
fn corrupted(scenario: &Scenario, corruption: Corruption, dice: &mut Dice) -> Option<Scenario> {
    let number = scenario.steps.len() + 1;
    let first = dice.roll(number);
    (0..number).find_map(|offset| {
        let mut scenario = scenario.clone();
        let record = match (first + offset) % number {
            0 => &mut scenario.start,
            step => &mut scenario.steps[step - 1].record,
        };
        corruption(record, dice).then_some(scenario)
    })
}

#[test]
fn a_record_with_anything_altered_is_not_played() {
    const CORRUPTIONS: [(&str, Corruption); 5] = [
        ("two events swapped", swap_two_ordered_events),
        ("an event dropped", drop_an_event),
        ("an event too many", double_an_event),
        ("another answer", alter_the_answer),
        ("another state", alter_the_state),
    ];
    silence_scripted_crashes();
    let mut dice = Dice::new(3);
    for (name, corruption) in CORRUPTIONS {
        let mut noticed = 0;
        for file in ["handpicked", "batch", "inflight", "orphan", "dynamic"] {
            for scenario in scenarios(file) {
                let Some(corrupted) = corrupted(&scenario, corruption, &mut dice) else {
                    continue;
                };
                let outcome = play(&corrupted, Rules::otp_exact());
                assert!(outcome.is_err(), "{name} in {} went unnoticed", scenario.id);
                noticed += 1;
            }
        }
        assert!(noticed > 300, "{name}: only {noticed} were altered");
    }
}
