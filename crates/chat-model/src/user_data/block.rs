//! A few entries of the map as one piece of text: the unit that a change splices.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{JsonRef, Key, string_end};

/// A block takes no more entries when it has this many.
pub(super) const ENTRIES: usize = 32;
/// A block takes no more entries when it has this many bytes: a splice moves what stands behind it.
pub(super) const BYTES: usize = 8 * 1024;

/// Entries as `"key":value,` one after the other, keys canonical, values compact.
#[derive(Clone, Default)]
pub(super) struct Block {
    text: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u32,
    /// Where the entry ends, its comma included; the next one begins there.
    end: u32,
}

impl Block {
    #[inline]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= ENTRIES || self.text.len() >= BYTES
    }

    /// The entry with this canonical key. Such keys are prefix-free: the closing quote ends them.
    #[inline]
    pub(super) fn find(&self, key: &str, hash: u32) -> Option<usize> {
        self.entries.iter().enumerate().position(|(at, entry)| {
            entry.hash == hash && self.text.as_bytes()[self.start(at)..].starts_with(key.as_bytes())
        })
    }

    /// The value of an entry whose canonical key has `key_len` bytes.
    pub(super) fn value(&self, entry: usize, key_len: usize) -> JsonRef<'_> {
        JsonRef::known(&self.text[self.start(entry) + key_len + 1..self.end(entry) - 1])
    }

    pub(super) fn push(&mut self, pair: &str, hash: u32) {
        self.text.push_str(pair);
        self.text.push(',');
        self.entries.push(Entry { hash, end: position(self.text.len()) });
    }

    /// Gives an entry whose canonical key has `key_len` bytes another value.
    pub(super) fn replace(&mut self, entry: usize, key_len: usize, value: &str) {
        let (start, end) = (self.start(entry) + key_len + 1, self.end(entry) - 1);
        if &self.text[start..end] == value {
            return;
        }
        self.make_room(self.text.len() - (end - start) + value.len());
        self.text.replace_range(start..end, value);
        self.move_ends(entry, end - start, value.len());
        if value.len() < end - start {
            self.give_back();
        }
    }

    pub(super) fn remove(&mut self, entry: usize) {
        let (start, end) = (self.start(entry), self.end(entry));
        self.text.replace_range(start..end, "");
        self.move_ends(entry, end - start, 0);
        self.entries.remove(entry);
        self.give_back();
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.entries.shrink_to_fit();
    }

    /// Bytes held for text and entries.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.text.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    pub(super) fn hashes(&self) -> impl Iterator<Item = u32> {
        self.entries.iter().map(|entry| entry.hash)
    }

    /// The entries as `"key":value`, with their hashes.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, u32)> {
        self.entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (&self.text[self.start(at)..self.end(at) - 1], entry.hash))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key<'_>, JsonRef<'_>)> {
        self.pairs().map(|(pair, _)| {
            let key_end = string_end(pair.as_bytes(), 0);
            (Key::known(&pair[..key_end]), JsonRef::known(&pair[key_end + 1..]))
        })
    }

    #[inline]
    fn start(&self, entry: usize) -> usize {
        if entry == 0 { 0 } else { self.end(entry - 1) }
    }

    #[inline]
    fn end(&self, entry: usize) -> usize {
        self.entries[entry].end as usize
    }

    /// From `entry` on, `before` bytes have become `after`.
    fn move_ends(&mut self, entry: usize, before: usize, after: usize) {
        if before != after {
            for moved in &mut self.entries[entry..] {
                moved.end = position(moved.end as usize - before + after);
            }
        }
    }

    /// Grows by an eighth where a vector would double: most blocks are full and rarely change.
    fn make_room(&mut self, bytes: usize) {
        if bytes > self.text.capacity() {
            self.text.reserve_exact(bytes + bytes / 8 - self.text.len());
        }
    }

    /// Keeps no more than twice what is needed.
    fn give_back(&mut self) {
        if self.text.capacity() > 2 * self.text.len() + 64 {
            self.text.shrink_to(self.text.len() + self.text.len() / 8);
        }
        if self.entries.capacity() > 2 * self.entries.len() + 8 {
            self.entries.shrink_to(self.entries.len() + 4);
        }
    }
}

/// A position in a block. Bodies are at most 64 MiB, stored maps 2 GiB, so 32 values fit.
fn position(at: usize) -> u32 {
    at as u32
}
