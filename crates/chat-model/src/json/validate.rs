//! The validating pass: one look at every byte, before anything else looks at the body.
//!
//! A JSON library's raw values accept lone surrogates and nesting without end, and maps built from
//! them hide a key that came twice. What this pass accepts can be kept and printed as it is, by us
//! and by every client that reads it afterwards (DEC-6, DEC-7). It neither recurses nor, for
//! objects of up to 16 members, allocates.

use alloc::boxed::Box;
use core::cell::Cell;

use super::Limits;
use super::error::{JsonError, Problem};
use super::keys::OpenKeys;
use super::scan::{is_space, skip_space, special};

/// The deepest nesting that can be configured: one bit for each open container.
const DEEPEST: usize = u128::BITS as usize;

/// The span of the only value in `text`, or what is wrong with it. `text` is at most 2 GiB long.
/// The pass comes by the members of an outermost object anyway and notes them in `outline`.
pub(super) fn validate(
    text: &str,
    limits: &Limits,
    outline: &mut Outline,
) -> Result<(usize, usize), JsonError> {
    let max_depth = limits.max_depth.min(DEEPEST);
    let is_loose = Cell::new(false);
    let pass = Pass { text, bytes: text.as_bytes(), is_loose: &is_loose };
    let span = value(pass, max_depth, limits.max_key_bytes, outline)
        .map_err(|refused| JsonError::at(refused.0, text, refused.1))?;
    outline.is_plain = !is_loose.get();
    Ok(span)
}

/// Where the first members of an outermost object stand, and those of the objects that are its
/// members.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outline {
    /// More than any operation has parameters.
    pub(super) outer: Noted<6>,
    /// As many pairs as an ordinary request attaches.
    pub(super) inner: Noted<4>,
    /// Whether the text has no white space between its tokens and no escape in its strings.
    pub(super) is_plain: bool,
}

impl Outline {
    /// For a value that was validated elsewhere: no member is noted, and there may be some.
    pub(super) fn unknown() -> Self {
        let (mut outer, mut inner) = (Noted::default(), Noted::default());
        (outer.missed, inner.missed) = (true, true);
        Self { outer, inner, is_plain: false }
    }
}

/// The first members of one or more objects; further ones are looked for when they are needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted<const MOST: usize> {
    members: [Member; MOST],
    len: usize,
    /// Whether there were more.
    missed: bool,
}

/// Where a member's key and value begin, and where the value ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Member {
    key: u32,
    value: u32,
    end: u32,
}

impl Member {
    #[inline]
    pub(super) fn key(&self) -> usize {
        self.key as usize
    }

    #[inline]
    pub(super) fn value(&self) -> usize {
        self.value as usize
    }

    #[inline]
    pub(super) fn end(&self) -> usize {
        self.end as usize
    }
}

impl<const MOST: usize> Default for Noted<MOST> {
    fn default() -> Self {
        Self { members: [Member::default(); MOST], len: 0, missed: false }
    }
}

impl<const MOST: usize> Noted<MOST> {
    /// In the order of the text.
    #[inline]
    pub(super) fn members(&self) -> &[Member] {
        &self.members[..self.len.min(MOST)]
    }

    /// Whether every member is noted.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        !self.missed
    }

    #[inline]
    fn begin(&mut self, key: usize, value: usize) {
        match self.members.get_mut(self.len) {
            Some(member) => {
                *member = Member { key: key as u32, value: value as u32, end: 0 };
                self.len += 1;
            }
            None => self.missed = true,
        }
    }

    /// The newest member ends.
    #[inline]
    fn end(&mut self, end: usize) {
        if self.missed {
            return;
        }
        if let Some(member) = self.members.get_mut(self.len.wrapping_sub(1)) {
            member.end = end as u32;
        }
    }
}

/// A problem and its offset. Boxed, because results that carry nothing are returned all the time.
pub(super) type Refused = Box<(Problem, usize)>;

