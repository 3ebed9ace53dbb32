//! What the tests share: the recorded files.

use std::path::PathBuf;

use perennial_otp_replay::parse::read_file;
use perennial_otp_replay::trace::Scenario;

/// The recorded files and how many scenarios each one holds, so that an empty file cannot pass.
pub(crate) const FILES: [(&str, usize); 17] = [
    ("api", 82),
    ("auto_shutdown", 101),
    ("batch", 80),
    ("dynamic", 62),
    ("dynmatrix", 7),
    ("escalation", 84),
    ("handpicked", 80),
    ("ignore", 40),
    ("inflight", 128),
    ("intensity", 49),
    ("matrix", 221),
    ("mixed", 201),
    ("orphan", 40),
    ("restart_fail", 78),
    ("start_fail", 72),
    ("stop_order", 53),
    ("window", 38),
];

/// All scenarios of one file, as many as there have to be.
pub(crate) fn scenarios(file: &str) -> Vec<Scenario> {
    let (_, number) = FILES
        .into_iter()
        .find(|&(name, _)| name == file)
        .unwrap_or_else(|| panic!("{file} is not in the list of files"));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("traces")
        .join(file)
        .with_extension("jsonl");
    let scenarios = read_file(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenarios.len(), number, "{file}");
    scenarios
}
