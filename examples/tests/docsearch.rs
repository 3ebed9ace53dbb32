//! docsearch from end to end: the built program, a real folder, real crashes, real time.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take on a slow machine. Shorter than the time after which the indexer
/// looks at everything unasked, so that a change that nobody told it of is seen here.
const DEADLINE: Duration = Duration::from_secs(20);

#[test]
fn each_page_of_the_book_is_found_by_its_title() {
    let folder = Documents::of_the_project();
    let service = Service::start(&folder, &[]);
    for (name, body) in folder.files() {
        let title = body
            .lines()
            .find(|line| line.contains(char::is_alphanumeric));
        let title = title.expect("a document of the project has a title");
        service.wait_until_found(title, &name);
    }
}

#[test]
fn a_hit_says_where_and_what_it_is() {
    let folder = Documents::new();
    folder.write(
        "guide/trees.md",
        "# Growing trees\n\nA larch loses its needles in autumn.\n",
    );
    let service = Service::start(&folder, &[]);
    service.wait_until_found("larch needles", "guide/trees.md");

    let answer = service.search("larch needles");
    let hit = &answer["hits"][0];
    assert_eq!(hit["rank"], 1);
    assert_eq!(hit["path"], "guide/trees.md");
    assert_eq!(hit["title"], "Growing trees");
    assert_eq!(
        hit["snippet"],
        "# Growing trees\n\nA [larch] loses its [needles] in autumn.\n"
    );
    assert_eq!(answer["indexed"], 1);
    assert_eq!(answer["skipped"], 0);
}

#[test]
fn the_document_with_the_word_in_its_title_comes_first() {
    let folder = Documents::new();
    folder.write("a.md", "# On spruces\n\nThey stand beside a birch.\n");
    folder.write("b.md", "# On the birch\n\nIt is white.\n");
    let service = Service::start(&folder, &[]);
    service.wait_until("both are indexed", || {
        service.search("birch")["indexed"] == 2
    });
    assert_eq!(service.found("birch"), ["b.md", "a.md"]);
}

#[test]
fn hidden_and_built_files_and_other_kinds_are_left_out() {
    let folder = Documents::new();
    for name in [
        ".git/a.md",
        "target/b.md",
        "web/node_modules/c.md",
        "d.rs",
        ".e.md",
    ] {
        folder.write(name, "alder");
    }
    folder.write("deep/er/f.TXT", "alder");
    let service = Service::start(&folder, &[]);
    service.wait_until_found("alder", "deep/er/f.TXT");
    assert_eq!(service.found("alder"), ["deep/er/f.TXT"]);
}

#[test]
fn what_cannot_be_read_as_text_is_counted() {
    let folder = Documents::new();
    folder.write("good.txt", "maple");
    fs::write(folder.path("latin1.txt"), b"caf\xe9 maple").expect("the folder can be written");
    let service = Service::start(&folder, &[]);
    service.wait_until("the bad one is counted", || {
        service.search("maple")["skipped"] == 1
    });
    service.wait_until_found("maple", "good.txt");
    assert_eq!(service.found("maple"), ["good.txt"]);

    folder.write("latin1.txt", "café maple");
    service.wait_until_found("café", "latin1.txt");
    assert_eq!(service.search("maple")["skipped"], 0);
}

#[test]
fn changed_renamed_and_deleted_files_are_followed() {
    let folder = Documents::new();
    folder.write("a.md", "oak");
    folder.write("old/b.md", "elm");
    let service = Service::start(&folder, &[]);
    service.wait_until_found("oak", "a.md");
    service.wait_until_found("elm", "old/b.md");

    folder.write("a.md", "ash");
    service.wait_until_found("ash", "a.md");
    service.wait_until("the old text is gone", || service.found("oak").is_empty());

    fs::rename(folder.path("old"), folder.path("new")).expect("a folder can be renamed");
    service.wait_until("it has moved", || service.found("elm") == ["new/b.md"]);
    folder.write("new/c.md", "elm");
    service.wait_until_found("elm", "new/c.md");

    fs::remove_dir_all(folder.path("new")).expect("a folder can be removed");
    service.wait_until("they are gone", || service.found("elm").is_empty());
}

