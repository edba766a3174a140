//! What the client half writes and how it reads what comes back.
//!
//! Servers differ more than their specification: members may be missing, ids may come back as
//! numbers or not at all. So everything is optional here, and what cannot be read is a failure
//! that is tried again, never a panic.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::channel::{Pattern, is_meta};
use crate::id::ClientId;
use crate::message::string;

/// A message to the server; absent members are not written.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent<'a> {
    channel: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supported_connection_types: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<&'a Pattern>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<Wish>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ext: Option<Ext>,
}

/// The advice that a client gives.
#[derive(Debug, Serialize)]
struct Wish {
    timeout: u64,
}

#[derive(Debug, Serialize)]
struct Ext {
    ack: Ack,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Ack {
    Wanted(bool),
    From { enabled: bool, batch: u64 },
    Upto(u64),
}

/// What a handshake reply says of acknowledgement (BAYEUX-9.2-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckReply {
    Off,
    On,
    /// The session goes on from this number (DEC-71).
    From(u64),
}

impl<'a> Sent<'a> {
    pub(super) fn new(channel: &'a str, id: &'a str) -> Self {
        Self { channel, id, ..Self::default() }
    }

    /// Names the session.
    pub(super) fn of(self, client_id: &'a ClientId) -> Self {
        Self { client_id: Some(client_id), ..self }
    }

    /// Names a subscription.
    pub(super) fn about(self, pattern: &'a Pattern) -> Self {
        Self { subscription: Some(pattern), ..self }
    }

    /// What a handshake says (BAYEUX-3.1), and from which number it wants to go on (DEC-71).
    pub(super) fn handshake(self, types: &'a [String], ack: bool, from: Option<u64>) -> Self {
        let wanted = match from {
            Some(batch) => Ack::From { enabled: true, batch },
            None => Ack::Wanted(true),
        };
        Self {
            version: Some("1.0"),
            minimum_version: Some("1.0"),
            supported_connection_types: Some(types),
            ext: ack.then_some(Ext { ack: wanted }),
            ..self
        }
    }

    /// What a connect says; unless the last one succeeded it asks not to be held (BAYEUX-14.1).
    pub(super) fn connect(self, kind: &'a str, connected: bool, ack: Option<u64>) -> Self {
        Self {
            connection_type: Some(kind),
            advice: (!connected).then_some(Wish { timeout: 0 }),
            ext: ack.map(|upto| Ext { ack: Ack::Upto(upto) }),
            ..self
        }
    }
}

/// Writes a batch.
pub(super) fn write(messages: &[Sent<'_>]) -> Bytes {
    // Strings, numbers and booleans always have a JSON form.
    serde_json::to_vec(messages).unwrap_or_default().into()
}

/// A message from the server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Received<'a> {
    #[serde(borrow)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    client_id: Option<ClientId>,
    #[serde(default)]
    pub(super) successful: bool,
    error: Option<String>,
    #[serde(borrow)]
    advice: Option<Advice<'a>>,
    #[serde(borrow)]
    ext: Option<ExtReceived<'a>>,
}

#[derive(Debug, Deserialize)]
struct Advice<'a> {
    #[serde(borrow)]
    reconnect: Option<Cow<'a, str>>,
    interval: Option<i64>,
    timeout: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct ExtReceived<'a> {
    #[serde(borrow)]
    ack: Option<&'a RawValue>,
}

/// A member that is there, be it `null`: an event may say so.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads a response: a JSON array with at least one message (BAYEUX-14.1).
pub(super) fn read(body: &[u8]) -> Option<Vec<Received<'_>>> {
    serde_json::from_slice(body).ok().filter(|messages: &Vec<_>| !messages.is_empty())
}

impl Received<'_> {
    pub(super) fn is_on(&self, channel: &str) -> bool {
        self.channel.as_deref() == Some(channel)
    }

    pub(super) fn answers(&self, id: &str) -> bool {
        let matches = |raw: &RawValue| string(raw).as_deref().unwrap_or(raw.get()) == id;
        self.id.is_some_and(matches) && self.channel.as_deref().is_some_and(is_meta)
    }

    /// The channel and the JSON text of an event.
    pub(super) fn event(&self) -> Option<(String, &str)> {
        let channel = self.channel.as_deref().filter(|channel| !is_meta(channel))?;
        Some((channel.to_owned(), self.data?.get()))
    }

    pub(super) fn client_id(&self) -> Option<ClientId> {
        self.client_id.clone()
    }

    pub(super) fn error(&self) -> String {
        self.error.clone().unwrap_or_default()
    }

    /// The server's advice, if it gave any; what it leaves out is the default again.
    pub(super) fn counsel(&self) -> Option<Counsel> {
        let advice = self.advice.as_ref()?;
        let default = Counsel::default();
        let action = match advice.reconnect.as_deref() {
            Some("handshake") => Action::Handshake,
            Some("none") => Action::Stop,
            _ => Action::Retry,
        };
        let timeout_ms = advice.timeout.and_then(|timeout| timeout.try_into().ok());
        Some(Counsel {
            action,
            interval: advice.interval.unwrap_or_default(),
            timeout_ms: timeout_ms.unwrap_or(default.timeout_ms),
        })
    }

    /// Whether a handshake reply switches acknowledgement on, in either form (BAYEUX-9.2-6).
    pub(super) fn ack_enabled(&self) -> AckReply {
        #[derive(Deserialize)]
        struct Enabled {
            enabled: bool,
            batch: Option<u64>,
        }
        let text = self.ext_ack().map_or("", RawValue::get);
        if text == "true" {
            return AckReply::On;
        }
        match serde_json::from_str(text) {
            Ok(Enabled { enabled: true, batch: Some(batch) }) => AckReply::From(batch),
            Ok(Enabled { enabled: true, batch: None }) => AckReply::On,
            _ => AckReply::Off,
        }
    }

    /// The number in a connect reply.
    pub(super) fn ack(&self) -> Option<u64> {
        self.ext_ack()?.get().parse().ok()
    }

    fn ext_ack(&self) -> Option<&RawValue> {
        self.ext.as_ref()?.ack
    }
}

/// The advice that a client follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counsel {
    action: Action,
    interval: i64,
    pub(super) timeout_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Retry,
    Handshake,
    Stop,
}

impl Default for Counsel {
    fn default() -> Self {
        Self { action: Action::Retry, interval: 0, timeout_ms: 60_000 }
    }
}

impl Counsel {
    /// Whether to stop: told so, or told not to connect (BAYEUX-8.2).
    pub(super) fn stops(&self) -> bool {
        self.action == Action::Stop || self.interval < 0
    }

    /// Whether to shake hands again.
    pub(super) fn restarts(&self) -> bool {
        self.action == Action::Handshake
    }

    /// Milliseconds to wait.
    pub(super) fn interval_ms(&self) -> u64 {
        self.interval.try_into().unwrap_or_default()
    }
}
