//! The pairs that one request attaches or updates.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::index::hash_of;
use crate::json::{
    JsonError, JsonKind, JsonRef, JsonText, Key, Limits, Problem, compact_pieces, deserialize_json,
    has_space, serialize_json, write_string,
};

/// The pairs of one AttachUserData or UpdateUserData: unique keys in the order of the request.
///
/// Kept as one compact JSON object whose keys are canonical. A clone counts a reference.
#[derive(Clone, PartialEq, Eq)]
pub struct UserDataPatch {
    json: Arc<str>,
    len: usize,
}

impl UserDataPatch {
    /// The members of an object.
    ///
    /// # Errors
    ///
    /// If `value` is not an object or has more keys than a chat may have. Everything else that
    /// DEC-7 refuses, the empty key among it, was refused when `value` was validated.
    pub fn read(value: JsonRef<'_>, limits: &Limits) -> Result<Self, JsonError> {
        if value.kind() != JsonKind::Object {
            return Err(wrong_kind(JsonKind::Object, value.kind()));
        }
        let text = value.as_str();
        let mut len = 0;
        // Two braces and one comma less than members.
        let mut bytes = 1;
        let mut canonical = true;
        for (key, value) in value.members() {
            len += 1;
            bytes += key.as_json().len() + value.as_str().len() + 2;
            canonical &= !key.has_escape() && !has_space(value);
        }
        if len > limits.max_keys {
            let problem = Problem::TooManyKeys { keys: len, max: limits.max_keys };
            return Err(JsonError::new(problem, 0, String::new()));
        }
        if canonical && bytes.max(2) == text.len() {
            return Ok(Self { json: Arc::from(text), len });
        }
        let mut json = String::with_capacity(text.len());
        json.push('{');
        for (key, value) in value.members() {
            key.write_canonical(&mut json);
            json.push(':');
            compact_pieces(value.as_str(), |piece| json.push_str(piece));
            json.push(',');
        }
        if len > 0 {
            json.pop();
        }
        json.push('}');
        Ok(Self { json: Arc::from(json), len })
    }

    /// One pair, such as a disposition (DEC-8).
    ///
    /// # Errors
    ///
    /// If `key` is empty or too long (DEC-7).
    pub fn single(key: &str, value: &JsonText, limits: &Limits) -> Result<Self, JsonError> {
        let problem = if key.is_empty() {
            Problem::EmptyKey
        } else if key.len() > limits.max_key_bytes {
            Problem::KeyTooLong { bytes: key.len(), max: limits.max_key_bytes }
        } else {
            let mut json = String::with_capacity(key.len() + value.as_str().len() + 5);
            json.push('{');
            write_string(&mut json, key);
            json.push(':');
            json.push_str(value.as_str());
            json.push('}');
            return Ok(Self { json: Arc::from(json), len: 1 });
        };
        Err(JsonError::new(problem, 0, String::new()))
    }

    /// The pairs as a compact JSON object.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no pairs, which is allowed (DEC-4).
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keys and values in the order of the request.
    pub fn pairs(&self) -> impl Iterator<Item = (Key<'_>, JsonRef<'_>)> {
        JsonRef::known(&self.json).members()
    }

    #[inline]
    pub(super) fn entries(&self) -> impl Iterator<Item = PatchEntry<'_>> {
        let mut at = 1;
        self.pairs().map(move |(key, value)| {
            let len = key.as_json().len() + 1 + value.as_str().len();
            let pair = &self.json[at..at + len];
            at += len + 1;
            PatchEntry { pair, key_len: key.as_json().len() }
        })
    }
}

/// One pair of a patch, as it goes into a block.
#[derive(Clone, Copy)]
pub(super) struct PatchEntry<'a> {
    pair: &'a str,
    key_len: usize,
}

impl<'a> PatchEntry<'a> {
    /// `"key":value`
    pub(super) fn pair(&self) -> &'a str {
        self.pair
    }

    pub(super) fn key(&self) -> &'a str {
        &self.pair[..self.key_len]
    }

    pub(super) fn value(&self) -> &'a str {
        &self.pair[self.key_len + 1..]
    }

    pub(super) fn hash(&self) -> u32 {
        hash_of(self.key())
    }
}

pub(super) fn wrong_kind(expected: JsonKind, found: JsonKind) -> JsonError {
    JsonError::new(Problem::WrongKind { expected, found }, 0, String::new())
}

impl fmt::Debug for UserDataPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserDataPatch({})", self.json)
    }
}

impl Serialize for UserDataPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_json(&self.json, serializer)
    }
}

impl<'de> Deserialize<'de> for UserDataPatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_json(deserializer, |value| Self::read(value, &Limits::STORED))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for UserDataPatch {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "UserDataPatch".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Pairs to attach or update; values are any JSON.",
            "type": "object",
            "propertyNames": { "minLength": 1 },
        })
    }
}
