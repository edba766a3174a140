//! JSON texts one after the other: what files of operations, captures and recordings hold.

use std::path::Path;

use chat_model::{JsonKind, JsonRef};
use serde_json::value::RawValue;

use crate::exit::Failure;

/// The texts of `bytes`, whatever space is between them.
///
/// # Errors
/// Says which text is none, and why.
pub(super) fn split<'a>(file: &Path, bytes: &'a [u8]) -> Result<Vec<&'a str>, Failure> {
    let texts = serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>();
    let texts: Result<Vec<&str>, _> = texts.map(|text| text.map(RawValue::get)).collect();
    texts.map_err(|error| Failure::failed(format!("{}: {error}", super::name(file))))
}

/// `text` as JSON as strict as the server's.
///
/// # Errors
/// What is wrong with it.
pub(super) fn strict(text: &str) -> Result<JsonRef<'_>, String> {
    JsonRef::validate(text.as_bytes(), &super::file_limits()).map_err(|error| error.to_string())
}

/// The body of a request, which is an object.
pub(super) fn body(text: &str) -> Result<JsonRef<'_>, String> {
    let json = strict(text)?;
    match json.kind() {
        JsonKind::Object => Ok(json),
        other => Err(format!("expected an operation, which is an object, found {other}")),
    }
}
