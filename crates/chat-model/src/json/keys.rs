//! Finds a key that occurs twice in one object, at every depth, while the validating pass runs.
//!
//! The keys of all objects that are still open lie on one stack, each as its place and a fingerprint
//! of its decoded text. An object of up to 16 members is compared pair by pair; a larger one is
//! sorted by fingerprint when it closes, and keys with the same fingerprint by their text, so that
//! a hostile body of many keys costs n log n whatever its keys are. The first places of the stack
//! are part of the pass, so an ordinary body costs no allocation.

use alloc::vec::Vec;
use core::cmp::Ordering;

use smallvec::SmallVec;

use super::error::Problem;
use super::string::{Decoded, decode};
use super::validate::{Refused, refused};

/// Up to this many members are compared pair by pair.
const PAIRWISE: usize = 16;
/// So many lie in the pass itself.
const INLINE: usize = 24;

/// One key on the stack. Keys that are equal when decoded have equal fingerprints.
#[derive(Debug, Clone, Copy)]
struct Seen {
    fingerprint: u32,
    /// Where the inside begins.
    start: u32,
    /// The length of the inside as written, doubled; odd if it contains an escape.
    len: u32,
}

pub(super) struct OpenKeys<'a> {
    bytes: &'a [u8],
    max_key_bytes: usize,
    /// Where the innermost object's keys begin on the stack.
    base: usize,
    stack: SmallVec<[Seen; INLINE]>,
}

impl<'a> OpenKeys<'a> {
    /// For the keys of `bytes`, which is valid UTF-8.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], max_key_bytes: usize) -> Self {
        Self { bytes, max_key_bytes, base: 0, stack: SmallVec::new() }
    }

    /// An object with at least one member begins.
    #[inline]
    pub(super) fn open(&mut self) {
        // Below an object's keys lies one place that says where the keys of the object around begin.
        self.stack.push(Seen { fingerprint: 0, start: self.base as u32, len: 0 });
        self.base = self.stack.len();
    }

    /// The key between the quotes at `open` and before `end`, in the innermost object.
    #[inline]
    pub(super) fn push(&mut self, open: usize, end: usize, escaped: bool) -> Result<(), Refused> {
        let inner = &self.bytes[open + 1..end - 1];
        if inner.is_empty() {
            return Err(refused(Problem::EmptyKey, open));
        }
        let (fingerprint, bytes) =
            if escaped { escaped_key(inner) } else { (fingerprint(inner), inner.len()) };
        if bytes > self.max_key_bytes {
            let max = self.max_key_bytes;
            return Err(refused(Problem::KeyTooLong { bytes, max }, open));
        }
        let seen = Seen {
            fingerprint,
            start: (open + 1) as u32,
            len: (inner.len() as u32) << 1 | u32::from(escaped),
        };
        let earlier = &self.stack[self.base..];
        if earlier.len() < PAIRWISE {
            for earlier in earlier {
                if earlier.fingerprint == seen.fingerprint && self.order(earlier, &seen).is_eq() {
                    return Err(self.twice(&seen));
                }
            }
        }
        self.stack.push(seen);
        Ok(())
    }

    /// The innermost object ends.
    #[inline]
    pub(super) fn close(&mut self) -> Result<(), Refused> {
        if self.stack.len() - self.base > PAIRWISE {
            self.check_many()?;
        }
        let below = self.base - 1;
        self.base = self.stack[below].start as usize;
        self.stack.truncate(below);
        Ok(())
    }

    #[cold]
    fn check_many(&self) -> Result<(), Refused> {
        let seen = &self.stack[self.base..];
        // Fingerprint above, place below: a number sorts faster than anything that has to be asked.
        let mut order: Vec<u64> = Vec::with_capacity(seen.len());
        order
            .extend(seen.iter().zip(0u64..).map(|(key, at)| u64::from(key.fingerprint) << 32 | at));
        order.sort_unstable();
        let mut second: Option<u32> = None;
        for same in order.chunk_by_mut(|a, b| a >> 32 == b >> 32).filter(|same| same.len() > 1) {
            let key = |place: &u64| &seen[(place & u64::from(u32::MAX)) as usize];
            same.sort_unstable_by(|a, b| self.order(key(a), key(b)).then(a.cmp(b)));
            for pair in same.windows(2) {
                let (first, next) = (key(&pair[0]), key(&pair[1]));
                let place = pair[1] as u32;
                if second.is_none_or(|second| place < second) && self.order(first, next).is_eq() {
                    second = Some(place);
                }
            }
        }
        second.map_or(Ok(()), |place| Err(self.twice(&seen[place as usize])))
    }

    /// The order of two keys by their decoded text.
    fn order(&self, a: &Seen, b: &Seen) -> Ordering {
        let (inner_a, inner_b) = (self.inner(a), self.inner(b));
        if (a.len | b.len) & 1 == 0 {
            inner_a.cmp(inner_b)
        } else {
            Decoded::new(text(inner_a)).cmp(Decoded::new(text(inner_b)))
        }
    }

    #[inline]
    fn inner(&self, seen: &Seen) -> &'a [u8] {
        let start = seen.start as usize;
        &self.bytes[start..start + (seen.len >> 1) as usize]
    }

    #[cold]
    fn twice(&self, seen: &Seen) -> Refused {
        let key = decode(text(self.inner(seen))).into_owned();
        refused(Problem::DuplicateKey(key), seen.start as usize - 1)
    }
}

#[cold]
fn escaped_key(inner: &[u8]) -> (u32, usize) {
    let key = decode(text(inner));
    (fingerprint(key.as_bytes()), key.len())
}

/// Part of a text between two quotes.
fn text(inner: &[u8]) -> &str {
    core::str::from_utf8(inner).unwrap_or_default()
}

/// A hash of all bytes of a key, good enough to tell the keys of an honest object apart.
#[inline]
fn fingerprint(key: &[u8]) -> u32 {
    let mut hash = key.len() as u64;
    if let (Some(first), Some(last)) = (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        hash = mix(hash, u64::from_le_bytes(*first));
        let mut rest = &key[8..];
        while let Some((chunk, behind)) = rest.split_first_chunk::<8>() {
            hash = mix(hash, u64::from_le_bytes(*chunk));
            rest = behind;
        }
        hash = mix(hash, u64::from_le_bytes(*last));
    } else if let (Some(first), Some(last)) = (key.first_chunk::<4>(), key.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        hash = mix(hash, u64::from(first) << 32 | u64::from(last));
    } else {
        hash = mix(hash, key.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    }
    (hash >> 32) as u32
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
