//! The chat: one aggregate with a leg per agent.
//!
//! What the documents call a chat's `state` is per agent: one agent's chat is Completed while the
//! next one's is Invited. The aggregate holds what they share (user data, transcript, participants,
//! comment) and one [`Leg`] per agent.
//!
//! Three functions carry it. [`Chat::decide`] changes nothing and may refuse; [`Chat::evolve`]
//! refuses nothing and is silent; [`Chat::apply`] is both, and tells who must hear of it.

mod decide;
mod evolve;
mod import;
mod notice;
mod once;
mod stored;
mod tail;
mod view;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

pub use decide::{Command, Trigger};
pub use import::{ChatFile, ImportError};
pub use notice::{Notice, Notices};
pub use view::{ChatView, CustomerView};

use crate::capability::Situation;
use crate::event::{Origin, Record};
use crate::id::{ChatId, NewIds, QueueName, UserId, VisitorId};
use crate::message::LogEntry;
use crate::operation::OperationKind;
use crate::participant::Person;
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::rules::{Context, Rules};
use crate::state::{ChatType, CustomerState, LegState, Role, Visibility};
use crate::time::Timestamp;
use crate::user_data::UserData;

/// Which version of [`Chat`]'s snapshot form this is; a snapshot of another version is ignored and
/// the chat is folded from its records instead.
pub const MODEL_REVISION: u32 = 1;

/// A conversation between a customer and agents.
///
/// It serialises to a snapshot: a cache of the fold of its records, readable by the same
/// [`MODEL_REVISION`] only. Reading one back checks that its parts fit together.
#[derive(Clone, PartialEq, Debug)]
pub struct Chat {
    id: ChatId,
    visitor: Option<VisitorId>,
    chat_type: Option<ChatType>,
    received: Option<Timestamp>,
    user_data: UserData,
    comment: Option<String>,
    /// Whether the customer is in the session (DEC-21).
    session_open: bool,
    /// The queue it last came from (DEC-15).
    queue: Option<QueueName>,
    /// Whether it waits there for an agent.
    waiting: bool,
    /// When it came into the queue; who declines or misses it does not cost it its place.
    queued_at: Option<Timestamp>,
    /// In the order of the newest invitation.
    legs: Vec<Leg>,
    /// In the order of joining, those who left included.
    people: Vec<Person>,
    log: Vec<LogEntry>,
    /// What the transcript takes (DEC-72); a sum over `log`, and no part of the stored form.
    log_bytes: usize,
    /// Who rejected or missed it since it was last accepted, and when (DEC-40).
    declined: Vec<(UserId, Timestamp)>,
    /// What requests with a key were answered (DEC-48); nothing for a chat that never saw one.
    answers: Option<Box<once::Answers>>,
    revision: u64,
}

/// One agent's part in a chat.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    user: UserId,
    state: LegState,
    role: Role,
    origin: Origin,
    /// Position among the people of the chat, once joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    in_focus: bool,
    /// Whether this agent has consulted on this leg (DEC-16).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    consulted: bool,
    /// How long the transcript was when the agent's part ended: who is gone reads no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log_end: Option<u32>,
    #[serde(skip)]
    tail: tail::Tail,
}

/// What an accepted command did.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Applied {
    /// What a journal keeps.
    pub record: Record,
    /// Who must hear what, in order.
    pub notices: Notices,
    /// The chat's revision after it: how many records it has.
    pub revision: u64,
}

impl Applied {
    /// The reply to an agent's operation of this kind (DEC-30).
    pub fn reply(&self, kind: OperationKind, rules: &Rules) -> Reply {
        Reply::accepted(kind, self.record.reference_id, rules)
    }

    /// Everyone who must hear of it, each once: the feeds that a journal names beside the record.
    pub fn recipients(&self) -> Vec<UserId> {
        let mut all: Vec<UserId> = Vec::new();
        for user in self.notices.iter().flat_map(|notice| &notice.to) {
            if !all.contains(user) {
                all.push(user.clone());
            }
        }
        all
    }
}

impl Chat {
    /// A chat to which nothing has happened yet; the first command is RequestChat, the first event
    /// [`crate::Event::Requested`] or [`crate::Event::Imported`].
    pub fn new(id: ChatId) -> Self {
        Self {
            id,
            visitor: None,
            chat_type: None,
            received: None,
            user_data: UserData::new(),
            comment: None,
            session_open: false,
            queue: None,
            waiting: false,
            queued_at: None,
            legs: Vec::new(),
            people: Vec::new(),
            log: Vec::new(),
            log_bytes: 0,
            declined: Vec::new(),
            answers: None,
            revision: 0,
        }
    }

    /// Decides `command` and, if it is accepted, changes the chat and says who must hear of it.
    ///
    /// # Errors
    /// Those of [`Chat::decide`]; the chat is then unchanged.
    pub fn apply(
        &mut self,
        command: &Command<'_>,
        context: &Context<'_>,
        ids: &mut dyn NewIds,
    ) -> Result<Applied, Rejection> {
        let record = self.decide(command, context, ids)?;
        let notices = self.announce(&record, context.rules);
        Ok(Applied { record, notices, revision: self.revision })
    }

