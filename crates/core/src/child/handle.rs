//! What others hold of a supervisor: it sends calls in, and reads what the supervisor keeps in the open.

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::inbox::{Call, Message, Order, Reading, Via, Whom};
use super::info::{ChildInfo, ChildRef};
use super::shown::taken;
use super::{
    CallError, ChildError, ChildKind, ChildSettings, ChildSpec, Departure, Life, Occupant, Outcome,
    PathError, Report, Roster, Seat, StartChildError, StopRequest,
};
use crate::dataspace::Dataspace;
use crate::exit::ExitReason;
use crate::observe::{EventKind, EventStream};
use crate::path::{ChildId, ChildPath};
use crate::tree::{Counts, Snapshot};

/// A supervisor as others hold it: to add, stop and look at its children.
///
/// Cheap to clone, good before the supervisor starts and after it was restarted; it belongs to the
/// place of the supervisor, not to one life of it. Dropping it stops nothing.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let handle = Supervisor::one_for_one("app").start().await?;
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// handle.start_child(clock).await?;
/// assert_eq!(handle.count_children().await?.active, 1);
///
/// let report = handle.shutdown().await;
/// assert!(report.is_clean(), "{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SupervisorHandle {
    pub(crate) seat: Arc<Seat>,
}

impl SupervisorHandle {
    /// Adds a child at the end of the order and starts it.
    ///
    /// Returns when the child runs, or has declined to start; waits for no other child. If the
    /// supervisor is restarted, only the children of its own spec list come back.
    ///
    /// # Errors
    ///
    /// See [`StartChildError`]; the spec is not kept, but where it says so.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call drops the spec; afterwards the
    /// child is started all the same.
    pub async fn start_child(
        &self,
        child: impl Into<ChildSpec>,
    ) -> Result<ChildRef, StartChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Start(Box::new(child.into()), Via::Supervisor, reply);
        self.start_by(call, answer).await
    }

    pub(crate) async fn start_by(
        &self,
        call: Call,
        answer: oneshot::Receiver<Result<ChildRef, StartChildError>>,
    ) -> Result<ChildRef, StartChildError> {
        let occupant = self.occupant();
        let occupant = occupant.ok_or_else(|| StartChildError::NotRunning {
            id: self.id().clone(),
        })?;
        match send(&occupant, call, answer).await {
            Ok(answer) => answer,
            Err(reason) => Err(StartChildError::Ended { reason }),
        }
    }

    /// Stops a child as its spec says; its spec stays, unless it is temporary.
    ///
    /// Returns when the child is gone; waits for no other child. A child that does not run is no error. A
    /// failed restart is not tried again. Counts no restart, and never ends the supervisor.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotFound`], and those of a supervisor that does not run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call stops nothing; afterwards the
    /// child is stopped all the same.
    pub async fn terminate_child(&self, id: impl Into<ChildId>) -> Result<(), ChildError> {
        self.terminate(id.into(), Via::Supervisor).await
    }

    pub(crate) async fn terminate(&self, id: ChildId, via: Via) -> Result<(), ChildError> {
        // Which life is meant is decided now, not when the call is heard.
        let life = self.occupant().and_then(|occupant| {
            let state = occupant.roster.lock();
            let life = state.child(id.as_str())?.ran?;
            (via == Via::Dynamic && occupant.semantics.lives_by_identity).then_some(life)
        });
        let (reply, answer) = oneshot::channel();
        let whom = Box::new(Whom { id, life });
        self.order(Call::Order(whom, via, Order::Terminate(reply)), answer)
            .await
    }

    /// Starts a child that does not run, at its place in the order.
    ///
    /// Returns when the child runs, or has declined to start. Counts no restart.
    ///
    /// # Errors
    ///
    /// [`ChildError::Running`], [`Starting`](ChildError::Starting), [`Restarting`](ChildError::Restarting)
    /// and [`Stopping`](ChildError::Stopping) if it is not down; [`Initialization`](ChildError::Initialization)
    /// if it could not start: it stays down and is not tried again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call starts nothing; afterwards the
    /// child is started all the same.
    pub async fn restart_child(&self, id: impl Into<ChildId>) -> Result<ChildRef, ChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Order(Whom::any(id), Via::Supervisor, Order::Restart(reply));
        self.order(call, answer).await
    }

    /// Forgets a child that does not run.
    ///
    /// On return its id is free again. A running child is to be terminated first.
    ///
    /// # Errors
    ///
    /// As [`restart_child`](Self::restart_child), if it is not down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call deletes nothing; afterwards the
    /// child is deleted all the same.
    pub async fn delete_child(&self, id: impl Into<ChildId>) -> Result<(), ChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Order(Whom::any(id), Via::Supervisor, Order::Delete(reply));
        self.order(call, answer).await
    }

    /// Aborts the task of a child as from outside: what follows is what its spec says of an exit
    /// with [`ExitReason::Killed`].
    ///
    /// At once: it does not wait for the exit, nor for the supervisor. The children of a supervisor
    /// that is killed are killed with it; each ends when its task next yields, maybe after the supervisor.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotFound`], [`ChildError::Down`], [`ChildError::NotRunning`].
    ///
    /// # Cancel safety
    ///
    /// It never waits, so there is nothing to cancel.
    pub async fn kill_child(&self, id: impl Into<ChildId>) -> Result<(), ChildError> {
        let id = id.into();
        let occupant = self.running()?;
        let (slot, life) = {
            let state = occupant.roster.lock();
            let Some(slot) = state.find(id.as_str()) else {
                return Err(ChildError::NotFound { id });
            };
            let life = state.get(slot).and_then(|entry| entry.life.clone());
            (slot, life.ok_or(ChildError::Down { id })?)
        };
        kill(&occupant, slot, &life);
        Ok(())
    }

    /// The children in start order.
    ///
    /// Answered at once, also while the supervisor is busy.
    ///
    /// # Errors
    ///
    /// [`CallError`]: the supervisor does not run.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CallError> {
        self.read(|roster| roster.picture().infos()).await
    }

    /// How many children there are. Answered at once, also while the supervisor is busy.
    ///
    /// # Errors
    ///
    /// [`CallError`]: the supervisor does not run.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn count_children(&self) -> Result<Counts, CallError> {
        self.read(|roster| roster.picture().counts()).await
    }

    /// One child as [`which_children`](Self::which_children) lists it.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotFound`], and those of a supervisor that does not run.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn which_child(&self, id: impl Into<ChildId>) -> Result<ChildInfo, ChildError> {
        self.look(id.into(), |entry| entry.info()).await
    }

    /// The spec of a child, defaults filled in.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotFound`], and those of a supervisor that does not run.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn child_spec(&self, id: impl Into<ChildId>) -> Result<ChildSettings, ChildError> {
        self.look(id.into(), |entry| entry.spec.settings.clone())
            .await
    }

    /// The handle of a supervisor below this one, by its path from here: `storage/cache`.
    ///
    /// # Errors
    ///
    /// [`PathError`] says where the way ended.
    pub fn supervisor(&self, path: &str) -> Result<SupervisorHandle, PathError> {
        let mut at = self.clone();
        for id in path.split('/') {
            at = at.nested(id)?;
        }
        Ok(at)
    }

    fn nested(&self, id: &str) -> Result<SupervisorHandle, PathError> {
        let occupant = self.occupant().ok_or_else(|| PathError::NotRunning {
            id: self.id().clone(),
        })?;
        let state = occupant.roster.lock();
        let entry = state.child(id).ok_or_else(|| PathError::NotFound {
            supervisor: self.id().clone(),
            id: id.into(),
        })?;
        if entry.spec.settings.kind == ChildKind::Worker {
            return Err(PathError::Worker { id: id.into() });
        }
        let seat = entry.life.as_ref().and_then(|life| life.seat());
        let seat = seat.ok_or_else(|| PathError::NotRunning { id: id.into() })?;
        Ok(Self {
            seat: Arc::clone(seat),
        })
    }

    /// The id of this supervisor.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        &self.seat.id
    }

    /// Where this supervisor stands in its tree, if it runs.
    #[must_use]
    pub fn path(&self) -> Option<ChildPath> {
        Some(self.occupant()?.roster.path.clone())
    }

    /// The tree below this supervisor as it is now; empty if it does not run.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        taken(&self.seat, Instant::now())
    }

    /// The events of the whole tree from now on; before the start, from the start on.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.seat.events()
    }

    /// What the children of the whole tree publish for each other.
    ///
    /// It is that of the tree and not of this supervisor: it stays good while the supervisor is restarted.
    ///
    /// # Errors
    ///
    /// [`CallError::NotRunning`]: the supervisor does not run, so it is in no tree.
    pub fn dataspace(&self) -> Result<Dataspace, CallError> {
        match self.seat.life() {
            Some(life) => Ok(life.family.commons.dataspace()),
            None => Err(CallError::NotRunning {
                id: self.id().clone(),
            }),
        }
    }

    /// Asks this supervisor to stop, and returns at once.
    ///
    /// A supervisor below another one is then restarted or not as its restart type says; to stop it
    /// for good, use [`terminate_child`](Self::terminate_child) of the one above.
    pub fn request_stop(&self) {
        if let Some(life) = self.seat.life() {
            let request = StopRequest {
                deadline: None,
                orphaned: false,
                budgeted: false,
            };
            life.ask_to_stop(None, request);
            // At once, also if the supervisor is busy.
            life.family.commons.hub.beat();
        }
    }

    /// Tells everybody who listens to the tree that this supervisor's part of it is to read its
    /// configuration anew: [`EventKind::ReloadRequested`]. What comes of it is up to them.
    ///
    /// An [`Application`](crate::Application) does so for its whole tree at SIGHUP. Nothing happens if the
    /// supervisor does not run.
    pub fn request_reload(&self) {
        if let Some(occupant) = self.occupant() {
            occupant.life.tell(EventKind::ReloadRequested);
        }
    }

    /// Asks this supervisor to stop and waits until it and all below it are gone.
    ///
    /// Ends within the time that the children's shutdown strategies and `abort_grace` add up to,
    /// unless one is [`Infinite`](super::ShutdownStrategy::Infinite). If it had ended before, this is how.
    /// A nested supervisor then comes back if its spec says so: see [`request_stop`](Self::request_stop).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not take the request back.
    pub async fn shutdown(&self) -> Report {
        if !self.seat.was_ever_taken() {
            return Report::default();
        }
        // Begin to wait before asking: what happens in between must not be missed.
        let end = self.seat.next_end();
        self.request_stop();
        end.await.report.clone()
    }

    /// Waits until the supervisor ends and tells how; the end of the life that it has now, or has next.
    /// If it has ended, how it last did.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn wait(&self) -> Outcome {
        self.departure().await.outcome.clone()
    }

    /// The same with its exit, as its own supervisor sees it.
    pub(crate) async fn departure(&self) -> Arc<Departure> {
        self.seat.next_end().await
    }

    /// Aborts the task of this supervisor as from outside, and all its children with it.
    ///
    /// For tests and for the end of patience: nothing is stopped in order, and each child ends when its
    /// task next yields, maybe after the supervisor. A supervisor above it restarts it as its spec says.
    pub fn kill(&self) {
        let Some(life) = self.seat.life() else { return };
        let id = life.path.id().as_str();
        let above = life.family.supervisor.occupant();
        let place = above.and_then(|above| {
            let slot = above.roster.lock().find(id)?;
            (life.path.parent() == Some(&above.roster.path)).then_some((above, slot))
        });
        match place {
            Some((above, slot)) => kill(&above, slot, &life),
            None => life.abort(),
        }
    }

    pub(crate) fn occupant(&self) -> Option<Arc<Occupant>> {
        self.seat.occupant()
    }

    fn running(&self) -> Result<Arc<Occupant>, ChildError> {
        self.occupant().ok_or_else(|| ChildError::NotRunning {
            supervisor: self.id().clone(),
        })
    }

    pub(super) async fn order<T>(
        &self,
        call: Call,
        answer: oneshot::Receiver<Result<T, ChildError>>,
    ) -> Result<T, ChildError> {
        match send(&*self.running()?, call, answer).await {
            Ok(answer) => answer,
            Err(reason) => Err(ChildError::Ended { reason }),
        }
    }

    /// Looks at the roster: at once, or in turn if the semantics say so.
    async fn read<T, F>(&self, look: F) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(&Roster) -> T + Send + 'static,
    {
        let occupant = self.occupant().ok_or_else(|| CallError::NotRunning {
            id: self.id().clone(),
        })?;
        if !occupant.semantics.arrival_order {
            return Ok(look(&occupant.roster));
        }
        let (reply, answer) = oneshot::channel();
        let roster = Arc::clone(&occupant.roster);
        let reading = Reading(Box::new(move || {
            // Who asked may have gone away.
            let _heard = reply.send(look(&roster));
        }));
        let read = send(&occupant, Call::Read(reading), answer).await;
        read.map_err(|reason| CallError::Ended { reason })
    }

    async fn look<T, F>(&self, id: ChildId, look: F) -> Result<T, ChildError>
    where
        T: Send + 'static,
        F: FnOnce(&super::Entry) -> T + Send + 'static,
    {
        let key = id.clone();
        let found = self.read(move |roster| roster.lock().child(key.as_str()).map(look));
        match found.await {
            Ok(found) => found.ok_or(ChildError::NotFound { id }),
            Err(CallError::NotRunning { id }) => Err(ChildError::NotRunning { supervisor: id }),
            Err(CallError::Ended { reason }) => Err(ChildError::Ended { reason }),
        }
    }
}