#[test]
fn a_document_in_a_folder_made_a_moment_ago_is_found() {
    let folder = Documents::new();
    let service = Service::start(&folder, &[]);
    for i in 0..100 {
        folder.write(&format!("{i}/deeper/note.md"), "hornbeam");
    }
    service.wait_until_indexed(100);
}

#[test]
fn killing_the_indexer_over_and_over_loses_no_document() {
    let folder = Documents::new();
    let service = Service::start(&folder, &["--chaos"]);
    for i in 0..100 {
        folder.write(&format!("{}/{i}.md", i % 7), &format!("first{i}"));
        service.post("/crash/indexer");
        folder.write(&format!("{}/{i}.md", i % 7), &format!("final{i}"));
        if i % 3 == 0 {
            fs::remove_file(folder.path(&format!("{}/{i}.md", i % 7))).expect("it was written");
        }
    }
    for i in 0..100 {
        let left = if i % 3 == 0 {
            vec![]
        } else {
            vec![format!("{}/{i}.md", i % 7)]
        };
        service.wait_until(&format!("final{i} is settled"), || {
            service.found(&format!("final{i}")) == left
                && service.found(&format!("first{i}")).is_empty()
        });
    }
}

#[test]
fn killing_whatever_comes_next_loses_no_document() {
    let folder = Documents::new();
    let service = Service::start(&folder, &["--chaos"]);
    let children = ["watcher", "database", "web", "indexer", "storage"];
    for (i, child) in (0..50).zip(children.into_iter().cycle()) {
        folder.write(&format!("{i}.md"), &format!("linden{i}"));
        service.post(&format!("/crash/{child}"));
        folder.write(&format!("sub{i}/more.md"), &format!("poplar{i}"));
    }
    for i in 0..50 {
        service.wait_until_found(&format!("linden{i}"), &format!("{i}.md"));
        service.wait_until_found(&format!("poplar{i}"), &format!("sub{i}/more.md"));
    }
}

#[test]
fn the_tree_counts_the_restarts_of_a_child_and_of_those_that_depend_on_it() {
    let folder = Documents::new();
    let service = Service::start(&folder, &["--chaos"]);
    let children = ["storage", "database", "indexer", "watcher", "web"];
    assert_eq!(children.map(|child| service.restarts(child)), [0; 5]);
    for (child, restarts) in [
        ("watcher", [0, 0, 0, 1, 0]),
        ("indexer", [0, 0, 1, 2, 0]),
        ("database", [0, 1, 2, 3, 0]),
        ("web", [0, 1, 2, 3, 1]),
        ("storage", [1, 0, 0, 0, 1]), // a new life of it counts anew
    ] {
        let answer = service.post(&format!("/crash/{child}"));
        assert_eq!(answer.body, format!("killed {child}\n"));
        service.wait_until(&format!("{child} is restarted"), || {
            children.map(|child| service.restarts(child)) == restarts
        });
    }
}

#[test]
fn a_search_waits_for_a_database_that_is_restarted() {
    let folder = Documents::new();
    folder.write("a.md", "juniper");
    let service = Service::start(&folder, &["--chaos"]);
    service.wait_until_found("juniper", "a.md");
    for _ in 0..20 {
        service.post("/crash/database");
        assert_eq!(service.found("juniper"), ["a.md"]);
    }
}

#[test]
fn an_index_outlives_a_program_that_was_killed_outright() {
    let folder = Documents::new();
    folder.write("a.md", "cedar");
    let mut first = Service::start(&folder, &[]);
    first.wait_until_found("cedar", "a.md");
    first.process.kill().expect("it runs");
    first.process.wait().expect("it was killed");

    fs::remove_file(folder.path("a.md")).expect("it was written");
    folder.write("b.md", "cypress");
    let second = Service::start(&folder, &[]);
    second.wait_until_found("cypress", "b.md");
    second.wait_until("the deleted one is gone", || {
        second.found("cedar").is_empty()
    });
}

