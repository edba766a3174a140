//! The JSON that is kept: one compact value behind a reference count.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

use super::{JsonError, JsonKind, JsonRef, Limits, scan, write_string};

/// One valid JSON value, compact, otherwise byte for byte as it was written.
///
/// Compact means without insignificant white space. Key order, the digits of numbers and the
/// escapes in strings stay, so two values are equal only if their texts are (DEC-6). A clone counts
/// a reference.
///
/// It serialises as the value itself and can be read back only by `serde_json`. Reading checks the
/// text again, except for the sizes in [`Limits`]: those are rules for requests, and what was
/// accepted under other rules must stay readable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// Reads exactly one value and makes it compact.
    ///
    /// # Errors
    ///
    /// Those of [`JsonRef::validate`].
    pub fn parse(json: &[u8], limits: &Limits) -> Result<Self, JsonError> {
        JsonRef::validate(json, limits).map(Self::compact)
    }

    /// The JSON string that stands for `text`, written as [`write_string`] does.
    pub fn string(text: &str) -> Self {
        let mut json = String::with_capacity(text.len() + 2);
        write_string(&mut json, text);
        Self(Arc::from(json))
    }

    /// The value as compact JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, to be read.
    pub fn as_ref(&self) -> JsonRef<'_> {
        JsonRef::known(&self.0)
    }

    /// The kind of value this is.
    pub fn kind(&self) -> JsonKind {
        self.as_ref().kind()
    }

    pub(super) fn compact(value: JsonRef<'_>) -> Self {
        let text = value.as_str();
        match scan::find_space(text.as_bytes(), 0) {
            None => Self(Arc::from(text)),
            Some(_) => {
                let mut json = String::with_capacity(text.len());
                scan::compact_pieces(text, |piece| json.push_str(piece));
                Self(Arc::from(json))
            }
        }
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_json(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_json(deserializer, |value| Ok(value.to_text()))
    }
}

/// Hands valid JSON to a serializer as it is.
pub(crate) fn serialize_json<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<&RawValue>(json).map_err(ser::Error::custom)?.serialize(serializer)
}

/// Takes JSON as it is from a deserializer, and validates what the raw carrier lets through.
pub(crate) fn deserialize_json<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(JsonRef<'_>) -> Result<T, JsonError>,
) -> Result<T, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    JsonRef::validate_stored(raw.get()).and_then(read).map_err(de::Error::custom)
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for JsonText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "JsonText".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<crate::schema::Json>()
    }
}
