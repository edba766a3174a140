//! The chat of a contact-centre desktop.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;

mod id;

pub use id::{ChatId, CountingIds, NewIds, ParticipantId, QueueName, UserId, VisitorId};
