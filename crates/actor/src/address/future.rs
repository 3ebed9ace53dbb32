//! A call as its caller sees it.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::post::Post;
use super::protocol::{Protocol, bury};
use crate::call::{AnyCall, CallError, Reply, SendError, Slot};
use crate::mailbox::{Lane, Offered, Ticket, Waited};

/// How long a caller waits if it says nothing else.
const PATIENCE: Duration = Duration::from_secs(5);

/// A call that is about to be made: awaited, it is made and gives the answer.
///
/// By default it is given up after 5 seconds, in which it waits for room in the mailbox, for its turn, and for the answer. That is
/// heard of at most 10 ms late. A call that was not begun by then never is.
///
/// # Cancel safety
///
/// Dropping the future gives the call up: if the actor has not begun with it, it never does.
///
/// # Panics
///
/// When it is awaited outside of a runtime of tokio, unless it has [`no_timeout`](Self::no_timeout).
///
/// # Examples
///
/// ```
/// # use std::convert::Infallible;
/// use std::time::Duration;
/// use perennial::Supervisor;
/// # use perennial_actor::{Actor, ActorContext, ActorSpec, AnyCall, Dispatch, Protocol, Reply};
/// # struct Counter(u64);
/// # enum Message { Add(u64, Reply<u64>) }
/// # impl Protocol for Counter {
/// #     type Message = Message;
/// #     fn name(_: &Message) -> &'static str { "add" }
/// #     fn call(Message::Add(_, reply): &Message) -> Option<std::sync::Arc<dyn AnyCall>> { reply.call() }
/// # }
/// # impl Dispatch for Counter {
/// #     async fn dispatch(&mut self, Message::Add(by, reply): Message, _: &mut ActorContext<Self>) {
/// #         self.0 += by;
/// #         reply.send(self.0);
/// #     }
/// # }
/// # impl Actor for Counter {
/// #     type Args = u64;
/// #     type Error = Infallible;
/// #     async fn init(start: &u64, _: &mut ActorContext<Self>) -> Result<Self, Infallible> { Ok(Self(*start)) }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let spec = ActorSpec::<Counter>::new("counter", 4);
/// let counter = spec.handle();
/// let app = Supervisor::one_for_one("app").child(spec).start().await?;
/// let add = |by| counter.call(move |reply| Message::Add(by, reply));
/// assert_eq!(add(3).await?, 7);
/// assert_eq!(add(3).timeout(Duration::from_millis(50)).await?, 10);
/// # app.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made when it is awaited"]
pub struct Call<A: Protocol, T: Send + 'static> {
    post: Arc<Post<A::Message>>,
    slot: Arc<Slot<T>>,
    message: A::Message,
    patience: Option<Duration>,
    lane: Lane,
}

/// A call under way; see [`Call`].
///
/// # Examples
///
/// ```
/// use perennial_actor::{Call, CallFuture, Protocol};
///
/// fn begin<A: Protocol, T: Send + 'static>(call: Call<A, T>) -> CallFuture<A, T> {
///     call.into_future()
/// }
/// ```
pub struct CallFuture<A: Protocol, T: Send + 'static> {
    call: Option<Call<A, T>>,
    post: Arc<Post<A::Message>>,
    slot: Arc<Slot<T>>,
    /// It waits for room.
    ticket: Option<Ticket>,
}

impl<A: Protocol, T: Send + 'static> Call<A, T> {
    pub(crate) fn new(
        post: &Arc<Post<A::Message>>,
        message: impl FnOnce(Reply<T>) -> A::Message,
    ) -> Self {
        let slot = Slot::new();
        Self {
            post: Arc::clone(post),
            message: message(Reply::new(&slot)),
            slot,
            patience: Some(PATIENCE),
            lane: Lane::default(),
        }
    }

    /// Gives it up after that time. The default is 5 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.patience = Some(timeout);
        self
    }

    /// Waits for as long as it takes.
    pub fn no_timeout(mut self) -> Self {
        self.patience = None;
        self
    }

    /// How urgent it is.
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// Has it done without waiting for the answer: at once, or the message is handed back.
    ///
    /// # Errors
    ///
    /// As [`ActorRef::cast`](crate::ActorRef::cast).
    pub fn cast(self) -> Result<(), SendError<A::Message>> {
        self.slot.detach();
        super::handle::cast::<A>(&self.post, self.lane, self.message)
    }
}

impl<A: Protocol, T: Send + 'static> IntoFuture for Call<A, T> {
    type Output = Result<T, CallError>;
    type IntoFuture = CallFuture<A, T>;

    fn into_future(self) -> CallFuture<A, T> {
        CallFuture {
            post: Arc::clone(&self.post),
            slot: Arc::clone(&self.slot),
            call: Some(self),
            ticket: None,
        }
    }
}

impl<A: Protocol, T: Send + 'static> CallFuture<A, T> {
    /// Hands the message in, or comes to wait for room.
    fn make(&mut self, call: Call<A, T>) {
        // A time beyond what a clock can tell is no limit.
        let at = call
            .patience
            .and_then(|patience| Instant::now().checked_add(patience));
        if let Some(at) = at {
            self.slot.set_deadline(at);
        }
        match self.post.offer_or_wait(call.lane, call.message) {
            Ok(offered) => self.settle(offered),
            Err(ticket) => self.ticket = Some(ticket),
        }
        if let Some(at) = at {
            let slot: Arc<dyn AnyCall> = Arc::clone(&self.slot) as _;
            self.post.deadlines.note(at, slot);
        }
    }

    fn settle(&self, offered: Offered<A::Message>) {
        let (error, message) = match offered {
            Offered::Taken => return,
            Offered::TakenFor(oldest) => return bury::<A>(oldest, &CallError::Full),
            Offered::Dropped(message) | Offered::Full(message) => (CallError::Full, message),
            Offered::Closed(message) => (self.closed(), message),
        };
        bury::<A>(message, &error);
    }

    fn closed(&self) -> CallError {
        self.post.why_closed()
    }
}

impl<A: Protocol, T: Send + 'static> Future for CallFuture<A, T> {
    type Output = Result<T, CallError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(call) = this.call.take() {
            this.make(call);
        }
        if let Some(ticket) = this.ticket
            && let Poll::Ready(waited) = this.post.poll_room(ticket, cx)
        {
            this.ticket = None;
            if let Waited::Closed(message) = waited {
                bury::<A>(message, &this.closed());
            }
        }
        this.slot.poll(cx)
    }
}

impl<A: Protocol, T: Send + 'static> Drop for CallFuture<A, T> {
    fn drop(&mut self) {
        self.slot.abandon();
        if let Some(ticket) = self.ticket {
            drop(self.post.withdraw(ticket));
        }
    }
}

// Nothing in it is pinned.
impl<A: Protocol, T: Send + 'static> Unpin for CallFuture<A, T> {}

impl<A: Protocol, T: Send + 'static> fmt::Debug for Call<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("to", &self.post.name())
            .finish_non_exhaustive()
    }
}

impl<A: Protocol, T: Send + 'static> fmt::Debug for CallFuture<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture")
            .field("to", &self.post.name())
            .finish_non_exhaustive()
    }
}
