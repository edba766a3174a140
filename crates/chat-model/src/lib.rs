//! The chat of a contact-centre desktop, as the Genesys Web Services (GWS) v2 Chat API knows it.
//!
//! A **chat** is a conversation between a customer and agents. What the interface calls a chat's
//! *state* belongs to one agent's **leg** of it: one agent's chat is Completed while the next one's is
//! Invited. An **operation** is what an agent asks of a chat; what is possible now are the agent's
//! **capabilities**. An accepted operation leaves a **record** of **events**, and gives **notices** to
//! those who must hear of it. **User data** is the map of keys and exact JSON that travels with the
//! chat.
//!
//! What always holds:
//!
//! - [`Chat::decide`] changes nothing; a refused operation leaves no trace.
//! - An operation is accepted if and only if the table of capabilities allows it (DEC-10), its
//!   parameters are right, and the people and queues it names exist.
//! - [`Chat::replay`] of a chat's records gives the chat; [`Chat::announce`] gives the same notices to
//!   whoever reads them.
//! - User data keeps its order, its digits and its `null`s (DEC-1, DEC-6).
//! - Same chat, command, [`Context`] and ids: same bytes. There is no clock, no chance and no IO here.
//!
//! The loop that uses it: read the body, apply, keep the record, send the notices.
//!
//! ```
//! use chat_model::{
//!     Chat, ChatId, Command, Context, CountingIds, CustomerOperation, OpenDirectory, Operation, Rules,
//!     Timestamp, Trigger, UserId,
//! };
//!
//! let rules = Rules::default();
//! let directory = OpenDirectory::new();
//! let context = Context::new(Timestamp::from_millis(1_389_261_492_035), &rules, &directory);
//! let mut ids = CountingIds::from_seed(0x007352CE982D031B);
//! let mut chat = Chat::new(ChatId::new("0000Wa9CAM6W00J"));
//!
//! // A visitor asks for a chat, the house offers it to an agent, the agent takes it.
//! let request = br#"{"operationName":"RequestChat","nickname":"Chris","subject":"Question"}"#;
//! let request = CustomerOperation::parse(request, &rules.limits)?;
//! chat.apply(&Command::Customer(&request), &context, &mut ids)?;
//! let agent = UserId::new("1e553fa1b4164908a5f36d43cec96086");
//! chat.apply(&Command::House(&Trigger::Offer { user: agent.clone() }), &context, &mut ids)?;
//! let accept = Operation::parse(br#"{"operationName":"Accept"}"#, &rules.limits)?;
//! let applied = chat.apply(&Command::user(&agent, &accept), &context, &mut ids)?;
//!
//! // Three notices (CHAT-8.11), and a record for the journal.
//! let told: Vec<&str> = applied.notices.iter().map(|notice| notice.data.as_str()).collect();
//! assert!(told[0].contains(r#""notificationType":"StatusChange""#));
//! assert!(told[1].contains(r#""notificationType":"ParticipantsUpdated""#));
//! assert!(told[2].contains(r#""notificationType":"NewMessages""#));
//! assert!(applied.record.to_json().contains("joined"));
//! # Ok::<(), chat_model::Rejection>(())
//! ```
//!
//! Rules are cited by their ids (`CHAT-7.1-3`, `DEC-22`); they stand in `docs/protocol` of the
//! repository. The crate is `no_std` with `alloc`; the features `schema` (JSON Schema of the wire types)
//! and `testing` (proptest strategies, which need `std`) are off by default.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod capability;
mod chat;
mod event;
mod id;
mod json;
mod keyed;
mod message;
mod open_enum;
mod operation;
mod participant;
mod rejection;
mod reply;
mod resource;
mod rules;
#[cfg(any(feature = "schema", feature = "schema-files"))]
pub mod schema;
mod state;
mod status;
mod supervision;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;
mod user_data;

pub use capability::{Situation, Standing};
pub use chat::{
    Applied, Chat, ChatFile, ChatView, Command, CustomerView, ImportError, Leg, MODEL_REVISION,
    Notice, Notices, Trigger,
};
pub use event::{Author, Event, Events, Origin, Record, Revocation};
pub use id::{ChatId, CountingIds, NewIds, ParticipantId, QueueName, UserId, VisitorId};
pub use json::{
    Elements, JsonError, JsonKind, JsonRef, JsonText, Key, Limits, Members, Outlined, write_string,
};
pub use keyed::{Answer, KeyScope, KeyedRequest, Once, RequestDigest, RequestKey};
pub use message::{Content, MessageType};
pub use open_enum::Unrecognized;
pub use operation::{
    Colleague, ConsultTarget, CustomerOperation, CustomerOperationKind, MonitoringOperation,
    MonitoringOperationKind, Operation, OperationKind, Outgoing, Parameter, ParameterKind,
    SupervisorOperation, SupervisorOperationKind, Target, Text, TransferTarget, TreatAs,
};
pub use rejection::Rejection;
pub use reply::Reply;
pub use resource::{
    Audience, ChatResource, ChatState, CustomerChat, CustomerChatState, CustomerParticipant,
    Message, Notification, NotificationType, Participant,
};
pub use rules::{Context, Directory, OpenDirectory, ReferenceIdReplies, Rules, UserInfo};
pub use state::{
    ChatType, CustomerState, LegState, ParticipantType, Role, SupervisionMode, SupervisionScope,
    Visibility,
};
pub use status::StatusCode;
pub use supervision::{Supervision, Supervisor};
pub use time::Timestamp;
pub use user_data::{UserData, UserDataKeys, UserDataPatch};

/// The README's Rust example, so that it keeps compiling.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
