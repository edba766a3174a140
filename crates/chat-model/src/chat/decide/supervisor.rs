//! Supervision of a chat: who comes along with an agent, who breaks in, and when it is over
//! (CHAT-7.2-5 to CHAT-7.2-9, DEC-19, DEC-21).

use smallvec::smallvec;

use super::super::{Chat, Leg};
use crate::event::{Event, Events, Origin, Revocation};
use crate::id::{NewIds, UserId};
use crate::operation::{SupervisorOperation, SupervisorOperationKind};
use crate::rejection::Rejection;
use crate::rules::Context;
use crate::state::LegState;

impl Chat {
    /// What `user` asks of the part that `agent` has in this chat.
    ///
    /// The order of checks is DEC-14's: the agent is on the chat (6), the mode is known (1), the
    /// states allow it (2).
    pub(super) fn decide_supervisor(
        &self,
        user: &UserId,
        agent: &UserId,
        operation: &SupervisorOperation,
        context: &Context<'_>,
    ) -> Result<Events, Rejection> {
        let watched = self.leg(agent).ok_or(Rejection::ChatNotFound)?;
        if user == agent {
            return Err(Rejection::out_of_range("userId", "another agent", "the caller"));
        }
        let SupervisorOperation::Intrude { mode } = operation;
        let running = || context.directory.supervision_of(agent).of(user).map(|one| one.mode);
        // CHAT-7.0-30, CHAT-10.2.
        let mode = mode.or_else(running).ok_or(Rejection::missing("supervisorVisibilityMode"))?;
        if watched.state != LegState::Chatting || watched.role.is_supervising() {
            let found = match watched.state {
                LegState::Chatting => "that agent supervises it".into(),
                state => alloc::format!("that agent's chat is {state}").into(),
            };
            return Err(not_now("an agent who serves the chat", found));
        }
        if !self.session_open {
            return Err(not_now("a customer in the chat", "the customer has left".into()));
        }
        if let Some(own) = self.leg(user).filter(|leg| !leg.state.is_final()) {
            let found = alloc::format!("the caller's chat is {}", own.state).into();
            return Err(not_now("a caller who is not on the chat", found));
        }
        if !context.directory.user(user).is_some_and(|info| info.in_session) {
            return Err(not_now("a caller in a chat session", "the caller is in none".into()));
        }
        let origin = Origin::Supervising { agent: agent.clone(), mode };
        Ok(smallvec![self.offer(user, origin, context)])
    }

    /// DEC-19: whoever supervises `agent` comes along with the chat that the agent has accepted,
    /// unless they are on it already or in no chat session.
    pub(super) fn admit_supervisors(
        &self,
        agent: &UserId,
        context: &Context<'_>,
        ids: &mut dyn NewIds,
        events: &mut Events,
    ) {
        let supervision = context.directory.supervision_of(agent);
        for supervisor in supervision.supervisors() {
            let user = &supervisor.user;
            let is_on_the_chat = self.leg(user).is_some_and(|leg| !leg.state.is_final());
            if user == agent || is_on_the_chat || !supervisor.comes_along_with(self.id()) {
                continue;
            }
            let Some(info) = context.directory.user(user).filter(|info| info.in_session) else {
                continue;
            };
            let (user, agent, mode) = (user.clone(), agent.clone(), supervisor.mode);
            let nickname = supervisor.nickname.clone().unwrap_or(info.name);
            events.push(Event::SupervisorAdmitted { user: user.clone(), agent, mode });
            events.push(Event::Joined { user, participant: ids.participant(), nickname });
        }
    }

    /// CHAT-3.19, DEC-21: when the chat was completed or placed in a queue and no agent is left in
    /// it, there is nothing to supervise. Whoever is transferred to is still on the way, so that
    /// supervision goes on (CHAT-7.2-8).
    pub(super) fn end_supervision(&self, context: &Context<'_>, events: &mut Events) {
        let supervises = |leg: &&Leg| leg.role.is_supervising() && !leg.state.is_final();
        // Nearly always there is nobody. Whoever begins to supervise does so beside an agent.
        if !self.legs.iter().any(|leg| supervises(&leg)) {
            return;
        }
        let mut after = self.clone();
        for event in events.iter() {
            after.evolve(event, context.at);
        }
        let is_over = !after.session_open || after.waiting;
        if is_over && after.serving().next().is_none() {
            let revoked = |leg: &Leg| Event::Revoked {
                user: leg.user.clone(),
                because: Revocation::NobodyToSupervise,
            };
            events.extend(after.legs.iter().filter(supervises).map(revoked));
        }
    }
}

fn not_now(expected: &'static str, found: alloc::borrow::Cow<'static, str>) -> Rejection {
    let operation = SupervisorOperationKind::Intrude.name();
    Rejection::NotNow { operation, expected: expected.into(), found }
}
