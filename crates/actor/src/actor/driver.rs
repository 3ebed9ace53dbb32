//! One life of an actor: takes messages, handles one after the other, and leaves those that it has not handled to the next
//! life, however it ends.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError};
use std::task::{Context as TaskContext, Poll, ready};

use perennial_core::__private::catch;
use perennial_core::{ExitReason, StopSignal};
use tokio::task::coop;

use super::context::ActorContext;
use super::contract::Actor;
use crate::address::{Order, Post, bury};
use crate::call::{AnyCall, CallError, Crash};
use crate::mailbox::Lane;
use crate::sync::{Mutex, MutexGuard};

/// One life of an actor. Dropped, it leaves what it has taken and not handled to the next one.
pub(super) struct Life<'a, A: Actor> {
    post: &'a Arc<Post<A::Message>>,
    /// Where the spec keeps how the latest life has ended.
    last: &'a Mutex<Option<ExitReason>>,
    batch: VecDeque<A::Message>,
    /// Of the batch.
    lane: Lane,
    /// The call in hand.
    in_hand: Option<Arc<dyn AnyCall>>,
    /// There is to be no other life after it.
    is_last: bool,
}

/// What is next for an actor.
enum Step<M> {
    Message(M),
    /// Its supervisor asks it to stop.
    Asked,
    /// Its handle stops it for good.
    Stop,
    Kill,
}

impl<'a, A: Actor> Life<'a, A> {
    pub(super) async fn begin(
        post: &'a Arc<Post<A::Message>>,
        last: &'a Mutex<Option<ExitReason>>,
    ) -> Self {
        poll_fn(|cx| {
            post.begin(cx);
            Poll::Ready(())
        })
        .await;
        // Unless it says something else, it was killed.
        *lock(last) = Some(ExitReason::Killed);
        Self {
            post,
            last,
            batch: VecDeque::new(),
            lane: Lane::default(),
            in_hand: None,
            is_last: false,
        }
    }

    /// Runs until the actor ends, in whatever way.
    pub(super) async fn run(mut self, mut actor: A, mut ctx: ActorContext<A>) -> ExitReason {
        let exit = self.serve(&mut actor, &mut ctx).await;
        if exit.is_clean() {
            actor.on_stop(&exit, &mut ctx).await;
        }
        *lock(self.last) = Some(exit.clone());
        exit
    }

    /// Handles messages until the actor is to end.
    async fn serve(&mut self, actor: &mut A, ctx: &mut ActorContext<A>) -> ExitReason {
        let mut stop = ctx.context().stopping();
        loop {
            if let Some(exit) = ctx.end.take() {
                return exit;
            }
            match poll_fn(|cx| self.poll_step(&mut stop, ctx, cx)).await {
                Step::Message(message) => {
                    if let Some(exit) = self.handle(actor, message, ctx).await {
                        return exit;
                    }
                }
                Step::Asked => return ExitReason::Shutdown,
                Step::Stop => {
                    self.is_last = true;
                    self.post.drain();
                    terminate(&mut stop, ctx).await;
                    return ExitReason::Shutdown;
                }
                Step::Kill => return ExitReason::Killed,
            }
        }
    }

    fn poll_step(
        &mut self,
        stop: &mut StopSignal,
        ctx: &ActorContext<A>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Step<A::Message>> {
        if self.post.has(Order::Kill) {
            return Poll::Ready(Step::Kill);
        }
        if ctx.context().is_stopping() {
            return Poll::Ready(Step::Asked);
        }
        if self.post.has(Order::Stop) {
            return Poll::Ready(Step::Stop);
        }
        if self.lane != Lane::High && self.post.is_urgent() {
            self.post.put_back(self.lane, &mut self.batch);
        }
        if let Some(message) = self.batch.pop_front() {
            return Poll::Ready(Step::Message(message));
        }
        // Other tasks get their turn.
        let budget = ready!(coop::poll_proceed(cx));
        let taken = self.post.poll_next(&mut self.batch, cx);
        if let Poll::Ready(lane) = taken {
            budget.made_progress();
            self.lane = lane;
            return match self.batch.pop_front() {
                Some(message) => Poll::Ready(Step::Message(message)),
                None => unreachable!("what is taken has a message at least"),
            };
        }
        if self.post.has(Order::Drain) {
            return Poll::Ready(Step::Stop);
        }
        ready!(Pin::new(stop).poll(cx));
        Poll::Ready(Step::Asked)
    }

    /// Handles a message; how the life ends, if it ends by that.
    async fn handle(
        &mut self,
        actor: &mut A,
        message: A::Message,
        ctx: &mut ActorContext<A>,
    ) -> Option<ExitReason> {
        self.in_hand = A::call(&message);
        if let Some(call) = &self.in_hand {
            if !call.begin() {
                self.in_hand = None;
                return None;
            }
            ctx.deadline = call.deadline();
        }
        let name = A::name(&message);
        let post = self.post;
        let ended = {
            let mut handler = pin!(actor.dispatch(message, ctx));
            poll_fn(|cx| {
                if post.has(Order::Kill) {
                    return Poll::Ready(Some(ExitReason::Killed));
                }
                match catch(|| handler.as_mut().poll(cx)) {
                    Ok(Poll::Pending) => Poll::Pending,
                    Ok(Poll::Ready(())) => Poll::Ready(None),
                    Err(panic) => Poll::Ready(Some(ExitReason::Panicked(panic))),
                }
            })
            .await
        };
        ctx.deadline = None;
        let call = self.in_hand.take();
        let Some(exit) = ended else {
            if let Some(call) = call {
                call.release();
            }
            return None;
        };
        if let Some(call) = call {
            let crash = Arc::new(Crash {
                path: ctx.context().path().clone(),
                incarnation: ctx.context().incarnation(),
                message: name,
                exit: exit.clone(),
                queued: self.batch.len() + self.post.depth(),
            });
            call.fail(CallError::Crashed { crash });
        }
        Some(exit)
    }
}

impl<A: Actor> Drop for Life<'_, A> {
    fn drop(&mut self) {
        self.post.put_back(self.lane, &mut self.batch);
        if let Some(call) = self.in_hand.take() {
            call.fail(CallError::Closed {
                reason: ExitReason::Killed,
            });
        }
        self.post.end();
        if self.is_last {
            let reason = lock(self.last).clone().unwrap_or(ExitReason::Shutdown);
            for message in self.post.close(reason) {
                bury::<A>(message, &self.post.why_closed());
            }
        }
    }
}

/// Has the supervisor end the actor for good, which it does by asking it to stop.
async fn terminate<A: Actor>(stop: &mut StopSignal, ctx: &ActorContext<A>) {
    let context = ctx.context();
    let id = context.path().id().clone();
    let mut request = pin!(context.supervisor().terminate_child(id));
    poll_fn(|cx| {
        if Pin::new(&mut *stop).poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // It is done when the actor is gone, so it is refused if it returns: there is no such child any more.
        request.as_mut().poll(cx).map(drop)
    })
    .await;
}

fn lock(last: &Mutex<Option<ExitReason>>) -> MutexGuard<'_, Option<ExitReason>> {
    // Nothing in there is left half done by a panic.
    last.lock().unwrap_or_else(PoisonError::into_inner)
}
