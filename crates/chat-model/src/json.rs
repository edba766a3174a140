//! Exact JSON: one value, validated once, kept byte for byte.
//!
//! User data must come out as it went in: key order at every depth, numbers by their written
//! digits, strings with their own escapes (DEC-6). A tree of parsed values loses some of that and
//! costs most of the time, so nothing here builds one. A body is validated in one pass
//! ([`JsonRef::validate`]) and then read as slices of itself; what is kept longer than the request
//! is compact text ([`JsonText`]).
//!
//! Deliberately absent: a tree to navigate and change, numbers as floating point, and any
//! dependence on how other crates in a build configure their JSON library.

mod error;
mod keys;
mod object;
mod outlined;
mod parts;
mod scan;
mod string;
mod text;
mod validate;

use alloc::borrow::Cow;
use core::fmt;

pub use error::JsonError;
pub(crate) use error::Problem;
pub(crate) use object::only_from_an_object;
pub use outlined::Outlined;
use parts::Parts;
pub use parts::{Elements, Key, Members};
pub(crate) use scan::{compact_pieces, find_space, string_end, value_end};
pub use string::write_string;
pub(crate) use string::{content_len, write_string_content};
pub use text::JsonText;
pub(crate) use text::{deserialize_json, serialize_json};

/// How large a JSON text may be (DEC-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a whole body: 1 MiB. More than 64 MiB counts as 64 MiB.
    pub max_body_bytes: usize,
    /// Containers inside each other, the outermost counted: 64. More than 128 counts as 128.
    pub max_depth: usize,
    /// Keys in the user data of one chat: 10,000.
    pub max_keys: usize,
    /// Bytes of one key, decoded, in UTF-8: 1,024.
    pub max_key_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    /// The limits that hold unless something else is said.
    pub const DEFAULT: Self =
        Self { max_body_bytes: 1 << 20, max_depth: 64, max_keys: 10_000, max_key_bytes: 1024 };

    /// For what was accepted once and comes back from a store: the rules for requests may have
    /// been others then, so only what keeps the text sound is checked again.
    pub(crate) const STORED: Self = Self {
        max_body_bytes: STORED_BYTES,
        max_depth: usize::MAX,
        max_keys: usize::MAX,
        max_key_bytes: usize::MAX,
    };
}

/// Positions inside a text, and in a block of user data, are kept as `u32`.
const REQUEST_BYTES: usize = 64 << 20;
const STORED_BYTES: usize = 1 << 31;

/// The six kinds of JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// Digits, with sign, fraction and exponent as written
    Number,
    /// Text in quotes
    String,
    /// Values in order
    Array,
    /// Members in order, no key twice
    Object,
}

impl JsonKind {
    /// The kind of the value that begins with `first`.
    #[inline]
    fn of(first: Option<&u8>) -> Self {
        match first {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for JsonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// One valid JSON value as it stands in a body, white space included.
///
/// Reading it allocates nothing: members and elements are slices of the same text.
///
/// ```
/// use chat_model::{JsonRef, Limits};
/// let body = br#"{ "operationName": "UpdateUserData", "userData": { "n": 1.0 } }"#;
/// let body = JsonRef::validate(body, &Limits::default())?;
/// assert_eq!(body.get("operationName").unwrap().decode_string().unwrap(), "UpdateUserData");
/// assert_eq!(body.get("userData").unwrap().to_text().as_str(), r#"{"n":1.0}"#);
/// # Ok::<(), chat_model::JsonError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct JsonRef<'a>(&'a str);

impl<'a> JsonRef<'a> {
    /// Reads `json`, which must be exactly one value with white space around it at most.
    ///
    /// # Errors
    ///
    /// Anything that is not JSON by RFC 8259 in UTF-8 without a byte order mark, and, by DEC-7, at
    /// every depth: a key that occurs twice in one object (compared decoded, so `"a"` and
    /// `"\u0061"` are one key), a lone surrogate, too deep a nesting, an empty key, a key or a body
    /// that is too long. Numbers are not judged by their size: `1e999` is kept as it is.
    pub fn validate(json: &'a [u8], limits: &Limits) -> Result<Self, JsonError> {
        Outlined::validate(json, limits).map(|outlined| outlined.value())
    }

    pub(crate) fn validate_stored(json: &'a str) -> Result<Self, JsonError> {
        Outlined::validate_within(json.as_bytes(), &Limits::STORED, STORED_BYTES)
            .map(|outlined| outlined.value())
    }

    /// The kind of value this is.
    #[inline]
    pub fn kind(self) -> JsonKind {
        JsonKind::of(self.0.as_bytes().first())
    }

    /// The text, without white space around it.
    #[inline]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// A compact copy that can be kept.
    pub fn to_text(self) -> JsonText {
        JsonText::compact(self)
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == JsonKind::Null
    }

    /// `true` or `false`; `None` for another kind.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == JsonKind::Boolean).then(|| self.0.starts_with('t'))
    }

    /// A number written as an integer that fits; `None` for `1.0`, `1e2` and another kind.
    pub fn as_u64(self) -> Option<u64> {
        (self.kind() == JsonKind::Number).then(|| self.0.parse().ok()).flatten()
    }

    /// A number written as an integer that fits; `None` for `1.0`, `1e2` and another kind.
    pub fn as_i64(self) -> Option<i64> {
        (self.kind() == JsonKind::Number).then(|| self.0.parse().ok()).flatten()
    }

    /// The text of a string, its escapes resolved; `None` for another kind.
    pub fn decode_string(self) -> Option<Cow<'a, str>> {
        (self.kind() == JsonKind::String).then(|| string::decode(&self.0[1..self.0.len() - 1]))
    }

    /// The members of an object in order; none for another kind.
    #[inline]
    pub fn members(self) -> Members<'a> {
        Members(Parts::of(self, JsonKind::Object))
    }

    /// The elements of an array in order; none for another kind.
    #[inline]
    pub fn elements(self) -> Elements<'a> {
        Elements(Parts::of(self, JsonKind::Array))
    }

    /// The member of an object whose decoded key is `name`.
    pub fn get(self, name: &str) -> Option<JsonRef<'a>> {
        let mut members = self.members();
        while let Some(at) = members.next_span() {
            // An escape is longer than what it stands for, so a shorter key is another one.
            if at.key_end - at.key >= name.len() + 2 && Key(&self.0[at.key..at.key_end]) == *name {
                return Some(JsonRef(&self.0[at.value..at.value_end]));
            }
        }
        None
    }

    /// The part of a valid text that is itself a value.
    #[inline]
    pub(crate) fn known(text: &'a str) -> Self {
        Self(text)
    }
}

impl fmt::Display for JsonRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