#[cold]
pub(super) fn refused(problem: Problem, offset: usize) -> Refused {
    Box::new((problem, offset))
}

fn value(
    pass: Pass<'_>,
    max_depth: usize,
    max_key_bytes: usize,
    outline: &mut Outline,
) -> Result<(usize, usize), Refused> {
    let mut keys = OpenKeys::new(pass.bytes, max_key_bytes);
    // One bit for each open container, the innermost lowest: whether it is an object.
    let mut open = 0u128;
    let mut depth = 0;
    let start = skip_space(pass.bytes, 0);
    let mut at = start;
    // What to say if a key is due and is not there.
    let mut key_due = None;
    'value: loop {
        if let Some(expected) = key_due.take() {
            let key = at;
            at = pass.key(key, &mut keys, expected)?;
            match depth {
                1 => outline.outer.begin(key, at),
                2 => outline.inner.begin(key, at),
                _ => {}
            }
        }
        match pass.peek(at) {
            Some(b'"') => at = pass.string(at)?,
            Some(bracket @ (b'{' | b'[')) => {
                if depth == max_depth {
                    return Err(refused(Problem::TooDeep { max: max_depth }, at));
                }
                at = pass.skip_space(at + 1);
                // `{` and `}` are two apart in ASCII, and so are `[` and `]`.
                if pass.peek(at) == Some(bracket + 2) {
                    at += 1;
                } else {
                    depth += 1;
                    open <<= 1;
                    if bracket == b'{' {
                        open |= 1;
                        keys.open();
                        key_due = Some("a key or `}`");
                    }
                    continue 'value;
                }
            }
            Some(b'-' | b'0'..=b'9') => at = pass.number(at)?,
            Some(b't') => at = pass.literal(at, b"true", "`true`")?,
            Some(b'f') => at = pass.literal(at, b"false", "`false`")?,
            Some(b'n') => at = pass.literal(at, b"null", "`null`")?,
            _ => return Err(pass.unexpected(at, "a value")),
        }
        // A value has ended; so may the containers around it.
        loop {
            let in_object = open & 1 == 1;
            match depth {
                0 => {
                    let behind = skip_space(pass.bytes, at);
                    return match pass.peek(behind) {
                        None => Ok((start, at)),
                        Some(_) => Err(pass.unexpected(behind, "the end")),
                    };
                }
                1 if in_object => outline.outer.end(at),
                2 if in_object => outline.inner.end(at),
                _ => {}
            }
            at = pass.skip_space(at);
            match pass.peek(at) {
                Some(b',') => {
                    at = pass.skip_space(at + 1);
                    if in_object {
                        key_due = Some("a key");
                    }
                    continue 'value;
                }
                Some(b'}') if in_object => keys.close()?,
                Some(b']') if !in_object => {}
                _ if in_object => return Err(pass.unexpected(at, "`,` or `}`")),
                _ => return Err(pass.unexpected(at, "`,` or `]`")),
            }
            at += 1;
            depth -= 1;
            open >>= 1;
        }
    }
}

/// The text; everything that is read begins at a position and ends at the one returned.
#[derive(Clone, Copy)]
struct Pass<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Set by the rare white space or escape.
    is_loose: &'a Cell<bool>,
}

impl<'a> Pass<'a> {
    /// Where the next token inside a container begins.
    #[inline(always)]
    fn skip_space(self, at: usize) -> usize {
        if !self.peek(at).is_some_and(is_space) {
            return at;
        }
        self.is_loose.set(true);
        skip_space(self.bytes, at + 1)
    }

    /// A key and its colon, up to the value.
    #[inline(always)]
    fn key(
        self,
        open: usize,
        keys: &mut OpenKeys<'a>,
        expected: &'static str,
    ) -> Result<usize, Refused> {
        if self.peek(open) != Some(b'"') {
            return Err(self.unexpected(open, expected));
        }
        let first = special(self.bytes, open + 1);
        let (end, escaped) = match self.peek(first) {
            Some(b'"') => (first + 1, false),
            _ => (self.string_from(first)?, true),
        };
        keys.push(open, end, escaped)?;
        let colon = self.skip_space(end);
        if self.peek(colon) != Some(b':') {
            return Err(self.unexpected(colon, "`:`"));
        }
        Ok(self.skip_space(colon + 1))
    }

