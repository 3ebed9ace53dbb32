//! One run: faults, a rest, faults, a rest, faults, and the stop amid them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use perennial::{BoxError, SupervisorHandle};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use super::audit::{Base, Rest, growth, is_there, recovered};
use super::dice::Dice;
use super::hands::Hand;
use super::ledger::Ledger;
use super::orders::Orders;
use super::site::{DISTRICT, Site};
use super::world::{BLOCK, Kind, World};

/// How many meddle with the tree.
const HANDS: u64 = 8;
/// How often it is told how it goes.
const TOLD: Duration = Duration::from_secs(5);
/// What the stop of a tree may take beside what its children need.
const RESERVE: Duration = Duration::from_secs(5);
/// How long faults befall before the stop comes amid them, as part of the time.
const FINALE: Duration = Duration::from_secs(1);

/// Whatever is broken.
pub(super) async fn run(orders: Orders) -> Result<Vec<String>, BoxError> {
    // Half of the threads go on whatever happens.
    let world = Arc::new(World::new(orders.seed, orders.workers / 2));
    let ledger = Arc::new(Mutex::new(Ledger::new()));
    let base = Base::now();
    let mut wrong = storm(orders, &world, &ledger).await?;
    if orders.leak {
        // What is to be found.
        let _left = tokio::spawn(std::future::pending::<()>());
    }
    wrong.extend(base.is_restored(&world, BLOCK + RESERVE).await);
    wrong.extend(world.complaints());
    let ledger = ledger.lock().map_err(|_| "the ledger panicked")?;
    wrong.extend(ledger.wrongs());
    Ok(wrong)
}

/// The life of the tree, of which nothing is held any more afterwards.
async fn storm(
    orders: Orders,
    world: &Arc<World>,
    ledger: &Arc<Mutex<Ledger>>,
) -> Result<Vec<String>, BoxError> {
    let districts = orders.n.div_ceil(DISTRICT).max(1);
    let site = Arc::new(Site::new(world, districts, Arc::clone(ledger)));
    let root = site.root.start().await?;
    let mut hands = JoinSet::new();
    for number in 0..HANDS {
        let hand = Hand {
            world: Arc::clone(world),
            site: Arc::clone(&site),
            root: root.clone(),
            dice: Dice::of(orders.seed, ("hand", number)),
        };
        hands.spawn(hand.meddle());
    }
    let tell = tokio::spawn(tell(Arc::clone(world), Arc::clone(ledger), root.clone()));
    let mut wrong = Vec::new();
    let finale = FINALE.min(orders.time / 4);
    let warm = faults(world, &root, orders.time / 3, &mut wrong).await;
    let late = faults(world, &root, orders.time * 2 / 3 - finale, &mut wrong).await;
    if let (Some(warm), Some(late)) = (warm, late) {
        println!("at rest after a third: {warm}; at the end: {late}");
        wrong.extend(growth(warm, late));
    }
    world.set_storm(true);
    sleep(finale).await;
    if let Err(why) = stop(world, &root).await {
        wrong.push(why);
    }
    tell.abort();
    hands.shutdown().await;
    print(world, ledger, &root);
    Ok(wrong)
}

/// Lets faults befall for that time, and the tree recover; how it then is, if it does.
async fn faults(
    world: &World,
    root: &SupervisorHandle,
    time: Duration,
    wrong: &mut Vec<String>,
) -> Option<Rest> {
    world.set_storm(true);
    sleep(time).await;
    world.set_storm(false);
    let began = Instant::now();
    match recovered(root, world).await {
        Ok(rest) => {
            println!("recovered in {:.1?}", began.elapsed());
            Some(rest)
        }
        Err(why) => {
            wrong.push(why);
            None
        }
    }
}

/// Stops the tree amid its faults; no new ones befall it.
async fn stop(world: &World, root: &SupervisorHandle) -> Result<(), String> {
    is_there(root).await?;
    world.set_storm(false);
    // What those need who do not stop at once, one after the other, and then those that are blocked.
    let budget = world.burden() + BLOCK + RESERVE;
    let began = Instant::now();
    let Ok(report) = timeout(budget, root.shutdown()).await else {
        // What is left is worth a look only when it is over.
        let over = timeout(budget * 4, root.wait()).await;
        let when = over.map_or("is not over", |_| "came later");
        return Err(format!(
            "the stop took longer than its budget of {budget:.1?}, and {when}"
        ));
    };
    let (count, took) = (report.children().len(), began.elapsed());
    println!("stopped {count} children in {took:.1?} of {budget:.1?}");
    Ok(())
}

/// Tells now and then how it goes.
async fn tell(world: Arc<World>, ledger: Arc<Mutex<Ledger>>, root: SupervisorHandle) {
    let mut ticks = interval(TOLD);
    // The first one is at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        print(&world, &ledger, &root);
    }
}

fn print(world: &World, ledger: &Mutex<Ledger>, root: &SupervisorHandle) {
    if let Ok(ledger) = ledger.lock() {
        let (lives, restarts, left) = (ledger.lives, ledger.restarts, ledger.unresponsive);
        let (alive, known) = (world.alive(Kind::Run), root.snapshot().entries().len());
        let rss = crate::measure::rss_kib() / 1024;
        println!(
            "{alive} workers alive, {known} children known, {lives} lives, {restarts} restarts, \
             {left} left behind, {rss} MiB"
        );
    }
    let counts = world.counts();
    let counts = counts.iter().map(|(what, count)| format!("{what} {count}"));
    println!("  {}", counts.collect::<Vec<_>>().join(", "));
}
