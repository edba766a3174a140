//! The agent's operations (CHAT-7.0), one arm each.

use smallvec::smallvec;

use super::{Caller, Leg};
use crate::event::{Event, Events, Origin, Revocation};
use crate::id::{NewIds, UserId};
use crate::json::JsonText;
use crate::message::Content;
use crate::operation::{
    Colleague, ConsultTarget, Operation, OperationKind, Outgoing, Target, Text, TransferTarget,
};
use crate::rejection::Rejection;
use crate::rules::UserInfo;
use crate::state::{LegState, Role, SupervisionMode, Visibility};
use crate::status::StatusCode;
use crate::user_data::UserDataPatch;

impl Caller<'_> {
    pub(super) fn decide(
        &self,
        operation: &Operation,
        ids: &mut dyn NewIds,
    ) -> Result<Events, Rejection> {
        self.check_parameters(operation)?;
        self.chat.situation_of(self.leg).guard(operation.kind())?;

        let me = &self.leg.user;
        Ok(match operation {
            Operation::Accept { nickname, save_lar } => {
                self.accept(nickname.as_deref(), *save_lar, ids)
            }
            Operation::Reject {} => {
                let mut events: Events = smallvec![Event::Declined { user: me.clone() }];
                self.chat.after_refusal(self.leg, self.context, "was declined", &mut events);
                events
            }
            Operation::AttachUserData { user_data } => {
                self.check_room(user_data, "userData")?;
                smallvec![Event::UserDataAttached { by: me.clone(), pairs: user_data.clone() }]
            }
            Operation::UpdateUserData { user_data } => {
                self.check_room(user_data, "userData")?;
                smallvec![Event::UserDataUpdated { by: me.clone(), pairs: user_data.clone() }]
            }
            Operation::DeleteUserData { keys } => {
                smallvec![Event::UserDataDeleted { by: me.clone(), keys: keys.clone() }]
            }
            Operation::SetDisposition { disposition, disposition_key } => {
                // DEC-8: the request's key, or the configured one.
                let key = match disposition_key {
                    Some(key) => key.as_str(),
                    None => &self.context.rules.disposition_key,
                };
                let pair = UserDataPatch::single(
                    key,
                    &JsonText::string(disposition),
                    &self.context.rules.limits,
                )?;
                self.check_room(&pair, "disposition")?;
                smallvec![Event::DispositionSet { by: me.clone(), pair }]
            }
            Operation::AddComment { comment } => {
                smallvec![Event::CommentSet { by: me.clone(), comment: comment.clone() }]
            }
            Operation::SetInFocus {} => smallvec![Event::FocusSet { user: me.clone() }],

            Operation::SendMessage { message } => {
                smallvec![self.said(text(message), Visibility::All)]
            }
            Operation::SendToAgents { message } => {
                smallvec![self.said(text(message), Visibility::Agents)]
            }
            Operation::SendStartTypingNotification {} => {
                smallvec![self.said(Content::TypingStarted, Visibility::All)]
            }
            Operation::SendStopTypingNotification {} => {
                smallvec![self.said(Content::TypingStopped, Visibility::All)]
            }
            Operation::SendStartTypingToAgentsNotification {} => {
                smallvec![self.said(Content::TypingStarted, Visibility::Agents)]
            }
            Operation::SendStopTypingToAgentsNotification {} => {
                smallvec![self.said(Content::TypingStopped, Visibility::Agents)]
            }
            Operation::SendUrl { url } => {
                smallvec![self.said(Content::PushUrl { url: url.as_str().into() }, Visibility::All)]
            }
            Operation::SendCustomNotice { notice_text } => {
                smallvec![self.said(notice(notice_text), Visibility::All)]
            }
            Operation::SendCustomNoticeToAgents { notice_text } => {
                smallvec![self.said(notice(notice_text), Visibility::Agents)]
            }

            Operation::Transfer { target, message } => self.transfer(target, message.as_ref())?,
            Operation::Consult { target } => self.consult(target)?,
            Operation::CancelConsult {} => smallvec![self.cancel_consult()],
            Operation::Invite { target } => self.invite(target)?,
            Operation::RemoveParticipantFromConference { target, message } => {
                self.remove(target, message.as_ref())?
            }
            Operation::SwitchToMonitor {} => smallvec![self.switch(SupervisionMode::Monitor)],
            Operation::SwitchToCoach {} => smallvec![self.switch(SupervisionMode::Coach)],
            Operation::SwitchToBargeIn {} => smallvec![self.switch(SupervisionMode::BargeIn)],
            Operation::Leave { message } => self.leave(message.as_ref()),
            Operation::Complete { queue_name, save_lar, message } => {
                let save_lar = save_lar.unwrap_or(false);
                self.complete(queue_name.as_ref(), save_lar, message.as_ref())?
            }
        })
    }

    /// Parameters that are wrong because of who sends them (DEC-15: oneself is code 10) or by the
    /// rules (DEC-7); before the capability is asked (DEC-14).
    fn check_parameters(&self, operation: &Operation) -> Result<(), Rejection> {
        let (target, parameter) = match operation {
            Operation::SetDisposition { disposition_key: Some(key), .. } => {
                let most = self.context.rules.limits.max_key_bytes;
                let bytes = key.as_str().len();
                if bytes > most {
                    return Err(Rejection::OutOfRange {
                        parameter: "dispositionKey",
                        expected: alloc::format!("at most {most} bytes long").into(),
                        found: alloc::format!("{bytes} bytes"),
                    });
                }
                return Ok(());
            }
            Operation::Invite { target: Colleague { user, parameter } }
            | Operation::RemoveParticipantFromConference {
                target: Colleague { user, parameter },
                ..
            }
            | Operation::Consult {
                target: ConsultTarget { target: Target::User(user), parameter },
            }
            | Operation::Transfer {
                target: TransferTarget { target: Target::User(user), parameter },
                ..
            } => (user, parameter),
            _ => return Ok(()),
        };
        if *target == self.leg.user {
            return Err(Rejection::out_of_range(parameter, "another agent", "the caller"));
        }
        Ok(())
    }

    fn accept(
        &self,
        nickname: Option<&str>,
        save_lar: Option<bool>,
        ids: &mut dyn NewIds,
    ) -> Events {
        let user = self.leg.user.clone();
        if !self.chat.session_open {
            // DEC-23.
            let mut events: Events = smallvec![Event::JoinFailed { user }];
            if let Origin::Consulted { .. } | Origin::Invited { .. } = self.leg.origin {
                let how = "came after the customer's session had ended";
                self.chat.after_refusal(self.leg, self.context, how, &mut events);
            }
            return events;
        }
        // DEC-12: without a nickname, or with an empty one, the user's name.
        let nickname = match nickname {
            Some(nickname) if !nickname.is_empty() => nickname.into(),
            _ => self.directory_user(&user).map_or_else(|| user.as_str().into(), |info| info.name),
        };
        let mut events: Events = smallvec![
            Event::Accepted { user: user.clone(), save_lar: save_lar.unwrap_or(false) },
            Event::Joined { user: user.clone(), participant: ids.participant(), nickname },
        ];
        if !self.leg.role.is_supervising() {
            self.chat.admit_supervisors(&user, self.context, ids, &mut events);
        }
        events
    }

    /// Something the caller says; never wider than the caller is seen (DEC-10).
    fn said(&self, content: Content, visibility: Visibility) -> Event {
        let visibility = visibility.max(self.leg.role.visibility());
        Event::Said { by: Some(self.leg.user.clone()), content, visibility }
    }

    /// The trio's text goes to the customer, if the caller is in the session (CHAT-7.0) and may
    /// speak: one who monitors may not (CHAT-7.2-5).
    fn parting_words(&self, message: Option<&Outgoing>) -> Option<Event> {
        let may_speak = self.leg.state == LegState::Chatting && self.leg.role != Role::Monitor;
        let message = message.filter(|_| may_speak)?;
        Some(self.said(text(message), Visibility::All))
    }

    /// DEC-15.
    fn transfer(
        &self,
        target: &TransferTarget,
        message: Option<&Outgoing>,
    ) -> Result<Events, Rejection> {
        let me = &self.leg.user;
        let mut events = Events::new();
        match &target.target {
            Target::User(user) => {
                let info = self.known_user(user, target.parameter)?;
                if !info.in_session || self.watches_unseen(user) {
                    return Ok(smallvec![self.absent(user)]);
                }
                events.extend(self.parting_words(message));
                events.push(left(me, LegState::Completed, false));
                match self.chat.leg(user) {
                    // Already joined: takes over at once, without a new invitation.
                    Some(leg) if leg.state == LegState::Chatting => {
                        if leg.role != Role::Agent {
                            events
                                .push(Event::RoleChanged { user: user.clone(), role: Role::Agent });
                        }
                    }
                    _ => events.push(self.offer(user, Origin::Transferred { by: me.clone() })),
                }
            }
            Target::Queue(name) => {
                let queue = self.context.directory.queue(name.as_str()).ok_or_else(|| {
                    let (parameter, name) = (target.parameter, name.as_str().into());
                    Rejection::TargetNotFound { parameter, name }
                })?;
                events.extend(self.parting_words(message));
                events.push(left(me, LegState::Completed, false));
                events.push(Event::Queued { queue });
            }
        }
        Ok(events)
    }

    /// DEC-16.
    fn consult(&self, target: &ConsultTarget) -> Result<Events, Rejection> {
        let user = match &target.target {
            Target::User(user) => user.clone(),
            Target::Queue(name) => {
                let queue = self.context.directory.queue(name.as_str()).ok_or_else(|| {
                    let (parameter, name) = (target.parameter, name.as_str().into());
                    Rejection::TargetNotFound { parameter, name }
                })?;
                let is_free = |user: &UserId| {
                    self.chat.leg(user).is_none_or(|leg| leg.state.is_final())
                        && *user != self.leg.user
                };
                match self.context.directory.next_ready(&queue, &is_free) {
                    Some(user) => user,
                    None => {
                        return Ok(smallvec![self.failed(alloc::format!(
                            "expected a Ready agent in queue {queue}, found none"
                        ))]);
                    }
                }
            }
        };
        let by = self.leg.user.clone();
        let reference_id = self.context.reference_id;
        let origin = Origin::Consulted { by, reference_id };
        self.ask_in(&user, target.parameter, OperationKind::Consult, origin)
    }

    /// DEC-16: asks a stranger in, and raises a consulted agent into the conference.
    fn invite(&self, target: &Colleague) -> Result<Events, Rejection> {
        let user = &target.user;
        let consulted = |leg: &Leg| leg.state == LegState::Chatting && leg.role == Role::Consultant;
        if self.chat.leg(user).is_some_and(consulted) {
            return Ok(smallvec![Event::RoleChanged { user: user.clone(), role: Role::Agent }]);
        }
        let by = self.leg.user.clone();
        let reference_id = self.context.reference_id;
        let origin = Origin::Invited { by, reference_id };
        self.ask_in(user, target.parameter, OperationKind::Invite, origin)
    }

    fn ask_in(
        &self,
        user: &UserId,
        parameter: &'static str,
        operation: OperationKind,
        origin: Origin,
    ) -> Result<Events, Rejection> {
        let info = self.known_user(user, parameter)?;
        if self.watches_unseen(user) {
            return Ok(smallvec![self.absent(user)]);
        }
        if let Some(leg) = self.chat.leg(user).filter(|leg| !leg.state.is_final()) {
            return Err(Rejection::NotNow {
                operation: operation.name(),
                expected: "an agent who is not on the chat".into(),
                found: alloc::format!("that agent's chat is {}", leg.state).into(),
            });
        }
        if !info.in_session {
            return Ok(smallvec![self.absent(user)]);
        }
        Ok(smallvec![self.offer(user, origin)])
    }

    /// DEC-16: the newest pending one; after acceptance there is nothing to withdraw.
    fn cancel_consult(&self) -> Event {
        let me = &self.leg.user;
        let pending = self.chat.legs.iter().rev().find(|leg| {
            leg.state == LegState::Invited
                && matches!(&leg.origin, Origin::Consulted { by, .. } if by == me)
        });
        match pending {
            Some(leg) => Event::Revoked { user: leg.user.clone(), because: Revocation::Cancelled },
            None => self.failed("expected a consult that is not accepted yet, found none".into()),
        }
    }

    /// CHAT-7.0-21, CHAT-3.21: the removed agent's chat is taken away.
    fn remove(&self, target: &Colleague, message: Option<&Outgoing>) -> Result<Events, Rejection> {
        let user = &target.user;
        let joined = |leg: &Leg| leg.state == LegState::Chatting;
        if !self.chat.leg(user).is_some_and(joined) || self.watches_unseen(user) {
            return Err(Rejection::TargetNotFound {
                parameter: target.parameter,
                name: user.as_str().into(),
            });
        }
        let mut events = Events::new();
        events.extend(self.parting_words(message));
        events.push(left(user, LegState::Revoked, false));
        Ok(events)
    }

    /// CHAT-7.0-24 to CHAT-7.0-26.
    fn switch(&self, mode: SupervisionMode) -> Event {
        Event::RoleChanged { user: self.leg.user.clone(), role: mode.role() }
    }

    /// CHAT-7.2-3, CHAT-3.14, CHAT-3.15, DEC-11, DEC-21.
    fn leave(&self, message: Option<&Outgoing>) -> Events {
        let me = &self.leg.user;
        let mut events = Events::new();
        events.extend(self.parting_words(message));
        if self.leg.state == LegState::LeftChat || self.leg.role.is_supervising() {
            // CHAT-3.20: nobody depends on a supervisor.
            events.push(left(me, LegState::Completed, false));
        } else if self.chat.goes_on_without(me) {
            events.push(left(me, LegState::Completed, false));
            events.extend(self.chat.successor(me));
        } else {
            events.push(left(me, LegState::LeftChat, self.chat.session_open));
        }
        events
    }

    /// CHAT-3.16, CHAT-3.17, CHAT-7.2-4, DEC-21.
    fn complete(
        &self,
        queue_name: Option<&Text>,
        save_lar: bool,
        message: Option<&Outgoing>,
    ) -> Result<Events, Rejection> {
        let me = &self.leg.user;
        let queue = match queue_name {
            None => None,
            Some(name) => Some(self.context.directory.queue(name.as_str()).ok_or_else(|| {
                Rejection::TargetNotFound { parameter: "queueName", name: name.as_str().into() }
            })?),
        };
        let mut events = Events::new();
        events.extend(self.parting_words(message));
        let others = self.chat.goes_on_without(me);
        let ends_session =
            self.leg.state == LegState::Chatting && !others && self.chat.session_open;
        let to = LegState::Completed;
        events.push(Event::Left { user: me.clone(), to, ends_session, save_lar });
        if self.leg.state == LegState::Chatting && others {
            events.extend(self.chat.successor(me));
        }
        events.extend(queue.map(|queue| Event::Queued { queue }));
        Ok(events)
    }

    /// Whether `user` is on the chat without the caller's knowledge, as a supervisor who monitors or
    /// was asked to. Then the answer is the one for somebody who cannot come: another one would tell
    /// the caller who listens (CHAT-7.2-5).
    fn watches_unseen(&self, user: &UserId) -> bool {
        let unseen = |leg: &Leg| match leg.state {
            LegState::Chatting => !leg.is_visible_to(self.leg),
            LegState::Invited => leg.is_supervisor() && !self.leg.is_supervisor(),
            _ => false,
        };
        self.chat.leg(user).is_some_and(unseen)
    }

    fn offer(&self, user: &UserId, origin: Origin) -> Event {
        self.chat.offer(user, origin, self.context)
    }

    fn directory_user(&self, user: &UserId) -> Option<UserInfo> {
        self.context.directory.user(user)
    }

    fn known_user(&self, user: &UserId, parameter: &'static str) -> Result<UserInfo, Rejection> {
        self.directory_user(user)
            .ok_or_else(|| Rejection::TargetNotFound { parameter, name: user.as_str().into() })
    }

    /// DEC-15: accepted, and followed by an Error notification; nothing moves.
    fn absent(&self, user: &UserId) -> Event {
        self.failed(alloc::format!("expected {user} to be in a chat session, but they are not"))
    }

    fn failed(&self, message: alloc::string::String) -> Event {
        let code = StatusCode::InvalidForState;
        Event::failed(&self.leg.user, self.context.reference_id, code, message)
    }
}

fn left(user: &UserId, to: LegState, ends_session: bool) -> Event {
    Event::Left { user: user.clone(), to, ends_session, save_lar: false }
}

fn text(message: &Outgoing) -> Content {
    Content::Text { text: message.text.as_str().into(), message_type: message.message_type.clone() }
}

fn notice(text: &Text) -> Content {
    Content::CustomNotice { notice_text: text.as_str().into() }
}
