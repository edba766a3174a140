//! Channel names and the patterns that select them (BAYEUX-5.2, BAYEUX-5.3).
//!
//! Both are checked once, when they enter; behind this file a name is always well formed, needs no
//! escaping in JSON, and is shared instead of copied.

use alloc::borrow::Borrow;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The name of one channel, such as `/v2/me/chats`; never a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// Checks and keeps a name.
    ///
    /// # Errors
    /// [`InvalidChannel`] if `name` is malformed or ends in a wildcard.
    pub fn new(name: &str) -> Result<Self, InvalidChannel> {
        match shape(name)? {
            Shape::Exact => Ok(Self(Arc::from(name))),
            Shape::Star | Shape::DoubleStar => Err(InvalidChannel::Wildcard),
        }
    }

    /// The name as it is written on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client subscribes to: a name, or a name whose last segment is `*` or `**`.
///
/// `/foo/*` selects exactly one more segment, `/foo/**` one or more and not `/foo` itself, `/**`
/// every broadcast channel. No wildcard selects `/meta/…` or `/service/…` (BAYEUX-5.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Arc<str>);

impl Pattern {
    /// Checks and keeps a pattern.
    ///
    /// # Errors
    /// [`InvalidChannel`] if `pattern` is malformed or has a wildcard before its last segment.
    pub fn new(pattern: &str) -> Result<Self, InvalidChannel> {
        shape(pattern).map(|_| Self(Arc::from(pattern)))
    }

    /// The pattern as it is written on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an event on `channel` is selected.
    pub fn matches(&self, channel: &ChannelName) -> bool {
        self.selects(channel.as_str())
    }

    /// Whether everything that `other` selects, or `other` itself as a text, is selected too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self == other || self.selects(other.as_str())
    }

    pub(crate) fn is_wild(&self) -> bool {
        self.0.ends_with("/*") || self.0.ends_with("/**")
    }

    fn selects(&self, name: &str) -> bool {
        let (prefix, deep) = if let Some(prefix) = self.0.strip_suffix("**") {
            (prefix, true)
        } else if let Some(prefix) = self.0.strip_suffix('*') {
            (prefix, false)
        } else {
            return *self.0 == *name;
        };
        if !prefix.ends_with('/') {
            return *self.0 == *name; // `/foo*` is a name with a star in it, no wildcard
        }
        match name.strip_prefix(prefix) {
            Some(rest) => {
                !rest.is_empty()
                    && (deep || !rest.contains('/'))
                    && (!(is_meta(name) || is_service(name))
                        || is_meta(prefix)
                        || is_service(prefix))
            }
            None => false,
        }
    }
}

/// Why a text is not a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidChannel {
    /// It does not start with `/`.
    NoLeadingSlash,
    /// Two slashes meet, or it ends with one.
    EmptySegment,
    /// This character is none of letters, digits, space and ``! # $ ( ) * + - . / @ _ { ~ }``.
    Character(char),
    /// `*` or `**` stands where no wildcard may stand.
    Wildcard,
}

impl fmt::Display for InvalidChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLeadingSlash => f.write_str("expected a channel that starts with '/'"),
            Self::EmptySegment => {
                f.write_str("expected non-empty segments between slashes, found an empty one")
            }
            Self::Character(found) => write!(
                f,
                "expected letters, digits, space and !#$()*+-./@_{{~}} in a channel, found {found:?}"
            ),
            Self::Wildcard => f.write_str(
                "expected '*' or '**' only as the last segment of a subscription, found it elsewhere",
            ),
        }
    }
}

impl core::error::Error for InvalidChannel {}

/// `/meta/…`: the protocol's own channels.
pub(crate) fn is_meta(name: &str) -> bool {
    name.starts_with("/meta/")
}

/// `/service/…`: never broadcast (BAYEUX-6.4).
pub(crate) fn is_service(name: &str) -> bool {
    name.starts_with("/service/")
}

enum Shape {
    Exact,
    Star,
    DoubleStar,
}

fn shape(text: &str) -> Result<Shape, InvalidChannel> {
    let rest = text.strip_prefix('/').ok_or(InvalidChannel::NoLeadingSlash)?;
    if let Some(found) = rest.chars().find(|&found| !allowed(found)) {
        return Err(InvalidChannel::Character(found));
    }
    let mut last = Shape::Exact;
    for segment in rest.split('/') {
        if !matches!(last, Shape::Exact) {
            return Err(InvalidChannel::Wildcard);
        }
        last = match segment {
            "" => return Err(InvalidChannel::EmptySegment),
            "*" => Shape::Star,
            "**" => Shape::DoubleStar,
            _ => Shape::Exact,
        };
    }
    Ok(last)
}

/// BAYEUX-5.2. None of these needs an escape in JSON, which [`crate::framing`] relies on.
fn allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || " !#$()*+-./@_{~}".contains(character)
}

macro_rules! texts {
    ($($name:ident)+) => {$(
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    )+};
}

texts! { ChannelName Pattern }
