//! Where calls come in and answers go out: between ids and handles, and the numbers of a machine.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::applying::{check_renewal, compare};
use super::protocol::{Answer, Input, Newcomer, Refusal, Request, Slot};
use super::rules::Rules;
use crate::child::{
    Call, ChildError, ChildRef, ChildSpec, Entry, Order, Replace, RestartReply, Roster, Seat,
    StartChildError, StartReply, Via, Whom,
};
use crate::exit::{ExitReason, InitializationError, let_go};
use crate::path::ChildId;

/// The calls that wait for an answer.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) rules: Rules,
    /// In the order of their numbers, in which most of them are answered.
    waiting: VecDeque<(Request, Slot, Reply)>,
    /// Answers that are to be handed out.
    ready: Vec<Written>,
    next: Request,
    /// The row that is about to be added, if there is more to say of it than its traits.
    pub(crate) newcomer: Option<Newcomer>,
    /// The spec that a call has brought for a row which is there.
    brought: Option<Box<ChildSpec>>,
    /// Numbers the children of a dynamic supervisor.
    seat: Arc<Seat>,
    /// Where their ids are written.
    label: String,
}

#[derive(Debug)]
enum Reply {
    Start(StartReply),
    Restart(RestartReply),
    Done(oneshot::Sender<Result<(), ChildError>>),
}

/// An answer, and whose it is.
#[derive(Debug)]
enum Written {
    Start(StartReply, Result<ChildRef, StartChildError>),
    Restart(RestartReply, Result<ChildRef, ChildError>),
    Done(
        oneshot::Sender<Result<(), ChildError>>,
        Result<(), ChildError>,
    ),
}

impl Desk {
    pub(crate) fn new(rules: Rules, seat: &Arc<Seat>) -> Self {
        Self {
            rules,
            waiting: VecDeque::new(),
            ready: Vec::new(),
            next: 0,
            newcomer: None,
            brought: None,
            seat: Arc::clone(seat),
            label: String::new(),
        }
    }

    /// Takes in a call: what the machine is to be told, unless it is answered already.
    pub(crate) fn take(&mut self, call: Call, roster: &Roster) -> Option<Input> {
        if call.is_taken_back() {
            let_go(call);
            return None;
        }
        match call {
            Call::Start(spec, via, reply) => self.take_start(*spec, via, reply, roster),
            Call::Order(whom, via, order) => self.take_order(&whom, via, order, roster),
            Call::Replace(spec, when, reply) => self.take_renewal(spec, when, reply, roster),
            Call::Compare(wanted, when, reply) => {
                answer(reply, compare(&self.rules, roster, wanted, when))
            }
            Call::Read(reading) => {
                (reading.0)();
                None
            }
        }
    }

    fn take_start(
        &mut self,
        mut spec: ChildSpec,
        via: Via,
        reply: StartReply,
        roster: &Roster,
    ) -> Option<Input> {
        let refusal = if roster.manner.dynamic != (via == Via::Dynamic) {
            Some(StartChildError::Dynamic)
        } else {
            let checked = (self.rules.check)(&self.rules, roster, &spec);
            checked.err().map(|source| StartChildError::Spec { source })
        };
        if let Some(refusal) = refusal {
            let_go(spec);
            return answer(reply, Err(refusal));
        }
        let known = if roster.manner.dynamic {
            // Its number makes it another one than all before.
            spec.settings.id = self.numbered(&spec.settings.id);
            None
        } else {
            roster.lock().find(spec.settings.id.as_str())
        };
        if let Some(slot) = known {
            let_go(spec);
            let request = self.wait(slot, Reply::Start(reply));
            return Some(Input::AddKnown(request, slot));
        }
        let traits = self.rules.traits(&spec.settings);
        let (plan, needs) = (
            spec.settings.plan(),
            slots_of(spec.settings.after(), roster),
        );
        let path = roster.path.join(&spec.settings.id);
        // It may yet be refused.
        let slot = roster.lock().add(spec, path, false);
        self.newcomer = (plan.is_some() || !needs.is_empty()).then_some(Newcomer {
            slot,
            plan,
            needs,
            renews: false,
        });
        let request = self.wait(slot, Reply::Start(reply));
        Some(Input::Add(request, slot, traits))
    }

