//! How events change the chat. Nothing is refused and nobody is told.

use alloc::string::String;

use super::{Chat, Leg};
use crate::event::{Event, Origin, Record, Revocation};
use crate::id::{ParticipantId, UserId};
use crate::message::{Content, LogEntry};
use crate::participant::{Facts, Person};
use crate::state::{ChatType, LegState, ParticipantType, Visibility};
use crate::time::Timestamp;

impl Chat {
    /// Brings the chat to the state after `record`, without telling anyone: how a journal is read.
    pub fn replay(&mut self, record: &Record) {
        for event in &record.events {
            self.evolve(event, record.at);
        }
        self.count_record();
    }

    /// Counts a record whose events were applied one by one.
    pub(super) fn count_record(&mut self) {
        self.revision = self.revision.saturating_add(1);
    }

    /// Brings the chat to the state after `event`, which happened at `at`.
    ///
    /// An event about a user who has no leg, which `decide` never makes, changes nothing.
    pub fn evolve(&mut self, event: &Event, at: Timestamp) {
        self.forget_tails(event);
        match event {
            Event::Imported { chat } => {
                let revision = self.revision;
                self.clone_from(chat);
                self.revision = revision;
            }
            Event::Requested { visitor, participant, nickname, user_data } => {
                self.visitor = Some(visitor.clone());
                self.chat_type = Some(ChatType::Inbound);
                self.received = Some(at);
                self.user_data.merge(user_data);
                self.session_open = true;
                let person = self.enter(
                    participant.clone(),
                    ParticipantType::Customer,
                    nickname.clone(),
                    None,
                    Visibility::All,
                );
                self.note(person, Visibility::All, at, Content::ParticipantJoined);
            }
            Event::Queued { queue } => {
                if self.queue.as_ref() != Some(queue) {
                    self.queued_at = None;
                }
                self.queue = Some(queue.clone());
                self.waiting = true;
                self.queued_at.get_or_insert(at);
            }
            Event::Offered { user, origin, expires_at } => {
                match origin {
                    Origin::Routed { .. } => self.waiting = false,
                    Origin::Consulted { by, .. } => {
                        if let Some(leg) = self.leg_mut(by) {
                            leg.consulted = true;
                        }
                    }
                    Origin::Transferred { .. }
                    | Origin::Invited { .. }
                    | Origin::Supervising { .. } => {}
                }
                self.begin(user, LegState::Invited, origin.clone(), *expires_at);
            }
            Event::Accepted { user, .. } => {
                self.set_state(user, LegState::Chatting);
                self.leave_queue_behind(user);
            }
            Event::SupervisorAdmitted { user, agent, mode } => {
                let origin = Origin::Supervising { agent: agent.clone(), mode: *mode };
                self.begin(user, LegState::Chatting, origin, None);
            }
            Event::Joined { user, participant, nickname } => {
                self.join(user, participant, nickname, at);
            }
            Event::JoinFailed { user } => {
                self.set_state(user, LegState::JoinFailed);
                self.leave_queue_behind(user);
            }
            Event::Declined { user } => {
                self.decline(user, at);
                self.set_state(user, LegState::Completed);
            }
            Event::Revoked { user, because } => {
                if *because == Revocation::Unanswered {
                    self.decline(user, at);
                }
                self.leave(user, LegState::Revoked, at);
            }
            Event::UserDataAttached { pairs, .. }
            | Event::UserDataUpdated { pairs, .. }
            | Event::DispositionSet { pair: pairs, .. } => self.user_data.merge(pairs),
            Event::UserDataDeleted { keys, .. } => self.user_data.remove(keys),
            Event::CommentSet { comment, .. } => self.comment = Some(comment.clone()),
            Event::FocusSet { user } => {
                if let Some(leg) = self.leg_mut(user) {
                    leg.in_focus = true;
                }
            }
            Event::Said { by, content, visibility } => {
                let from = match by {
                    Some(user) => self.leg(user).and_then(|leg| leg.person),
                    None => self.customer().map(|(person, _)| person),
                };
                if let Some(from) = from {
                    self.note(from, *visibility, at, content.clone());
                }
            }
            Event::Left { user, to, ends_session, .. } => {
                self.leave(user, *to, at);
                if *ends_session {
                    self.end_session();
                }
            }
            Event::RoleChanged { user, role } => self.change_role(user, *role, at),
            Event::CustomerLeft => {
                if let Some((person, _)) = self.customer() {
                    self.note(person, Visibility::All, at, Content::ParticipantLeft);
                }
                self.end_session();
                // DEC-21: nobody has joined, so nobody needs the chat any more.
                if self.serving().next().is_none() {
                    self.waiting = false;
                }
            }
            Event::OperationFailed { .. } => {}
            Event::Answered(answer) => self.keep_answer(answer, at),
        }
    }

