//! Which block holds a key, for maps of more than one block.

use core::hash::{BuildHasher, Hasher};

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;
use hashbrown::HashTable;

/// From the hash of a canonical key to its block. Its order is never looked at, so it does not
/// matter that the hash differs from process to process.
#[derive(Clone, Default)]
pub(super) struct Index {
    slots: HashTable<Slot>,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    block: u32,
}

impl Slot {
    fn spread(&self) -> u64 {
        spread(self.hash)
    }
}

impl Index {
    /// The block of a key, and whatever `look` finds in that block.
    #[inline]
    pub(super) fn find<T>(
        &self,
        hash: u32,
        mut look: impl FnMut(usize) -> Option<T>,
    ) -> Option<(usize, T)> {
        let mut found = None;
        let slot = self.slots.find(spread(hash), |slot| {
            if slot.hash == hash {
                found = look(slot.block as usize);
            }
            found.is_some()
        })?;
        Some((slot.block as usize, found?))
    }

    pub(super) fn insert(&mut self, hash: u32, block: usize) {
        let slot = Slot { hash, block: block as u32 };
        self.slots.insert_unique(slot.spread(), slot, Slot::spread);
    }

    pub(super) fn remove(&mut self, hash: u32, block: usize) {
        let same = |slot: &Slot| slot.hash == hash && slot.block == block as u32;
        if let Ok(entry) = self.slots.find_entry(spread(hash), same) {
            entry.remove();
        }
    }
}

/// Hashes a canonical key. The seed is the process's own, so that nobody can choose keys that
/// collide.
#[inline]
pub(super) fn hash_of(key: &str) -> u32 {
    let state = SeedableRandomState::with_seed(0, SharedSeed::global_random());
    let mut hasher = state.build_hasher();
    hasher.write(key.as_bytes());
    let hash = hasher.finish();
    (hash ^ hash >> 32) as u32
}

/// The table takes its bits from both ends of a word.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}
