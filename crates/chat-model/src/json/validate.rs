//! The validating pass: one look at every byte, before anything else looks at the body.
//!
//! A JSON library's raw values accept lone surrogates and nesting without end, and maps built from
//! them hide a key that came twice. What this pass accepts can be kept and printed as it is, by us
//! and by every client that reads it afterwards (DEC-6, DEC-7). It neither recurses nor, for
//! objects of up to 16 members, allocates.

use super::error::{JsonError, Problem};
use super::keys::OpenKeys;
use super::scan::{skip_space, special};
use super::{Limits, string};

/// The deepest nesting that can be configured: one bit for each open container.
const DEEPEST: usize = u128::BITS as usize;

/// The span of the only value in `text`, or what is wrong with it. `text` is at most 4 GiB long.
pub(super) fn validate(text: &str, limits: &Limits) -> Result<(usize, usize), JsonError> {
    let mut pass = Pass {
        text,
        bytes: text.as_bytes(),
        at: 0,
        keys: OpenKeys::new(text),
        max_depth: limits.max_depth.min(DEEPEST),
        max_key_bytes: limits.max_key_bytes,
    };
    pass.run().map_err(|(problem, offset)| JsonError::at(problem, text, offset))
}

type Refused = (Problem, usize);

struct Pass<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    keys: OpenKeys<'a>,
    max_depth: usize,
    max_key_bytes: usize,
}

impl Pass<'_> {
    fn run(&mut self) -> Result<(usize, usize), Refused> {
        // One bit for each open container, the innermost lowest: whether it is an object.
        let mut open = 0u128;
        let mut depth = 0;
        self.space();
        let start = self.at;
        'value: loop {
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(bracket @ (b'{' | b'[')) => {
                    if depth == self.max_depth {
                        return Err((Problem::TooDeep { max: self.max_depth }, self.at));
                    }
                    self.at += 1;
                    self.space();
                    // `{` and `}` are two apart in ASCII, and so are `[` and `]`.
                    if self.peek() == Some(bracket + 2) {
                        self.at += 1;
                    } else {
                        depth += 1;
                        open <<= 1;
                        if bracket == b'{' {
                            open |= 1;
                            self.keys.open();
                            self.key("a key or `}`")?;
                        }
                        continue 'value;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true", "`true`")?,
                Some(b'f') => self.literal(b"false", "`false`")?,
                Some(b'n') => self.literal(b"null", "`null`")?,
                _ => return Err(self.unexpected("a value")),
            }
            // A value has ended; so may the containers around it.
            loop {
                if depth == 0 {
                    let end = self.at;
                    self.space();
                    return match self.peek() {
                        None => Ok((start, end)),
                        Some(_) => Err(self.unexpected("the end")),
                    };
                }
                self.space();
                let in_object = open & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.space();
                        if in_object {
                            self.key("a key")?;
                        }
                        continue 'value;
                    }
                    Some(b'}') if in_object => {
                        self.at += 1;
                        self.keys.close()?;
                    }
                    Some(b']') if !in_object => self.at += 1,
                    _ if in_object => return Err(self.unexpected("`,` or `}`")),
                    _ => return Err(self.unexpected("`,` or `]`")),
                }
                depth -= 1;
                open >>= 1;
            }
        }
    }

    /// A key and its colon, up to the value.
    #[inline]
    fn key(&mut self, expected: &'static str) -> Result<(), Refused> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(expected));
        }
        let open = self.at;
        let escaped = self.string()?;
        self.keys.push(open, self.at, escaped, self.max_key_bytes)?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// A string; whether it contains an escape.
    #[inline]
    fn string(&mut self) -> Result<bool, Refused> {
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at = special(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(control) => return Err((Problem::ControlCharacter(control), self.at)),
                None => return Err(self.unexpected("`\"`")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Refused> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let unit = self.unit()?;
                if (0xdc00..0xe000).contains(&unit) {
                    return Err((Problem::LoneSurrogate(unit), start));
                }
                if (0xd800..0xdc00).contains(&unit) {
                    if !self.bytes[self.at..].starts_with(b"\\u") {
                        return Err((Problem::LoneSurrogate(unit), start));
                    }
                    self.at += 1;
                    if !(0xdc00..0xe000).contains(&self.unit()?) {
                        return Err((Problem::LoneSurrogate(unit), start));
                    }
                }
            }
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu` after a backslash")),
        }
        Ok(())
    }

    /// `u` and four hexadecimal digits.
    fn unit(&mut self) -> Result<u16, Refused> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = match self.peek() {
                Some(digit @ b'0'..=b'9') => digit - b'0',
                Some(digit @ b'a'..=b'f') => digit - b'a' + 10,
                Some(digit @ b'A'..=b'F') => digit - b'A' + 10,
                _ => return Err(self.unexpected("a hexadecimal digit")),
            };
            unit = unit << 4 | u16::from(digit);
            self.at += 1;
        }
        Ok(unit)
    }

    /// RFC 8259, section 6. The size of a number is not judged: it is kept as digits (DEC-6).
    fn number(&mut self) -> Result<(), Refused> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            // A digit after a leading zero is refused by whoever looks for what follows a value.
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Refused> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn literal(&mut self, word: &[u8], expected: &'static str) -> Result<(), Refused> {
        if self.bytes[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        self.at = skip_space(self.bytes, self.at);
    }

    #[cold]
    fn unexpected(&self, expected: &'static str) -> Refused {
        let problem = match self.text[self.at..].chars().next() {
            Some(found) => Problem::Expected { expected, found },
            None => Problem::UnexpectedEnd { expected },
        };
        (problem, self.at)
    }
}

/// How many bytes the key whose inside is `inner` has when decoded.
pub(super) fn decoded_len(inner: &str) -> usize {
    string::Decoded::new(inner).map(char::len_utf8).sum()
}
