//! Requests that their client may send again: the name it gives them, what they say in short, and
//! what they were answered (DEC-48).
//!
//! The words stand here because the journal speaks them: an answer is an event of the record that the
//! request left, so it is there if and only if the request had its effect, and wherever the record is.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::event::Record;
use crate::id::UserId;
use crate::reply::Reply;

/// The client's name for a request: 1 to 64 visible ASCII characters (DEC-48).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct RequestKey(Box<str>);

impl RequestKey {
    /// How long a key may be.
    pub const MAX_LEN: usize = 64;

    /// Takes the text as it is; `None` if it is no key.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// The key as the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestKey({:?})", self.as_str())
    }
}

impl TryFrom<String> for RequestKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("expected a key of 1 to 64 visible ASCII characters")
    }
}

/// What a request says, in 128 bits of a hash that the host chooses: two requests with one key are the
/// same if these are.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(into = "String", try_from = "String")]
pub struct RequestDigest([u8; 16]);

impl RequestDigest {
    /// Takes the 16 bytes as they are.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RequestDigest {
    /// Writes 32 lower-case hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RequestDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestDigest({self})")
    }
}

impl From<RequestDigest> for String {
    fn from(digest: RequestDigest) -> Self {
        alloc::format!("{digest}")
    }
}

impl TryFrom<String> for RequestDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected a digest of 32 lower-case hex digits";
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return Err(EXPECTED);
        }
        u128::from_str_radix(&text, 16).map(|n| Self(n.to_be_bytes())).map_err(|_| EXPECTED)
    }
}

#[cfg(feature = "schema")]
macro_rules! text_schema {
    ($($Name:ident: $pattern:literal, $description:literal;)+) => {$(
        impl schemars::JsonSchema for $Name {
            fn schema_name() -> alloc::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "description": $description, "type": "string", "pattern": $pattern,
                })
            }
        }
    )+};
}

#[cfg(feature = "schema")]
text_schema! {
    RequestKey: "^[!-~]{1,64}$", "The client's name for a request (DEC-48).";
    RequestDigest: "^[0-9a-f]{32}$", "What a request says, in 128 bits of a hash, as hex digits.";
}

/// A request that its client may send again.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyedRequest {
    /// Whose it is, and so within what the key names it.
    pub scope: KeyScope,
    /// The client's name for it.
    pub key: RequestKey,
    /// What it says. What the body alone does not tell, such as whose part in the chat it is about,
    /// is to be in it.
    pub digest: RequestDigest,
}

impl KeyedRequest {
    /// A request of this name that says this.
    pub const fn new(scope: KeyScope, key: RequestKey, digest: RequestDigest) -> Self {
        Self { scope, key, digest }
    }

    /// That it was answered like this.
    pub(crate) fn answered(&self, reply: Reply) -> Answer {
        let Self { scope, key, digest } = self.clone();
        Answer { scope, key, digest, reply }
    }
}

/// Whose requests a key tells apart: within one scope it names one of them (DEC-48).
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum KeyScope {
    /// The requests of one user about the chat, supervisors' included.
    User(UserId),
    /// Those of the visitor about the chat.
    Visitor,
    /// RequestChat: those of everybody to the contact centre. A host that looks for the chat by the
    /// key finds here that it is the right one.
    Center,
}

/// What a request was answered, kept for the client that asks again.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Answer {
    /// Within what the key names the request.
    pub scope: KeyScope,
    /// The client's name for the request.
    pub key: RequestKey,
    /// What the request said.
    pub digest: RequestDigest,
    /// What it was answered.
    pub reply: Reply,
}

/// What becomes of a request that may have come before.
#[derive(Clone, PartialEq, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a host must do something in either case; a third one has to break its build"
)]
pub enum Once {
    /// It has: this is what it was answered. Nothing is to happen.
    Before {
        /// The answer, the same bytes.
        reply: Reply,
    },
    /// It has not.
    Now {
        /// What happens, the answer included. Append it before answering; only then is it so.
        record: Record,
        /// The answer, which may be a refusal.
        reply: Reply,
    },
}