impl fmt::Debug for SupervisorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorHandle")
            .field("id", self.id())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}

/// Aborts the task of a child, and lets its supervisor know: it does not wait for ever if the task does
/// not react.
fn kill(supervisor: &Occupant, slot: usize, life: &Life) {
    life.abort();
    if life.is_first_kill() {
        let killed = Message::Killed(slot, life.incarnation);
        supervisor.inbox.push(killed);
    }
}

/// Hands a call in and waits for the answer; tells how the supervisor ended if none comes.
pub(super) async fn send<T>(
    occupant: &Occupant,
    call: Call,
    answer: oneshot::Receiver<T>,
) -> Result<T, ExitReason> {
    let answer = match occupant.inbox.call(call).await {
        Ok(()) => answer.await.ok(),
        Err(_call) => None,
    };
    answer.ok_or_else(|| occupant.inbox.closed().unwrap_or(ExitReason::Killed))
}

#[cfg(feature = "test-util")]
mod test_util {
    //! What only tests of trees need. Not covered by semantic versioning.

    use std::sync::Arc;

    use super::{Occupant, SupervisorHandle};
    use crate::child::ScopeCell;
    use crate::sync::atomic::Ordering;
    use crate::tree::ChildState;

    /// While it lives, a supervisor takes nothing out of its inbox.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial_core as perennial;
    /// use perennial::Supervisor;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let handle = Supervisor::one_for_one("app").start().await?;
    /// let hold = handle.hold();
    /// handle.request_stop();                                   // it does not hear that yet
    /// assert!(handle.count_children().await.is_ok());
    /// drop(hold);
    /// assert!(handle.wait().await.is_clean());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "the supervisor goes on when it is dropped"]
    #[derive(Debug)]
    pub struct Hold(Option<Arc<Occupant>>);

