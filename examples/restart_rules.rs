//! Who is started again after its end, and who is not. Run: cargo run --example restart_rules
//!
//! Permanent: always. Transient: after a failure. Temporary: never.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use perennial::{BoxError, ChildInfo, ChildSpec, ChildState, Restart, Supervisor, worker};
use tokio::sync::mpsc;

/// Says each start to `starts`. The first life ends at once, the next ones stay.
fn clerk(name: &'static str, fails: bool, starts: mpsc::Sender<&'static str>) -> ChildSpec {
    worker(name, move |ctx| {
        let starts = starts.clone();
        async move {
            starts.send(name).await?;
            match (ctx.last_exit(), fails) {
                (None, true) => return Err("the ink ran dry".into()),
                (None, false) => return Ok(()),
                (Some(exit), _) => println!("{name} is back: its last life ended as {exit}"),
            }
            ctx.stopping().await;
            Ok(())
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (starts, mut started) = mpsc::channel(16);
    let mut office = Supervisor::one_for_one("office").intensity(3, Duration::from_secs(5));
    for (name, fails, restart) in [
        ("counter", false, Restart::Permanent), // serves for ever: any end is one too early
        ("cashier", true, Restart::Permanent),
        ("audit", false, Restart::Transient), // done when it is done, but it must be done
        ("payroll", true, Restart::Transient),
        ("greeting", false, Restart::Temporary), // one try
        ("rumor", true, Restart::Temporary),
    ] {
        office = office.child(clerk(name, fails, starts.clone()).restart(restart));
    }
    let tree = office.start().await?;

    // Six first starts, and three more.
    let mut names = Vec::new();
    for _ in 0..9 {
        names.push(started.recv().await.ok_or("nobody starts any more")?);
    }
    names.sort_unstable();
    let all_starts = [
        "audit", "cashier", "cashier", "counter", "counter", "greeting", "payroll", "payroll",
        "rumor",
    ];
    assert_eq!(names, all_starts);

    // The last exits may still be on their way to the supervisor.
    let mut children = tree.which_children().await?;
    while children.len() != 4 || running(&children).len() != 3 {
        tokio::task::yield_now().await;
        children = tree.which_children().await?;
    }
    println!("\n{}", tree.snapshot());
    assert_eq!(running(&children), ["counter", "cashier", "payroll"]);
    // Temporary children leave nothing behind; a transient one keeps its place.
    assert!(children.iter().any(|child| child.id.as_str() == "audit"));

    assert!(tree.shutdown().await.is_clean());
    Ok(())
}

fn running(children: &[ChildInfo]) -> Vec<&str> {
    let running = children
        .iter()
        .filter(|child| child.state == ChildState::Running);
    running.map(|child| child.id.as_str()).collect()
}