    fn take_order(
        &mut self,
        Whom { id, life }: &Whom,
        via: Via,
        order: Order,
        roster: &Roster,
    ) -> Option<Input> {
        let by_id = matches!(order, Order::Terminate(_)) && !self.rules.semantics.lives_by_identity;
        if roster.manner.dynamic != (via == Via::Dynamic) && !(roster.manner.dynamic && by_id) {
            return order.refuse(ChildError::Dynamic);
        }
        let mut state = roster.lock();
        let slot = state.find(id.as_str());
        let known = slot.and_then(|slot| {
            let entry = state.get(slot)?;
            entry.present().or(entry.ran)
        });
        let is_over = life.is_some() && *life != known;
        let (slot, order) = match (slot, order) {
            // The life that was meant is over: that is what was asked for.
            (_, Order::Terminate(reply)) if is_over => return answer(reply, Ok(())),
            (None, order) => return order.refuse(ChildError::NotFound { id: id.clone() }),
            (Some(slot), order) => (slot, order),
        };
        let leaves = match order {
            Order::Discard(_) => Some(true),
            // It stays after all.
            Order::Pause(_) => Some(false),
            Order::Terminate(_) | Order::Restart(_) | Order::Delete(_) | Order::Resume(_) => None,
        };
        if let Some(leaves) = leaves
            && let Some(entry) = state.get_mut(slot)
        {
            entry.is_leaving = leaves;
        }
        drop(state);
        match order {
            Order::Terminate(reply) => {
                Some(Input::Terminate(self.wait(slot, Reply::Done(reply)), slot))
            }
            Order::Restart(reply) => {
                Some(Input::Restart(self.wait(slot, Reply::Restart(reply)), slot))
            }
            Order::Delete(reply) => Some(Input::Delete(self.wait(slot, Reply::Done(reply)), slot)),
            Order::Discard(reply) => {
                Some(Input::Discard(self.wait(slot, Reply::Done(reply)), slot))
            }
            Order::Pause(reply) => Some(Input::Pause(self.wait(slot, Reply::Done(reply)), slot)),
            Order::Resume(reply) => {
                Some(Input::Resume(self.wait(slot, Reply::Restart(reply)), slot))
            }
        }
    }

    fn take_renewal(
        &mut self,
        spec: Box<ChildSpec>,
        when: Replace,
        reply: RestartReply,
        roster: &Roster,
    ) -> Option<Input> {
        let id = &spec.settings.id;
        let slot = roster.lock().find(id.as_str());
        let slot = match slot {
            _ if roster.manner.dynamic => Err(ChildError::Dynamic),
            None => Err(ChildError::NotFound { id: id.clone() }),
            Some(slot) => match check_renewal(&self.rules, roster, slot, &spec) {
                Ok(()) => Ok(slot),
                Err(source) => Err(ChildError::Spec { source }),
            },
        };
        let slot = match slot {
            Ok(slot) => slot,
            Err(refusal) => {
                let_go(spec);
                return answer(reply, Err(refusal));
            }
        };
        if let Some(entry) = roster.lock().get_mut(slot) {
            entry.is_leaving = false;
        }
        let traits = self.rules.traits(&spec.settings);
        let (plan, needs) = (
            spec.settings.plan(),
            slots_of(spec.settings.after(), roster),
        );
        self.newcomer = (plan.is_some() || !needs.is_empty()).then_some(Newcomer {
            slot,
            plan,
            needs,
            renews: true,
        });
        self.brought = Some(spec);
        let request = self.wait(slot, Reply::Restart(reply));
        Some(Input::Replace(request, slot, traits, when))
    }

    /// The spec that a call has brought is kept for the next life of that row.
    pub(crate) fn keep(&mut self, slot: Slot, roster: &Roster) {
        if let Some(spec) = self.brought.take() {
            let earlier = roster.lock().keep(slot, *spec);
            let_go(earlier);
        }
    }

    /// The id of the next child of a template.
    fn numbered(&mut self, name: &ChildId) -> ChildId {
        self.label.clear();
        let serial = self.seat.next_serial();
        // Writing to a String cannot fail.
        let _written = write!(self.label, "{name}#{serial}");
        ChildId::from(self.label.as_str())
    }

    fn wait(&mut self, slot: Slot, reply: Reply) -> Request {
        self.next += 1;
        self.waiting.push_back((self.next, slot, reply));
        self.next
    }

    /// Writes the machine's answer to who called; [`hand_out`](Self::hand_out) passes it on.
    pub(crate) fn answer(&mut self, request: Request, verdict: Answer, roster: &Roster) {
        let at = self
            .waiting
            .binary_search_by_key(&request, |&(request, ..)| request);
        let waiting = at.ok().and_then(|at| self.waiting.remove(at));
        let Some((_, slot, reply)) = waiting else {
            debug_assert!(false, "each call is answered once");
            return;
        };
        let state = roster.lock();
        let Some(entry) = state.get(slot) else {
            debug_assert!(false, "a row is there until its calls are answered");
            return;
        };
        let started = started(verdict, entry);
        self.ready.push(match reply {
            Reply::Start(reply) => {
                let max = self.rules.max_children;
                Written::Start(reply, started.map_err(|no| no.of_start(entry, max)))
            }
            Reply::Restart(reply) => {
                Written::Restart(reply, started.map_err(|no| no.of_child(entry)))
            }
            Reply::Done(reply) => {
                let done = started.map(|_| ());
                Written::Done(reply, done.map_err(|no| no.of_child(entry)))
            }
        });
    }

