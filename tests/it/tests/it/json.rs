//! Trees as documents of the schema `perennial.tree/v1`: what is written is what the schema says, today as before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use perennial::{
    AutoShutdown, Backoff, BoxError, ChildPath, ChildSpec, DynamicSupervisor, ExitReason,
    InitPolicy, Intensity, Jitter, JsonLines, Memory, Meter, OnLimit, Place, Replace, Restart,
    StormGuard, Supervisor, SupervisorHandle, TREE_SCHEMA, TreeNews, worker,
};
use perennial_test::{End, Script, StartAct, StopAct, settle};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::support::{ms, secs};

fn schema() -> Value {
    serde_json::from_str(TREE_SCHEMA).unwrap()
}

/// What is wrong with a document, by the parts of JSON schema that ours uses.
fn faults(schema: &Value, rule: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (word, argument) in rule.as_object().unwrap() {
        let inner = |rule: &Value| faults(schema, rule, value, at);
        let fits = match word.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let path = argument.as_str().unwrap().trim_start_matches('#');
                let target = schema.pointer(path).expect("the rule is there");
                found.extend(inner(target));
                true
            }
            "type" => match argument.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_u64() || value.is_i64(),
                "number" => value.is_number(),
                "null" => value.is_null(),
                other => panic!("no type of ours: {other}"),
            },
            "const" => value == argument,
            "enum" => argument.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= argument.as_f64(),
            "required" => {
                let mut names = argument.as_array().unwrap().iter();
                names.all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, rule) in argument.as_object().unwrap() {
                    let part = value.get(name);
                    let at = format!("{at}/{name}");
                    found.extend(part.iter().flat_map(|part| faults(schema, rule, part, &at)));
                }
                true
            }
            "additionalProperties" => {
                let known = rule["properties"].as_object().unwrap();
                let names = value.as_object();
                names.is_none_or(|names| names.keys().all(|name| known.contains_key(name)))
            }
            "items" => {
                for (index, part) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(schema, argument, part, &format!("{at}/{index}")));
                }
                true
            }
            "oneOf" => {
                let rules = argument.as_array().unwrap().iter();
                rules.filter(|rule| inner(rule).is_empty()).count() == 1
            }
            "anyOf" => {
                let mut rules = argument.as_array().unwrap().iter();
                rules.any(|rule| inner(rule).is_empty())
            }
            other => panic!("no word of ours: {other}"),
        };
        if !fits {
            found.push(format!("{at}: {word} {argument}: {value}"));
        }
    }
    found
}

#[track_caller]
fn fits(document: &Value) {
    let schema = schema();
    let faults = faults(&schema, &schema, document, "");
    assert_eq!(faults, Vec::<String>::new(), "{document:#}");
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name)
}

/// Compares with what was written before, or writes it.
#[track_caller]
fn compare_with(name: &str, text: &str) {
    let path = golden(name);
    if std::env::var_os("PERENNIAL_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, before, "if it is meant: PERENNIAL_BLESS=1");
}

#[derive(Debug)]
struct Lost(std::io::Error);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is lost")
    }
}

impl std::error::Error for Lost {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// A tree with a bit of everything.
struct Shop {
    app: Supervisor,
    database: Script,
    site: Script,
    till: Script,
    sessions: perennial::DynamicHandle<u8>,
}

impl Shop {
    fn new() -> Self {
        let (database, site) = (Script::new("database"), Script::new("site"));
        let till = Script::new("till").stop(StopAct::Hang);
        let wait = Backoff::constant(ms(250))
            .jitter(Jitter::None)
            .not_at_once();
        let web = Supervisor::rest_for_one("web").child(site.clone());
        let sessions = DynamicSupervisor::new("session", |_: u8| {
            worker("session", |ctx| async move {
                ctx.stopping().await;
                Err(BoxError::from("the basket is lost"))
            })
            .restart(Restart::Temporary)
        });
        let handle = sessions.handle();
        let app = Supervisor::one_for_one("shop")
            .crash_reports(2)
            .child(database.spec().backoff(wait).version("1"))
            .child(web.child(till.spec()))
            .child(sessions);
        Self {
            app,
            database,
            site,
            till,
            sessions: handle,
        }
    }

