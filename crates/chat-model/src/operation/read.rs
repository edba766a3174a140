//! Parameters from JSON, a missing one told apart from a wrong one (DEC-4).
//!
//! Each parameter type says once how it is read and how it is described; the table of operations
//! uses both.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use core::fmt;

use crate::json::{JsonKind, JsonRef, Limits, Outlined};
use crate::rejection::Rejection;
use crate::state::{SupervisionMode, SupervisionScope};
use crate::user_data::{UserDataKeys, UserDataPatch};

/// A parameter of an operation as the reference pages describe it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Parameter {
    /// The member of the request body; for a group of members the first of them.
    pub name: &'static str,
    /// What it holds.
    pub kind: ParameterKind,
    /// Whether its absence is refused with code 1.
    pub required: bool,
}

/// What a parameter holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ParameterKind {
    /// Any text.
    Text,
    /// Text of at least one character (DEC-12).
    NonEmptyText,
    /// `true` or `false`.
    Boolean,
    /// An object of any JSON values with unique, non-empty keys (DEC-6, DEC-7).
    UserData,
    /// An array of keys (DEC-3).
    Keys,
    /// The trio `text`, `messageType`, `treatAs` (CHAT-7.0).
    Message,
    /// An agent, as `targetUri` or `targetPath`.
    Agent,
    /// An agent or a queue, as `targetUri` or `targetPath`.
    AgentOrQueue,
    /// An agent as `targetUri` or `targetPath`, or a queue as `queueName` (DEC-12).
    TransferTarget,
    /// `NextChat` or `AllChats` (CHAT-7.0-28).
    SupervisionScope,
    /// `Monitor`, `Coach` or `BargeIn` (CHAT-7.0-30).
    SupervisionMode,
}

/// Text of at least one character (DEC-12).
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Text(pub(super) String);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a text is to be treated; accepted and not echoed anywhere (CHAT-6.12).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum TreatAs {
    /// As something a person says.
    #[default]
    Normal,
    /// As something the system says.
    System,
}

/// The trio `text`, `messageType`, `treatAs`: something to say (CHAT-7.0).
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Outgoing {
    /// What is said; never empty.
    pub text: Text,
    /// A free classification, echoed when the request gave one (DEC-12, CHAT-6.7).
    pub message_type: Option<String>,
    /// How it is to be treated.
    pub treat_as: TreatAs,
}

/// Reads one parameter from the body of a request.
pub(super) trait FromBody: Sized {
    const KIND: ParameterKind;
    const REQUIRED: bool = true;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection>;
}

/// The most bytes of the text parameter `name`, for parsers and schemas alike (DEC-7).
///
/// A nickname stands beside every line of its participant, so that a long one would make a transcript
/// many times as long as what was sent, and a disposition key becomes one of the user data. Other texts
/// are bounded by the body.
pub(crate) fn longest(name: &str, limits: &Limits) -> Option<usize> {
    match name {
        "nickname" => Some(256),
        "dispositionKey" => Some(limits.max_key_bytes),
        _ => None,
    }
}

/// The operation that the body names, before anything else is looked at (DEC-13, DEC-14).
pub(super) fn operation_kind<K>(
    body: &Outlined<'_>,
    from_name: fn(&str) -> Option<K>,
) -> Result<K, Rejection> {
    let found = body.value().kind();
    if found != JsonKind::Object {
        return Err(Rejection::NotAnObject { found });
    }
    let value = required(body, "operationName")?;
    let quoted = value.as_str().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    // Whatever is spelt like a name has no escape to resolve.
    if let Some(kind) = quoted.and_then(from_name) {
        return Ok(kind);
    }
    let name = text(value, "operationName")?;
    from_name(&name).ok_or_else(|| Rejection::UnknownOperation { name: name.into_owned() })
}

/// A member that is there and not `null`: the documents' clients send `null` for "not set".
pub(super) fn present<'a>(body: &Outlined<'a>, name: &str) -> Option<JsonRef<'a>> {
    body.get(name).filter(|value| value.kind() != JsonKind::Null)
}

pub(super) fn text<'a>(value: JsonRef<'a>, name: &'static str) -> Result<Cow<'a, str>, Rejection> {
    let text = value.decode_string();
    text.ok_or_else(|| Rejection::wrong_type(name, "a string", value.kind()))
}

/// A text that is not too long for its parameter.
fn bounded<'a>(
    value: JsonRef<'a>,
    name: &'static str,
    limits: &Limits,
) -> Result<Cow<'a, str>, Rejection> {
    let text = text(value, name)?;
    if let Some(most) = longest(name, limits).filter(|most| text.len() > *most) {
        return Err(Rejection::OutOfRange {
            parameter: name,
            expected: alloc::format!("at most {most} bytes long").into(),
            found: alloc::format!("{} bytes", text.len()),
        });
    }
    Ok(text)
}

fn required<'a>(body: &Outlined<'a>, name: &'static str) -> Result<JsonRef<'a>, Rejection> {
    present(body, name).ok_or(Rejection::missing(name))
}

impl FromBody for String {
    const KIND: ParameterKind = ParameterKind::Text;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        bounded(required(body, name)?, name, limits).map(Cow::into_owned)
    }
}

impl FromBody for Option<String> {
    const KIND: ParameterKind = ParameterKind::Text;
    const REQUIRED: bool = false;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        present(body, name)
            .map(|value| bounded(value, name, limits).map(Cow::into_owned))
            .transpose()
    }
}

