//! Finds a key that occurs twice in one object, at every depth, while the validating pass runs.
//!
//! The keys of all objects that are still open lie on one stack. An object of up to 16 members is
//! compared pair by pair through fingerprints; a larger one is sorted when it closes, so that a
//! hostile body of many keys costs n log n and needs no secret. The first 32 places of the stack are
//! part of the pass, so an ordinary body costs no allocation.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::error::Problem;
use super::string::{Decoded, decode};
use super::validate::decoded_len;

/// Up to this many members are compared pair by pair.
const PAIRWISE: usize = 16;
const INLINE: usize = 32;

/// One key on the stack: where its inside lies. Decoded equal keys have equal fingerprints.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    fingerprint: u32,
    start: u32,
    /// The length of the inside as written, doubled; odd if it contains an escape.
    len: u32,
}

pub(super) struct OpenKeys<'a> {
    text: &'a str,
    /// Where the innermost object's keys begin on the stack.
    base: usize,
    len: usize,
    inline: [Seen; INLINE],
    /// The whole stack once it has outgrown `inline`.
    heap: Vec<Seen>,
}

impl<'a> OpenKeys<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, base: 0, len: 0, inline: [Seen::default(); INLINE], heap: Vec::new() }
    }

    /// An object with at least one member begins.
    #[inline]
    pub(super) fn open(&mut self) {
        // Below an object's keys lies one place that says where the keys of the object around begin.
        self.put(Seen { fingerprint: 0, start: self.base as u32, len: 0 });
        self.base = self.len;
    }

    /// The key between the quotes at `open` and before `end`, in the innermost object.
    #[inline]
    pub(super) fn push(
        &mut self,
        open: usize,
        end: usize,
        escaped: bool,
        max_bytes: usize,
    ) -> Result<(), (Problem, usize)> {
        let inner = &self.text[open + 1..end - 1];
        let seen = Seen {
            fingerprint: if escaped {
                fingerprint(decode(inner).as_bytes())
            } else {
                fingerprint(inner.as_bytes())
            },
            start: (open + 1) as u32,
            len: (inner.len() as u32) << 1 | u32::from(escaped),
        };
        if inner.is_empty() {
            return Err((Problem::EmptyKey, open));
        }
        if inner.len() > max_bytes {
            let bytes = if escaped { decoded_len(inner) } else { inner.len() };
            if bytes > max_bytes {
                return Err((Problem::KeyTooLong { bytes, max: max_bytes }, open));
            }
        }
        if self.len - self.base < PAIRWISE {
            for earlier in &self.stack()[self.base..] {
                if earlier.fingerprint == seen.fingerprint && self.order(earlier, &seen).is_eq() {
                    return Err(self.twice(&seen));
                }
            }
        }
        self.put(seen);
        Ok(())
    }

    /// The innermost object ends.
    #[inline]
    pub(super) fn close(&mut self) -> Result<(), (Problem, usize)> {
        if self.len - self.base > PAIRWISE {
            self.check_many()?;
        }
        let below = self.base - 1;
        self.base = self.stack()[below].start as usize;
        self.len = below;
        if self.len < self.heap.len() {
            self.heap.truncate(self.len);
        }
        Ok(())
    }

    #[cold]
    fn check_many(&mut self) -> Result<(), (Problem, usize)> {
        let mut keys: Vec<Seen> = self.stack()[self.base..].to_vec();
        keys.sort_unstable_by(|a, b| {
            a.fingerprint
                .cmp(&b.fingerprint)
                .then_with(|| self.order(a, b))
                .then(a.start.cmp(&b.start))
        });
        keys.windows(2)
            .filter(|pair| {
                pair[0].fingerprint == pair[1].fingerprint && self.order(&pair[0], &pair[1]).is_eq()
            })
            .map(|pair| pair[1])
            .min_by_key(|second| second.start)
            .map_or(Ok(()), |second| Err(self.twice(&second)))
    }

    /// The order of two keys by their decoded text.
    fn order(&self, a: &Seen, b: &Seen) -> Ordering {
        let (inner_a, inner_b) = (self.inner(a), self.inner(b));
        if (a.len | b.len) & 1 == 0 {
            inner_a.cmp(inner_b)
        } else {
            Decoded::new(inner_a).cmp(Decoded::new(inner_b))
        }
    }

    fn inner(&self, seen: &Seen) -> &'a str {
        let start = seen.start as usize;
        &self.text[start..start + (seen.len >> 1) as usize]
    }

    #[cold]
    fn twice(&self, seen: &Seen) -> (Problem, usize) {
        let key = decode(self.inner(seen)).into_owned();
        (Problem::DuplicateKey(key), seen.start as usize - 1)
    }

    #[inline]
    fn stack(&self) -> &[Seen] {
        if self.heap.is_empty() { &self.inline[..self.len] } else { &self.heap }
    }

    #[inline]
    fn put(&mut self, seen: Seen) {
        if self.len < INLINE && self.heap.is_empty() {
            self.inline[self.len] = seen;
        } else {
            self.put_on_heap(seen);
        }
        self.len += 1;
    }

    #[cold]
    fn put_on_heap(&mut self, seen: Seen) {
        if self.heap.is_empty() {
            self.heap.extend_from_slice(&self.inline[..self.len]);
        }
        self.heap.push(seen);
    }
}

/// Mixes the length and the two ends of a key: enough to tell an object's keys apart mostly.
#[inline]
fn fingerprint(key: &[u8]) -> u32 {
    let (first, last) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (key.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0),
    };
    let mixed =
        (first ^ last.rotate_left(29) ^ key.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}
