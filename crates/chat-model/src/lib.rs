//! The chat of a contact-centre desktop.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

mod capability;
mod chat;
mod event;
mod id;
mod json;
mod message;
mod open_enum;
mod operation;
mod participant;
mod rejection;
mod reply;
mod resource;
mod rules;
mod state;
mod status;
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
    Elements, JsonError, JsonKind, JsonRef, JsonText, Key, Limits, Members, write_string,
};
pub use message::{Content, MessageType};
pub use open_enum::Unrecognized;
pub use operation::{
    Colleague, ConsultTarget, CustomerOperation, CustomerOperationKind, Operation, OperationKind,
    Outgoing, Parameter, ParameterKind, Target, Text, TransferTarget, TreatAs,
};
pub use rejection::Rejection;
pub use reply::Reply;
pub use resource::{
    Audience, ChatResource, ChatState, Message, Notification, NotificationType, Participant,
};
pub use rules::{Context, Directory, OpenDirectory, ReferenceIdReplies, Rules, UserInfo};
pub use state::{ChatType, CustomerState, LegState, ParticipantType, Role, Visibility};
pub use status::StatusCode;
pub use time::Timestamp;
pub use user_data::{UserData, UserDataKeys, UserDataPatch};
