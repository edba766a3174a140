//! Notification sessions while a recording is played.
//!
//! Which poll brings an event is a matter of moments, so polls are not compared one by one: what a session
//! is told is one sequence of events, and each recorded event takes the next of it, whichever poll or frame
//! brought it.

use std::collections::{BTreeMap, VecDeque};

use chat_model::{JsonKind, JsonRef, JsonText};

use chat_http::{Edit, Line, rewrite};

/// A session, by the name that the recording has for it.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// What came and was not compared yet: whole events.
    pub(super) heard: VecDeque<JsonText>,
    /// Connects under way here, and in the recording.
    pub(super) held: usize,
    pub(super) recorded_held: usize,
    /// Replies to connects that were not compared yet, the latest few.
    pub(super) connects: VecDeque<JsonText>,
    /// The acknowledgement that the next connect confirms.
    pub(super) ack: Option<u64>,
    /// How a connect is sent: the line, over which websocket if over one, and the message.
    pub(super) connect: Option<(Line, Option<u64>, JsonText)>,
    /// Who it belongs to.
    pub(super) user: String,
    /// The client has said good-bye.
    pub(super) is_left: bool,
}

/// All sessions, and what was confirmed at which recorded number.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    pub(super) all: BTreeMap<String, Session>,
    acks: BTreeMap<(String, u64), (u64, String)>,
}

/// No more replies to connects wait to be compared.
const MOST_CONNECTS: usize = 64;

impl Sessions {
    pub(super) fn get(&mut self, name: &str) -> &mut Session {
        self.all.entry(name.to_owned()).or_default()
    }

    /// Takes note of which number of this server a recorded one is.
    pub(super) fn acknowledge(&mut self, name: &str, recorded: u64) {
        let session = self.all.entry(name.to_owned()).or_default();
        if let Some(ack) = session.ack {
            self.acks.insert((session.user.clone(), recorded), (ack, name.to_owned()));
        }
    }

    /// The number from which a session of this user goes on here, and which session that was.
    pub(super) fn resumed(&self, user: &str, recorded: u64) -> Option<&(u64, String)> {
        self.acks.get(&(user.to_owned(), recorded))
    }
}

impl Session {
    /// Takes one message that came.
    pub(super) fn take(&mut self, message: JsonRef<'_>) {
        if is_event(message) {
            self.heard.push_back(message.to_text());
        } else if is_of(message, "/meta/connect") {
            self.held = self.held.saturating_sub(1);
            self.ack = ack(message).or(self.ack);
            self.connects.push_back(message.to_text());
            while self.connects.len() > MOST_CONNECTS {
                self.connects.pop_front();
            }
        }
    }
}

/// Bayeux messages come one by one or in an array.
pub(super) fn messages(json: JsonRef<'_>) -> Vec<JsonRef<'_>> {
    match json.kind() {
        JsonKind::Array => json.elements().collect(),
        JsonKind::Object => vec![json],
        _ => Vec::new(),
    }
}

/// Whether a message tells something, and answers nothing.
pub(super) fn is_event(message: JsonRef<'_>) -> bool {
    message.get("data").is_some() && message.get("successful").is_none()
}

pub(super) fn is_of(message: JsonRef<'_>, channel: &str) -> bool {
    text(message, "channel").as_deref() == Some(channel)
}

pub(super) fn text(message: JsonRef<'_>, name: &str) -> Option<String> {
    Some(message.get(name)?.decode_string()?.into_owned())
}

/// The acknowledgement number of a message.
pub(super) fn ack(message: JsonRef<'_>) -> Option<u64> {
    message.get("ext")?.get("ack")?.as_u64()
}

/// The number from which a handshake wants to go on (DEC-71).
pub(super) fn batch(message: JsonRef<'_>) -> Option<u64> {
    message.get("ext")?.get("ack")?.get("batch")?.as_u64()
}

/// `message` with another number to confirm.
pub(super) fn with_number(message: JsonRef<'_>, member: &str, number: u64) -> String {
    rewrite(message, &mut |name, value| match value.kind() {
        JsonKind::Number if name == member => Edit::Replace(number.to_string()),
        _ if name == "data" => Edit::Keep,
        _ => Edit::Descend,
    })
}

/// Whether the reply to a connect says more than that the session goes on.
pub(super) fn is_end(message: JsonRef<'_>) -> bool {
    let goes_on = message.get("successful").and_then(JsonRef::as_bool) == Some(true);
    let advice = message.get("advice").and_then(|advice| text(advice, "reconnect"));
    !goes_on || advice.is_some_and(|advice| advice != "retry")
}
