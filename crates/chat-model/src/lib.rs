//! The chat of a contact-centre desktop.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;

mod id;
mod json;
mod user_data;

pub use id::{ChatId, CountingIds, NewIds, ParticipantId, QueueName, UserId, VisitorId};
pub use json::{
    Elements, JsonError, JsonKind, JsonRef, JsonText, Key, Limits, Members, write_string,
};
pub use user_data::{UserData, UserDataKeys, UserDataPatch};
