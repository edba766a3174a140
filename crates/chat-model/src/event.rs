//! What happened: events in the past tense, and the record that one accepted operation leaves.
//!
//! Records are what a journal keeps. Their JSON form is for ever: variants and members are added,
//! never renamed or given another meaning.

mod effect;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;

use smallvec::SmallVec;

use crate::chat::Chat;
use crate::id::{ParticipantId, QueueName, UserId, VisitorId};
use crate::keyed::Answer;
use crate::message::Content;
use crate::state::{LegState, Role, SupervisionMode, Visibility};
use crate::status::StatusCode;
use crate::time::Timestamp;
use crate::user_data::{UserDataKeys, UserDataPatch};

/// Something that happened to a chat.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Event {
    /// A chat came to be from a file or another system.
    Imported {
        /// The chat as a whole.
        chat: Box<Chat>,
    },
    /// A visitor asked for a chat and is in it (CUST-5.1).
    Requested {
        /// The visitor's name for the chat.
        visitor: VisitorId,
        /// The visitor as a participant.
        participant: ParticipantId,
        /// How the visitor wants to be called.
        nickname: String,
        /// The data that came along, the subject included (CUST-2.12).
        user_data: UserDataPatch,
    },
    /// The chat was placed in a queue, behind those that wait there.
    Queued {
        /// The queue.
        queue: QueueName,
    },
    /// The chat was offered to an agent.
    Offered {
        /// The agent.
        user: UserId,
        /// Why to this one.
        origin: Origin,
        /// When the offer lapses (DEC-17).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// An agent took the offer and is about to join (DEC-32: accepted, then joined).
    Accepted {
        /// The agent.
        user: UserId,
        /// Whether the last-agent data shall go to the contact's profile (CHAT-7.2-4).
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        save_lar: bool,
    },
    /// A supervisor of an agent came along with the chat that the agent accepted, and is about to
    /// join (DEC-19).
    SupervisorAdmitted {
        /// The supervisor.
        user: UserId,
        /// The agent.
        agent: UserId,
        /// How the supervisor takes part.
        mode: SupervisionMode,
    },
    /// An agent joined the session.
    Joined {
        /// The agent.
        user: UserId,
        /// The agent as a participant.
        participant: ParticipantId,
        /// How the agent is called in this chat.
        nickname: String,
    },
    /// An agent took the offer, but the customer's session was over (DEC-23).
    JoinFailed {
        /// The agent.
        user: UserId,
    },
    /// An agent declined the offer.
    Declined {
        /// The agent.
        user: UserId,
    },
    /// A leg was taken away from an agent.
    Revoked {
        /// The agent.
        user: UserId,
        /// Why.
        because: Revocation,
    },
    /// Pairs were attached to the user data.
    UserDataAttached {
        /// By whom.
        by: UserId,
        /// The pairs.
        pairs: UserDataPatch,
    },
    /// User data got new values.
    UserDataUpdated {
        /// By whom.
        by: UserId,
        /// The pairs.
        pairs: UserDataPatch,
    },
    /// Keys were removed from the user data.
    UserDataDeleted {
        /// By whom.
        by: UserId,
        /// The keys.
        keys: UserDataKeys,
    },
    /// The disposition was set; it lives in the user data (DEC-8).
    DispositionSet {
        /// By whom.
        by: UserId,
        /// The one pair that was written.
        pair: UserDataPatch,
    },
    /// The comment was replaced.
    CommentSet {
        /// By whom.
        by: UserId,
        /// The comment.
        comment: String,
    },
    /// An agent turned to this chat (DEC-20).
    FocusSet {
        /// The agent.
        user: UserId,
    },
    /// Someone said, pushed, noticed or typed something.
    Said {
        /// Who; the customer if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// What.
        content: Content,
        /// Who sees it.
        visibility: Visibility,
    },
    /// An agent's part ended by the agent's own operation or by a colleague's.
    Left {
        /// The agent.
        user: UserId,
        /// What became of the leg.
        to: LegState,
        /// Whether the customer's session ended with it (DEC-21).
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        ends_session: bool,
        /// Whether the last-agent data shall go to the contact's profile (CHAT-7.2-4).
        #[serde(default, skip_serializing_if = "core::ops::Not::not")]
        save_lar: bool,
    },
    /// A joined agent plays another role and is seen by others than before.
    RoleChanged {
        /// The agent.
        user: UserId,
        /// The new role.
        role: Role,
    },
    /// The customer left; the session is over (DEC-18).
    CustomerLeft,
    /// Something that was answered with success did not succeed (DEC-34).
    OperationFailed {
        /// The requester.
        to: UserId,
        /// The number of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference_id: Option<u64>,
        /// The status code that a synchronous refusal would have carried.
        code: u8,
        /// What was expected and what came.
        message: String,
    },
    /// The request that left this record had a key, and was answered like this; on its own, it was
    /// refused (DEC-48).
    Answered(Arc<Answer>),
}

impl Event {
    pub(crate) fn failed(
        to: &UserId,
        reference_id: Option<u64>,
        code: StatusCode,
        message: impl Into<String>,
    ) -> Self {
        Self::OperationFailed {
            to: to.clone(),
            reference_id,
            code: code.code(),
            message: message.into(),
        }
    }
}

/// How an agent came to be offered a chat; it decides the role and what a refusal leads to.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Origin {
    /// By distribution from a queue.
    Routed {
        /// The queue.
        queue: QueueName,
    },
    /// By a colleague who handed the chat over.
    Transferred {
        /// The giver.
        by: UserId,
    },
    /// By a colleague who wants advice.
    Consulted {
        /// The requester.
        by: UserId,
        /// The number of the request; a refusal is reported under it (DEC-16).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference_id: Option<u64>,
    },
    /// By a colleague who wants a conference.
    Invited {
        /// The requester.
        by: UserId,
        /// The number of the request; a refusal is reported under it (DEC-16).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference_id: Option<u64>,
    },
    /// By the wish to supervise a colleague; a refusal leads to nothing.
    Supervising {
        /// The colleague.
        agent: UserId,
        /// How.
        mode: SupervisionMode,
    },
}

