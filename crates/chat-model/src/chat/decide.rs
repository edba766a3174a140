//! What is accepted, and what happens then. Nothing here changes a chat.
//!
//! The order of checks is DEC-14's: the caller is on the chat (6), the operation and its parameters
//! were read before (1, 10), what can be checked of them without the world (10), the capability
//! (2, 3), and last what depends on other people (6, 2).

mod agent;
mod customer;
mod house;
mod room;
mod supervisor;

use crate::chat::{Chat, Leg};
use crate::event::{Author, Event, Events, Origin, Record, Revocation};
use crate::id::{NewIds, QueueName, UserId};
use crate::operation::{CustomerOperation, Operation, SupervisorOperation};
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::rules::{Context, Rules};
use crate::state::{LegState, Role, Visibility};
use crate::status::StatusCode;

/// What someone wants of a chat.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Command<'a> {
    /// An agent asks for an operation.
    #[non_exhaustive]
    User {
        /// The agent.
        user: &'a UserId,
        /// The operation.
        operation: &'a Operation,
    },
    /// A supervisor asks for an operation on a chat of an agent.
    #[non_exhaustive]
    Supervisor {
        /// The supervisor.
        user: &'a UserId,
        /// The agent.
        agent: &'a UserId,
        /// The operation.
        operation: &'a SupervisorOperation,
    },
    /// The visitor asks for an operation.
    Customer(&'a CustomerOperation),
    /// The house acts by itself.
    House(&'a Trigger),
}

impl<'a> Command<'a> {
    /// An operation of an agent.
    pub fn user(user: &'a UserId, operation: &'a Operation) -> Self {
        Self::User { user, operation }
    }

    /// An operation of a supervisor on the part that `agent` has in a chat.
    ///
    /// That `user` may supervise at all is for the caller to know (PLAT-2.3).
    pub fn supervisor(
        user: &'a UserId,
        agent: &'a UserId,
        operation: &'a SupervisorOperation,
    ) -> Self {
        Self::Supervisor { user, agent, operation }
    }

    /// What the requester is answered when the command is accepted (DEC-30).
    pub fn reply(&self, reference_id: Option<u64>, rules: &Rules) -> Reply {
        match self {
            Self::User { operation, .. } => Reply::accepted(operation.kind(), reference_id, rules),
            Self::Supervisor { .. } => Reply::supervised(reference_id, rules),
            Self::Customer(_) | Self::House(_) => Reply::success(),
        }
    }
}

/// What makes the house act by itself: distribution, time, logout.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Trigger {
    /// Distribution offers the waiting chat to an agent (DEC-40).
    Offer {
        /// The agent.
        user: UserId,
    },
    /// The time of an invitation is up (DEC-17).
    Expire {
        /// The agent who did not answer.
        user: UserId,
    },
    /// The visitor has been silent for too long (DEC-43).
    CustomerGone,
    /// An agent's contact-centre session ended (DEC-42).
    LoggedOut {
        /// The agent.
        user: UserId,
    },
}

impl Chat {
    /// Decides what `command` does, without doing it.
    ///
    /// The same chat, command, context and ids give the same record.
    ///
    /// # Errors
    /// Why the command is refused; its status is the one of DEC-13.
    pub fn decide(
        &self,
        command: &Command<'_>,
        context: &Context<'_>,
        ids: &mut dyn NewIds,
    ) -> Result<Record, Rejection> {
        let (by, mut events) = match *command {
            Command::User { user, operation } => {
                let leg = self.leg(user).ok_or(Rejection::ChatNotFound)?;
                let caller = Caller { chat: self, leg, context };
                (Author::User(user.clone()), caller.decide(operation, ids)?)
            }
            Command::Supervisor { user, agent, operation } => {
                let events = self.decide_supervisor(user, agent, operation, context)?;
                (Author::User(user.clone()), events)
            }
            Command::Customer(operation) => {
                (Author::Customer, self.decide_customer(operation, context, ids)?)
            }
            Command::House(trigger) => (Author::House, self.decide_house(trigger, context)?),
        };
        self.check_transcript(&events, context)?;
        self.end_supervision(context, &mut events);
        Ok(Record { at: context.at, by, reference_id: context.reference_id, events })
    }

