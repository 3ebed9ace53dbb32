//! How a tree of one's own is tested. Run: cargo run --example testing_a_tree
//!
//! Each function here is a test; in a test module it carries `#[tokio::test(start_paused = true)]`.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::time::Duration;

use perennial::{BoxError, Supervisor, worker};
use perennial_test::{
    FaultPlan, Restarted, TestTree, on_the_paused_clock, settle, silence_scripted_panics,
};

/// What is tested: the till counts on the stock.
fn shop() -> Supervisor {
    let stock = worker("stock", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    let till = worker("till", |ctx| async move {
        ctx.stopping().await;
        Ok(())
    });
    Supervisor::rest_for_one("shop").child(stock).child(till)
}

async fn a_lost_stock_restarts_the_till() {
    let tree = TestTree::start(shop()).await;
    tree.slow_start("stock", Duration::from_secs(20)); // no time at all on the paused clock
    tree.crash("stock").await;
    tree.expect(Restarted("stock")).await;
    tree.expect(Restarted("till")).await;
    tree.assert_shape(
        "
        shop      rest-for-one  running  2/2
        ├─ stock  worker        running  restarts 1
        └─ till   worker        running  restarts 1
        ",
    );
    let report = tree.stop().await; // a panic that nobody ordered would fail the test here
    println!("stopped in order:\n{report}\n");
}

/// The restart hides the bug from everybody but the test.
async fn a_bug_that_a_restart_hides_is_found() {
    let thief = worker("thief", |ctx| async move {
        assert!(ctx.last_exit().is_some(), "caught in the act");
        ctx.stopping().await;
        Ok(())
    });
    let tree = TestTree::start(shop().child(thief)).await;
    settle().await;
    let verdict = tree.judge().await; // `stop` would have panicked with it
    println!("{verdict}\n");
    assert!(verdict.to_string().contains("shop/thief exited: panicked"));
}

async fn the_shop_endures_a_bad_day(seed: u64) -> usize {
    let day = Duration::from_secs(8 * 3_600);
    let verdict = TestTree::endure(shop(), FaultPlan::seeded(seed), day).await;
    verdict.events().len()
}

fn main() -> Result<(), BoxError> {
    silence_scripted_panics(); // the one that nobody ordered is still shown
    on_the_paused_clock(a_lost_stock_restarts_the_till());
    on_the_paused_clock(a_bug_that_a_restart_hides_is_found());
    let days: Vec<_> = (0..20)
        .map(|seed| on_the_paused_clock(the_shop_endures_a_bad_day(seed)))
        .collect();
    println!("20 bad days, with {} events", days.iter().sum::<usize>());
    assert_eq!(days[7], on_the_paused_clock(the_shop_endures_a_bad_day(7))); // the same seed, the same day
    Ok(())
}