impl FromBody for Text {
    const KIND: ParameterKind = ParameterKind::NonEmptyText;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        non_empty(required(body, name)?, name, limits)
    }
}

impl FromBody for Option<Text> {
    const KIND: ParameterKind = ParameterKind::NonEmptyText;
    const REQUIRED: bool = false;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        present(body, name).map(|value| non_empty(value, name, limits)).transpose()
    }
}

fn non_empty(value: JsonRef<'_>, name: &'static str, limits: &Limits) -> Result<Text, Rejection> {
    let text = bounded(value, name, limits)?;
    if text.is_empty() {
        return Err(Rejection::out_of_range(name, "at least one character", "an empty string"));
    }
    Ok(Text(text.into_owned()))
}

impl FromBody for Option<bool> {
    const KIND: ParameterKind = ParameterKind::Boolean;
    const REQUIRED: bool = false;

    fn from_body(body: &Outlined<'_>, name: &'static str, _: &Limits) -> Result<Self, Rejection> {
        let read = |value: JsonRef<'_>| {
            value
                .as_bool()
                .ok_or_else(|| Rejection::wrong_type(name, "true or false", value.kind()))
        };
        present(body, name).map(read).transpose()
    }
}

impl FromBody for UserDataPatch {
    const KIND: ParameterKind = ParameterKind::UserData;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        match Self::at_hand(body, name, limits)? {
            Some(patch) => Ok(patch),
            None => user_data(required(body, name)?, name, limits),
        }
    }
}

impl FromBody for Option<UserDataPatch> {
    const KIND: ParameterKind = ParameterKind::UserData;
    const REQUIRED: bool = false;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        present(body, name).map(|value| user_data(value, name, limits)).transpose()
    }
}

fn user_data(
    value: JsonRef<'_>,
    name: &'static str,
    limits: &Limits,
) -> Result<UserDataPatch, Rejection> {
    if value.kind() != JsonKind::Object {
        return Err(Rejection::wrong_type(name, "an object", value.kind()));
    }
    UserDataPatch::read(value, limits).map_err(|error| match error.too_many_keys() {
        Some((keys, most)) => Rejection::OutOfRange {
            parameter: name,
            expected: alloc::format!("an object of at most {most} keys").into(),
            found: alloc::format!("{keys}"),
        },
        None => error.into(),
    })
}

impl FromBody for UserDataKeys {
    const KIND: ParameterKind = ParameterKind::Keys;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        let value = required(body, name)?;
        let expected = "an array of strings";
        if value.kind() != JsonKind::Array {
            return Err(Rejection::wrong_type(name, expected, value.kind()));
        }
        match value.elements().find(|element| element.kind() != JsonKind::String) {
            Some(other) => Err(Rejection::wrong_type(name, expected, other.kind())),
            None => Ok(Self::read(value, limits)?),
        }
    }
}

impl FromBody for Outgoing {
    const KIND: ParameterKind = ParameterKind::Message;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        let text = non_empty(required(body, name)?, name, limits)?;
        let message_type = <Option<String>>::from_body(body, "messageType", limits)?;
        let treat_as = match <Option<String>>::from_body(body, "treatAs", limits)?.as_deref() {
            None | Some("Normal") => TreatAs::Normal,
            Some("System") => TreatAs::System,
            Some(other) => {
                return Err(Rejection::out_of_range(
                    "treatAs",
                    "`Normal` or `System`",
                    &quoted(other),
                ));
            }
        };
        Ok(Self { text, message_type, treat_as })
    }
}

/// DEC-12: in a trio without `text` the other two are ignored; an empty one says nothing.
impl FromBody for Option<Outgoing> {
    const KIND: ParameterKind = ParameterKind::Message;
    const REQUIRED: bool = false;

    fn from_body(
        body: &Outlined<'_>,
        name: &'static str,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        match present(body, name) {
            None => Ok(None),
            Some(value) if text(value, name)?.is_empty() => Ok(None),
            Some(_) => Outgoing::from_body(body, name, limits).map(Some),
        }
    }
}

impl FromBody for Option<SupervisionScope> {
    const KIND: ParameterKind = ParameterKind::SupervisionScope;
    const REQUIRED: bool = false;

    fn from_body(body: &Outlined<'_>, name: &'static str, _: &Limits) -> Result<Self, Rejection> {
        one_of(body, name, SupervisionScope::from_wire, "`NextChat` or `AllChats`")
    }
}

impl FromBody for Option<SupervisionMode> {
    const KIND: ParameterKind = ParameterKind::SupervisionMode;
    const REQUIRED: bool = false;

    fn from_body(body: &Outlined<'_>, name: &'static str, _: &Limits) -> Result<Self, Rejection> {
        one_of(body, name, SupervisionMode::from_wire, "`Monitor`, `Coach` or `BargeIn`")
    }
}

/// An optional text that is one of a few known ones.
fn one_of<T>(
    body: &Outlined<'_>,
    name: &'static str,
    from_wire: fn(&str) -> Option<T>,
    expected: &'static str,
) -> Result<Option<T>, Rejection> {
    let Some(value) = present(body, name) else { return Ok(None) };
    let text = text(value, name)?;
    match from_wire(&text) {
        Some(value) => Ok(Some(value)),
        None => Err(Rejection::out_of_range(name, expected, &quoted(&text))),
    }
}

/// What came, in back quotes and short enough for a message.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 64;
    let mut out = "`".to_owned();
    out.extend(text.chars().take(MOST));
    out.push_str(if text.chars().nth(MOST).is_some() { "…`" } else { "`" });
    out
}