    /// What follows when an invited agent does not come (DEC-15, DEC-16): the chat goes back to the
    /// queue it last came from, or the requester is told.
    fn after_refusal(&self, leg: &Leg, context: &Context<'_>, how: &str, events: &mut Events) {
        match &leg.origin {
            Origin::Routed { .. } | Origin::Transferred { .. } => {
                self.back_to_queue(&leg.user, context, events);
            }
            Origin::Consulted { by, reference_id } | Origin::Invited { by, reference_id } => {
                if self.leg(by).is_some_and(|requester| !requester.state.is_final()) {
                    events.push(Event::failed(
                        by,
                        *reference_id,
                        StatusCode::InvalidForState,
                        alloc::format!(
                            "expected {} to join the chat, but the invitation {how}",
                            leg.user
                        ),
                    ));
                }
            }
            // Nobody waits for a supervisor.
            Origin::Supervising { .. } => {}
        }
    }

    /// DEC-15: the queue it last came from, or the default one. Where there is neither, whoever is
    /// left without `user` does the talking, and a customer for whom nobody is left is told so: a
    /// chat that waits nowhere would never be offered to anyone.
    fn back_to_queue(&self, user: &UserId, context: &Context<'_>, events: &mut Events) {
        let queue: Option<QueueName> =
            self.queue.clone().or_else(|| context.directory.default_queue());
        match queue {
            Some(queue) => events.push(Event::Queued { queue }),
            None if self.goes_on_without(user) => events.extend(self.successor(user)),
            None if self.session_open => {
                events.push(Event::CustomerLeft);
                events.extend(self.uninvite(Some(user)));
            }
            None => {}
        }
    }

    /// DEC-21: with the customer gone and nobody in the conversation, there is nothing to join.
    fn uninvite<'a>(&'a self, except: Option<&'a UserId>) -> impl Iterator<Item = Event> + 'a {
        let invited = move |leg: &&Leg| leg.state == LegState::Invited && Some(&leg.user) != except;
        self.legs
            .iter()
            .filter(invited)
            .map(|leg| Event::Revoked { user: leg.user.clone(), because: Revocation::CustomerLeft })
    }

    /// Whether an agent other than `user` is in the conversation and serves it (DEC-21).
    fn has_other_agents(&self, user: &UserId) -> bool {
        self.serving().any(|leg| leg.user != *user)
    }

    /// Whether the conversation goes on without `user`: another agent is in it, or one is on the way
    /// to the customer, from a queue or by a transfer. A customer who waits for someone is not sent
    /// away because a third one goes (DEC-15, DEC-21).
    fn goes_on_without(&self, user: &UserId) -> bool {
        let coming = |leg: &Leg| {
            leg.state == LegState::Invited
                && leg.user != *user
                && matches!(leg.origin, Origin::Routed { .. } | Origin::Transferred { .. })
        };
        self.has_other_agents(user) || self.waiting || self.legs.iter().any(coming)
    }

    /// DEC-21: when nobody whom the customer sees remains, the longest-joined consulted agent does
    /// the talking.
    fn successor(&self, leaving: &UserId) -> Option<Event> {
        let others = self.serving().filter(|leg| leg.user != *leaving);
        if others.clone().any(|leg| leg.role.visibility() == Visibility::All) {
            return None;
        }
        let longest = others.min_by_key(|leg| leg.person)?;
        Some(Event::RoleChanged { user: longest.user.clone(), role: Role::Agent })
    }
}

/// An agent who is on the chat and asks something of it.
struct Caller<'a> {
    chat: &'a Chat,
    leg: &'a Leg,
    context: &'a Context<'a>,
}