    impl SupervisorHandle {
        /// Holds the supervisor: until the guard is dropped it takes nothing out of its inbox.
        pub fn hold(&self) -> Hold {
            let occupant = self.occupant();
            if let Some(occupant) = &occupant {
                occupant.inbox.hold();
            }
            Hold(occupant)
        }

        /// Whether no supervisor of the tree has anything to hear and no child starts or stops;
        /// also not those that a killed supervisor left behind. Meaningful on one thread only.
        #[must_use]
        pub fn is_at_rest(&self) -> bool {
            let Some(occupant) = self.occupant() else {
                return true;
            };
            let mut lives = 1;
            let mut open = vec![Arc::clone(&occupant)];
            while let Some(occupant) = open.pop() {
                if !occupant.inbox.is_empty() || occupant.life.stop.is_requested() {
                    return false;
                }
                let state = occupant.roster.lock();
                for life in state.lives() {
                    lives += 1;
                    if life.scope().is_some_and(ScopeCell::is_closed) {
                        return false;
                    }
                    open.extend(life.seat().and_then(|seat| seat.occupant()));
                }
                let starting = |state| matches!(state, ChildState::Starting | ChildState::Stopping);
                if state.states().any(starting) {
                    return false;
                }
            }
            lives == occupant.life.family.commons.tasks.load(Ordering::Acquire)
        }
    }

    impl Drop for Hold {
        fn drop(&mut self) {
            if let Some(occupant) = &self.0 {
                occupant.inbox.release();
            }
        }
    }
}

#[cfg(feature = "test-util")]
pub use test_util::Hold;
