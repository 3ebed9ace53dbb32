//! What can be said to an actor.

use std::sync::Arc;

use crate::call::{AnyCall, CallError};

/// What can be said to an actor: its messages, and which of them are calls.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use perennial_actor::{AnyCall, Protocol, Reply};
///
/// struct Counter(u64);
///
/// enum CounterMessage {
///     Add(u64, Reply<u64>),
///     Reset,
/// }
///
/// impl Protocol for Counter {
///     type Message = CounterMessage;
///
///     fn name(message: &CounterMessage) -> &'static str {
///         match message {
///             CounterMessage::Add(..) => "add",
///             CounterMessage::Reset => "reset",
///         }
///     }
///
///     fn call(message: &CounterMessage) -> Option<Arc<dyn AnyCall>> {
///         match message {
///             CounterMessage::Add(_, reply) => reply.call(),
///             CounterMessage::Reset => None,
///         }
///     }
/// }
/// assert_eq!(Counter::name(&CounterMessage::Reset), "reset");
/// ```
pub trait Protocol: Send + 'static {
    /// A message.
    type Message: Send + 'static;

    /// What a message is called, in reports.
    fn name(message: &Self::Message) -> &'static str;

    /// The call that the message is of, if somebody waits for an answer: what [`Reply::call`](crate::Reply::call) gives.
    ///
    /// A call that is not handed out here is answered all the same, but may run after its caller has given up, and
    /// its caller is not told of a crash.
    fn call(message: &Self::Message) -> Option<Arc<dyn AnyCall>>;
}

/// A message is not handled: whoever waits for the answer is told why.
pub(crate) fn bury<A: Protocol>(message: A::Message, why: &CallError) {
    if let Some(call) = A::call(&message) {
        call.fail(why.clone());
    }
    drop(message);
}