#[test]
fn no_search_text_breaks_the_search() {
    let folder = Documents::new();
    folder.write("a.md", "don't say \"yew\" AND holly* (NEAR title:body)");
    let service = Service::start(&folder, &[]);
    service.wait_until_indexed(1);
    for text in [
        "don't",
        "\"yew\"",
        "holly*",
        "AND",
        "NEAR(",
        "title:body",
        "yew\" AND",
        "(say",
        "-say ^say",
    ] {
        assert_eq!(service.found(text), ["a.md"], "{text}");
    }
    assert_eq!(
        service.search("yew NOT holly")["hits"],
        Value::Array(vec![])
    );
}

#[test]
fn a_search_for_nothing_is_refused_with_a_sentence() {
    let folder = Documents::new();
    let service = Service::start(&folder, &[]);
    for path in [
        "/search",
        "/search?q=",
        "/search?q=%20%00",
        "/search?q=%22*%22",
    ] {
        let answer = service.get(path);
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.body, "say what to search for: /search?q=WORDS\n");
    }
}

#[test]
fn crashes_on_request_are_off_unless_asked_for() {
    let folder = Documents::new();
    let service = Service::start(&folder, &[]);
    let answer = service.post("/crash/indexer");
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("--chaos"), "{}", answer.body);
    assert_eq!(service.restarts("indexer"), 0);
}

#[test]
fn a_crash_of_nobody_is_refused_with_a_sentence() {
    let folder = Documents::new();
    let service = Service::start(&folder, &["--chaos"]);
    let answer = service.post("/crash/gardener");
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (404, "there is no child gardener\n")
    );
}

#[test]
fn a_stop_goes_from_the_last_child_to_the_first_and_is_reported() {
    for signal in ["-TERM", "-INT"] {
        let folder = Documents::of_the_project();
        let mut service = Service::start(&folder, &[]);
        service.signal(signal);
        assert_eq!(service.wait_for_end().code(), Some(0));

        let told = read(&service.stderr);
        let mut lines = told.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("docsearch stopped in "), "{told}");
        let order: Vec<_> = lines.filter_map(|line| line.split(' ').next()).collect();
        let expected = [
            "docsearch/web",
            "docsearch/storage/watcher",
            "docsearch/storage/indexer",
            "docsearch/storage/database",
            "docsearch/storage",
        ];
        assert_eq!(order, expected, "{told}");
    }
}

#[test]
fn wrong_arguments_are_answered_with_one_sentence() {
    let folder = Documents::new();
    let folder = folder
        .root
        .path()
        .to_str()
        .expect("a temporary folder has a plain name");
    for (arguments, sentence) in [
        (vec![], "no folder given; usage:"),
        (vec![folder, folder], "more than one folder; usage:"),
        (vec![folder, "--loud"], "unknown option --loud; usage:"),
        (vec![folder, "--port"], "--port needs a number"),
        (
            vec![folder, "--port", "http"],
            "--port needs a number from 0 to 65535, not \"http\"",
        ),
        (
            vec![folder, "--port", "65536"],
            "--port needs a number from 0 to 65535, not \"65536\"",
        ),
        (vec![folder, "--database"], "--database needs a file"),
        (
            vec!["/nowhere"],
            "cannot read the folder \"/nowhere\": No such file or directory",
        ),
        (vec!["/dev/null"], "\"/dev/null\" is not a folder"),
    ] {
        let output = run_to_end(Command::new(&*PROGRAM).args(&arguments));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with(&format!("docsearch: {sentence}")),
            "{arguments:?}: {stderr}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_port_in_use_is_told_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    refuses_to_start(
        &["--port", &port],
        &format!("docsearch/web failed to initialize: cannot listen on 127.0.0.1:{port}: "),
    );
}

#[test]
fn a_database_that_is_no_database_is_told_in_one_sentence() {
    let database = TempDir::new().expect("there is a place for temporary files");
    let database = database.path().join("broken.db");
    fs::write(&database, [0xAB; 8192]).expect("the folder can be written");
    refuses_to_open(&database, "file is not a database");
}

