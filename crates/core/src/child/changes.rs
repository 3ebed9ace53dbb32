//! The calls that change a tree while it runs: children that rest, new specs, and whole lists of children.

use std::fmt;

use tokio::sync::oneshot;

use super::comparison::Step;
use super::handle::send;
use super::inbox::{Call, Order, Via, Whom};
use super::{
    ApplyError, ApplyFailure, ChildError, ChildRef, ChildSpec, Occupant, Replace, StartChildError,
    SupervisorHandle,
};
use crate::exit::ExitReason;
use crate::path::ChildId;

/// What [`apply`](SupervisorHandle::apply) has done with which children, in the order in which it was done.
///
/// Prints as one line.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ChildSpec, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let feed = |id: &str| -> ChildSpec {
///     worker(id, |ctx| async move { ctx.stopping().await; Ok(()) })
/// };
/// let handle = Supervisor::one_for_one("feeds").child(feed("news")).child(feed("sports")).start().await?;
/// let applied = handle.apply([feed("news"), feed("weather")]).await?;
/// assert_eq!(applied.to_string(), "1 unchanged, removed sports, added weather");
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// They were there as wanted, and nothing was done to them.
    pub unchanged: Vec<ChildId>,
    /// They were not wanted: stopped, and deleted.
    pub removed: Vec<ChildId>,
    /// They have a new spec, or will have it when they are next started.
    pub replaced: Vec<ChildId>,
    /// They were not there, and run now, or have declined to start.
    pub added: Vec<ChildId>,
}

