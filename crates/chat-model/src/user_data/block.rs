//! A few entries of the map as one piece of text: the unit that a change splices.

use alloc::string::String;

use crate::json::{JsonRef, Key, string_end};

/// A block takes no more entries than this.
pub(super) const ENTRIES: usize = 32;
/// A block takes no more entries when it has this many bytes: a splice moves what stands behind it.
pub(super) const BYTES: usize = 8 * 1024;

/// Entries as `"key":value,` one after the other, keys canonical, values compact.
///
/// Hashes and ends stand in arrays of their own, because a search compares hashes eight at a time
/// and a splice moves all ends behind it.
#[derive(Clone)]
pub(super) struct Block {
    text: String,
    len: u32,
    hashes: [u32; ENTRIES],
    /// Where each entry ends, its comma included; the next one begins there.
    ends: [u32; ENTRIES],
}

impl Block {
    /// No entries, and room for `bytes` of them.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            len: 0,
            hashes: [0; ENTRIES],
            ends: [0; ENTRIES],
        }
    }

    #[inline]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len() >= ENTRIES || self.text.len() >= BYTES
    }

    /// The entry with this canonical key. Such keys are prefix-free: the closing quote ends them.
    #[inline]
    pub(super) fn find(&self, key: &str, hash: u32) -> Option<usize> {
        for (lane, hashes) in self.hashes.chunks_exact(8).enumerate() {
            // Without a branch inside, eight comparisons are one or two instructions.
            if hashes.iter().fold(false, |hit, &other| hit | (other == hash)) {
                for at in lane * 8..(lane * 8 + 8).min(self.len()) {
                    if self.hashes[at] == hash
                        && self.text.as_bytes()[self.start(at)..].starts_with(key.as_bytes())
                    {
                        return Some(at);
                    }
                }
            }
        }
        None
    }

    /// The value of an entry whose canonical key has `key_len` bytes.
    pub(super) fn value(&self, entry: usize, key_len: usize) -> JsonRef<'_> {
        JsonRef::known(&self.text[self.start(entry) + key_len + 1..self.end(entry) - 1])
    }

    pub(super) fn push(&mut self, pair: &str, hash: u32) {
        self.text.push_str(pair);
        self.text.push(',');
        let at = self.len();
        self.hashes[at] = hash;
        self.ends[at] = position(self.text.len());
        self.len += 1;
    }

    /// Gives an entry whose canonical key has `key_len` bytes another value.
    #[inline]
    pub(super) fn replace(&mut self, entry: usize, key_len: usize, value: &str) {
        let (start, end) = (self.start(entry) + key_len + 1, self.end(entry) - 1);
        if &self.text.as_bytes()[start..end] != value.as_bytes() {
            self.make_room(self.text.len() - (end - start) + value.len());
            // Moving what stands behind twice is cheaper than `replace_range`, which writes the value
            // byte by byte.
            self.text.drain(start..end);
            self.text.insert_str(start, value);
            self.move_ends(entry, end - start, value.len());
        }
    }

    pub(super) fn remove(&mut self, entry: usize) {
        let (start, end, last) = (self.start(entry), self.end(entry), self.len() - 1);
        self.text.replace_range(start..end, "");
        self.move_ends(entry, end - start, 0);
        self.hashes.copy_within(entry + 1..=last, entry);
        self.ends.copy_within(entry + 1..=last, entry);
        self.len -= 1;
    }

    /// Holds no more than the text: for a block that is full.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
    }

    /// Bytes held for text.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.text.capacity()
    }

    pub(super) fn hashes(&self) -> &[u32] {
        &self.hashes[..self.len()]
    }

    /// The entries as `"key":value`, with their hashes.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, u32)> {
        let mut start = 0;
        self.hashes().iter().zip(&self.ends).map(move |(&hash, &end)| {
            let pair = &self.text[start..end as usize - 1];
            start = end as usize;
            (pair, hash)
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key<'_>, JsonRef<'_>)> {
        self.pairs().map(|(pair, _)| {
            let key_end = string_end(pair.as_bytes(), 0);
            (Key::known(&pair[..key_end]), JsonRef::known(&pair[key_end + 1..]))
        })
    }

    #[inline]
    fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    fn start(&self, entry: usize) -> usize {
        if entry == 0 { 0 } else { self.end(entry - 1) }
    }

    #[inline]
    fn end(&self, entry: usize) -> usize {
        self.ends[entry] as usize
    }

    /// From `entry` on, `before` bytes have become `after`. Holds no more than twice what is needed.
    #[inline]
    fn move_ends(&mut self, entry: usize, before: usize, after: usize) {
        if before == after {
            return;
        }
        let len = self.len();
        for end in &mut self.ends[entry..len] {
            *end = position(*end as usize - before + after);
        }
        let needed = self.text.len();
        if self.text.capacity() > 2 * needed + 64 {
            self.text.shrink_to(needed + needed / 8);
        }
    }

    /// Grows by an eighth where a vector would double: most blocks are full and rarely change.
    #[inline]
    fn make_room(&mut self, bytes: usize) {
        if bytes > self.text.capacity() {
            self.text.reserve_exact(bytes + bytes / 8 - self.text.len());
        }
    }
}

/// A position in a block. Bodies are at most 64 MiB, stored maps 2 GiB, so 32 values fit.
#[inline]
fn position(at: usize) -> u32 {
    at as u32
}
