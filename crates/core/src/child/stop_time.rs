//! How long the stop of a tree takes at the most.

use std::sync::Arc;
use std::time::Duration;
use std::vec;

use super::{Occupant, Seat, ShutdownStrategy, SupervisorHandle};

/// Stands for a stop without a limit; it stays the same with all that is added.
const UNLIMITED: Duration = Duration::MAX;

/// A supervisor whose children are being added up.
struct Level {
    /// How it is stopped by the one above.
    farewell: ShutdownStrategy,
    /// Its children that are yet to be added.
    rows: vec::IntoIter<(ShutdownStrategy, Option<Arc<Seat>>)>,
    /// Whether they are stopped at the same time.
    at_once: bool,
    abort_grace: Duration,
    stop_budget: Option<Duration>,
    /// What its children take at the most when the budget is used up: then each is killed.
    overtime: Duration,
    time: Duration,
}

impl SupervisorHandle {
    /// How long a stop takes at the most that begins now, the time for the work itself apart: what the
    /// shutdown strategies and `abort_grace` add up to; [`Duration::MAX`] if there is no limit.
    pub(crate) fn stop_time(&self) -> Duration {
        let Some(occupant) = self.occupant() else {
            // About to start or gone: each takes only a moment.
            return Duration::ZERO;
        };
        add_up(&occupant)
    }
}

/// Adds up a supervisor and all below it; a loop, not recursion, as trees may be deep.
fn add_up(root: &Arc<Occupant>) -> Duration {
    let mut level = Level::of(root, ShutdownStrategy::Infinite);
    let mut above: Vec<Level> = Vec::new();
    loop {
        if let Some((farewell, seat)) = level.rows.next() {
            match seat.and_then(|seat| seat.occupant()) {
                Some(occupant) => {
                    let below = Level::of(&occupant, farewell);
                    above.push(std::mem::replace(&mut level, below));
                }
                None => level.add(farewell, UNLIMITED),
            }
            continue;
        }
        let Some(next) = above.pop() else {
            return level.whole_time();
        };
        let below = std::mem::replace(&mut level, next);
        level.add(below.farewell, below.whole_time());
    }
}

impl Level {
    fn of(occupant: &Occupant, farewell: ShutdownStrategy) -> Self {
        Self {
            farewell,
            rows: occupant.roster.picture().farewells().into_iter(),
            at_once: occupant.roster.manner.dynamic,
            abort_grace: occupant.roster.manner.abort_grace,
            stop_budget: occupant.stop_budget,
            overtime: Duration::ZERO,
            // It may be in a start that nothing cuts short.
            time: if occupant.semantics.blocking {
                UNLIMITED
            } else {
                Duration::ZERO
            },
        }
    }

    /// The time of all its children, but no more than it is given.
    fn whole_time(&self) -> Duration {
        let budget = self.stop_budget;
        let most = budget.map(|budget| budget.saturating_add(self.overtime));
        most.map_or(self.time, |most| self.time.min(most))
    }

    /// Adds a child that takes `own` to end if nobody forces it.
    fn add(&mut self, farewell: ShutdownStrategy, own: Duration) {
        let time = match farewell {
            ShutdownStrategy::Graceful(grace) => own.min(grace).saturating_add(self.abort_grace),
            ShutdownStrategy::Brutal => self.abort_grace,
            ShutdownStrategy::Infinite => own,
        };
        if self.at_once {
            self.time = self.time.max(time);
            self.overtime = self.abort_grace;
        } else {
            // One after the other, as each may have to be waited for.
            self.time = self.time.saturating_add(time);
            self.overtime = self.overtime.saturating_add(self.abort_grace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::{ChildSpec, Semantics, worker};
    use crate::dynamic::DynamicSupervisor;
    use crate::supervisor::Supervisor;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn child(name: &str, shutdown: ShutdownStrategy) -> ChildSpec {
        worker(name, |_ctx| std::future::pending()).shutdown(shutdown)
    }

    fn graceful(name: &str, grace: u64) -> ChildSpec {
        child(name, ShutdownStrategy::Graceful(millis(grace)))
    }

    async fn stop_time_of(tree: Supervisor) -> Duration {
        let handle = tree.start().await.expect("nothing can fail");
        let time = handle.stop_time();
        handle.kill();
        handle.wait().await;
        time
    }

    #[tokio::test(start_paused = true)]
    async fn the_times_of_a_tree_add_up() {
        let nested = Supervisor::one_for_one("nested")
            .abort_grace(millis(2))
            .child(graceful("first", 100))
            .child(child("second", ShutdownStrategy::Brutal));
        let tree = Supervisor::one_for_one("app")
            .abort_grace(millis(1))
            .child(graceful("third", 1_000))
            .child(nested);
        assert_eq!(stop_time_of(tree).await, millis(1_001 + 102 + 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_without_a_limit_has_none_unless_a_supervisor_above_has() {
        let endless = || {
            Supervisor::one_for_one("endless").child(child("worker", ShutdownStrategy::Infinite))
        };
        let app = || Supervisor::one_for_one("app").abort_grace(millis(1));
        assert_eq!(stop_time_of(app().child(endless())).await, UNLIMITED);
        let limited = ChildSpec::from(endless()).shutdown(ShutdownStrategy::Graceful(millis(50)));
        assert_eq!(stop_time_of(app().child(limited)).await, millis(51));
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_a_budget_each_child_that_is_killed_may_take_its_abort_grace() {
        let deaf = |name: &str| child(name, ShutdownStrategy::Infinite);
        let app = || Supervisor::one_for_one("app").abort_grace(millis(1));
        let nested = |name: &str| {
            let nested = Supervisor::one_for_one(name).abort_grace(millis(10));
            nested.child(deaf("a")).child(deaf("b"))
        };
        let ten = |tree: Supervisor| tree.stop_budget(millis(10_000));
        let cases = [
            ("none", ten(app()), 0),
            (
                "less than the budget",
                ten(app().child(graceful("a", 5))),
                6,
            ),
            ("one", ten(app().child(deaf("a"))), 10_001),
            (
                "one after the other",
                ten(app().child(deaf("a")).child(deaf("b")).child(deaf("c"))),
                10_003,
            ),
            // It has less time than the one above, which kills it when that is over.
            ("a level below", ten(app().child(nested("x"))), 10_001),
            (
                "two levels below",
                ten(app().child(nested("x").child(nested("y")))),
                10_001,
            ),
            ("a budget below", app().child(ten(nested("x"))), 10_020),
            (
                "two budgets below",
                app().child(ten(nested("x"))).child(ten(nested("y"))),
                20_040,
            ),
        ];
        for (how, tree, expected) in cases {
            assert_eq!(stop_time_of(tree).await, millis(expected), "{how}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_children_of_a_template_are_stopped_at_the_same_time() {
        let template = |grace| graceful("visitor", grace);
        let visitors = DynamicSupervisor::new("visitors", template).abort_grace(millis(1));
        let handle = visitors.start().await.expect("nothing can fail");
        for grace in [10, 30, 20] {
            handle.start_child(grace).await.expect("nothing can fail");
        }
        assert_eq!(handle.as_supervisor().stop_time(), millis(31));
        handle.as_supervisor().kill();
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_that_waits_for_a_start_has_no_limit() {
        let tree = Supervisor::one_for_one("app").semantics(Semantics::otp_exact());
        assert_eq!(stop_time_of(tree).await, UNLIMITED);
    }

    #[tokio::test]
    async fn a_supervisor_that_does_not_run_takes_no_time() {
        let app = Supervisor::one_for_one("app");
        assert_eq!(app.handle().stop_time(), Duration::ZERO);
    }
}