impl SupervisorHandle {
    /// Stops a child as its spec says, until [`resume_child`](Self::resume_child) starts it again.
    ///
    /// On return the child is down. Its spec, its place and its counters stay, also if it is temporary, and nothing but a
    /// call starts it: a group that is restarted passes it over, and a restart that was due is not made up for.
    /// [`restart_child`](Self::restart_child) is refused with [`ChildError::Paused`]; to terminate it takes the pause
    /// back, and to delete it is allowed. A pause is forgotten when the supervisor itself is restarted.
    ///
    /// Those that [need](super::ChildSpec::after) it run on, and start without it. It is no hindrance for the
    /// [`Health`](crate::Health) of the tree, and keeps its supervisor up if it is significant. Counts no restart.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotFound`], [`ChildError::Dynamic`], and those of a supervisor that ends or does not run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call pauses nothing; afterwards the
    /// child is paused all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial_core as perennial;
    /// use perennial::{ChildState, Supervisor, worker};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let import = worker("import", |ctx| async move { ctx.stopping().await; Ok(()) });
    /// let handle = Supervisor::one_for_one("app").child(import).start().await?;
    /// handle.pause_child("import").await?;                     // while the database is backed up
    /// assert_eq!(handle.which_child("import").await?.state, ChildState::Paused);
    /// handle.resume_child("import").await?;
    /// assert_eq!(handle.which_child("import").await?.state, ChildState::Running);
    /// # handle.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn pause_child(&self, id: impl Into<ChildId>) -> Result<(), ChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Order(Whom::any(id), Via::Supervisor, Order::Pause(reply));
        self.order(call, answer).await
    }

    /// Starts a child that [`pause_child`](Self::pause_child) has put to rest, at its place in the order.
    ///
    /// Returns when the child runs, or has declined to start. Counts no restart.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotPaused`] if it is down for another reason; if it is not down, the errors of
    /// [`restart_child`](Self::restart_child). [`ChildError::DependencyDown`]: it stays paused.
    /// [`ChildError::Initialization`] if it could not start: then it is down, not paused, and not tried again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call starts nothing; afterwards the
    /// child is started all the same.
    pub async fn resume_child(&self, id: impl Into<ChildId>) -> Result<ChildRef, ChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Order(Whom::any(id), Via::Supervisor, Order::Resume(reply));
        self.order(call, answer).await
    }

    /// Gives the child of the spec's id that spec in place of its own.
    ///
    /// The child keeps its place in the order, its counters, how it last ended, and what it has [stashed](super::Stash).
    /// With [`Replace::Now`] it is stopped as its old spec says and started with the new one, and on return it runs, or has
    /// declined to start; one that is down is started, and one that waits for its restart too. One that is
    /// [paused](Self::pause_child) stays so, with the new spec. Counts no restart, waits for no backoff, and takes no sibling along; but if the
    /// child is about to be restarted with its group, it goes along with that, and a temporary one is gone then.
    ///
    /// With [`Replace::AtNextRestart`] it returns at once: the present life goes on and ends by the rules of the old
    /// spec, and the next start, for whatever reason, is that of the new one. A second new spec before that takes the place
    /// of the first. What is kept so is gone with the child's place: if it is deleted, is temporary and ends, or if the
    /// supervisor is restarted, whose children are always those of its own list, as they stand there.
    ///
    /// A supervisor can be replaced too. Handles of the one that was there stay good; those that were taken from the new
    /// blueprint are not of this place.
    ///
    /// # Errors
    ///
    /// - [`ChildError::Spec`]: the new spec is faulty, or would need itself by way of others.
    /// - [`ChildError::NotFound`]: to add a child is [`start_child`](Self::start_child).
    /// - [`ChildError::DependencyDown`]: it is to start now and needs who does not run. In these three cases the child
    ///   goes on as it is. But if that one ends while the child is being stopped, the child is down, and is started with its
    ///   new spec when that one runs.
    /// - [`ChildError::Initialization`]: it could not start with the new spec. It is down, and has the new spec.
    /// - [`ChildError::Cancelled`]: another call, or the end of the supervisor, came between. If that was a call to
    ///   terminate or to pause the child, its next start is that of the new spec.
    ///
    /// and those of a supervisor that is dynamic, ends, or does not run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call drops the spec; afterwards the
    /// child is replaced all the same.
    pub async fn replace_child(
        &self,
        child: impl Into<ChildSpec>,
        when: Replace,
    ) -> Result<ChildRef, ChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Replace(Box::new(child.into()), when, reply);
        self.order(call, answer).await
    }

    /// Lets the supervisor have these children and no others: adds, replaces and removes what differs, and leaves all else
    /// alone.
    ///
    /// Children are told apart by their ids, and specs by their [`version`](ChildSpec::version) and nothing else: a child
    /// whose spec says the same version as that of the list, or as which says nothing, is not touched; it goes on in its present life, or stays
    /// down, or paused. Only one that is down because it could not start with a new spec is tried again. A supervisor in
    /// the list is one child with a version: it is replaced with all below it or not at all. To change what is below it,
    /// apply a list to its own handle.
    ///
    /// The whole list is checked before anything is done. Then those that are not in it are stopped and
    /// deleted, from the back, also while others still need them; then those of another version are [replaced](Self::replace_child), at once, and new ones
    /// added at the end, in the order of the list but each after those that it needs. The order of those that were
    /// there does not change.
    ///
    /// Two of these calls on one supervisor wait for each other. As with [`start_child`](Self::start_child), a supervisor that is itself
    /// restarted has the children of its own list again.
    ///
    /// # Errors
    ///
    /// - [`ApplyError::Spec`]: the list is faulty: an id twice, a spec that its supervisor must not have, a sibling
    ///   that is needed and not in the list, or a circle of these. Nothing was done.
    /// - [`ApplyError::Incomplete`]: all was tried, and some of it failed, such as all that was left when the supervisor ended.
    ///
    /// and those of a supervisor that is dynamic or does not run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the rest undone; the change of the one child that it was about is carried out. The same
    /// call again goes on from there. A child that waits for a list in which it is not itself waits for its own end, and
    /// leaves the rest undone by that: let somebody outside of the list apply it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial_core as perennial;
    /// use perennial::{ChildSpec, Supervisor, worker};
    ///
    /// /// A worker for each line of a file of settings.
    /// fn feeds(settings: &str) -> Vec<ChildSpec> {
    ///     let feed = |line: &str| {
    ///         let (id, url) = line.split_once(' ')?;
    ///         let feed = worker(id, |ctx| async move { ctx.stopping().await; Ok(()) });
    ///         Some(feed.version(url))
    ///     };
    ///     settings.lines().filter_map(feed).collect()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let handle = Supervisor::one_for_one("feeds").start().await?;
    /// handle.apply(feeds("news example.org/news\nsports example.org/sports")).await?;
    /// let applied = handle.apply(feeds("news example.org/news\nsports example.com/sports")).await?;
    /// assert_eq!(applied.unchanged, ["news"]);
    /// assert_eq!(applied.replaced, ["sports"]);
    /// # handle.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn apply<I>(&self, wanted: I) -> Result<Applied, ApplyError>
    where
        I: IntoIterator<Item: Into<ChildSpec>>,
    {
        self.apply_with(wanted, Replace::Now).await
    }

    /// As [`apply`](Self::apply), where `when` says when those of another version are replaced.
    ///
    /// With [`Replace::AtNextRestart`] a child that is to get the version of the list at its next start counts as
    /// being of it.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    ///
    /// # Cancel safety
    ///
    /// As [`apply`](Self::apply).
    pub async fn apply_with<I>(&self, wanted: I, when: Replace) -> Result<Applied, ApplyError>
    where
        I: IntoIterator<Item: Into<ChildSpec>>,
    {
        let wanted: Vec<ChildSpec> = wanted.into_iter().map(Into::into).collect();
        let _turn = self.seat.turn_to_apply().await;
        // All of it is for that one: the next one that takes its seat has a list of its own.
        let occupant = self.occupant().ok_or_else(|| ApplyError::NotRunning {
            supervisor: self.id().clone(),
        })?;
        let list = wanted.clone();
        let compared = call(&occupant, |reply| Call::Compare(list, when, reply)).await;
        let comparison = compared.unwrap_or_else(|reason| Err(ApplyError::Ended { reason }))?;
        let id = |at: usize| wanted[at].settings.id.clone();
        let mut applied = Applied {
            unchanged: comparison.unchanged.iter().map(|&at| id(at)).collect(),
            ..Applied::default()
        };
        let mut failed = Vec::new();
        for id in comparison.removed {
            match remove(&occupant, &id).await {
                Ok(()) => applied.removed.push(id),
                Err(source) => failed.push(ApplyFailure::Remove { id, source }),
            }
        }
        for (at, step) in comparison.steps {
            let (id, spec) = (id(at), Box::new(wanted[at].clone()));
            match step {
                Step::Replace(when) => match replace(&occupant, spec, when).await {
                    Ok(_) => applied.replaced.push(id),
                    Err(source) => failed.push(ApplyFailure::Replace { id, source }),
                },
                Step::Add => match add(&occupant, spec).await {
                    Ok(_) => applied.added.push(id),
                    Err(source) => failed.push(ApplyFailure::Add { id, source }),
                },
            }
        }
        if failed.is_empty() {
            Ok(applied)
        } else {
            Err(ApplyError::Incomplete { applied, failed })
        }
    }
}