    /// A day in the shop.
    async fn day(&self, handle: &SupervisorHandle) {
        let io = std::io::Error::new(std::io::ErrorKind::BrokenPipe, "broken pipe");
        let lost = ExitReason::failed(Lost(io));
        self.database.end(End::With(lost));
        settle().await;
        let session = self.sessions.start_child(1).await.unwrap();
        tokio::time::advance(ms(300)).await;
        settle().await;
        self.site.end(End::Panic);
        settle().await;
        tokio::time::advance(secs(6)).await;
        settle().await;
        handle.pause_child("database").await.unwrap();
        let spec = self.database.spec().version("2");
        handle.replace_child(spec, Replace::Now).await.unwrap();
        handle.resume_child("database").await.unwrap();
        handle.pause_child("database").await.unwrap();
        handle.terminate_child("database").await.unwrap();
        self.sessions.terminate_child(session.id()).await.unwrap();
        handle.restart_child("database").await.unwrap();
        handle.kill_child("database").await.unwrap();
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_of_a_tree_is_written_as_it_always_was() {
    perennial_test::silence_scripted_panics();
    let shop = Shop::new();
    let mut lines = JsonLines::new(shop.app.handle().watch_tree());
    let handle = shop.app.start().await.unwrap();
    shop.day(&handle).await;
    let snapshot = serde_json::to_string_pretty(&handle.snapshot()).unwrap();
    handle.shutdown().await;
    shop.till.release();
    let mut text = String::new();
    while let Some(line) = lines.next().await {
        fits(&serde_json::from_str(&line).unwrap());
        text.push_str(&line);
        text.push('\n');
    }
    fits(&serde_json::from_str(&snapshot).unwrap());
    compare_with("tree.jsonl", &text);
    compare_with("snapshot.json", &format!("{snapshot}\n"));
}

#[test]
fn what_was_written_before_still_fits_and_a_field_of_another_name_does_not() {
    let snapshot = std::fs::read_to_string(golden("snapshot.json")).unwrap();
    let mut documents: Vec<Value> = vec![serde_json::from_str(&snapshot).unwrap()];
    documents.extend(lines_of_the_day());
    let schema = schema();
    for document in documents {
        fits(&document);
        for name in document.as_object().unwrap().keys() {
            let mut renamed = document.clone();
            let fields = renamed.as_object_mut().unwrap();
            let value = fields.remove(name).unwrap();
            fields.insert(format!("{name}_"), value);
            assert!(
                !faults(&schema, &schema, &renamed, "").is_empty(),
                "{renamed}"
            );
        }
        let rows = document.get("children").and_then(Value::as_array);
        for row in rows.into_iter().flatten().take(1) {
            for name in row.as_object().unwrap().keys() {
                let mut renamed = document.clone();
                renamed["children"][0].as_object_mut().unwrap().remove(name);
                assert!(
                    !faults(&schema, &schema, &renamed, "").is_empty(),
                    "{renamed}"
                );
            }
        }
    }
}

/// The kinds of events of a tree that starts, is treated like that, and stops; each fits.
async fn kinds_of(app: Supervisor, treat: impl AsyncFnOnce(&SupervisorHandle)) -> BTreeSet<String> {
    let mut lines = JsonLines::new(app.handle().watch_tree());
    let handle = app.start().await.unwrap();
    treat(&handle).await;
    settle().await;
    tokio::time::advance(secs(10)).await;
    settle().await;
    handle.shutdown().await;
    let mut kinds = BTreeSet::new();
    while let Some(line) = lines.next().await {
        let document: Value = serde_json::from_str(&line).unwrap();
        fits(&document);
        kinds.extend(document["event"].as_str().map(str::to_owned));
    }
    kinds
}

/// A tree of one child, which ends like that.
async fn kinds_of_end(spec: impl Fn(&Script) -> ChildSpec, end: End) -> BTreeSet<String> {
    let child = Script::new("child").start(2, StartAct::Fail);
    let app = Supervisor::one_for_one("app").child(spec(&child));
    kinds_of(app, async |_| child.end(end)).await
}

#[tokio::test(start_paused = true)]
async fn events_of_every_kind_fit_the_schema() {
    let nowhere = Builder::new_current_thread().build().unwrap();
    let place = Place::On(nowhere.handle().clone());
    let idle = || Supervisor::one_for_one("app").auto_shutdown(AutoShutdown::AnySignificant);
    let failed = || ExitReason::failed("no disk");
    let limit = Intensity::new(0, secs(5));
    let busy = || End::With(failed());
    let mut kinds: BTreeSet<String> = [
        // Its restart fails, and that is fatal.
        kinds_of_end(Script::spec, busy()).await,
        kinds_of_end(Script::spec, End::With(ExitReason::permanent("gone"))).await,
        kinds_of_end(|child| child.spec().stop_when(|_| true), End::Done).await,
        kinds_of_end(|child| child.spec().limit(limit, OnLimit::Drop), busy()).await,
        kinds_of_end(|child| child.spec().limit(limit, OnLimit::Escalate), busy()).await,
        kinds_of_end(
            |child| child.spec().watchdog(secs(1)).restart(Restart::Temporary),
            End::Hang,
        )
        .await,
    ]
    .into_iter()
    .flatten()
    .collect();
    let significant = Script::new("significant");
    let spec = significant.spec().restart(Restart::Transient).significant();
    kinds.extend(kinds_of(idle().child(spec), async |_| significant.end(End::Done)).await);
    let guard = StormGuard::new(1).pause(secs(1));
    let frail = Script::new("frail");
    let app = Supervisor::one_for_one("app")
        .storm_guard(guard)
        .child(frail.clone());
    let storm = async |handle: &SupervisorHandle| {
        for _ in 0..3 {
            let _runs = frail.try_end(End::Error);
            settle().await;
        }
        handle.request_reload();
        let shy = Script::new("shy").starts_with(StartAct::Ignore);
        handle.start_child(shy).await.unwrap();
        let lost = worker("lost", |_| async { Ok(()) }).place(place);
        handle.start_child(lost).await.unwrap_err();
    };
    kinds.extend(kinds_of(app, storm).await);
    let store = Script::new("store").start(2, StartAct::Fail);
    let reader = Script::new("reader");
    let wait = Backoff::constant(secs(1)).not_at_once();
    let spec = store.spec().init_policy(InitPolicy::FatalOnFirstStart);
    let app = Supervisor::one_for_all("app").child(spec.backoff(wait));
    let app = app.child(reader.spec().after(["store"]));
    // One that waits for another child has no time of its own.
    kinds.extend(kinds_of(app, async |_| reader.end(End::Error)).await);
    kinds.extend(
        lines_of_the_day()
            .into_iter()
            .filter_map(|day| day["event"].as_str().map(str::to_owned)),
    );
    // Threads that stall are those of another test.
    kinds.extend(["stalled", "stall_over"].map(str::to_owned));
    let all = schema()["$defs"]["event"]["oneOf"]
        .as_array()
        .unwrap()
        .clone();
    let all = all
        .iter()
        .map(|kind| kind["properties"]["event"]["const"].as_str().unwrap());
    assert_eq!(kinds, all.map(str::to_owned).collect());
    nowhere.shutdown_background();
}

fn lines_of_the_day() -> Vec<Value> {
    let lines = std::fs::read_to_string(golden("tree.jsonl")).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Measures what nobody has allocated.
struct Scales;

impl Meter for Scales {
    fn open(&self, _path: &ChildPath) -> u64 {
        0
    }

    fn enter(&self, _account: u64) -> u64 {
        0
    }

    fn leave(&self, _account: u64, _entered: u64) {}

    fn memory(&self, _account: u64) -> Option<Memory> {
        Some(Memory::default())
    }
}

/// The names of the fields of rows that have a value.
fn named(document: &Value, names: &mut BTreeSet<String>) {
    for row in document["children"].as_array().unwrap() {
        let fields = row.as_object().unwrap().iter();
        let valued = fields.filter(|(_, value)| !value.is_null() && **value != json!([]));
        names.extend(valued.map(|(name, _)| name.clone()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_that_shows_every_field_fits_the_schema() {
    let blocked = Script::new("blocked");
    let broken = worker("broken", |_| async { Err("no disk".into()) });
    let app = Supervisor::one_for_one("app")
        .busy_time(true)
        .meter(Scales)
        .stalls_after(ms(20))
        .child(blocked.clone())
        .child(
            broken
                .version("1")
                .backoff(Backoff::constant(secs(600)).not_at_once()),
        );
    let handle = app.start().await.unwrap();
    let mut lines = JsonLines::new(handle.watch_tree());
    blocked.end(End::Block);
    let mut names = BTreeSet::new();
    let all = schema()["$defs"]["row"]["properties"]
        .as_object()
        .unwrap()
        .clone();
    while !all.keys().all(|name| names.contains(name)) {
        let news = timeout(secs(20), lines.next()).await;
        let missing: Vec<_> = all.keys().filter(|name| !names.contains(*name)).collect();
        let news = news.unwrap_or_else(|_| panic!("never shown: {missing:?}"));
        fits(&serde_json::from_str(&news.unwrap()).unwrap());
        let snapshot = serde_json::to_value(handle.snapshot()).unwrap();
        fits(&snapshot);
        named(&snapshot, &mut names);
    }
    blocked.release();
    handle.shutdown().await;
}

/// A tree that is made of documents alone, as any reader may do it: the rows by their paths, in order.
struct Reader(Vec<Map<String, Value>>);

impl Reader {
    fn take_in(&mut self, document: &Value) {
        if document["document"] == "snapshot" {
            let rows = document["children"].as_array().unwrap().iter();
            self.0 = rows.map(|row| row.as_object().unwrap().clone()).collect();
            return;
        }
        let path = document["path"].as_str().unwrap();
        match document["event"].as_str().unwrap() {
            "added" => self.insert(&document["child"]),
            "starting" if self.0.is_empty() => self.insert(&json!({
                "path": path, "id": path, "kind": "supervisor", "place": "here",
                "version": null, "impact": "required", "crash_reports": 0,
            })),
            _ => (),
        }
        let Some(at) = self.0.iter().position(|row| row["path"] == path) else {
            return;
        };
        let is_over = self.0[at]["incarnation"] != document["incarnation"];
        match document["event"].as_str().unwrap() {
            "removed" => self.0.retain(|row| !is_at_or_below(row, path)),
            "listed" => {
                self.0[at].insert("strategy".to_owned(), document["strategy"].clone());
                let children = document["children"].as_array().unwrap();
                children.iter().for_each(|child| self.insert(child));
            }
            "ignored" | "start_failed" | "exited" | "unresponsive" if is_over => (),
            "ignored" | "start_failed" | "exited" | "unresponsive" => {
                let below = format!("{path}/");
                self.0.retain(|row| !is_at_or_below(row, &below));
                end(&mut self.0[at], document);
                if at == 0 {
                    self.0.clear();
                }
            }
            _ => change(&mut self.0[at], document),
        }
        self.count();
    }

    fn insert(&mut self, child: &Value) {
        let mut row = child.as_object().unwrap().clone();
        let path = row["path"].as_str().unwrap().to_owned();
        let fresh = json!({
            "depth": path.matches('/').count(), "strategy": null, "state": "idle", "incarnation": null,
            "restarts": 0, "has_run": false, "is_stuck": false, "has_given_up": false,
            "delayed_by": null, "last_exit": null, "crashes": [], "counts": null,
        });
        row.extend(fresh.as_object().unwrap().clone());
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        let last = self.0.iter().rposition(|row| is_at_or_below(row, above));
        self.0.insert(last.map_or(0, |last| last + 1), row);
    }

    /// Counts the children of each supervisor.
    fn count(&mut self) {
        for at in 0..self.0.len() {
            let (depth, path) = (self.0[at]["depth"].as_u64(), self.0[at]["path"].clone());
            let children: Vec<_> = self
                .0
                .iter()
                .filter(|row| {
                    is_at_or_below(row, &format!("{}/", path.as_str().unwrap()))
                        && row["depth"].as_u64() == depth.map(|depth| depth + 1)
                })
                .collect();
            let is_up = |row: &&&Map<String, Value>| {
                let state = row["state"].as_str().unwrap();
                ["running", "stopping"].contains(&state) && !row["incarnation"].is_null()
            };
            let of_kind = |kind: &str| children.iter().filter(|row| row["kind"] == kind).count();
            let dynamic = self.0[at]["strategy"] == "dynamic";
            let counts = json!({
                "specs": if dynamic { 1 } else { children.len() },
                "active": children.iter().filter(is_up).count(),
                "supervisors": of_kind("supervisor"),
                "workers": of_kind("worker"),
            });
            let runs = !self.0[at]["strategy"].is_null();
            let counts = if runs { counts } else { Value::Null };
            self.0[at].insert("counts".to_owned(), counts);
        }
    }
}

fn is_at_or_below(row: &Map<String, Value>, path: &str) -> bool {
    let own = row["path"].as_str().unwrap();
    own == path || own.starts_with(&format!("{}/", path.trim_end_matches('/')))
}

fn set(row: &mut Map<String, Value>, fields: Value) {
    if let Value::Object(fields) = fields {
        row.extend(fields);
    }
}

fn end(row: &mut Map<String, Value>, document: &Value) {
    let exit = match document["event"].as_str().unwrap() {
        "ignored" => json!({"reason": "normal", "abnormal": false, "chain": [], "location": null}),
        _ => document["exit"].clone(),
    };
    set(
        row,
        json!({
            "state": "idle", "incarnation": null, "last_exit": exit, "is_stuck": false,
            "strategy": null, "has_given_up": false,
        }),
    );
}

fn change(row: &mut Map<String, Value>, document: &Value) {
    match document["event"].as_str().unwrap() {
        "starting" => {
            let restarts = row["restarts"].as_u64().unwrap();
            let more = u64::from(document["cause"] == "restart");
            set(
                row,
                json!({
                    "state": "starting", "incarnation": document["incarnation"],
                    "restarts": restarts + more, "delayed_by": null,
                }),
            );
        }
        "started" if row["state"] == "starting" => {
            set(row, json!({"state": "running", "has_run": true}));
        }
        "stop_requested" => set(row, json!({"state": "stopping"})),
        "killed" if document["cause"] != "init_timeout" => set(row, json!({"state": "stopping"})),
        "delayed" => {
            set(
                row,
                json!({"state": "backoff", "delayed_by": document["delayed_by"]}),
            );
        }
        "retrying" => set(row, json!({"state": "restarting"})),
        "called_off" | "dropped" => set(row, json!({"state": "idle", "delayed_by": null})),
        "paused" => set(row, json!({"state": "paused", "delayed_by": null})),
        "replaced" => set(row, document["child"].clone()),
        "crashed" => {
            let kept = row["crash_reports"].as_u64().unwrap() as usize;
            let crashes = row["crashes"].as_array_mut().unwrap();
            crashes.push(document["crash"].clone());
            let old = crashes.len().saturating_sub(kept);
            crashes.drain(..old);
        }
        "gave_up" | "hopeless" | "escalated" => set(row, json!({"has_given_up": true})),
        _ => (),
    }
}

/// What a reader is to know of a row.
fn facts(rows: impl IntoIterator<Item = Map<String, Value>>) -> Vec<Map<String, Value>> {
    let is_kept = |name: &String| {
        let measured = ["busy", "busy_in_life", "memory", "last_event"];
        !name.ends_with("_seconds") && !measured.contains(&name.as_str())
    };
    let kept = rows
        .into_iter()
        .map(|row| row.into_iter().filter(|(name, _)| is_kept(name)));
    kept.map(Iterator::collect).collect()
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_the_lines_has_the_tree() {
    perennial_test::silence_scripted_panics();
    let shop = Shop::new();
    let mut lines = JsonLines::new(shop.app.handle().watch_tree());
    let handle = shop.app.start().await.unwrap();
    shop.day(&handle).await;
    let late = serde_json::to_value(handle.snapshot()).unwrap();
    let mut reader = Reader(Vec::new());
    loop {
        let line = lines.next().await.unwrap();
        let document: Value = serde_json::from_str(&line).unwrap();
        reader.take_in(&document);
        if document["number"] == late["number"] {
            break;
        }
    }
    let rows = late["children"].as_array().unwrap().iter();
    let expected = facts(rows.map(|row| row.as_object().unwrap().clone()));
    assert_eq!(facts(reader.0), expected);
    shop.till.release();
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_too_slow_gets_a_new_snapshot_and_goes_on_from_there() {
    let child = Script::new("a");
    let app = Supervisor::one_for_one("app").unlimited_intensity();
    let handle = app.child(child.clone()).start().await.unwrap();
    let mut news = handle.watch_tree();
    let Some(TreeNews::Snapshot(mut tree)) = news.next().await else {
        panic!("it begins with a snapshot");
    };
    let mut numbers = vec![tree.number()];
    for _ in 0..500 {
        child.end(End::Error);
        settle().await;
    }
    handle.request_stop();
    while let Some(next) = news.next().await {
        match next {
            TreeNews::Snapshot(snapshot) => {
                numbers.push(snapshot.number());
                tree = snapshot;
            }
            TreeNews::Event(event) => tree.follow(&event).unwrap(),
        }
    }
    assert_eq!(tree.entries().len(), 0);
    assert!(numbers[0] < numbers[1], "{numbers:?}");
}
