//! What an agent asks.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chat_model::{
    ChatId, ChatResource, JsonRef, JsonText, Limits, Message, MonitoringOperation, Operation,
    Reply, SupervisorOperation, UserId,
};
use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::caller::Caller;
use super::watch::{Watch, WatchOptions};
use super::{BoxFuture, Error};

/// An agent, or a supervisor, of a contact centre. Clones are the same agent.
#[derive(Clone, Debug)]
pub struct Agent {
    caller: Arc<Caller>,
}

/// Whether an agent takes chats (PLAT-3.5).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Readiness {
    /// Invitations are welcome.
    Ready,
    /// They are not.
    NotReady,
    /// `DoNotDisturbOn`.
    DoNotDisturb,
    /// `DoNotDisturbOff`.
    Disturb,
    /// A state of the contact centre's own, by its `operationName` (PLAT-3.5-6).
    Other(String),
}

impl Readiness {
    /// The `operationName`.
    pub fn name(&self) -> &str {
        match self {
            Self::Ready => "Ready",
            Self::NotReady => "NotReady",
            Self::DoNotDisturb => "DoNotDisturbOn",
            Self::Disturb => "DoNotDisturbOff",
            Self::Other(name) => name,
        }
    }
}

/// What stays as it is in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Agent {
    pub(super) fn new(caller: Caller) -> Self {
        Self { caller: Arc::new(caller) }
    }

    /// The agent's own resource with everything below it, exactly as the server printed it; opens an
    /// HTTP session (DEC-42).
    ///
    /// # Errors
    /// Code 20 if the credentials are wrong; see [`Error`] for the rest, here and below.
    pub async fn me(&self) -> Result<JsonText, Error> {
        let body = self.caller.get("/me/?subresources=*").await?;
        member(&body, "user")
    }

    /// Opens a contact centre session with these channels (PLAT-3.3); the agent is NotReady then.
    ///
    /// # Errors
    /// See [`Error`]. Code 7, in part, is a success that the reply tells.
    pub async fn start_session(&self, channels: &[&str]) -> Result<Reply, Error> {
        let mut body = String::from(r#"{"operationName":"StartContactCenterSession","channels":["#);
        for (at, channel) in channels.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            chat_model::write_string(&mut body, channel);
        }
        body.push_str("]}");
        read(&self.caller.post("/me", body).await?)
    }

    /// Ends it: invitations go back, open chats are given back (PLAT-3.4, DEC-42).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn end_session(&self) -> Result<Reply, Error> {
        read(&self.caller.post("/me", operation_name("EndContactCenterSession")).await?)
    }

    /// Changes the readiness of one channel, such as `chat` (PLAT-3.5-1).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_readiness(&self, channel: &str, to: Readiness) -> Result<Reply, Error> {
        let path = format!("/me/channels/{}", segment(channel));
        read(&self.caller.post(&path, operation_name(to.name())).await?)
    }

    /// The chats that the agent has.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn chats(&self) -> Result<Vec<ChatResource>, Error> {
        #[derive(Deserialize)]
        struct Chats {
            #[serde(default)]
            chats: Vec<ChatResource>,
        }
        Ok(read::<Chats>(&self.caller.get("/me/chats?fields=*").await?)?.chats)
    }

    /// One of them, or one that the agent had (DEC-23).
    ///
    /// # Errors
    /// Code 6 if the agent has no part in it; see [`Error`].
    pub async fn chat(&self, chat: &ChatId) -> Result<ChatResource, Error> {
        #[derive(Deserialize)]
        struct One {
            chat: ChatResource,
        }
        Ok(read::<One>(&self.caller.get(&path_of(chat)).await?)?.chat)
    }

    /// The transcript from the entry number `from` on (CHAT-9.4).
    ///
    /// # Errors
    /// As [`Self::chat`].
    pub async fn messages(&self, chat: &ChatId, from: u64) -> Result<Vec<Message>, Error> {
        let path = format!("{}/messages?startIndex={from}", path_of(chat));
        messages(&self.caller.get(&path).await?)
    }

    /// Performs an operation on a chat. Accepted means that it happened; who else hears of it hears it
    /// from a notification.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code of DEC-13 and DEC-14, and nothing has changed; see [`Error`].
    pub async fn operate(&self, chat: &ChatId, operation: &Operation) -> Result<Reply, Error> {
        self.post(chat, operation.to_json(), None).await
    }

    /// The same, once: with the same `key` (1 to 64 visible ASCII characters) it may be repeated after
    /// an error of which nobody knows whether it came before the operation or after it (DEC-48).
    ///
    /// # Errors
    /// As [`Self::operate`].
    pub async fn operate_once(
        &self,
        chat: &ChatId,
        operation: &Operation,
        key: &str,
    ) -> Result<Reply, Error> {
        self.post(chat, operation.to_json(), Some(key)).await
    }

    /// Posts a body of the caller's own making to a chat, whatever it says.
    ///
    /// # Errors
    /// As [`Self::operate`].
    pub async fn post(
        &self,
        chat: &ChatId,
        body: String,
        key: Option<&str>,
    ) -> Result<Reply, Error> {
        read(&self.caller.ask(Method::POST, &path_of(chat), body.into(), key).await?)
    }

    /// Posts a body to any address below the interface's, such as `/users/{id}/channels/chat` (CHAT-7.0-28).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn post_to(
        &self,
        path: &str,
        body: String,
        key: Option<&str>,
    ) -> Result<Reply, Error> {
        read(&self.caller.ask(Method::POST, path, body.into(), key).await?)
    }

    /// Supervises the chats that `user` accepts from now on, or no more (CHAT-7.0-28, CHAT-7.0-29).
    ///
    /// # Errors
    /// Code 5 if the agent is no supervisor (DEC-19); see [`Error`].
    pub async fn monitor(
        &self,
        user: &UserId,
        operation: &MonitoringOperation,
    ) -> Result<Reply, Error> {
        let path = format!("/users/{}/channels/chat", segment(user.as_str()));
        self.post_to(&path, operation.to_json(), None).await
    }

    /// Asks to supervise a chat that `user` is in (CHAT-7.0-30).
    ///
    /// # Errors
    /// As [`Self::monitor`], and code 6 if the user has no part in the chat.
    pub async fn intrude(
        &self,
        user: &UserId,
        chat: &ChatId,
        operation: &SupervisorOperation,
    ) -> Result<Reply, Error> {
        let user = segment(user.as_str());
        let path = format!("/users/{user}/chats/{}", segment(chat.as_str()));
        self.post_to(&path, operation.to_json(), None).await
    }

    /// Listens to what happens to the agent's chats and channels. Nothing is sent before the stream is
    /// polled.
    pub fn watch(&self) -> Watch {
        self.watch_with(WatchOptions::default())
    }

    /// Listens otherwise.
    pub fn watch_with(&self, options: WatchOptions) -> Watch {
        Watch::new(Arc::new(self.caller.apart()), options)
    }

    pub(super) fn of(caller: Arc<Caller>) -> Self {
        Self { caller }
    }

    /// What the state after a gap is read with (NOTIF-5.1).
    pub(super) fn recovery_read(&self) -> BoxFuture<Result<JsonText, Error>> {
        let caller = self.caller.clone();
        Box::pin(async move {
            let path = "/me/?subresources=devices,calls,channels,interactions,chats";
            member(&caller.get(path).await?, "user")
        })
    }
}

