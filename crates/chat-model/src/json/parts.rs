//! What an object or an array consists of, as slices of its text.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::{JsonKind, JsonRef, scan, string};

/// The key of a member as it stands in the text. Compares by its decoded text.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a>(pub(super) &'a str);

impl<'a> Key<'a> {
    /// The key with its quotes and its escapes as written.
    #[inline]
    pub fn as_json(self) -> &'a str {
        self.0
    }

    /// The key's text, its escapes resolved.
    pub fn decode(self) -> Cow<'a, str> {
        string::decode(self.inner())
    }

    /// What stands between the quotes.
    #[inline]
    pub(super) fn inner(self) -> &'a str {
        &self.0[1..self.0.len() - 1]
    }

    /// Appends the key as [`write_string`] writes it.
    pub(crate) fn write_canonical(self, out: &mut String) {
        string::write_canonical(out, self.inner());
    }

    #[inline]
    pub(crate) fn known(json: &'a str) -> Self {
        Self(json)
    }
}

impl PartialEq<str> for Key<'_> {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        let inner = self.inner();
        if inner.len() == other.len() {
            // Every escape is longer than what it stands for.
            return inner == other && !string::has_escape(inner);
        }
        inner.len() > other.len()
            && string::has_escape(inner)
            && string::Decoded::new(inner).eq(other.chars())
    }
}

impl PartialEq<&str> for Key<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.inner() == other.inner() || self.decode() == other.decode()
    }
}

impl Eq for Key<'_> {}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decode())
    }
}

/// The members of an object: [`JsonRef::members`].
#[derive(Debug, Clone)]
pub struct Members<'a>(pub(super) Parts<'a>);

/// Where one member stands in the text of its object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberSpan {
    /// Where the key's opening quote is.
    pub(crate) key: usize,
    /// Behind the key's closing quote.
    pub(crate) key_end: usize,
    pub(crate) value: usize,
    pub(crate) value_end: usize,
}

impl<'a> Members<'a> {
    /// The next member as positions, for those who do not need the slices.
    #[inline]
    pub(crate) fn next_span(&mut self) -> Option<MemberSpan> {
        let Parts { text, at: key } = self.0;
        let bytes = text.as_bytes();
        if key >= bytes.len() {
            return None;
        }
        let key_end = scan::string_end(bytes, key);
        let colon = scan::skip_space(bytes, key_end);
        let value = scan::skip_space(bytes, colon + 1);
        let value_end = scan::value_end(bytes, value);
        self.0.step_over(value_end);
        Some(MemberSpan { key, key_end, value, value_end })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Key<'a>, JsonRef<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.text;
        self.next_span()
            .map(|at| (Key(&text[at.key..at.key_end]), JsonRef(&text[at.value..at.value_end])))
    }
}

/// The elements of an array: [`JsonRef::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a>(pub(super) Parts<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = JsonRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<JsonRef<'a>> {
        let Parts { text, at } = self.0;
        let bytes = text.as_bytes();
        if at >= bytes.len() {
            return None;
        }
        let end = scan::value_end(bytes, at);
        self.0.step_over(end);
        Some(JsonRef(&text[at..end]))
    }
}

/// A container's text and where its next part begins; behind the end if there is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parts<'a> {
    #[inline]
    pub(super) fn of(value: JsonRef<'a>, kind: JsonKind) -> Self {
        let text = value.0;
        let mut at = text.len();
        if value.kind() == kind {
            let first = scan::skip_space(text.as_bytes(), 1);
            if first + 1 < text.len() {
                at = first;
            }
        }
        Self { text, at }
    }

    /// Moves to the part behind the one that ends at `end`.
    #[inline]
    fn step_over(&mut self, end: usize) {
        let bytes = self.text.as_bytes();
        let next = scan::skip_space(bytes, end);
        self.at = if bytes.get(next) == Some(&b',') {
            scan::skip_space(bytes, next + 1)
        } else {
            bytes.len()
        };
    }
}
