//! The tests of the weather station, as the chapter on testing shows them.

use std::time::Duration;

use perennial::Supervisor;
use perennial_book::station::{radio, readings, station};
use perennial_book::{Card, Phone};
use perennial_test::{Exited, FaultPlan, GaveUp, Restarted, TestTree};
use tokio::sync::watch;

// ANCHOR: log
#[tokio::test(start_paused = true)]
async fn a_lost_log_restarts_the_sensors() {
    let tree = TestTree::start(readings(Card::new("ok"))).await;
    tree.crash("log").await;
    tree.expect(Restarted("log")).await;
    tree.expect(Restarted("sensors")).await;
    tree.stop().await;
}
// ANCHOR_END: log

// ANCHOR: thermometer
#[tokio::test(start_paused = true)]
async fn a_broken_thermometer_leaves_the_barometer_alone() {
    let tree = TestTree::start(readings(Card::new("ok"))).await;
    tree.fail("sensors/thermometer").await;
    tree.expect(Restarted("sensors/thermometer")).await;
    tree.expect_no(Exited("sensors/barometer")).await;
    tree.assert_shape(
        "
        readings           rest-for-one  running  2/2
        ├─ log             worker        running
        └─ sensors         one-for-one   running  2/2
           ├─ thermometer  worker        running  restarts 1
           └─ barometer    worker        running
        ",
    );
    tree.stop().await;
}
// ANCHOR_END: thermometer

// ANCHOR: radio
#[tokio::test(start_paused = true)]
async fn a_bad_line_is_cured_by_a_new_call() {
    let station = Supervisor::one_for_one("station").child(radio(Phone::new(1)));
    TestTree::run(station, async |tree| {
        tree.expect(GaveUp("radio")).await;
        tree.expect(Restarted("radio")).await;
        tree.expect_no(GaveUp("station")).await;
    })
    .await;
}
// ANCHOR_END: radio

// ANCHOR: check
#[test]
fn the_station_has_no_faults() {
    let (_anemometer, wind) = watch::channel(20);
    let (station, _desk) = station(Card::new("ok"), Phone::new(0), wind);
    assert_eq!(station.check(), Ok(vec![]));
}
// ANCHOR_END: check

// ANCHOR: weather
#[tokio::test(start_paused = true)]
async fn the_station_keeps_its_promises_in_bad_weather() {
    for seed in 0..20 {
        let (_anemometer, wind) = watch::channel(20);
        let (station, _desk) = station(Card::new("ok"), Phone::new(0), wind);
        let half_an_hour = Duration::from_secs(1_800);
        TestTree::endure(station, FaultPlan::seeded(seed), half_an_hour).await;
    }
}
// ANCHOR_END: weather
