use super::*;
use crate::spec::StartAct;
use crate::trace::{Answer, Operation, PlainOperation};

/// A scenario in which everything of the format stands at least once.
const LINE: &str = r#"{"id":"x-1","family":"x","note":"n","needs":["one_for_one","hold_start"],
"tree":{"id":"root","kind":"sup","strategy":"one_for_one","intensity":3,"period":1,"auto_shutdown":"any_significant","children":[
 {"id":"a","kind":"worker","restart":"transient","shutdown":40,"significant":true,"starts":["ok","slow:8","slow_error:8","crash","ignore"],"stop":"shutdown:x"},
 {"id":"p","kind":"sup","strategy":"simple_one_for_one","intensity":1,"shutdown":"brutal_kill","template":{"kind":"worker","stop":"hang"}}]},
"start":{"ret":"ok","events":[["start","root",1],["started","root",1]],"state":[{"sup":"root","children":[["a","running",1]],"count":[1,1,0,1]}]},
"steps":[
 {"do":{"op":"batch","sup":"root","do":[{"op":"count_children","sup":"root"},{"op":"exit","child":"root/a","reason":"kill"}]},"ret":[[1,1,0,1],null],
  "events":[["exit","root/a",1,"killed"],{"par":[[["stop","root/a",2,"kill"]],[["start_failed","root/a",3,"error"]]]}],
  "reports":[["child_terminated","root","a","killed"]],"state":[]},
 {"do":{"op":"hold_start","child":"root/a","trigger":{"op":"stop"},"do":[{"op":"which_children","sup":"root"}],"then":"error"},
  "ret":{"trigger":"shutdown","do":[[["a","restarting",null]]]},"events":[],"state":[]},
 {"do":{"op":"terminate_child","sup":"root/p","key":"d1","quirk":"terminate_dead_dynamic"},"ret":"ok","events":[],"state":[]},
 {"do":{"op":"sleep","ms":10},"ret":null,"events":[],"state":[]}]}"#;

#[test]
fn a_line_with_everything_in_it_is_read() {
    let scenario = parse_line(LINE).unwrap();
    assert_eq!(scenario.id, "x-1");
    assert_eq!(scenario.steps.len(), 4);
    assert_eq!(scenario.steps[0].record.reports.len(), 1);
    let Operation::HoldStart { then, .. } = &scenario.steps[1].operation else {
        panic!("{:?}", scenario.steps[1].operation);
    };
    assert_eq!(*then, StartAct::Error);
    let gone = matches!(
        scenario.steps[2].operation,
        Operation::Plain(PlainOperation::TerminateDynamic { gone: true, .. })
    );
    assert!(gone);
    assert_eq!(scenario.steps[3].record.answer, Answer::Nothing);
}

/// A part of the line, what it is replaced by, and the fault that this is.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        r#""note""#,
        r#""nota""#,
        "the scenario has an unknown field `nota`",
    ),
    (
        r#""kind":"sup","strategy":"one"#,
        r#""kind":"sip","strategy":"one"#,
        "unknown kind of child `sip`",
    ),
    (
        r#""restart":"transient""#,
        r#""restart":"often""#,
        "unknown restart type `often`",
    ),
    (
        r#""shutdown":40"#,
        r#""shutdown":"soon""#,
        "unknown shutdown `soon`",
    ),
    (
        r#""shutdown":40"#,
        r#""shutdown":-1"#,
        "shutdown is not a whole number: -1",
    ),
    (
        r#""shutdown":40"#,
        r#""shutdwon":40"#,
        "a spec has an unknown field `shutdwon`",
    ),
    (
        r#""significant":true"#,
        r#""significant":1"#,
        "`significant` is 1",
    ),
    (
        r#""slow:8""#,
        r#""slow:x""#,
        "`slow:x` does not end with milliseconds",
    ),
    (r#""crash""#, r#""crush""#, "unknown start `crush`"),
    (
        r#"["ok","slow:8","slow_error:8","crash","ignore"]"#,
        "[]",
        "`starts` is empty",
    ),
    (
        r#""stop":"hang""#,
        r#""stop":"kill""#,
        "unknown stop `kill`",
    ),
    (
        r#""one_for_one","hold_start""#,
        r#""luck""#,
        "`needs` names an unknown `luck`",
    ),
    (
        r#"{"op":"stop"}"#,
        r#"{"op":"stopp"}"#,
        "unknown operation `stopp`",
    ),
    (
        r#"{"op":"stop"}"#,
        r#"{"op":"stop","ms":1}"#,
        "an operation has an unknown field `ms`",
    ),
    (
        r#"{"op":"stop"}"#,
        r#"{"op":"sleep","ms":1}"#,
        "unknown operation `sleep`",
    ),
    (
        r#"[[1,1,0,1],null]"#,
        "[null]",
        "ret of a batch has 1 members, not 2",
    ),
    (
        r#"["start","root",1]"#,
        r#"["start","root"]"#,
        r#"no such event: ["start","root"]"#,
    ),
    (
        r#"["start","root",1]"#,
        r#"["start","root",1,"x"]"#,
        r#"no such event: ["start","root",1,"x"]"#,
    ),
    (
        r#"["start","root",1]"#,
        r#"["started","root",1]"#,
        "the event `started root 1` stands twice",
    ),
    (
        r#""restarting""#,
        r#""resting""#,
        "unknown state of a row `resting`",
    ),
    (
        r#""terminate_dead_dynamic""#,
        r#""other""#,
        "unknown quirk `other`",
    ),
    (
        r#"child_terminated"#,
        "child_done",
        r#"no such report: ["child_done","root","a","killed"]"#,
    ),
    (r#""intensity":3,"#, "", "a spec has no `intensity`"),
    (r#""id":"p""#, r#""id":"p/q""#, "`p/q` cannot be an id"),
    (
        r#"{"id":"x-1""#,
        r#"["id":"x-1""#,
        "not JSON: expected `,` or `]` at line 1 column 6",
    ),
];

#[test]
fn what_the_format_does_not_name_is_an_error() {
    for (part, replacement, fault) in FAULTS {
        assert!(LINE.contains(part), "{part} does not stand in the line");
        let line = LINE.replacen(part, replacement, 1);
        assert_eq!(parse_line(&line).unwrap_err(), *fault);
    }
}

#[test]
fn a_fault_is_told_with_file_and_line() {
    let missing = read_file(Path::new("no/such/file.jsonl")).unwrap_err();
    assert_eq!(missing.to_string(), "cannot read no/such/file.jsonl");
    let line = ParseError::Line {
        path: "a.jsonl".into(),
        line: 3,
        fault: "the scenario has no `id`".to_owned(),
    };
    assert_eq!(line.to_string(), "a.jsonl:3: the scenario has no `id`");
}