/// Stops a child and forgets it, if somebody else has not done so by now.
async fn remove(supervisor: &Occupant, id: &ChildId) -> Result<(), ChildError> {
    let order = |reply| Call::Order(Whom::any(id), Via::Supervisor, Order::Discard(reply));
    match call(supervisor, order).await {
        Ok(Err(ChildError::NotFound { .. })) => Ok(()),
        Ok(removed) => removed,
        Err(reason) => Err(ChildError::Ended { reason }),
    }
}

async fn replace(
    supervisor: &Occupant,
    spec: Box<ChildSpec>,
    when: Replace,
) -> Result<ChildRef, ChildError> {
    let replaced = call(supervisor, |reply| Call::Replace(spec, when, reply)).await;
    replaced.unwrap_or_else(|reason| Err(ChildError::Ended { reason }))
}

async fn add(supervisor: &Occupant, spec: Box<ChildSpec>) -> Result<ChildRef, StartChildError> {
    let added = call(supervisor, |reply| {
        Call::Start(spec, Via::Supervisor, reply)
    })
    .await;
    added.unwrap_or_else(|reason| Err(StartChildError::Ended { reason }))
}

/// Calls that supervisor, and nobody who has taken its seat since.
async fn call<T>(
    supervisor: &Occupant,
    make: impl FnOnce(oneshot::Sender<T>) -> Call,
) -> Result<T, ExitReason> {
    let (reply, answer) = oneshot::channel();
    send(supervisor, make(reply), answer).await
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} unchanged", self.unchanged.len())?;
        let changes = [
            ("removed", &self.removed),
            ("replaced", &self.replaced),
            ("added", &self.added),
        ];
        for (what, ids) in changes.into_iter().filter(|(_, ids)| !ids.is_empty()) {
            write!(f, ", {what}")?;
            for (index, id) in ids.iter().enumerate() {
                write!(f, "{} {id}", if index == 0 { "" } else { "," })?;
            }
        }
        Ok(())
    }
}
