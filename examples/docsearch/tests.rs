//! What the end-to-end test cannot see from outside.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use perennial::{Supervisor, SupervisorHandle};
use tempfile::TempDir;

use crate::database::{Database, DatabaseHandle};
use crate::folder::{Text, documents};
use crate::index::{Entry, Index, quoted};
use crate::indexer::difference;

#[test]
fn each_word_of_a_search_is_quoted_and_signs_alone_are_none() {
    for (words, expected) in [
        ("one", r#""one""#),
        (" one\ttwo\u{0}three ", r#""one" "two" "three""#),
        (r#"a"b"#, r#""a""b""#),
        ("x * - \"\" NOT y", r#""x" "NOT" "y""#),
        ("* \" ( …", ""),
    ] {
        assert_eq!(quoted(words), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_still_change_under_its_stamp_has_none() {
    let folder = TempDir::new().unwrap();
    write(&folder, "fresh.md");
    settle(&write(&folder, "old.md"));

    let found = documents(folder.path(), |_| ()).await.unwrap();
    let stamped = |name| {
        let mut found = found.iter();
        found
            .find(|document| document.name == name)
            .unwrap()
            .stamp
            .is_some()
    };
    assert!(!stamped("fresh.md"));
    assert!(stamped("old.md"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_changed_or_without_a_stamp_is_read_and_what_is_gone_is_forgotten() {
    let folder = TempDir::new().unwrap();
    for name in ["changed.md", "new.md", "same.md", "unread.md"] {
        settle(&write(&folder, name));
    }
    write(&folder, "fresh.md");
    let found = documents(folder.path(), |_| ()).await.unwrap();
    let stamps = found
        .iter()
        .map(|found| (found.name.clone(), found.stamp.clone()));
    let mut recorded: HashMap<_, _> = stamps.collect();
    recorded.remove("new.md");
    recorded.insert("changed.md".into(), Some("another stamp".into()));
    recorded.insert("unread.md".into(), None);
    recorded.insert("gone.md".into(), Some("a stamp".into()));

    let (to_read, gone) = difference(found, recorded);
    let to_read: BTreeSet<_> = to_read.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(
        to_read,
        BTreeSet::from(["changed.md", "fresh.md", "new.md", "unread.md"])
    );
    assert_eq!(gone, ["gone.md"]);
}

#[test]
fn an_update_replaces_what_was_known_of_a_document() {
    let folder = TempDir::new().unwrap();
    let mut index = Index::open(&folder.path().join("a.db")).unwrap();
    index.update(&[], &[entry("a.md", Some("birch"))]).unwrap();
    index.update(&[], &[entry("a.md", Some("rowan"))]).unwrap();
    assert_eq!(counts(&index, "birch"), (1, 0, 0));
    assert_eq!(counts(&index, "rowan"), (1, 0, 1));

    index.update(&[], &[entry("a.md", None)]).unwrap();
    assert_eq!(counts(&index, "rowan"), (0, 1, 0));

    index
        .update(&["a.md".into()], &[entry("b.md", Some("rowan"))])
        .unwrap();
    assert_eq!(counts(&index, "rowan"), (1, 0, 1));
    assert_eq!(
        index.stamps().unwrap(),
        HashMap::from([("b.md".into(), Some("a stamp".into()))])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_lets_the_job_under_way_end_and_the_next_life_answers() {
    let (tree, database, _folder) = running_database().await;
    let (started, is_started) = mpsc::channel();
    let (go_on, wait) = mpsc::channel::<()>();
    let job = database.call(move |_| {
        started.send(()).unwrap();
        Ok(wait.recv().is_ok())
    });
    let kill = async {
        while is_started.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        tree.kill_child("database").await.unwrap();
        go_on.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(job, kill);
    assert!(answer.unwrap());
    while tree.which_child("database").await.unwrap().restarts == 0 {
        tokio::task::yield_now().await;
    }
    database.call(|index| index.stamps()).await.unwrap();
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_panics_crashes_the_database_and_the_next_life_answers() {
    let (tree, database, _folder) = running_database().await;
    let answer = database
        .call(|_| -> rusqlite::Result<()> { panic!("a bug") })
        .await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "the database went down during the call"
    );
    database.call(|index| index.stamps()).await.unwrap();
    assert_eq!(tree.which_child("database").await.unwrap().restarts, 1);
    tree.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_caller_left_is_not_done() {
    let (tree, database, _folder) = running_database().await;
    let (go_on, wait) = mpsc::channel::<()>();
    let busy = database.call(move |_| Ok(wait.recv().is_ok()));
    let left = database.call(|index| index.update(&[], &[entry("a.md", Some("birch"))]));
    let (busy, ()) = tokio::join!(busy, async {
        // Polled once: the job is in the queue, behind the busy one.
        tokio::select! { biased; _ = left => unreachable!("the database is busy"), () = async {} => () }
        go_on.send(()).unwrap();
    });
    assert!(busy.unwrap());
    assert!(
        database
            .call(|index| index.stamps())
            .await
            .unwrap()
            .is_empty()
    );
    tree.shutdown().await;
}

async fn running_database() -> (SupervisorHandle, DatabaseHandle, TempDir) {
    let folder = TempDir::new().unwrap();
    let (worker, database) = Database::at(folder.path().join("a.db"));
    let tree = Supervisor::one_for_one("test")
        .child(worker)
        .start()
        .await
        .unwrap();
    (tree, database, folder)
}

fn write(folder: &TempDir, name: &str) -> File {
    let path = folder.path().join(name);
    fs::write(&path, "birch").unwrap();
    File::options().append(true).open(path).unwrap()
}

/// Makes it look as if nobody had touched the file for a minute.
fn settle(file: &File) {
    file.set_modified(SystemTime::now() - Duration::from_secs(60))
        .unwrap();
}

fn entry(name: &str, body: Option<&str>) -> Entry {
    Entry {
        name: name.into(),
        stamp: Some("a stamp".into()),
        text: body.map(|body| Text {
            title: "A tree".into(),
            body: body.into(),
        }),
    }
}

/// How many documents are indexed, skipped, and found.
fn counts(index: &Index, words: &str) -> (u64, u64, usize) {
    let answer = index.search(words).unwrap();
    (answer.indexed, answer.skipped, answer.hits.len())
}
