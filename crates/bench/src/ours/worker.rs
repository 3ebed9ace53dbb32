//! The child of our workloads: as small as a worker that takes messages can be.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll, ready};

use perennial::{
    ChildSpec, Context, ExitReason, InitializationError, Started, StopSignal, Supervisable,
    async_trait,
};
use tokio::sync::mpsc;

use crate::cell::Cell;
use crate::measure::Gate;
use crate::message::Message;

/// Where a worker takes its messages from.
pub(super) type Inlet = Arc<Cell<Message>>;

/// Whether workers begin in their initialization, which their supervisor waits for, or when they run.
pub(super) static INITIALIZES: AtomicBool = AtomicBool::new(false);

/// A worker that takes one message at a time until it is to stop.
pub(super) struct Worker {
    pub(super) inlet: Inlet,
    pub(super) start: Start,
}

/// What a worker does when it starts.
#[derive(Clone)]
pub(super) enum Start {
    /// Says that it is there.
    Hit(Gate),
    /// Sends itself a first message, and says that it has handled it.
    Tell(mpsc::UnboundedSender<()>),
}

/// One life of a worker: waits for a message and for the stop in one future.
struct Running<'a> {
    worker: &'a Worker,
    stop: StopSignal,
    has_begun: bool,
    sum: u64,
}

/// Why a worker failed.
#[derive(Debug)]
struct Failed;

impl Worker {
    /// An idle one, of which nobody keeps the inlet.
    pub(super) fn idle(gate: &Gate) -> Self {
        Self {
            inlet: inlet(),
            start: Start::Hit(gate.clone()),
        }
    }

    /// As a child with that number.
    pub(super) fn numbered(self, number: usize) -> ChildSpec {
        ChildSpec::new(self).id(number.to_string())
    }

    fn begin(&self) {
        match &self.start {
            Start::Hit(gate) => gate.hit(),
            Start::Tell(_) => send(&self.inlet, Message::First),
        }
    }
}

/// A new place for messages.
pub(super) fn inlet() -> Inlet {
    Arc::new(Cell::new())
}

/// Sends a message that must find room: these workloads have at most one under way.
pub(super) fn send(inlet: &Cell<Message>, message: Message) {
    inlet
        .put(message)
        .expect("the worker has taken the message before this one");
}

#[async_trait]
impl Supervisable for Worker {
    fn name(&self) -> &str {
        "worker"
    }

    fn has_initialization(&self) -> bool {
        // Relaxed: it is set before there is any worker.
        INITIALIZES.load(Ordering::Relaxed)
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let has_begun = self.has_initialization();
        if has_begun {
            self.begin();
        }
        Ok(Started::Run(Box::pin(Running {
            worker: self,
            stop: ctx.stopping(),
            has_begun,
            sum: 0,
        })))
    }
}

impl Future for Running<'_> {
    type Output = Option<ExitReason>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.has_begun, true) {
            this.worker.begin();
        }
        loop {
            if Pin::new(&mut this.stop).poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            match ready!(this.worker.inlet.poll_take(cx)) {
                Message::Add(number) => this.sum += number,
                Message::Get(asker) => {
                    // Who asked may have gone away.
                    let _heard = asker.send(this.sum);
                }
                Message::First => {
                    if let Start::Tell(driver) = &this.worker.start {
                        // The workload may be over.
                        let _heard = driver.send(());
                    }
                }
                Message::Crash => panic!("crash"),
                Message::Fail => return Poll::Ready(Some(ExitReason::failed(Failed))),
            }
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was told to fail")
    }
}

impl std::error::Error for Failed {}
