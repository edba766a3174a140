//! The pairs that one request attaches or updates.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::index::hash_of;
use crate::json::{
    JsonError, JsonKind, JsonRef, JsonText, Key, Limits, Outlined, Problem, compact_pieces,
    deserialize_json, find_space, serialize_json, string_end, value_end, write_string,
};

/// The pairs of one AttachUserData or UpdateUserData: unique keys in the order of the request.
///
/// Kept as one compact JSON object whose keys are canonical. A clone counts a reference.
#[derive(Clone)]
pub struct UserDataPatch {
    json: Arc<str>,
    len: u32,
    /// Where the first pairs are, so that the few pairs of an ordinary request are found once.
    marks: [Mark; 4],
}

/// A pair's place in the text, counted from where it begins; not known if the length is 0.
#[derive(Clone, Copy, Default)]
struct Mark {
    key_len: u16,
    len: u16,
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
        let bytes = text.as_bytes();
        let mut len = 0;
        let mut marks = [Mark::default(); 4];
        // Where the next pair is if there is no white space.
        let mut next = 1;
        let mut members = value.members();
        while let Some(at) = members.next_span() {
            if at.key != next
                || at.value != at.key_end + 1
                || find_space(&bytes[at.value..at.value_end], 0).is_some()
            {
                return Self::rewritten(value, limits);
            }
            if let Some(mark) = marks.get_mut(len) {
                *mark = Mark::new(at.key_end - at.key, at.value_end - at.key);
            }
            len += 1;
            next = at.value_end + 1;
        }
        // Behind the last pair stands the closing brace, and nothing was to be escaped.
        if next.max(2) != bytes.len() || bytes.contains(&b'\\') {
            return Self::rewritten(value, limits);
        }
        check_count(len, limits)?;
        Ok(Self { json: Arc::from(text), len: len as u32, marks })
    }

    /// The member `name` of `body`, if the validating pass has found it as [`Self::read`] would keep
    /// it; nothing is left to look at then.
    pub(crate) fn at_hand(
        body: &Outlined<'_>,
        name: &str,
        limits: &Limits,
    ) -> Result<Option<Self>, JsonError> {
        let Some((text, pairs)) = body.plain_object(name) else { return Ok(None) };
        let mut len = 0;
        let mut marks = [Mark::default(); 4];
        for (key_len, pair_len) in pairs {
            if let Some(mark) = marks.get_mut(len) {
                *mark = Mark::new(key_len, pair_len);
            }
            len += 1;
        }
        check_count(len, limits)?;
        Ok(Some(Self { json: Arc::from(text), len: len as u32, marks }))
    }

    /// The same for an object that is not written compactly and canonically.
    fn rewritten(object: JsonRef<'_>, limits: &Limits) -> Result<Self, JsonError> {
        let mut json = String::with_capacity(object.as_str().len());
        let mut len = 0;
        let mut marks = [Mark::default(); 4];
        json.push('{');
        for (key, value) in object.members() {
            let start = json.len();
            key.write_canonical(&mut json);
            let key_len = json.len() - start;
            json.push(':');
            compact_pieces(value.as_str(), |piece| json.push_str(piece));
            if let Some(mark) = marks.get_mut(len) {
                *mark = Mark::new(key_len, json.len() - start);
            }
            json.push(',');
            len += 1;
        }
        if len > 0 {
            json.pop();
        }
        json.push('}');
        check_count(len, limits)?;
        Ok(Self { json: Arc::from(json), len: len as u32, marks })
    }

    /// An object that is compact and canonical already.
    pub(super) fn canonical(json: String) -> Self {
        let members = JsonRef::known(&json).members();
        let len = members.count();
        Self { json: Arc::from(json), len: len as u32, marks: Default::default() }
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
            return Ok(Self::canonical(json));
        };
        Err(JsonError::new(problem, 0, String::new()))
    }

    /// The pairs as a compact JSON object.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.len as usize
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
        let json = &*self.json;
        let mut start = 1;
        (0..self.len()).map(move |nth| {
            let (key_len, len) = match self.marks.get(nth) {
                Some(mark) if mark.len > 0 => (usize::from(mark.key_len), usize::from(mark.len)),
                _ => {
                    let key_end = string_end(json.as_bytes(), start);
                    (key_end - start, value_end(json.as_bytes(), key_end + 1) - start)
                }
            };
            let pair = &json[start..start + len];
            start += len + 1;
            PatchEntry { pair, key_len }
        })
    }
}

impl Mark {
    #[inline]
    fn new(key_len: usize, len: usize) -> Self {
        match u16::try_from(len) {
            Ok(len) => Self { key_len: key_len as u16, len },
            Err(_) => Self::default(),
        }
    }
}

impl PartialEq for UserDataPatch {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for UserDataPatch {}

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

fn check_count(keys: usize, limits: &Limits) -> Result<(), JsonError> {
    if keys <= limits.max_keys {
        return Ok(());
    }
    Err(JsonError::new(Problem::TooManyKeys { keys, max: limits.max_keys }, 0, String::new()))
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

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        crate::schema::described_pairs(generator, "Pairs to attach or update; values are any JSON.")
    }
}
