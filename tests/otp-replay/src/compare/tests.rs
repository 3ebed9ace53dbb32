use super::*;
use crate::trace::{Count, Row, RowState, TraceKind};

fn event(name: char) -> TraceEvent {
    TraceEvent {
        kind: TraceKind::Start,
        path: name.to_string(),
        life: 1,
    }
}

/// Events of one letter each, and `(ab|cd)` for sequences side by side.
fn items(text: &str) -> Vec<Item> {
    let mut letters = text.chars();
    let mut branches = branches(&mut letters);
    assert_eq!(branches.len(), 1, "{text}");
    branches.remove(0)
}

/// Reads up to the closing parenthesis or the end.
fn branches(letters: &mut std::str::Chars<'_>) -> Vec<Vec<Item>> {
    let mut branches = vec![Vec::new()];
    while let Some(letter) = letters.next() {
        let item = match letter {
            ')' => break,
            '|' => {
                branches.push(Vec::new());
                continue;
            }
            '(' => Item::Parallel(self::branches(letters)),
            name => Item::One(event(name)),
        };
        branches.last_mut().unwrap().push(item);
    }
    branches
}

fn events(text: &str) -> Vec<TraceEvent> {
    text.chars().map(event).collect()
}

#[test]
fn what_the_record_allows_is_accepted() {
    let cases = [
        ("", ""),
        ("abc", "abc"),
        ("a(b|c)d", "abcd"),
        ("a(b|c)d", "acbd"),
        ("(ab|cd)", "acbd"),
        ("(ab|cd)", "cdab"),
        ("a(|b)c", "abc"),
        ("a(|)b", "ab"),
        ("()ab", "ab"),
        ("(a(b|c)d|e)f", "acebdf"),
        ("(a(b|c)|d)(e|f)", "dacbfe"),
    ];
    for (recorded, came) in cases {
        assert_eq!(
            compare_events(&items(recorded), &events(came)),
            None,
            "{recorded} {came}"
        );
    }
}

#[test]
fn what_the_record_does_not_allow_is_rejected() {
    let cases = [
        // What is recorded, what came, where the first difference is, what could have come there.
        ("", "a", 0, ""),
        ("a", "", 0, "a"),
        ("abc", "acb", 1, "b"),
        ("abc", "bac", 0, "a"),
        ("abc", "ab", 2, "c"),
        ("abc", "ac", 1, "b"),
        ("abc", "abcc", 3, ""),
        ("abc", "abbc", 2, "c"),
        ("abc", "abxc", 2, "c"),
        ("a(b|c)d", "bacd", 0, "a"),
        ("a(b|c)d", "abdc", 2, "c"),
        ("a(b|c)d", "abd", 2, "c"),
        ("a(b|c)d", "abbcd", 2, "c"),
        ("(ab|cd)", "bacd", 0, "ac"),
        ("(ab|cd)", "adcb", 1, "bc"),
        ("(ab|cd)", "abc", 3, "d"),
        ("a(|b)c", "acb", 1, "b"),
        ("a(|b)c", "cab", 0, "a"),
        ("a(|)b", "ba", 0, "a"),
        ("(a(b|c)d|e)f", "abdcef", 2, "ce"),
        ("(a(b|c)d|e)f", "acbdfe", 4, "e"),
        ("(a(b|c)|d)(e|f)", "dabecf", 3, "c"),
    ];
    for (recorded, came, at, expected) in cases {
        let difference = Difference::Event {
            at,
            came: events(came).get(at).cloned(),
            expected: events(expected),
        };
        let found = compare_events(&items(recorded), &events(came));
        assert_eq!(found, Some(difference), "{recorded} {came}");
    }
}

#[test]
fn events_that_differ_in_anything_are_different_events() {
    let stop = |kind, path: &str, life| TraceEvent {
        kind,
        path: path.to_owned(),
        life,
    };
    let error = || TraceKind::Exit("error".to_owned());
    let recorded = [Item::One(stop(error(), "root/a", 1))];
    for other in [
        stop(error(), "root/a", 2),
        stop(error(), "root/b", 1),
        stop(TraceKind::Exit("killed".to_owned()), "root/a", 1),
        stop(TraceKind::StartFailed("error".to_owned()), "root/a", 1),
        stop(TraceKind::StopAsked, "root/a", 1),
    ] {
        assert!(compare_events(&recorded, &[other]).is_some());
    }
}

