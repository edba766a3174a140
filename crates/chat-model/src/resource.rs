//! The wire shapes as a client reads them: chat resource, participant, message, notification, and the
//! visitor's chat.
//!
//! The server prints these shapes straight from the chat (see [`crate::ChatView`]); these types are
//! for whoever receives them. Members that some pages leave out are optional, values that this
//! version does not know are kept, and printing gives back what was read.

use alloc::string::String;
use alloc::vec::Vec;

use crate::id::{ChatId, ParticipantId, UserId, VisitorId};
use crate::message::MessageType;
use crate::open_enum::open_enum;
use crate::state::{ChatType, ParticipantType};
use crate::user_data::UserData;

open_enum! {
    /// The state of a chat as one agent sees it (CHAT-3), for readers.
    ChatState {
        /// Offered, not accepted.
        Invited = "Invited",
        /// The agent is in the session.
        Chatting = "Chatting",
        /// The session is over, the interaction is still the agent's.
        LeftChat = "LeftChat",
        /// Done for this agent.
        Completed = "Completed",
        /// Taken away.
        Revoked = "Revoked",
        /// Accepted, but the session could not be joined.
        JoinFailed = "JoinFailed",
    }
}

open_enum! {
    /// The state of a chat as its visitor sees it (CUST-3.2, DEC-21), for readers.
    CustomerChatState {
        /// Open, and no agent whom the visitor can see is there.
        WaitingForAgent = "WaitingForAgent",
        /// An agent whom the visitor can see is there.
        Chatting = "Chatting",
        /// Over.
        Idle = "Idle",
    }
}

open_enum! {
    /// Who sees a participant or a message, for readers (CHAT-5.6).
    Audience {
        /// Everyone.
        All = "All",
        /// All agents.
        Agents = "Agents",
        /// Supervisors only.
        Supervisors = "Supervisors",
    }
}

open_enum! {
    /// Why a notification was sent (CHAT-8.3 to CHAT-8.8).
    NotificationType {
        /// The state changed.
        StatusChange = "StatusChange",
        /// The participants changed, and perhaps the state.
        ParticipantsUpdated = "ParticipantsUpdated",
        /// User data or comment changed.
        PropertiesUpdated = "PropertiesUpdated",
        /// An operation that was accepted did not succeed.
        Error = "Error",
        /// The transcript grew.
        NewMessages = "NewMessages",
    }
}

macro_rules! wire {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty $(= $wire:literal)?,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(remote = "Self", rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$fdoc])*
            #[serde(default, skip_serializing_if = "Option::is_none" $(, rename = $wire)?)]
            pub $field: Option<$ty>,)+
        }

        crate::json::only_from_an_object! { $name }
    )+};
}

wire! {
    /// A chat as one agent sees it (CHAT-2).
    ChatResource {
        /// Attached data, any JSON.
        user_data: UserData,
        /// The state of the agent's leg.
        state: ChatState,
        /// What the agent may do now.
        capabilities: Vec<String>,
        /// Absolute address.
        uri: String,
        /// Address below `/api/v2`.
        path: String,
        /// Who is there, in the order of joining.
        participants: Vec<Participant>,
        /// The agents' name for the chat.
        id: ChatId,
        /// The comment.
        comment: String,
        /// How it came to be.
        chat_type: ChatType,
        /// When it came to be (CHAT-1.11).
        received_date: String,
    }

    /// Someone in a chat (CHAT-5).
    Participant {
        /// How they are called in the chat.
        nickname: String,
        /// What they are.
        kind: ParticipantType = "type",
        /// Their id in this chat.
        participant_id: ParticipantId,
        /// The same id again (CHAT-5.4).
        id: ParticipantId,
        /// Who sees them.
        visibility: Audience,
        /// The user's absolute address; agents only.
        uri: String,
        /// The user's address below `/api/v2`; agents only.
        path: String,
    }

    /// An entry of the transcript (CHAT-6).
    Message {
        /// Its place in the chat, from 1; receivers see gaps (DEC-47).
        index: u64,
        /// What it is.
        kind: MessageType = "type",
        /// Who it is from or about.
        from: Participant,
        /// What was said.
        text: String,
        /// The sender's free classification.
        message_type: String,
        /// A pushed address.
        url: String,
        /// A custom notice.
        notice_text: String,
        /// Who sees it.
        visibility: Audience,
        /// When (CHAT-1.11).
        timestamp: String,
        /// When, in milliseconds since the epoch in spite of the name (CHAT-1.12).
        timestamp_seconds: i64,
    }

    /// The content of `data` on `/v2/me/chats` (NOTIF-3.0).
    Notification {
        /// The number of the request that caused it; the requester's copy only (DEC-31).
        reference_id: u64,
        /// The chat as the receiver sees it.
        chat: ChatResource,
        /// New entries of the transcript.
        messages: Vec<Message>,
        /// Why it was sent.
        notification_type: NotificationType,
        /// `ChatStateChangeMessage` or `MessageLogUpdated`.
        message_type: String,
        /// What went wrong, beside `Error` (DEC-34).
        error_message: String,
        /// The status code of what went wrong.
        error_code: u64,
        /// The chat's absolute address, beside `messages`.
        chat_uri: String,
        /// The chat's address below `/api/v2`, beside `messages`.
        chat_path: String,
    }

    /// A chat as its visitor sees it (CUST-3).
    CustomerChat {
        /// The visitor's name for the chat, and all the secret a visitor has (CUST-1.7).
        id: VisitorId,
        /// How far it is (CUST-3.2).
        state: CustomerChatState,
        /// Whom the visitor can see, the visitor included.
        participants: Vec<CustomerParticipant>,
        /// What the visitor may do now (CUST-3.6).
        capabilities: Vec<String>,
    }

    /// Someone in a chat, as its visitor sees them (CUST-3.1).
    CustomerParticipant {
        /// How they are called in the chat.
        nickname: String,
        /// A number in the order of joining, as text (CUST-3.3).
        participant_id: String,
        /// What they are.
        kind: ParticipantType = "type",
    }
}

impl Participant {
    /// The user behind an agent, read from the address (CHAT-5.5).
    pub fn user(&self) -> Option<UserId> {
        let address = self.path.as_deref().or(self.uri.as_deref())?;
        let (before, id) = address.rsplit_once('/')?;
        (before.ends_with("/users") && !id.is_empty()).then(|| UserId::new(id))
    }
}
