//! The messages of a request body, read without copying and without believing anything.
//!
//! A body is bounded in bytes, in nesting and in messages before anything is stored; members are
//! kept as slices of the body and interpreted one by one, so that one member of a wrong type spoils
//! its own message and not the batch. Unknown members are skipped (BAYEUX-9.1); of a repeated
//! member the last one counts, as in JavaScript.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::config::Limits;

/// Why a body is no batch of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Neither an array of objects nor an object, empty, not UTF-8, or too deep.
    Malformed,
    /// Too many bytes or messages.
    TooLarge,
}

/// Reads an array of messages, or a single one (BAYEUX-1.2), of at most `most` bytes.
pub(crate) fn read<'a>(
    body: &'a [u8],
    most: usize,
    limits: &Limits,
) -> Result<Vec<Message<'a>>, Unreadable> {
    if body.len() > most {
        return Err(Unreadable::TooLarge);
    }
    let text = core::str::from_utf8(body).map_err(|_| Unreadable::Malformed)?;
    if depth(body) > limits.depth {
        return Err(Unreadable::Malformed);
    }
    let mut batch = Batch { messages: Vec::new(), limit: limits.messages, overfull: false };
    let mut json = serde_json::Deserializer::from_str(text);
    let read = if text.trim_start().starts_with('{') {
        Message::deserialize(&mut json).map(|message| batch.messages.push(message))
    } else {
        (&mut batch).deserialize(&mut json)
    };
    if batch.overfull {
        return Err(Unreadable::TooLarge);
    }
    match read.and_then(|()| json.end()) {
        Ok(()) if !batch.messages.is_empty() => Ok(batch.messages),
        _ => Err(Unreadable::Malformed),
    }
}

/// One message as it came: which members it has, not yet what they mean.
#[derive(Debug, Default)]
pub(crate) struct Message<'a> {
    channel: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    client_id: Option<&'a RawValue>,
    subscription: Option<&'a RawValue>,
    supported_connection_types: Option<&'a RawValue>,
    advice: Option<&'a RawValue>,
    ext: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    /// The channel; `Some(Err(()))` if it is there and no string.
    pub(crate) fn channel(&self) -> Option<Result<Cow<'a, str>, ()>> {
        self.channel.map(|raw| string(raw).ok_or(()))
    }

    /// Whether the channel is `name`.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        matches!(self.channel(), Some(Ok(channel)) if channel == name)
    }

    /// The id as the reply repeats it, a number as a string (BAYEUX-1.6).
    pub(crate) fn id(&self, limits: &Limits) -> Result<Option<Cow<'a, str>>, ()> {
        let Some(raw) = self.id else { return Ok(None) };
        let id = match raw.get().as_bytes().first() {
            Some(b'"') => string(raw),
            Some(b'-' | b'0'..=b'9') => Some(Cow::Borrowed(raw.get())),
            _ => None,
        };
        id.filter(|id| id.len() <= limits.name_bytes).map(Some).ok_or(())
    }

    /// The client id, if it is a string.
    pub(crate) fn client_id(&self) -> Option<Cow<'a, str>> {
        self.client_id.and_then(string)
    }

    /// The subscription; `Some(Err(()))` if it is there and neither string nor strings.
    pub(crate) fn subscription(&self) -> Option<Result<Subscription<'a>, ()>> {
        self.subscription.map(|raw| {
            string(raw)
                .map(Subscription::One)
                .or_else(|| strings(raw).map(Subscription::Many))
                .ok_or(())
        })
    }

    /// Whether one of `ours` is among the connection types that the client offers. A client that
    /// does not say is believed to know ours.
    pub(crate) fn supports_any(&self, ours: &[String]) -> bool {
        match self.supported_connection_types {
            None => true,
            Some(raw) => strings(raw).is_some_and(|types| {
                types.iter().any(|theirs| ours.iter().any(|our| our == theirs))
            }),
        }
    }

    /// The client's advice: `None` if it sent none, else the time-out it asks for, ms.
    pub(crate) fn advice(&self) -> Option<Option<u64>> {
        let raw = self.advice.filter(|raw| raw.get().starts_with('{'))?;
        Some(member(raw, "timeout").and_then(number))
    }

    /// Whether a handshake asks for acknowledged messages, in either form (BAYEUX-9.2-1, -6).
    pub(crate) fn wants_ack(&self) -> bool {
        let Some(ack) = self.ext_ack() else { return false };
        ack.get() == "true" || member(ack, "enabled").is_some_and(|raw| raw.get() == "true")
    }

    /// The cursor from which a handshake wants to go on: the last one that an earlier session of the
    /// client was sent (DEC-71).
    pub(crate) fn checkpoint(&self) -> Option<u64> {
        let ack = self.ext_ack().filter(|_| self.wants_ack())?;
        let batch: u64 = member(ack, "batch")?.get().parse().ok()?;
        (batch > 0).then_some(batch)
    }

    /// The cursor that a connect acknowledges, if it is a whole number (DEC-44).
    pub(crate) fn acknowledged(&self) -> Option<u64> {
        self.ext_ack()?.get().parse().ok()
    }

    fn ext_ack(&self) -> Option<&'a RawValue> {
        member(self.ext?, "ack")
    }
}