    /// The agents' name for the chat.
    pub fn id(&self) -> &ChatId {
        &self.id
    }

    /// The visitor's name for the chat.
    pub fn visitor(&self) -> Option<&VisitorId> {
        self.visitor.as_ref()
    }

    /// How many records have been applied.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The attached data.
    pub fn user_data(&self) -> &UserData {
        &self.user_data
    }

    /// The comment, once one was set (DEC-8).
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// The queue it waits in, and since when: first in, first out (DEC-40). A chat that was declined
    /// or missed keeps its place.
    pub fn waiting(&self) -> Option<(&QueueName, Timestamp)> {
        self.queue.as_ref().zip(self.queued_at).filter(|_| self.waiting)
    }

    /// When `user` last rejected or missed this chat since someone accepted it (DEC-40).
    pub fn declined_at(&self, user: &UserId) -> Option<Timestamp> {
        self.declined.iter().find(|(who, _)| who == user).map(|&(_, at)| at)
    }

    /// Everyone's part, those that ended included, in the order of the newest invitation.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter()
    }

    /// The part of `user`, if there is one.
    pub fn leg(&self, user: &UserId) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.user == *user)
    }

    /// The agents in the conversation, supervisors included, in the order of the newest invitation.
    pub fn joined(&self) -> impl Iterator<Item = &UserId> {
        self.chatting().map(|leg| &leg.user)
    }

    /// When the next invitation lapses, and whose it is (DEC-17).
    pub fn next_expiry(&self) -> Option<(Timestamp, &UserId)> {
        self.legs
            .iter()
            .filter(|leg| leg.state == LegState::Invited)
            .filter_map(|leg| Some((leg.expires_at?, &leg.user)))
            .min()
    }

    /// The number of transcript entries, hidden ones included: the highest `index` (DEC-47).
    pub fn log_len(&self) -> u64 {
        self.log.len() as u64
    }

    /// What the capabilities of `user` depend on.
    pub fn situation(&self, user: &UserId) -> Option<Situation> {
        self.leg(user).map(|leg| self.situation_of(leg))
    }

    /// What `user` may do now, as the resource prints it (DEC-10, DEC-11); nothing for a stranger.
    pub fn capabilities(&self, user: &UserId) -> impl Iterator<Item = OperationKind> + use<> {
        self.situation(user).into_iter().flat_map(Situation::capabilities)
    }

    /// The customer's state of the chat (DEC-21).
    pub fn customer_state(&self) -> CustomerState {
        if !self.session_open {
            CustomerState::Idle
        } else if self.serving().any(|leg| leg.role.visibility() == Visibility::All) {
            CustomerState::Chatting
        } else {
            CustomerState::WaitingForAgent
        }
    }

    /// Whether the chat is over for everybody, so that only its retention keeps it.
    pub fn is_finished(&self) -> bool {
        self.revision > 0
            && !self.session_open
            && !self.waiting
            && self.legs.iter().all(|leg| leg.state.is_final())
    }

    fn situation_of(&self, leg: &Leg) -> Situation {
        Situation {
            state: leg.state,
            role: leg.role,
            company: self
                .chatting()
                .any(|other| other.user != leg.user && other.is_visible_to(leg)),
            consulted: leg.consulted,
        }
    }

    /// The legs whose agents are in the conversation.
    fn chatting(&self) -> impl Iterator<Item = &Leg> + Clone {
        self.legs.iter().filter(|leg| leg.state == LegState::Chatting)
    }

    /// Those of them who look after the customer: supervision does not count (DEC-21).
    fn serving(&self) -> impl Iterator<Item = &Leg> + Clone {
        self.chatting().filter(|leg| !leg.role.is_supervising())
    }

    fn leg_mut(&mut self, user: &UserId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.user == *user)
    }

    fn customer(&self) -> Option<(u32, &Person)> {
        let is_customer = |person: &&Person| person.kind == crate::state::ParticipantType::Customer;
        let at = self.people.iter().position(|person| is_customer(&person))?;
        Some((u32::try_from(at).ok()?, &self.people[at]))
    }
}

impl Leg {
    /// Whose part it is.
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// What the resource prints as `state`.
    pub fn state(&self) -> LegState {
        self.state
    }

    /// What the agent is there for.
    pub fn role(&self) -> Role {
        self.role
    }

    /// How the agent came to the chat.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether the agent has turned to this chat (DEC-20).
    pub fn in_focus(&self) -> bool {
        self.in_focus
    }

    /// Whether the agent of `other` may know of this one in the conversation (DEC-22).
    fn is_visible_to(&self, other: &Leg) -> bool {
        self.role.visibility() != Visibility::Supervisors || other.is_supervisor()
    }

    /// Whether the agent came to supervise, and so sees whom only supervisors see (DEC-22); also
    /// after taking the chat over from whom it was.
    pub fn is_supervisor(&self) -> bool {
        self.role.is_supervising() || matches!(self.origin, Origin::Supervising { .. })
    }

    /// When an unanswered invitation lapses (DEC-17).
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.filter(|_| self.state == LegState::Invited)
    }
}