    /// Hands out the answers that were written.
    pub(crate) fn hand_out(&mut self) {
        if self.ready.is_empty() {
            return;
        }
        // If it was refused, nobody wants it.
        let_go(self.brought.take());
        for written in self.ready.drain(..) {
            let unheard = match written {
                Written::Start(reply, said) => answer(reply, said),
                Written::Restart(reply, said) => answer(reply, said),
                Written::Done(reply, said) => answer(reply, said),
            };
            debug_assert!(unheard.is_none(), "an answer is not an input");
        }
    }
}

/// Where these siblings stand.
fn slots_of(ids: &[ChildId], roster: &Roster) -> Vec<Slot> {
    if ids.is_empty() {
        return Vec::new();
    }
    let state = roster.lock();
    // That they are there was checked.
    ids.iter()
        .filter_map(|id| state.find(id.as_str()))
        .collect()
}

impl Call {
    /// Whether who made it has dropped it since.
    fn is_taken_back(&self) -> bool {
        match self {
            Self::Start(_, _, reply) => reply.is_closed(),
            Self::Order(_, _, order) => match order {
                Order::Terminate(reply) | Order::Delete(reply) => reply.is_closed(),
                Order::Discard(reply) | Order::Pause(reply) => reply.is_closed(),
                Order::Restart(reply) | Order::Resume(reply) => reply.is_closed(),
            },
            Self::Replace(_, _, reply) => reply.is_closed(),
            Self::Compare(_, _, reply) => reply.is_closed(),
            Self::Read(_) => false,
        }
    }
}

impl Order {
    fn refuse(self, error: ChildError) -> Option<Input> {
        match self {
            Self::Terminate(reply) | Self::Delete(reply) => answer(reply, Err(error)),
            Self::Discard(reply) | Self::Pause(reply) => answer(reply, Err(error)),
            Self::Restart(reply) | Self::Resume(reply) => answer(reply, Err(error)),
        }
    }
}

/// Why a call was not carried out.
enum No {
    Failed,
    Cancelled,
    Refused(Refusal),
}

fn started(verdict: Answer, entry: &Entry) -> Result<ChildRef, No> {
    let incarnation = match verdict {
        Answer::Started => entry.present(),
        Answer::Ignored | Answer::Done => None,
        Answer::Failed => return Err(No::Failed),
        Answer::Cancelled => return Err(No::Cancelled),
        Answer::Refused(refusal) => return Err(No::Refused(refusal)),
    };
    Ok(ChildRef {
        path: entry.path.clone(),
        incarnation,
    })
}

impl No {
    fn of_start(self, entry: &Entry, max: usize) -> StartChildError {
        let id = entry.path.id().clone();
        match self {
            Self::Failed => StartChildError::Initialization {
                source: why_failed(entry),
            },
            Self::Cancelled => StartChildError::Cancelled,
            Self::Refused(Refusal::AlreadyPresent) => StartChildError::AlreadyPresent { id },
            Self::Refused(Refusal::MaxChildren) => StartChildError::MaxChildren { max },
            Self::Refused(Refusal::ShuttingDown) => StartChildError::ShuttingDown,
            Self::Refused(Refusal::DependencyDown) => StartChildError::DependencyDown { id },
            Self::Refused(_) => StartChildError::AlreadyStarted { id },
        }
    }

    fn of_child(self, entry: &Entry) -> ChildError {
        let id = entry.path.id().clone();
        match self {
            Self::Failed => ChildError::Initialization {
                id,
                source: why_failed(entry),
            },
            Self::Cancelled => ChildError::Cancelled { id },
            Self::Refused(refusal) => match refusal {
                Refusal::Running | Refusal::AlreadyStarted => ChildError::Running { id },
                Refusal::Starting => ChildError::Starting { id },
                Refusal::Restarting | Refusal::AlreadyPresent => ChildError::Restarting { id },
                Refusal::Stopping => ChildError::Stopping { id },
                Refusal::ShuttingDown | Refusal::MaxChildren => ChildError::ShuttingDown,
                Refusal::Paused => ChildError::Paused { id },
                Refusal::NotPaused => ChildError::NotPaused { id },
                Refusal::DependencyDown => ChildError::DependencyDown { id },
            },
        }
    }
}

fn why_failed(entry: &Entry) -> InitializationError {
    match &entry.last_exit {
        Some(ExitReason::InitializationFailed(error)) => error.clone(),
        other => InitializationError::cut(other.clone().unwrap_or(ExitReason::Killed)),
    }
}

/// Answers a call; who made it may have gone away.
fn answer<T>(reply: oneshot::Sender<T>, answer: T) -> Option<Input> {
    let _heard = reply.send(answer);
    None
}
