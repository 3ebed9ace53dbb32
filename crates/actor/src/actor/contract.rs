//! What an actor is.

use std::error::Error;

use perennial_core::ExitReason;

use super::context::ActorContext;
use crate::address::Protocol;
use crate::mailbox::Mailbox;

/// How an actor handles its messages.
///
/// # Examples
///
/// See [`Actor`].
pub trait Dispatch: Protocol + Sized {
    /// Handles a message; the next one comes when it is done.
    fn dispatch(
        &mut self,
        message: Self::Message,
        ctx: &mut ActorContext<Self>,
    ) -> impl Future<Output = ()> + Send;
}

/// A value that lives in a task of its own and handles one message after the other; OTP's `gen_server`.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
/// use perennial::Supervisor;
/// use perennial_actor::{Actor, ActorContext, ActorSpec, AnyCall, Dispatch, Protocol, Reply};
///
/// struct Counter(u64);
///
/// struct Add(u64, Reply<u64>);
///
/// impl Protocol for Counter {
///     type Message = Add;
///
///     fn name(_: &Add) -> &'static str {
///         "add"
///     }
///
///     fn call(add: &Add) -> Option<Arc<dyn AnyCall>> {
///         add.1.call()
///     }
/// }
///
/// impl Dispatch for Counter {
///     async fn dispatch(&mut self, Add(by, reply): Add, _ctx: &mut ActorContext<Self>) {
///         self.0 += by;
///         reply.send(self.0);
///     }
/// }
///
/// impl Actor for Counter {
///     type Args = u64;
///     type Error = Infallible;
///
///     async fn init(start: &u64, _ctx: &mut ActorContext<Self>) -> Result<Self, Infallible> {
///         Ok(Self(*start))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let spec = ActorSpec::<Counter>::new("counter", 40);
/// let counter = spec.handle();                             // good before the start, and after each restart
/// let app = Supervisor::one_for_one("app").child(spec).start().await?;
/// assert_eq!(counter.call(|reply| Add(2, reply)).await?, 42);
/// app.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub trait Actor: Dispatch {
    /// What each start needs; kept by the child spec.
    type Args: Send + Sync + 'static;
    /// Why a start, or a life, may fail.
    type Error: Error + Send + Sync + 'static;
    /// Its mailbox, unless its spec says otherwise.
    const MAILBOX: Mailbox = Mailbox::bounded(1024);

    /// Makes the actor, at each start and restart.
    ///
    /// # Errors
    ///
    /// Why it cannot start. At the first start that is told to whoever starts the tree; at a restart it is a crash.
    fn init(
        args: &Self::Args,
        ctx: &mut ActorContext<Self>,
    ) -> impl Future<Output = Result<Self, Self::Error>> + Send;

    /// Cleans up when the actor stops in good order, for the reason given. A crash and a kill leave no time for it.
    fn on_stop(
        &mut self,
        reason: &ExitReason,
        ctx: &mut ActorContext<Self>,
    ) -> impl Future<Output = ()> + Send {
        let _nothing_to_do = (reason, ctx);
        async {}
    }
}
