//! Walks over JSON text that is already known to be valid: finding ends is all that is left to do.
//!
//! The validating pass reads every byte once; everything after it (members, patches, merging) only
//! needs to know where a string or a value stops. Eight bytes are looked at in one step, because
//! most of a body is the inside of strings.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Where the first `"`, `\` or control character stands at or after `from`; the length of `bytes`
/// if there is none.
#[inline]
pub(super) fn special(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    let chunks = bytes.get(from..).unwrap_or_default().chunks_exact(8);
    for chunk in chunks.filter_map(|chunk| chunk.first_chunk()) {
        let marks = marks(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    if at >= bytes.len() {
        return bytes.len();
    }
    let rest = bytes.len() - at;
    let word = match bytes.last_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk) >> (64 - 8 * rest),
        None => bytes[at..].iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    // The zeros behind the last byte are marked as control characters: there the search ends.
    at + (marks(word).trailing_zeros() / 8) as usize
}

/// A word whose lowest set bit is the highest of the first byte that is special.
#[inline]
fn marks(word: u64) -> u64 {
    // With its second bit turned, `"` comes next after the control characters, and the space away.
    let low = word ^ (ONES * 0x02);
    let low = low.wrapping_sub(ONES * 0x21) & !low;
    let backslash = word ^ (ONES * b'\\' as u64);
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    // Borrows run upwards only, so the lowest mark is always a true one.
    (low | backslash) & HIGHS
}

/// The position behind the closing quote of the string that opens at `open`.
#[inline]
pub(crate) fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    loop {
        at = special(bytes, at);
        // A valid string has no control characters, so this is its end or an escape.
        if bytes.get(at) != Some(&b'\\') {
            return at + 1;
        }
        at += 2;
    }
}

/// The position behind the value that starts at `start`.
#[inline]
pub(crate) fn value_end(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => string_end(bytes, start),
        Some(b'{' | b'[') => container_end(bytes, start),
        _ => scalar_end(bytes, start),
    }
}

#[inline]
fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if byte <= b' ' || byte == b',' || byte == b'}' || byte == b']' {
            break;
        }
        at += 1;
    }
    at
}

fn container_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut open = 0usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open -= 1;
                if open == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// Whether `byte` is one of JSON's four white-space characters.
#[inline]
pub(super) fn is_space(byte: u8) -> bool {
    // Nearly every byte is decided by the first comparison.
    byte <= b' ' && matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The first position at or after `from` that is not white space.
#[inline]
pub(super) fn skip_space(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while bytes.get(at).is_some_and(|&byte| is_space(byte)) {
        at += 1;
    }
    at
}

/// The first white space outside strings at or after `from` in the text of a value; only
/// containers have any.
#[inline]
pub(crate) fn find_space(bytes: &[u8], from: usize) -> Option<usize> {
    if matches!(bytes.first(), Some(b'{' | b'[')) { find_space_inside(bytes, from) } else { None }
}

fn find_space_inside(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            at = string_end(bytes, at);
        } else if is_space(byte) {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}

/// Hands over the pieces of a value's text between insignificant white space.
pub(crate) fn compact_pieces<'a>(text: &'a str, mut piece: impl FnMut(&'a str)) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(space) = find_space(bytes, from) {
        piece(&text[from..space]);
        from = skip_space(bytes, space);
    }
    piece(&text[from..]);
}
