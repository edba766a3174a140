//! User data: an ordered map of unique keys to exact JSON, and the laws of attach, update, delete.
//!
//! Serialising again what did not change is nearly the whole cost of a notification, so the map
//! *is* its serialised text, cut into blocks of about 32 entries. A change splices one block;
//! printing copies the blocks one after the other. An index from keys to blocks exists only when
//! there is more than one block.

mod block;
mod deleted;
mod index;
mod patch;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json::{
    JsonError, JsonRef, Key, Limits, deserialize_json, serialize_json, write_string,
};
use block::Block;
pub use deleted::UserDataKeys;
use index::{Index, hash_of};
pub use patch::UserDataPatch;

/// The user data of a chat.
///
/// - Every key is unique, compared by its decoded text. A key that exists keeps its place when its
///   value changes; new keys are appended in the order of the request (DEC-1).
/// - Attaching and updating are the same function (DEC-2): [`merge`](Self::merge). Deleting ignores
///   unknown keys (DEC-3): [`remove`](Self::remove). Both are idempotent, and neither can fail.
/// - Keys are printed as [`write_string`] writes them, values as they were written
///   without insignificant white space (DEC-6).
///
/// Two maps are equal if they print the same, however they were built.
///
/// ```
/// use chat_model::{JsonRef, Limits, UserData, UserDataPatch};
/// let limits = Limits::default();
/// let patch = |json: &'static str| {
///     let json = JsonRef::validate(json.as_bytes(), &limits).unwrap();
///     UserDataPatch::read(json, &limits).unwrap()
/// };
/// let mut data = UserData::from_patch(&patch(r#"{ "a": 1.0, "b": null }"#));
/// data.merge(&patch(r#"{"c":[1, 2],"a":"x"}"#));
/// assert_eq!(data.to_string(), r#"{"a":"x","b":null,"c":[1,2]}"#);
/// ```
#[derive(Clone, Default)]
pub struct UserData {
    blocks: Vec<Block>,
    /// Only when there is more than one block.
    index: Option<Index>,
    /// Entries in all blocks.
    len: usize,
    /// Bytes in all blocks; each entry has a comma behind it.
    bytes: usize,
}

impl UserData {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The pairs of `patch` and nothing else.
    pub fn from_patch(patch: &UserDataPatch) -> Self {
        let mut data = Self::new();
        data.merge(patch);
        data
    }

    /// The members of an object.
    ///
    /// # Errors
    ///
    /// If `value` is not an object or has more keys than a chat may have (DEC-7).
    pub fn read(value: JsonRef<'_>, limits: &Limits) -> Result<Self, JsonError> {
        UserDataPatch::read(value, limits).map(|patch| Self::from_patch(&patch))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<JsonRef<'_>> {
        let mut canonical = String::with_capacity(key.len() + 2);
        write_string(&mut canonical, key);
        let place = self.find(&canonical, hash_of(&canonical))?;
        Some(self.blocks[place.block].value(place.entry, canonical.len()))
    }

    /// Whether `key` has a value.
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (Key<'_>, JsonRef<'_>)> {
        self.blocks.iter().flat_map(Block::iter)
    }

    /// How many keys there would be after [`merge`](Self::merge): what DEC-7 limits.
    pub fn len_after(&self, patch: &UserDataPatch) -> usize {
        let new = patch.entries().filter(|entry| self.find(entry.key(), entry.hash()).is_none());
        self.len + new.count()
    }

    /// Gives every key of `patch` its value from `patch` (DEC-1, DEC-2).
    pub fn merge(&mut self, patch: &UserDataPatch) {
        // What a new block makes room for, at most.
        let mut expected = patch.as_json().len();
        for entry in patch.entries() {
            let (key, hash) = (entry.key(), entry.hash());
            match self.find(key, hash) {
                Some(Place { block, entry: at }) => {
                    let block = &mut self.blocks[block];
                    let before = block.bytes();
                    block.replace(at, key.len(), entry.value());
                    self.bytes = self.bytes - before + block.bytes();
                }
                None => self.push(entry.pair(), hash, expected),
            }
            expected -= entry.pair().len() + 1;
        }
        self.tidy();
    }

