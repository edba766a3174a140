//! JSON strings: decoding, comparing without decoding, and the one canonical way to write them.

use alloc::borrow::Cow;
use alloc::string::String;

use super::scan::special;

/// Appends `text` as a JSON string, with only the escapes that JSON requires.
///
/// `"` and `\` get a backslash; control characters their two-character form or `\u00XX` with
/// lower-case digits; everything else stays literal UTF-8. Two equal texts give equal bytes, so
/// keys in this form can be compared byte for byte (DEC-1).
///
/// ```
/// let mut out = String::new();
/// chat_model::write_string(&mut out, "a\"\u{1}\n/é");
/// assert_eq!(out, r#""a\"\u0001\n/é""#);
/// ```
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    write_string_content(out, text);
    out.push('"');
}

/// How many bytes [`write_string_content`] appends.
pub(crate) fn content_len(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(escaped).sum::<usize>()
}

/// Appends what [`write_string`] puts between the quotes, for texts made of several parts.
pub(crate) fn write_string_content(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = special(bytes, from);
        out.push_str(&text[from..at]);
        let Some(&byte) = bytes.get(at) else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
        from = at + 1;
    }
}

/// Appends the string whose inside is `inner` in canonical form.
pub(super) fn write_canonical(out: &mut String, inner: &str) {
    if has_escape(inner) {
        write_string(out, &decode(inner));
    } else {
        // Valid and without a backslash: nothing in it needs an escape.
        out.push('"');
        out.push_str(inner);
        out.push('"');
    }
}

/// Whether the inside of a valid JSON string contains a backslash.
#[inline]
pub(super) fn has_escape(inner: &str) -> bool {
    // Nothing else in it is special.
    special(inner.as_bytes(), 0) < inner.len()
}

/// The text that the inside of a valid JSON string stands for.
pub(super) fn decode(inner: &str) -> Cow<'_, str> {
    if has_escape(inner) { Cow::Owned(Decoded::new(inner).collect()) } else { Cow::Borrowed(inner) }
}

/// The characters that the inside of a valid JSON string stands for, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Decoded<'a> {
    rest: core::str::Chars<'a>,
}

impl<'a> Decoded<'a> {
    pub(super) fn new(inner: &'a str) -> Self {
        Self { rest: inner.chars() }
    }

    fn unit(&mut self) -> u32 {
        (0..4).fold(0, |unit, _| {
            unit << 4 | self.rest.next().and_then(|digit| digit.to_digit(16)).unwrap_or(0)
        })
    }
}

impl Iterator for Decoded<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let first = self.rest.next()?;
        if first != '\\' {
            return Some(first);
        }
        Some(match self.rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut unit = self.unit();
                if (0xd800..0xdc00).contains(&unit) {
                    // The validating pass has seen that `\u` and a low surrogate follow.
                    self.rest.next();
                    self.rest.next();
                    let low = self.unit();
                    unit = 0x1_0000 + ((unit - 0xd800) << 10) + low.wrapping_sub(0xdc00);
                }
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        })
    }
}
