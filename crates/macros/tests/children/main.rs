//! Derived children and worker functions, each form of them, run in a tree.

mod derive;
mod forms;
mod worker;

use std::error::Error;

use perennial::{ChildSpec, Supervisor};

/// Runs the child until its tree stops, in good order.
async fn starts_and_stops(child: impl Into<ChildSpec>) {
    let app = Supervisor::one_for_one("app").child(child);
    let tree = app.start().await.expect("the child of the test starts");
    let report = tree.shutdown().await;
    assert!(report.is_clean(), "{report}");
}

/// An error with all its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let lines: Vec<String> = causes.map(ToString::to_string).collect();
    lines.join(": ")
}
