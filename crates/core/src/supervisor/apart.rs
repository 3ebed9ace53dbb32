//! Lives that run elsewhere than their supervisor: on another runtime, or in a thread of their own.
//!
//! A thread that is made for a life waits there for its end, then for the end of its runtime, and leaves the life
//! only then, as its last task would: nobody joins it, and the last word of the life comes after that.

use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context as TaskContext, Poll, Waker};

use async_trait::async_trait;

use super::task::{Beginning, live};
use crate::child::{Context, Life, Lodging, Started, Supervisable};
use crate::exit::{InitializationError, let_go};
use crate::place::{Place, PlaceError, build_runtime, start_thread};
use crate::sync::OnceLock;

/// The task of a life on its way to its place.
struct Guest {
    life: Arc<Life>,
    refused: Arc<OnceLock<InitializationError>>,
    /// None if it was refused.
    course: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    has_arrived: bool,
}

/// A child that fails to initialize if it was refused at its place.
struct Arrival {
    child: Arc<dyn Supervisable>,
    refused: Arc<OnceLock<InitializationError>>,
}

/// Begins a life at that place; one that cannot have it fails to initialize.
pub(super) fn live_apart(
    place: &Place,
    child: Arc<dyn Supervisable>,
    beginning: Beginning,
    life: &Arc<Life>,
) {
    let refused = Arc::default();
    let arrival = Arc::new(Arrival {
        child,
        refused: Arc::clone(&refused),
    });
    let guest = Guest {
        life: Arc::clone(life),
        refused,
        course: Some(Box::pin(live(arrival, beginning, Arc::clone(life)))),
        has_arrived: false,
    };
    match place {
        Place::Here => life.set_task(tokio::spawn(guest).abort_handle()),
        Place::On(runtime) => life.set_task(runtime.spawn(guest).abort_handle()),
        Place::OwnThread => lodge(guest, None),
        Place::OwnRuntime { threads } => lodge(guest, Some(*threads)),
    }
}

/// Makes a thread for a life, and a runtime with that many threads more.
fn lodge(mut guest: Guest, threads: Option<usize>) {
    let (give, take) = mpsc::sync_channel(1);
    let host = move || {
        if let Ok((guest, lodging)) = take.recv() {
            host(guest, lodging, threads);
        }
    };
    match start_thread(&guest.life.path, host) {
        Ok(()) => {
            let lodging = Lodging::new(&guest.life);
            // The thread waits for it; if it were gone, the guest would be refused when it is dropped.
            let_go(give.send((guest, lodging)));
        }
        Err(error) => guest.refuse(error),
    }
}

/// What such a thread does.
fn host(mut guest: Guest, lodging: Lodging, threads: Option<usize>) {
    let life = Arc::clone(&guest.life);
    match build_runtime(&life.path, threads) {
        Ok(runtime) => {
            let task = runtime.spawn(guest);
            life.set_task(task.abort_handle());
            // However it ends, it says so itself.
            let _ended = runtime.block_on(task);
            // Without a limit: the supervisor has one, and tells of a life that is not gone by then.
            let_go(runtime);
        }
        Err(error) => guest.refuse(error),
    }
    drop(lodging);
}

impl Guest {
    /// Lets the child fail with that, in place of its initialization.
    fn refuse(&mut self, error: PlaceError) {
        // It happens once.
        let _first = self.refused.set(InitializationError::new(error));
        if let Some(mut course) = self.course.take() {
            // It has nothing to wait for.
            let mut cx = TaskContext::from_waker(Waker::noop());
            let _done = course.as_mut().poll(&mut cx);
        }
    }
}

impl Future for Guest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        self.has_arrived = true;
        match &mut self.course {
            Some(course) => course.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // A runtime that was shut down drops what it is given.
        if !self.has_arrived && !self.life.is_aborted() {
            self.refuse(PlaceError::Gone);
        }
    }
}

#[async_trait]
impl Supervisable for Arrival {
    fn name(&self) -> &str {
        self.child.name()
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        match self.refused.get() {
            Some(error) => Err(error.clone()),
            None => self.child.initialize(ctx).await,
        }
    }
}