fn path_of(chat: &ChatId) -> String {
    format!("/me/chats/{}", segment(chat.as_str()))
}

pub(super) fn segment(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, SEGMENT)
}

pub(super) fn operation_name(name: &str) -> String {
    let mut body = String::from(r#"{"operationName":"#);
    chat_model::write_string(&mut body, name);
    body.push('}');
    body
}

pub(super) fn messages(body: &[u8]) -> Result<Vec<Message>, Error> {
    #[derive(Deserialize)]
    struct Messages {
        messages: Vec<Message>,
    }
    Ok(read::<Messages>(body)?.messages)
}

/// A success as it is typed.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::NotUnderstood { why: format!("expected another reply: {error}") })
}

/// A member of a reply, exactly as it was printed.
pub(super) fn member(body: &Bytes, name: &str) -> Result<JsonText, Error> {
    let json = JsonRef::validate(body, &printed_by_a_server(body))
        .map_err(|error| Error::NotUnderstood { why: format!("expected JSON: {error}") })?;
    let found = json.get(name).map(JsonRef::to_text);
    found.ok_or_else(|| Error::NotUnderstood {
        why: format!("expected the member `{name}` in the reply, found none"),
    })
}

/// How far JSON is followed that a server printed. It set the bounds of what others wrote into it, and
/// prints that some levels deeper than it came: bounds of our own would make such a chat unreadable.
pub(super) fn printed_by_a_server(json: &[u8]) -> Limits {
    let mut limits = Limits::default();
    (limits.max_body_bytes, limits.max_depth) = (json.len().max(1), usize::MAX);
    (limits.max_keys, limits.max_key_bytes) = (usize::MAX, usize::MAX);
    limits
}
