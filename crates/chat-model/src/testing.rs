//! proptest strategies for what this crate reads and keeps: for its own laws and for embedders'.
//!
//! They are part of the contract: what they produce is what any server or store built on this crate
//! must be able to carry. Switched on by the feature `testing`.
//!
//! Chats are never put together by hand here. A [`Story`] is a list of moves; playing it lets a
//! small [`Cast`] use a chat in every way that the chat itself allows, so each state that comes out
//! is one that a real conversation reaches.
//!
//! ```
//! use chat_model::testing::{story, Story, World};
//! use proptest::prelude::*;
//!
//! proptest!(|(story in story(0..20))| {
//!     let world = story.play();
//!     for happening in world.past() {
//!         prop_assert!(happening.applied.recipients().len() <= world.cast().people().count());
//!     }
//! });
//! ```

mod cast;
mod json;
mod operation;
mod time;
mod world;

pub use cast::Cast;
pub use json::{
    json_source, json_text, key, string_source, user_data, user_data_keys, user_data_patch,
};
pub use operation::{
    any_operation_body, customer_operation, customer_operation_body, operation, operation_body,
};
pub use time::timestamp;
pub use world::{Happening, Move, Step, Story, World, chat, story};