/// What `/meta/subscribe` names, in the form in which the reply repeats it (BAYEUX-5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Subscription<'a> {
    One(Cow<'a, str>),
    Many(Vec<Cow<'a, str>>),
}

impl Subscription<'_> {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(name) => core::slice::from_ref(name),
            Self::Many(names) => names.as_slice(),
        }
        .iter()
        .map(|name| &**name)
    }
}

/// A string that may borrow from the body.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

pub(crate) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    // It was found to be JSON before, so that what has no escape in it stands there as it is meant.
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'))?;
    if !quoted.contains('\\') {
        return Some(Cow::Borrowed(quoted));
    }
    serde_json::from_str::<Text<'_>>(text).ok().map(|text| text.0)
}

fn strings(raw: &RawValue) -> Option<Vec<Cow<'_, str>>> {
    let texts: Vec<Text<'_>> = serde_json::from_str(raw.get()).ok()?;
    Some(texts.into_iter().map(|text| text.0).collect())
}

/// A number of milliseconds; fractions are cut, negative ones mean nothing.
fn number(raw: &RawValue) -> Option<u64> {
    let text = raw.get();
    text.parse().ok().or_else(|| {
        let number: f64 = serde_json::from_str(text).ok()?;
        (number >= 0.0).then_some(number as u64)
    })
}

/// The last member called `name`, if `raw` is an object that has one.
fn member<'a>(raw: &'a RawValue, name: &'static str) -> Option<&'a RawValue> {
    struct Pick(&'static str);

    impl<'de> Visitor<'de> for Pick {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Text<'de>>()? {
                let value: &'de RawValue = map.next_value()?;
                if key.0 == self.0 {
                    found = Some(value);
                }
            }
            Ok(found)
        }
    }

    serde_json::Deserializer::from_str(raw.get()).deserialize_map(Pick(name)).ok().flatten()
}

/// Collects messages and stops at the bound instead of filling memory first.
struct Batch<'a> {
    messages: Vec<Message<'a>>,
    limit: usize,
    overfull: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Batch<'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Batch<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of Bayeux messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(message) = seq.next_element()? {
            if self.messages.len() == self.limit {
                self.overfull = true;
                return Err(A::Error::custom("too many messages"));
            }
            self.messages.push(message);
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Message<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand, because a derived struct could also be written as an array of its fields.
        deserializer.deserialize_map(MessageVisitor)
    }
}

struct MessageVisitor;

impl<'de> Visitor<'de> for MessageVisitor {
    type Value = Message<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Bayeux message object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message<'de>, A::Error> {
        let mut message = Message::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            // A member that is `null` is absent.
            let value: Option<&'de RawValue> = map.next_value()?;
            match &*key.0 {
                "channel" => message.channel = value,
                "id" => message.id = value,
                "clientId" => message.client_id = value,
                "subscription" => message.subscription = value,
                "supportedConnectionTypes" => message.supported_connection_types = value,
                "advice" => message.advice = value,
                "ext" => message.ext = value,
                _ => {}
            }
        }
        Ok(message)
    }
}

/// The deepest nesting of arrays and objects in a JSON text.
fn depth(json: &[u8]) -> usize {
    let (mut deepest, mut open, mut quoted, mut escaped) = (0, 0_usize, false, false);
    for &byte in json {
        if quoted {
            (quoted, escaped) = match byte {
                _ if escaped => (true, false),
                b'\\' => (true, true),
                b'"' => (false, false),
                _ => (true, false),
            };
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'[' | b'{' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