#[test]
fn a_damaged_database_is_told_in_one_sentence() {
    let folder = Documents::of_the_project();
    let mut service = Service::start(&folder, &[]);
    service.wait_until_indexed(folder.files().len());
    service.signal("-TERM");
    service.wait_for_end();

    let mut bytes = fs::read(&folder.database).expect("it was written");
    bytes[8192..].fill(0xAB);
    fs::write(&folder.database, bytes).expect("it can be written");
    refuses_to_open(&folder.database, "");
}

#[test]
fn a_database_in_a_missing_folder_is_told_in_one_sentence() {
    refuses_to_open(
        Path::new("/nowhere/docsearch.db"),
        "unable to open database file",
    );
}

fn refuses_to_open(database: &Path, why: &str) {
    let name = database
        .to_str()
        .expect("a temporary file has a plain name");
    refuses_to_start(
        &["--port", "0", "--database", name],
        &format!(
            "docsearch/storage/database failed to initialize: cannot open the database {name:?}: {why}"
        ),
    );
}

fn refuses_to_start(arguments: &[&str], sentence: &str) {
    let folder = Documents::new();
    let mut command = Command::new(&*PROGRAM);
    command.arg(folder.root.path()).args(arguments);
    let output = run_to_end(command.env("TMPDIR", folder.beside.path()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    let sentence = format!("docsearch could not start: {sentence}");
    assert!(stderr.starts_with(&sentence), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(output.stdout.is_empty(), "nothing listens");
    assert_eq!(output.status.code(), Some(1));
}

/// Runs what should end by itself, and ends it if it does not.
fn run_to_end(command: &mut Command) -> Output {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = piped.spawn().expect("it was built");
    let ended = poll(|| process.try_wait().expect("it was started"));
    if ended.is_none() {
        process.kill().expect("it runs");
    }
    let output = process.wait_with_output().expect("its output is text");
    assert!(ended.is_some(), "it did not end: {output:?}");
    output
}

/// A folder of documents, and beside it a place for the database and what the program prints.
struct Documents {
    root: TempDir,
    beside: TempDir,
    database: PathBuf,
}

impl Documents {
    fn new() -> Self {
        let root = TempDir::new().expect("there is a place for temporary files");
        let beside = TempDir::new().expect("there is a place for temporary files");
        let database = beside.path().join("docsearch.db");
        Self {
            root,
            beside,
            database,
        }
    }

    /// A copy of the pages of the book.
    fn of_the_project() -> Self {
        let documents = Self::new();
        let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/src");
        for entry in fs::read_dir(book).expect("the book can be read").flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let copy = documents.root.path().join(entry.file_name());
                fs::copy(path, copy).expect("a document can be copied");
            }
        }
        assert!(!documents.files().is_empty(), "the project has documents");
        documents
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, body: &str) {
        let path = self.path(name);
        let folder = path.parent().expect("a file is in a folder");
        fs::create_dir_all(folder).expect("a folder can be made");
        fs::write(path, body).expect("a document can be written");
    }

    /// The files at the top, with what is in them.
    fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.root.path())
            .expect("the folder can be read")
            .flatten();
        entries
            .map(|entry| {
                let body = fs::read_to_string(entry.path()).expect("it is text");
                (entry.file_name().to_string_lossy().into_owned(), body)
            })
            .collect()
    }
}

/// A running docsearch, killed when dropped.
struct Service {
    process: Child,
    port: u16,
    stdout: PathBuf,
    stderr: PathBuf,
}

struct HttpAnswer {
    status: u16,
    body: String,
}