fn record(answer: Answer) -> Record {
    Record {
        answer,
        events: Vec::new(),
        reports: Vec::new(),
        state: Vec::new(),
    }
}

fn replayed(answer: Answer) -> Replayed {
    Replayed {
        answer,
        events: Vec::new(),
        state: Vec::new(),
    }
}

fn word(word: &str) -> Answer {
    Answer::Word(word.to_owned())
}

fn terminate(gone: bool) -> PlainOperation {
    PlainOperation::TerminateDynamic {
        supervisor: "root".to_owned(),
        key: "d1".to_owned(),
        gone,
    }
}

#[test]
fn only_the_marked_answer_may_be_another_one() {
    const STOP: Operation = Operation::Plain(PlainOperation::Stop);
    let differs = |operation: &Operation, expected: Answer, came: Answer| {
        compare(Some(operation), &record(expected), &replayed(came)).is_some()
    };
    assert!(!differs(&STOP, word("shutdown"), word("shutdown")));
    assert!(differs(&STOP, word("shutdown"), word("killed")));
    assert!(differs(&STOP, word("shutdown"), Answer::Nothing));
    assert!(differs(
        &Operation::Plain(terminate(false)),
        word("ok"),
        word("error:not_found")
    ));
    assert!(!differs(
        &Operation::Plain(terminate(true)),
        word("ok"),
        word("error:not_found")
    ));
    assert!(differs(
        &Operation::Plain(terminate(true)),
        word("ok"),
        word("noproc")
    ));

    let batch = Operation::Batch {
        supervisor: "root".to_owned(),
        operations: vec![PlainOperation::Stop, terminate(true)],
    };
    let several = |words: &[&str]| Answer::Several(words.iter().map(|&text| word(text)).collect());
    assert!(!differs(
        &batch,
        several(&["shutdown", "ok"]),
        several(&["shutdown", "error:not_found"])
    ));
    assert!(differs(
        &batch,
        several(&["shutdown", "ok"]),
        several(&["error:not_found", "ok"])
    ));
    assert!(differs(
        &batch,
        several(&["shutdown", "ok"]),
        several(&["shutdown"])
    ));

    let hold = Operation::HoldStart {
        child: "root/a".to_owned(),
        trigger: Box::new(PlainOperation::Stop),
        meanwhile: vec![terminate(true)],
        then: crate::spec::StartAct::Ok,
    };
    let held = |trigger: &str, meanwhile: &str| Answer::Held {
        trigger: Box::new(word(trigger)),
        meanwhile: vec![word(meanwhile)],
    };
    assert!(!differs(
        &hold,
        held("shutdown", "ok"),
        held("shutdown", "error:not_found")
    ));
    assert!(differs(&hold, held("shutdown", "ok"), held("normal", "ok")));
    assert!(differs(
        &hold,
        held("shutdown", "ok"),
        held("shutdown", "noproc")
    ));
}

#[test]
fn a_state_that_differs_in_anything_is_another_state() {
    let state = SupervisorState {
        path: "root".to_owned(),
        children: vec![Row {
            id: "a".to_owned(),
            state: RowState::Running,
            life: Some(1),
        }],
        count: Count {
            specs: 1,
            active: 1,
            supervisors: 0,
            workers: 1,
        },
    };
    let with = |change: fn(&mut SupervisorState)| {
        let mut changed = state.clone();
        change(&mut changed);
        let mut came = replayed(Answer::Nothing);
        came.state = vec![changed];
        let mut expected = record(Answer::Nothing);
        expected.state = vec![state.clone()];
        compare(None, &expected, &came).is_none()
    };
    assert!(with(|_| ()));
    assert!(!with(|state| state.path = "root/s".to_owned()));
    assert!(!with(|state| state.children[0].id = "b".to_owned()));
    assert!(!with(|state| state.children[0].state = RowState::Undefined));
    assert!(!with(|state| state.children[0].life = None));
    assert!(!with(|state| state.children[0].life = Some(2)));
    assert!(!with(|state| state.children.clear()));
    assert!(!with(|state| state.count.specs = 2));
    assert!(!with(|state| state.count.active = 0));
    assert!(!with(|state| state.count.supervisors = 1));
    assert!(!with(|state| state.count.workers = 0));
}
