//! Printed trees are compared without times, and a difference is shown line by line.

use std::time::Duration;

use perennial_core::{ExitReason, Restart, Supervisor};
use perennial_test::{End, Exited, Script, TestTree, assert_shape, shape};

use crate::support::{panic_of, plain};

fn app() -> Supervisor {
    let storage = Supervisor::rest_for_one("storage")
        .child(plain("database"))
        .child(plain("wake up 3"));
    Supervisor::one_for_one("app")
        .child(plain("web"))
        .child(storage)
}

const SHAPE: &str = "
    app  one-for-one  running  2/2
    ├─ web  worker  running  restarts 1
    └─ storage  rest-for-one  running  2/2
       ├─ database  worker  running
       └─ wake up 3  worker  running
";

#[tokio::test(start_paused = true)]
async fn a_tree_has_the_same_shape_whatever_the_time() {
    let tree = TestTree::start(app()).await;
    tree.fail("web").await;
    for days in [0, 1, 40] {
        tokio::time::advance(Duration::from_secs(days * 86_400 + 61)).await;
        tree.assert_shape(SHAPE);
    }
    let shape = shape(&tree.handle().snapshot());
    assert!(
        shape.contains("running    restarts 1"),
        "columns stay: {shape}"
    );
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_difference_is_shown_line_by_line() {
    let tree = TestTree::start(app()).await;
    let snapshot = tree.handle().snapshot();
    let message = panic_of(async { assert_shape(&snapshot, SHAPE) }).await;
    let expected = "the tree is not as expected (- expected, + found):
  app one-for-one running 2/2
- ├─ web worker running restarts 1
+ ├─ web worker running
  └─ storage rest-for-one running 2/2
     ├─ database worker running
     └─ wake up 3 worker running";
    assert_eq!(message, expected);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_at_another_level_is_a_difference() {
    let tree = TestTree::start(app()).await;
    tree.fail("web").await;
    let snapshot = tree.handle().snapshot();
    for (level, another) in [
        ("   ├─ database", "├─ database"),
        ("├─ web", "└─ web"),
        ("2/2", "1/2"),
    ] {
        let other = SHAPE.replacen(level, another, 1);
        let message = panic_of(async { assert_shape(&snapshot, &other) }).await;
        assert!(message.contains("\n+ "), "{message}");
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_exit_says_stays_whatever_it_is() {
    let noisy = Script::new("up 3 s");
    let app = Supervisor::one_for_one("app")
        .child(noisy.spec().restart(Restart::Transient))
        .child(plain("web"));
    let tree = TestTree::start(app).await;
    let reason = ExitReason::shutdown_with("went up 1 m 2 s\nup 5 s and down");
    noisy.end(End::With(reason));
    tree.expect(Exited("up 3 s")).await;
    tree.assert_shape(
        "
        app        one-for-one  running  1/2
        ├─ up 3 s  worker       idle     shutdown: went up 1 m 2 s
        up 5 s and down
        └─ web     worker       running
        ",
    );
    tree.stop().await;
}
