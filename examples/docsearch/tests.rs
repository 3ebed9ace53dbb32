//! What the end-to-end test cannot see from outside.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use perennial::{Supervisor, SupervisorHandle};
use tempfile::TempDir;

use crate::changes::Changes;
use crate::database::{Database, DatabaseHandle};
use crate::folder::{Content, Folder};
use crate::index::{Index, Query, Update};
use crate::indexer::difference;

#[test]
fn each_word_of_a_query_is_quoted_and_signs_alone_are_none() {
    for (text, quoted) in [
        ("one", r#""one""#),
        (" one\ttwo\u{0}three ", r#""one" "two" "three""#),
        (r#"a"b"#, r#""a""b""#),
        ("x * - \"\" NOT y", r#""x" "NOT" "y""#),
    ] {
        let query = Query::parse(text).unwrap();
        assert_eq!(format!("{query:?}"), format!("Query({quoted:?})"));
    }
    for text in ["", " \n", "* \" ( …"] {
        assert_eq!(Query::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_document_is_named_by_its_path_in_the_folder_unless_it_is_left_out() {
    let folder = Folder::new(PathBuf::from("/.home/docs"));
    let name = |path: &str| folder.name(Path::new(path));
    assert_eq!(name("/.home/docs").as_deref(), Some(""));
    assert_eq!(name("/.home/docs/a/b.md").as_deref(), Some("a/b.md"));
    for path in [
        "/.home",
        "/.home/docs/.git/a.md",
        "/.home/docs/a/target/b.md",
    ] {
        assert_eq!(name(path), None, "{path}");
    }
}

#[test]
fn a_file_that_may_still_change_under_its_stamp_is_kept_without_one() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("fresh.md"), "birch").unwrap();
    fs::write(place.path().join("old.md"), "birch").unwrap();
    let old = File::options()
        .append(true)
        .open(place.path().join("old.md"))
        .unwrap();
    old.set_modified(SystemTime::now() - Duration::from_secs(60))
        .unwrap();

    let mut found = Folder::new(place.path().into())
        .documents(place.path())
        .unwrap();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let stamps: Vec<_> = found
        .into_iter()
        .map(|found| Update::read(found).stamp)
        .collect();
    assert_eq!((stamps[0].is_some(), stamps[1].is_some()), (false, true));
}

#[test]
fn what_is_new_changed_or_without_a_stamp_is_read_and_what_is_gone_is_forgotten() {
    let place = TempDir::new().unwrap();
    for name in ["changed.md", "new.md", "same.md", "unstamped.md"] {
        fs::write(place.path().join(name), "birch").unwrap();
    }
    let found = Folder::new(place.path().into())
        .documents(place.path())
        .unwrap();
    let stamp = found[0].stamp.clone();
    let mut recorded: HashMap<_, _> = found
        .iter()
        .map(|found| (found.name.clone(), Some(found.stamp.clone())))
        .collect();
    recorded.remove("new.md");
    recorded.insert("changed.md".into(), Some("another stamp".into()));
    recorded.insert("unstamped.md".into(), None);
    recorded.insert("gone.md".into(), Some(stamp));

    let (to_read, to_forget) = difference(found, recorded);
    let to_read: BTreeSet<_> = to_read.iter().map(|found| found.name.as_str()).collect();
    let to_forget: Vec<_> = to_forget
        .iter()
        .map(|update| update.name.as_str())
        .collect();
    assert_eq!(
        to_read,
        BTreeSet::from(["changed.md", "new.md", "unstamped.md"])
    );
    assert_eq!(to_forget, ["gone.md"]);
}

#[test]
fn the_documents_under_a_path_are_those_of_that_folder_only() {
    let place = TempDir::new().unwrap();
    let mut index = Index::open(&place.path().join("a.db"), true).unwrap();
    let names = ["a.md", "a/1.md", "a/2/3.md", "a-b/4.md", "a0.md", "b.md"];
    index
        .update(&names.map(|name| text(name, "birch")))
        .unwrap();

    let under = |name: &str| BTreeSet::from_iter(index.stamps(name).unwrap().into_keys());
    assert_eq!(under("a"), ["a/1.md", "a/2/3.md"].map(str::to_owned).into());
    assert_eq!(under("a.md"), ["a.md"].map(str::to_owned).into());
    assert_eq!(under(""), names.map(str::to_owned).into());
}

#[test]
fn an_update_replaces_what_was_known_of_a_document() {
    let place = TempDir::new().unwrap();
    let mut index = Index::open(&place.path().join("a.db"), true).unwrap();
    index.update(&[text("a.md", "birch")]).unwrap();
    index.update(&[text("a.md", "rowan")]).unwrap();
    assert_eq!(counts(&index, "birch"), (1, 0, 0));
    assert_eq!(counts(&index, "rowan"), (1, 0, 1));

    let content = Content::Unreadable;
    index
        .update(&[Update {
            name: "a.md".into(),
            stamp: None,
            content,
        }])
        .unwrap();
    assert_eq!(counts(&index, "rowan"), (0, 1, 0));

    let content = Content::Gone;
    index
        .update(&[Update {
            name: "a.md".into(),
            stamp: None,
            content,
        }])
        .unwrap();
    assert_eq!(counts(&index, "rowan"), (0, 0, 0));
}

#[tokio::test]
async fn too_many_changes_count_as_a_change_of_everything() {
    let changes = Changes::in_folder(Path::new("/docs"));
    for i in 0..=1_024 {
        changes.tell(PathBuf::from(format!("/docs/{i}.md")));
    }
    assert_eq!(
        changes.take().await,
        BTreeSet::from([PathBuf::from("/docs")])
    );
}

#[tokio::test]
async fn a_change_is_taken_whether_told_before_or_after_the_taker_waits() {
    let changes = Arc::new(Changes::in_folder(Path::new("/docs")));
    let a = PathBuf::from("/docs/a.md");
    changes.tell(a.clone());
    assert_eq!(changes.take().await, BTreeSet::from([a.clone()]));

    let (taker, told) = (changes.clone(), a.clone());
    let taken = tokio::spawn(async move { taker.take().await });
    tokio::task::yield_now().await;
    changes.tell(told);
    assert_eq!(taken.await.unwrap(), BTreeSet::from([a]));
}

#[tokio::test]
async fn a_kill_ends_the_call_under_way_and_the_next_life_answers() {
    let (tree, database, _place) = running_database().await;
    let (started, start) = mpsc::channel();
    let call = database.call(move |index| -> rusqlite::Result<()> {
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n";
        let mut select = index.connection.prepare(endless)?;
        let mut rows = select.query([])?;
        rows.next()?;
        started.send(()).unwrap();
        loop {
            rows.next()?;
        }
    });
    let kill = async {
        while start.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        tree.kill_child("database").await.unwrap();
        database.call(|index| index.stamps("")).await.unwrap();
    };
    let (answer, ()) = tokio::join!(call, kill);
    assert_eq!(answer.unwrap_err().to_string(), "interrupted");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_job_that_panics_crashes_the_database_and_the_next_life_answers() {
    let (tree, database, _place) = running_database().await;
    let answer = database
        .call(|_| -> rusqlite::Result<()> { panic!("a bug") })
        .await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "the database went down during the call"
    );
    database.call(|index| index.stamps("")).await.unwrap();
    assert_eq!(tree.which_child("database").await.unwrap().restarts, 1);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_job_whose_caller_left_is_not_done() {
    let (tree, database, _place) = running_database().await;
    let (go_on, wait) = mpsc::channel::<()>();
    let busy = database.call(move |_| Ok(wait.recv().is_ok()));
    let left = database.call(|index| index.update(&[text("a.md", "birch")]));
    let (busy, ()) = tokio::join!(busy, async {
        // Polled once: the job is in the queue, behind the busy one.
        tokio::select! { biased; _ = left => unreachable!("the database is busy"), () = async {} => () }
        go_on.send(()).unwrap();
    });
    assert!(busy.unwrap());
    assert!(
        database
            .call(|index| index.stamps(""))
            .await
            .unwrap()
            .is_empty()
    );
    tree.shutdown().await;
}

async fn running_database() -> (SupervisorHandle, DatabaseHandle, TempDir) {
    let place = TempDir::new().unwrap();
    let database = Database::at(place.path().join("a.db"));
    let handle = database.handle();
    let tree = Supervisor::one_for_one("test")
        .child(database)
        .start()
        .await
        .unwrap();
    (tree, handle, place)
}

fn text(name: &str, body: &str) -> Update {
    let content = Content::Text {
        title: "A tree".into(),
        body: body.into(),
    };
    Update {
        name: name.into(),
        stamp: Some("a stamp".into()),
        content,
    }
}

/// How many documents are indexed, skipped, and found.
fn counts(index: &Index, words: &str) -> (u64, u64, usize) {
    let answer = index.search(&Query::parse(words).unwrap()).unwrap();
    (answer.indexed, answer.skipped, answer.hits.len())
}
