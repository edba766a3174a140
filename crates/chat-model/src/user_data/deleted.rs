//! The keys that one request deletes.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::patch::wrong_kind;
use crate::json::{
    JsonError, JsonKind, JsonRef, Key, Limits, deserialize_json, serialize_json, write_string,
};

/// The keys of one DeleteUserData: unique, in the order of the request.
///
/// A key that no chat can have (empty, too long) is unknown like any other and allowed (DEC-3).
/// Kept as one compact JSON array of canonical strings. A clone counts a reference.
#[derive(Clone, PartialEq, Eq)]
pub struct UserDataKeys {
    json: Arc<str>,
    len: usize,
}

impl UserDataKeys {
    /// The elements of an array of strings; one that occurs twice counts once (DEC-3).
    ///
    /// # Errors
    ///
    /// If `value` is not an array or an element is not a string.
    pub fn read(value: JsonRef<'_>, _limits: &Limits) -> Result<Self, JsonError> {
        if value.kind() != JsonKind::Array {
            return Err(wrong_kind(JsonKind::Array, value.kind()));
        }
        if let Some(other) = value.elements().find(|element| element.kind() != JsonKind::String) {
            return Err(wrong_kind(JsonKind::String, other.kind()));
        }
        Ok(value.elements().filter_map(JsonRef::decode_string).collect())
    }

    /// How many different keys there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no keys, which is allowed (DEC-4).
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The keys as a compact JSON array of strings.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The keys in the order of the request.
    pub fn iter(&self) -> impl Iterator<Item = Key<'_>> {
        self.canonical().map(Key::known)
    }

    /// The keys as JSON strings.
    pub(super) fn canonical(&self) -> impl Iterator<Item = &str> {
        JsonRef::known(&self.json).elements().map(JsonRef::as_str)
    }
}

/// Collects keys by their text; one that occurs twice counts once.
impl<K: AsRef<str>> FromIterator<K> for UserDataKeys {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut seen = BTreeSet::new();
        let mut json = String::from("[");
        for key in keys {
            let mut canonical = String::new();
            write_string(&mut canonical, key.as_ref());
            if !seen.contains(&canonical) {
                if !seen.is_empty() {
                    json.push(',');
                }
                json.push_str(&canonical);
                seen.insert(canonical);
            }
        }
        json.push(']');
        Self { json: Arc::from(json), len: seen.len() }
    }
}

impl fmt::Debug for UserDataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserDataKeys({})", self.json)
    }
}

impl Serialize for UserDataKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_json(&self.json, serializer)
    }
}

impl<'de> Deserialize<'de> for UserDataKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_json(deserializer, |value| Self::read(value, &Limits::STORED))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for UserDataKeys {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "UserDataKeys".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The keys to delete; unknown ones are ignored.",
            "type": "array",
            "items": { "type": "string" },
        })
    }
}