    /// DEC-23: a new part replaces what was.
    fn begin(
        &mut self,
        user: &UserId,
        state: LegState,
        origin: Origin,
        expires_at: Option<Timestamp>,
    ) {
        self.legs.retain(|leg| leg.user != *user);
        self.legs.push(Leg {
            user: user.clone(),
            state,
            role: origin.role(),
            origin,
            person: None,
            expires_at,
            in_focus: false,
            consulted: false,
            log_end: None,
            tail: Default::default(),
        });
    }

    fn join(&mut self, user: &UserId, participant: &ParticipantId, nickname: &str, at: Timestamp) {
        let Some(role) = self.leg(user).map(|leg| leg.role) else { return };
        let visibility = role.visibility();
        let person = self.enter(
            participant.clone(),
            ParticipantType::Agent,
            nickname.into(),
            Some(user.clone()),
            visibility,
        );
        if let Some(leg) = self.leg_mut(user) {
            leg.person = Some(person);
        }
        self.note(person, visibility, at, Content::ParticipantJoined);
    }

    /// Ends the agent's part; a participant who is there leaves the conversation (DEC-22: the entry
    /// has the visibility of the one it is about).
    fn leave(&mut self, user: &UserId, to: LegState, at: Timestamp) {
        let person = self.leg(user).and_then(|leg| leg.person);
        self.set_state(user, to);
        let is_present = |&index: &u32| self.people[index as usize].present;
        if let Some(index) = person.filter(is_present) {
            let person = &mut self.people[index as usize];
            person.leave();
            let visibility = person.visibility;
            self.note(index, visibility, at, Content::ParticipantLeft);
        }
        let end = self.log.len() as u32;
        if let Some(leg) = self.leg_mut(user) {
            leg.log_end.get_or_insert(end);
        }
    }

    /// Someone took it: whoever gets it from a queue next is asked anew, after a new wait. An agent
    /// who was only asked for advice does not take it.
    fn leave_queue_behind(&mut self, user: &UserId) {
        let takes =
            |leg: &Leg| matches!(leg.origin, Origin::Routed { .. } | Origin::Transferred { .. });
        if self.leg(user).is_some_and(takes) {
            self.declined.clear();
            self.queued_at = self.queued_at.filter(|_| self.waiting);
        }
    }

    fn change_role(&mut self, user: &UserId, role: crate::state::Role, at: Timestamp) {
        let Some(leg) = self.leg_mut(user) else { return };
        leg.role = role;
        let Some(index) = leg.person else { return };
        let numbers = self.numbers_given();
        let person = &mut self.people[index as usize];
        // DEC-19: the entry has the wider of the two visibilities. Wider ones are smaller.
        let widest = person.visibility.min(role.visibility());
        person.show_to(role.visibility());
        if person.visibility == Visibility::All {
            person.give_number(numbers + 1);
        }
        // Whoever was seen and is not seen any more goes on as somebody unseen: how, is for those who
        // see it (CHAT-7.2-5).
        self.note_as(index, widest, widest, at, Content::ParticipantRejoined);
    }

    /// The customer is gone; what is left is between agents (DEC-21).
    fn end_session(&mut self) {
        self.session_open = false;
        for person in &mut self.people {
            if person.kind == ParticipantType::Customer {
                person.leave();
            }
        }
    }

    fn set_state(&mut self, user: &UserId, state: LegState) {
        if let Some(leg) = self.leg_mut(user) {
            leg.state = state;
        }
    }

    /// DEC-40: remembers who had the chat from a queue and did not want it.
    fn decline(&mut self, user: &UserId, at: Timestamp) {
        let routed = |leg: &Leg| matches!(leg.origin, Origin::Routed { .. });
        if self.leg(user).is_some_and(routed) {
            self.declined.retain(|(who, _)| who != user);
            self.declined.push((user.clone(), at));
        }
    }

    fn enter(
        &mut self,
        id: ParticipantId,
        kind: ParticipantType,
        nickname: String,
        user: Option<UserId>,
        visibility: Visibility,
    ) -> u32 {
        let number = (visibility == Visibility::All).then(|| self.numbers_given() + 1);
        let facts = Facts { id, kind, nickname, user, visibility, present: true, number };
        self.people.push(Person::from(facts));
        self.people.len() as u32 - 1
    }

    /// How many people the customer knows by a number (CUST-3.3).
    pub(super) fn numbers_given(&self) -> u32 {
        self.people.iter().filter(|person| person.number.is_some()).count() as u32
    }

    fn note(&mut self, from: u32, visibility: Visibility, at: Timestamp, content: Content) {
        let from_visibility = self.people[from as usize].visibility;
        self.note_as(from, from_visibility, visibility, at, content);
    }

    /// Notes what is told as of somebody who is seen by `from_visibility`.
    fn note_as(
        &mut self,
        from: u32,
        from_visibility: Visibility,
        visibility: Visibility,
        at: Timestamp,
        content: Content,
    ) {
        let entry = LogEntry { from, from_visibility, visibility, at, content };
        self.log_bytes = self.log_bytes.saturating_add(entry.cost());
        self.log.push(entry);
    }
}