    /// Removes `keys`, as far as they exist (DEC-3).
    pub fn remove(&mut self, keys: &UserDataKeys) {
        for key in keys.canonical() {
            let hash = hash_of(key);
            let Some(Place { block: at, entry }) = self.find(key, hash) else { continue };
            let block = &mut self.blocks[at];
            let before = block.bytes();
            block.remove(entry);
            self.bytes = self.bytes - before + block.bytes();
            self.len -= 1;
            if let Some(index) = &mut self.index {
                index.remove(hash, at);
            }
        }
        self.tidy();
    }

    /// Appends the map as a compact JSON object of exactly [`json_len`](Self::json_len) bytes.
    pub fn write_json(&self, out: &mut String) {
        out.reserve(self.json_len());
        out.push('{');
        for block in &self.blocks {
            out.push_str(block.text());
        }
        if self.len > 0 {
            out.pop();
        }
        out.push('}');
    }

    /// How many bytes [`write_json`](Self::write_json) appends, without looking at them.
    pub fn json_len(&self) -> usize {
        // One comma less than entries, and two braces.
        if self.len == 0 { 2 } else { self.bytes + 1 }
    }

    /// The map as a compact JSON object.
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    /// The whole map as the pairs of one request.
    pub fn to_patch(&self) -> UserDataPatch {
        UserDataPatch::canonical(self.to_json())
    }

    /// Where the entry with this canonical key is.
    #[inline]
    fn find(&self, key: &str, hash: u32) -> Option<Place> {
        match &self.index {
            None => {
                let entry = self.blocks.first()?.find(key, hash)?;
                Some(Place { block: 0, entry })
            }
            Some(index) => {
                let (block, entry) =
                    index.find(hash, |block| self.blocks[block].find(key, hash))?;
                Some(Place { block, entry })
            }
        }
    }

    /// Appends an entry whose key is new; `expected` bytes of entries may follow, itself included.
    fn push(&mut self, pair: &str, hash: u32, expected: usize) {
        if self.blocks.last().is_none_or(Block::is_full) {
            self.start_block(expected);
        }
        let last = self.blocks.len() - 1;
        self.blocks[last].push(pair, hash);
        if let Some(index) = &mut self.index {
            index.insert(hash, last);
        }
        self.len += 1;
        self.bytes += pair.len() + 1;
    }

    fn start_block(&mut self, expected: usize) {
        let mut capacity = expected.min(block::BYTES);
        if let Some(full) = self.blocks.last_mut() {
            full.shrink();
            // The next block will be much like this one.
            capacity = capacity.min(full.bytes() + full.bytes() / 8);
        }
        if self.blocks.len() == self.blocks.capacity() {
            // Grows by an eighth where a vector would double.
            self.blocks.reserve_exact(1 + self.blocks.len() / 8);
        }
        self.blocks.push(Block::with_capacity(capacity));
        if self.index.is_none() && self.blocks.len() > 1 {
            let mut index = Index::default();
            for &hash in self.blocks[0].hashes() {
                index.insert(hash, 0);
            }
            self.index = Some(index);
        }
    }

    /// Packs the entries anew when deletions, or values that became smaller, have left more than
    /// twice the blocks that are needed: memory follows the content, and the cost is spread over the
    /// requests that caused it.
    #[inline]
    fn tidy(&mut self) {
        let needed = self.len / block::ENTRIES + self.bytes / block::BYTES + 1;
        if self.blocks.len() <= 2 * needed {
            return;
        }
        self.pack();
    }

    #[cold]
    fn pack(&mut self) {
        let mut packed = Self::new();
        let mut expected = self.bytes;
        for (pair, hash) in self.blocks.iter().flat_map(Block::pairs) {
            packed.push(pair, hash, expected);
            expected -= pair.len() + 1;
        }
        *self = packed;
    }
}

struct Place {
    block: usize,
    entry: usize,
}

impl PartialEq for UserData {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len
            && self.bytes == other.bytes
            && self
                .blocks
                .iter()
                .flat_map(|block| block.text().bytes())
                .eq(other.blocks.iter().flat_map(|block| block.text().bytes()))
    }
}

impl Eq for UserData {}

impl fmt::Display for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({self})")
    }
}

impl Serialize for UserData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_json(&self.to_json(), serializer)
    }
}

impl<'de> Deserialize<'de> for UserData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_json(deserializer, |value| Self::read(value, &Limits::STORED))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for UserData {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "UserData".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        crate::schema::described_pairs(
            generator,
            "Ordered pairs of the application's choosing; values are any JSON.",
        )
    }
}

#[cfg(test)]
mod tests;