impl Service {
    /// Returns when the service listens.
    fn start(folder: &Documents, arguments: &[&str]) -> Self {
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| folder.beside.path().join(name));
        let process = Command::new(&*PROGRAM)
            .arg(folder.root.path())
            .args(["--port", "0", "--database"])
            .arg(&folder.database)
            .args(arguments)
            .stdout(File::create(&stdout).expect("a file can be made"))
            .stderr(File::create(&stderr).expect("a file can be made"))
            .spawn()
            .expect("it was built");
        let mut service = Self {
            process,
            port: 0,
            stdout,
            stderr,
        };
        service.wait_until("it listens", || read(&service.stdout).ends_with('\n'));
        let stdout = read(&service.stdout);
        let line = stdout.lines().next().expect("there is a line");
        let port = line.strip_prefix("listening on http://127.0.0.1:");
        service.port = port
            .and_then(|port| port.parse().ok())
            .expect("the first line has the port");
        service
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        // Twice at once, as `timeout` does it: that is one request.
        let kill = Command::new("kill").args([signal, &id, &id]).status();
        assert!(kill.expect("there is a `kill`").success());
    }

    fn wait_for_end(&mut self) -> ExitStatus {
        let process = &mut self.process;
        poll(|| process.try_wait().expect("it was started"))
            .unwrap_or_else(|| panic!("it does not end:\n{}", self.output()))
    }

    fn output(&self) -> String {
        read(&self.stdout) + &read(&self.stderr)
    }

    fn get(&self, path: &str) -> HttpAnswer {
        self.request("GET", path)
    }

    fn post(&self, path: &str) -> HttpAnswer {
        self.request("POST", path)
    }

    fn request(&self, method: &str, path: &str) -> HttpAnswer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the port stays open");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("a deadline is possible");
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: docsearch\r\nConnection: close\r\n\r\n");
        stream
            .write_all(head.as_bytes())
            .expect("a request is taken");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("a request is answered");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        HttpAnswer {
            status: status.expect("an answer has a status"),
            body: body.to_owned(),
        }
    }

    fn search(&self, text: &str) -> Value {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.get(&format!("/search?q={encoded}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).expect("a search is answered in JSON")
    }

    /// The paths of the documents found, the best first.
    fn found(&self, text: &str) -> Vec<String> {
        let answer = self.search(text);
        let hits = answer["hits"].as_array().expect("there is a list of hits");
        hits.iter()
            .map(|hit| hit["path"].as_str().expect("a hit has a path").to_owned())
            .collect()
    }

    /// How often a child was restarted, as the tree says.
    fn restarts(&self, child: &str) -> u64 {
        let tree = self.get("/tree").body;
        let line = tree.lines().find(|line| line.contains(child));
        let mut words = line
            .unwrap_or_else(|| panic!("{child} is not in the tree:\n{tree}"))
            .split_whitespace();
        // None is not said.
        words.find(|word| *word == "restarts").map_or(0, |_| {
            let count = words.next().and_then(|word| word.parse().ok());
            count.unwrap_or_else(|| panic!("{child} has no count of restarts:\n{tree}"))
        })
    }

    fn wait_until_found(&self, text: &str, name: &str) {
        let what = format!("{name} is found by {text:?}");
        self.wait_until(&what, || self.found(text).iter().any(|path| path == name));
    }

    fn wait_until_indexed(&self, count: usize) {
        let what = format!("{count} documents are indexed");
        self.wait_until(&what, || self.search("anything")["indexed"] == count);
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        poll(|| is_so().then_some(()))
            .unwrap_or_else(|| panic!("not in time: {what}:\n{}", self.output()));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended long ago.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The program as built for this run of the tests: examples have no `CARGO_BIN_EXE_…`.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let this_test = std::env::current_exe().expect("a test has a path");
    let profile = this_test
        .ancestors()
        .nth(2)
        .expect("a test stands in target/PROFILE/deps");
    let target = profile
        .parent()
        .expect("a profile stands in the target folder");
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        other => other.expect("a profile has a plain name"),
    };
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--example",
            "docsearch",
            "--profile",
            name,
        ])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .arg("--target-dir")
        .arg(target)
        .status();
    assert!(
        status.expect("cargo can be started").success(),
        "docsearch does not build"
    );
    profile.join("examples/docsearch")
});

/// Looks until there is something to see, or until the deadline.
///
/// The only pause in this file: the program is another process, whose progress shows in its
/// answers and its output, and neither can be waited for.
fn poll<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        let seen = look();
        if seen.is_some() || began.elapsed() > DEADLINE {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
