//! The end of a running supervisor: as its machine says, or because its task was aborted.

use super::decide::Decide;
use super::driver::{Driver, Stage};
use super::ending::Ending;
use super::protocol::End;
use crate::child::Report;
use crate::exit::{ExitReason, let_go};

impl<M: Decide> Driver<M> {
    pub(super) fn begin_to_end(&mut self, end: End) {
        let history = &mut self.lives.history;
        let ending = Ending::new(end, &self.roster, &self.desk.rules, history);
        // Before it is told, as all that a snapshot shows.
        if !ending.outcome.is_clean() {
            self.roster.give_up();
        }
        if let Some(event) = &ending.event {
            self.life.tell(event.clone());
        }
        let budget = self.desk.rules.stop_budget;
        self.lives.allow(self.now, budget);
        self.lives.hurry(&self.machine);
        self.lives.report = Some(Report::with_room(self.roster.lock().len()));
        self.stage = Stage::Ending(ending, self.now);
    }

    /// Every child is gone: closes the books.
    pub(super) fn finish(&mut self) {
        let Stage::Ending(ending, since) = std::mem::replace(&mut self.stage, Stage::Booting)
        else {
            unreachable!("a machine says why it ends before it finishes");
        };
        let took = self.now.saturating_duration_since(since);
        let (exit, departure) = ending.close(self.orphaned, self.lives.take_report(), took);
        // Calls that are still in there learn how it ended, as their replies are dropped.
        let_go(self.inbox.close(&exit));
        self.life.depart(departure);
        self.lives.released = true;
        self.stage = Stage::Over(exit);
    }
}

/// The task was aborted, or the runtime ended, before the supervisor could stop its children.
impl<M> Drop for Driver<M> {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Over(_)) {
            return;
        }
        let_go(self.inbox.close(&ExitReason::Killed));
        if self.desk.rules.semantics.orderly_orphans {
            self.lives.orphan();
        }
    }
}
