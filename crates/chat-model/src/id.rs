//! Names of the things in a chat: chats, users, participants, queues, visitors.
//!
//! Every id is an opaque string in the documents (PLAT-1.5-11). The newtypes keep them apart and
//! are cheap to clone, because one id travels into events, notices and the journal.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use crate::chat::Chat;

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            text: Arc<str>,
            /// Whether it stands in a JSON string as it is, which nearly every id does.
            plain: bool,
        }

        impl $name {
            /// Names the thing that `text` names. The text is kept as it is.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self::from_arc(Arc::from(text.as_ref()))
            }

            fn from_arc(text: Arc<str>) -> Self {
                let plain = text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\');
                Self { text, plain }
            }

            /// The id as it is written on the wire.
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// Appends the id for the inside of a JSON string.
            #[allow(dead_code, reason = "not every kind of id is printed by hand")]
            pub(crate) fn write_content(&self, out: &mut String) {
                if self.plain {
                    out.push_str(&self.text);
                } else {
                    crate::json::write_string_content(out, &self.text);
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from_arc(Arc::from(text))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> alloc::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "description": concat!($($doc),+), "type": "string" })
            }
        }
    )+};
}

ids! {
    /// A chat as agents name it, such as `0000Wa9CAM6W00J` (PLAT-1.5-6).
    ChatId
    /// A user of the contact centre, on the wire 32 lower-case hex digits (PLAT-1.5-1).
    UserId
    /// A participant as agents see it, 16 upper-case hex digits (PLAT-1.5-7).
    ParticipantId
    /// A queue by the name that `queueName` and `endpoint` carry.
    QueueName
    /// A chat as its visitor names it: a UUID and the visitor's only secret (CUST-1.7).
    VisitorId
}

/// Where new ids come from: chance is an argument, so that the same call gives the same bytes.
pub trait NewIds {
    /// The id of the next participant to join (PLAT-1.5-7).
    fn participant(&mut self) -> ParticipantId;

    /// The name of a chat for its visitor: a UUID that nobody can guess (CUST-1.7).
    fn visitor(&mut self) -> VisitorId;
}

/// Ids that count upwards from a number: for tests, for replay and for embedders without chance.
///
/// ```
/// use chat_model::{CountingIds, NewIds};
/// let mut ids = CountingIds::from_seed(0x007352CE984F0321);
/// assert_eq!(ids.participant().as_str(), "007352CE984F0321");
/// assert_eq!(ids.participant().as_str(), "007352CE984F0322");
/// ```
#[derive(Debug, Clone)]
pub struct CountingIds {
    next: u64,
}

impl CountingIds {
    /// Starts at `seed`, printed as 16 upper-case hex digits.
    pub fn from_seed(seed: u64) -> Self {
        Self { next: seed }
    }

    /// Starts at a number made from the chat's id and revision (FNV-1a), for who has no chance at hand:
    /// the same chat gets the same ids, and its next operation others.
    pub fn of_chat(chat: &Chat) -> Self {
        let bytes = chat.id().as_str().bytes().chain(chat.revision().to_le_bytes());
        Self::from_seed(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }
}

impl NewIds for CountingIds {
    fn participant(&mut self) -> ParticipantId {
        let id = ParticipantId::from(alloc::format!("{:016X}", self.next));
        self.next = self.next.wrapping_add(1);
        id
    }

    fn visitor(&mut self) -> VisitorId {
        let n = self.next;
        self.next = self.next.wrapping_add(1);
        // The shape of a version 4 UUID; the digits only count.
        VisitorId::from(alloc::format!(
            "00000000-0000-4000-8{:03x}-{:012x}",
            n >> 48 & 0xfff,
            n & 0xffff_ffff_ffff
        ))
    }
}

impl ChatId {
    /// Whether the id can be a part of an address as it is: letters, digits, `-`, `_` and `.`, and more
    /// than dots.
    pub fn is_segment(&self) -> bool {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        self.as_str().bytes().all(fits) && self.as_str().bytes().any(|b| b != b'.')
    }

    /// The relative address of the chat, `/chats/{id}` (CHAT-1.9).
    pub fn path(&self) -> String {
        let mut path = "/chats/".to_owned();
        path.push_str(self.as_str());
        path
    }
}