    #[inline(always)]
    fn string(self, open: usize) -> Result<usize, Refused> {
        let at = special(self.bytes, open + 1);
        if self.peek(at) == Some(b'"') { Ok(at + 1) } else { self.string_from(at) }
    }

    /// A string from its first special character on, which does not end it.
    fn string_from(self, mut at: usize) -> Result<usize, Refused> {
        self.is_loose.set(true);
        loop {
            match self.peek(at) {
                Some(b'"') => return Ok(at + 1),
                Some(b'\\') => at = special(self.bytes, self.escape(at)?),
                Some(control) => return Err(refused(Problem::ControlCharacter(control), at)),
                None => return Err(self.unexpected(at, "`\"`")),
            }
        }
    }

    fn escape(self, start: usize) -> Result<usize, Refused> {
        let at = start + 1;
        match self.peek(at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
            Some(b'u') => {
                let (unit, end) = self.unit(at + 1)?;
                match unit {
                    0xd800..=0xdbff if self.bytes[end..].starts_with(b"\\u") => {
                        let (low, end) = self.unit(end + 2)?;
                        if (0xdc00..=0xdfff).contains(&low) {
                            return Ok(end);
                        }
                    }
                    0xd800..=0xdfff => {}
                    _ => return Ok(end),
                }
                Err(refused(Problem::LoneSurrogate(unit), start))
            }
            _ => Err(self.unexpected(at, "one of `\"\\/bfnrtu` after a backslash")),
        }
    }

    /// Four hexadecimal digits.
    fn unit(self, start: usize) -> Result<(u16, usize), Refused> {
        let mut unit = 0;
        for at in start..start + 4 {
            let digit = self.peek(at).and_then(|digit| char::from(digit).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected(at, "a hexadecimal digit"));
            };
            unit = unit << 4 | digit as u16;
        }
        Ok((unit, start + 4))
    }

    /// RFC 8259, section 6. The size of a number is not judged: it is kept as digits (DEC-6).
    #[inline]
    fn number(self, start: usize) -> Result<usize, Refused> {
        let mut at = start;
        if self.peek(at) == Some(b'-') {
            at += 1;
        }
        at = match self.peek(at) {
            // A digit after a leading zero is refused by whoever looks for what follows a value.
            Some(b'0') => at + 1,
            _ => self.digits(at)?,
        };
        if self.peek(at) == Some(b'.') {
            at = self.digits(at + 1)?;
        }
        if matches!(self.peek(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(self.peek(at), Some(b'+' | b'-')) {
                at += 1;
            }
            at = self.digits(at)?;
        }
        Ok(at)
    }

    #[inline]
    fn digits(self, start: usize) -> Result<usize, Refused> {
        let mut at = start;
        while self.peek(at).is_some_and(|byte| byte.is_ascii_digit()) {
            at += 1;
        }
        if at == start { Err(self.unexpected(at, "a digit")) } else { Ok(at) }
    }

    #[inline]
    fn literal(self, start: usize, word: &[u8], expected: &'static str) -> Result<usize, Refused> {
        if self.bytes[start..].starts_with(word) {
            return Ok(start + word.len());
        }
        // Its first letter was right, or nobody would look for it: what is wrong comes later.
        let found = self.bytes[start..].iter().zip(word).take_while(|(a, b)| a == b).count();
        Err(self.unexpected(start + found, expected))
    }

    #[inline]
    fn peek(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[cold]
    fn unexpected(self, at: usize, expected: &'static str) -> Refused {
        let problem = match self.text[at..].chars().next() {
            Some(found) => Problem::Expected { expected, found },
            None => Problem::UnexpectedEnd { expected },
        };
        refused(problem, at)
    }
}
