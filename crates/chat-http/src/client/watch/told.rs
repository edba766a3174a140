//! What a [`Watch`](super::Watch) tells.

use std::time::Duration;

use chat_model::{ChatId, ChatResource, JsonText, Message, Notification};

/// One thing that a watch tells.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Update {
    /// What is there now, read anew: at first, and whenever something may have been missed.
    State(Box<State>),
    /// Something happened.
    Notification(Box<Notified>),
    /// The watch does not hear just now; it goes on by itself.
    Interrupted(Interruption),
}

/// Why a state was read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The session went on where the lost one was: what happened to chats in between was told as
    /// notifications, one by one (DEC-71). Only what no journal keeps, such as readiness, is new here.
    Resumed,
    /// The watch began.
    Begun,
    /// The session was lost, and the server could not go on with it: what happened in between is in
    /// this state, and in [`State::lines`] (NOTIF-5.1, NOTIF-5.2).
    Recovered,
}

/// The agent's own world.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct State {
    /// Why it was read.
    pub cause: Cause,
    /// The agent's resource with channels and chats, exactly as the server printed it.
    pub user: JsonText,
    /// The chats that the agent has, in the server's order.
    pub chats: Vec<ChatResource>,
    /// Chats that the agent had when the watch last heard, and has no more, as they ended.
    pub ended: Vec<ChatResource>,
    /// What was said in all of these and not told yet.
    pub lines: Vec<Lines>,
}

/// What was said in one chat.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Lines {
    /// In which chat.
    pub chat: ChatId,
    /// In order; never empty.
    pub messages: Vec<Message>,
}

/// A notification.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Notified {
    /// Where it came, such as `/v2/me/chats` (NOTIF-2).
    pub channel: String,
    /// The content of `data`, exactly as the server printed it. (Where it had lines that were told
    /// already, it is printed again without them.)
    pub data: JsonText,
    /// The same in types, on `/v2/me/chats`.
    pub about_chat: Option<Box<Notification>>,
}

impl Notified {
    /// The chat that it is about.
    pub fn chat_id(&self) -> Option<ChatId> {
        chat_of(self.about_chat.as_deref()?)
    }
}

/// Why the watch does not hear.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Interruption {
    /// What happened.
    pub why: String,
    /// How long the watch waits before it asks again.
    pub retry_in: Duration,
    /// Whether the server has forgotten the session (402).
    pub session_lost: bool,
}

/// The chat that a notification is about (NOTIF-3.2-2).
pub(super) fn chat_of(told: &Notification) -> Option<ChatId> {
    if let Some(id) = told.chat.as_ref().and_then(|chat| chat.id.as_ref()) {
        return Some(id.clone());
    }
    let address = told.chat_path.as_deref().or(told.chat_uri.as_deref())?;
    let (_, id) = address.rsplit_once("/chats/")?;
    Some(ChatId::new(id))
}