impl Origin {
    /// What the agent is there for after accepting (DEC-16).
    pub const fn role(&self) -> Role {
        match self {
            Self::Consulted { .. } => Role::Consultant,
            Self::Routed { .. } | Self::Transferred { .. } | Self::Invited { .. } => Role::Agent,
            Self::Supervising { mode, .. } => mode.role(),
        }
    }
}

/// Why a leg was taken away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Revocation {
    /// The invitation was not answered in time (DEC-17).
    Unanswered,
    /// The consult was cancelled (DEC-16).
    Cancelled,
    /// The customer left before anyone had joined (DEC-21).
    CustomerLeft,
    /// The agent logged out (DEC-42).
    LoggedOut,
    /// What a supervisor looked after is over: the chat was completed or placed in a queue, and no
    /// agent is left in it (CHAT-3.19, DEC-21).
    NobodyToSupervise,
}

/// Who caused a record.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Author {
    /// An agent's operation.
    User(UserId),
    /// The visitor.
    Customer,
    /// The house: distribution, time, logout.
    House,
}

/// What one accepted command left: everything that replay needs and nothing more.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Author,
    /// The requester's number for it (DEC-31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<u64>,
    /// What happened, in order.
    #[serde(with = "events")]
    #[cfg_attr(feature = "schema", schemars(with = "alloc::vec::Vec<Event>"))]
    pub events: Events,
}

/// The events of a record: nearly always one, which then needs no memory of its own.
pub type Events = SmallVec<[Event; 1]>;

impl Record {
    /// The record as compact JSON, as a journal keeps it.
    pub fn to_json(&self) -> String {
        const FRAME: usize = 160;
        let expected: usize = self.events.iter().map(Event::expected_len).sum();
        let mut out = String::with_capacity(FRAME + expected);
        out.push_str("{\"at\":");
        write_integer(&mut out, self.at.as_millis());
        match &self.by {
            Author::User(user) => {
                out.push_str(",\"by\":{\"user\":\"");
                user.write_content(&mut out);
                out.push_str("\"}");
            }
            Author::Customer => out.push_str(",\"by\":\"customer\""),
            Author::House => out.push_str(",\"by\":\"house\""),
        }
        if let Some(reference_id) = self.reference_id {
            out.push_str(",\"referenceId\":");
            write_integer(&mut out, reference_id);
        }
        out.push_str(",\"events\":[");
        for (at, event) in self.events.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            event.write_json(&mut out);
        }
        out.push_str("]}");
        out
    }

    /// Reads what [`Self::to_json`] wrote, by this version or an older one.
    ///
    /// # Errors
    /// What was expected and where.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}

impl Event {
    /// Appends what serde prints. The events of the hot path are written directly, because going
    /// through a serialiser costs more than the rest of the operation.
    fn write_json(&self, out: &mut String) {
        match self {
            Self::UserDataAttached { by, pairs } => {
                write_pairs(out, "{\"userDataAttached\":{\"by\":\"", by, pairs);
            }
            Self::UserDataUpdated { by, pairs } => {
                write_pairs(out, "{\"userDataUpdated\":{\"by\":\"", by, pairs);
            }
            // Texts, numbers and validated JSON: none of them can fail to print.
            other => out.push_str(&serde_json::to_string(other).expect("an event always prints")),
        }
    }

    /// About how long the printed event is.
    fn expected_len(&self) -> usize {
        match self {
            Self::UserDataAttached { pairs, .. } | Self::UserDataUpdated { pairs, .. } => {
                96 + pairs.as_json().len()
            }
            _ => 128,
        }
    }
}

fn write_pairs(out: &mut String, head: &str, by: &UserId, pairs: &UserDataPatch) {
    out.push_str(head);
    by.write_content(out);
    out.push_str("\",\"pairs\":");
    out.push_str(pairs.as_json());
    out.push_str("}}");
}

fn write_integer(out: &mut String, integer: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(integer));
}

mod events {
    //! SmallVec's own serde support would tie its feature to ours.
    use super::{Event, Events};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(events: &Events, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(events)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Events, D::Error> {
        alloc::vec::Vec::<Event>::deserialize(from).map(Events::from_vec)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{Author, Event, Record};
    use crate::json::{JsonText, Limits};
    use crate::user_data::UserDataPatch;
    use crate::{Timestamp, UserId};

    /// The directly written events print what serde would, so that both are read alike.
    #[test]
    fn a_record_prints_what_serde_prints() {
        let pairs =
            UserDataPatch::single("k\"", &JsonText::string("v"), &Limits::default()).unwrap();
        let by = UserId::new("a\"gent");
        for author in [Author::User(by.clone()), Author::Customer, Author::House] {
            for reference_id in [None, Some(u64::MAX)] {
                let events = Vec::from([
                    Event::UserDataAttached { by: by.clone(), pairs: pairs.clone() },
                    Event::UserDataUpdated { by: by.clone(), pairs: pairs.clone() },
                    Event::CustomerLeft,
                ]);
                let at = Timestamp::from_millis(i64::MIN);
                let record = Record { at, by: author.clone(), reference_id, events: events.into() };
                assert_eq!(record.to_json(), serde_json::to_string(&record).unwrap());
                assert_eq!(Record::from_json(record.to_json().as_bytes()).unwrap(), record);
            }
        }
    }
}
