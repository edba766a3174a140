//! Where the records of a chat stand in the journal, which is in the order of appending.
//!
//! One commit brings records of many chats. Kept chat by chat, each would rewrite pages of its own;
//! one after the other they share theirs, and what finds them again is a number each: the newest in the
//! chat's row, which is written with every record anyway, and older ones in blocks.

use redb::ReadableTable;

use super::Broken;
use super::rows::{ChatRow, pair};

/// Places in one block. The row of a chat is written with each record and has at most so many, less
/// one; a load reads a block for as many records.
pub(super) const BLOCK: u64 = 32;

/// The block with the place of that version, which is at least 1.
pub(super) const fn block_of(version: u64) -> u64 {
    (version - 1) / BLOCK
}

/// The places that a block names.
pub(super) fn read_block(block: &[u8]) -> impl Iterator<Item = u64> {
    block.as_chunks().0.iter().map(|place| u64::from_le_bytes(*place))
}

impl ChatRow {
    /// Takes in the next record, which stands at `place`; answers with the block that this fills.
    pub(super) fn grow(&mut self, place: u64) -> Option<Vec<u8>> {
        self.version += 1;
        self.places.push(place);
        if !self.version.is_multiple_of(BLOCK) {
            return None;
        }
        Some(self.places.drain(..).flat_map(u64::to_le_bytes).collect())
    }

    /// Where the records after `after` stand, `limit` of them at most, in their order.
    pub(super) fn places(
        &self,
        blocks: &impl ReadableTable<u128, &'static [u8]>,
        after: u64,
        limit: usize,
    ) -> Result<Vec<u64>, Broken> {
        let last = self.version.min(after.saturating_add(limit as u64));
        let mut places = Vec::new();
        if after >= last {
            return Ok(places);
        }
        for block in block_of(after + 1)..=block_of(last) {
            let first_version = block * BLOCK + 1;
            let wanted = |place: &(u64, u64)| after < place.0 && place.0 <= last;
            if block == self.version / BLOCK {
                let tail = self.places.iter().copied();
                places.extend((first_version..).zip(tail).filter(wanted).map(|(_, place)| place));
                continue;
            }
            let kept = blocks.get(pair(self.life, block))?;
            let kept = kept.ok_or_else(|| self.lacks_a_block())?;
            let kept = kept.value();
            if kept.len() as u64 != BLOCK * 8 {
                return Err(self.lacks_a_block());
            }
            let kept = read_block(kept);
            places.extend((first_version..).zip(kept).filter(wanted).map(|(_, place)| place));
        }
        Ok(places)
    }

    fn lacks_a_block(&self) -> Broken {
        let life = self.life;
        Broken::damage(format_args!("it lacks where records of chat {life} are"))
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use redb::{Builder, ReadableDatabase};

    use super::super::rows::{ChatRow, PLACES, pair};
    use super::{BLOCK, block_of};

    /// Every stretch of a chat's records is found where it was put, over the borders of blocks, also
    /// after the row went through its bytes.
    #[test]
    fn every_record_is_found_in_its_place() {
        let db = Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        let mut row = ChatRow::new(7);
        row.listed.push((1, 2));
        let place_of = |version: u64| version * 1_000;
        for version in 0..=3 * BLOCK {
            if version > 0
                && let Some(block) = row.grow(place_of(version))
            {
                let txn = db.begin_write().unwrap();
                let key = pair(row.life, block_of(version));
                txn.open_table(PLACES).unwrap().insert(key, block.as_slice()).unwrap();
                txn.commit().unwrap();
            }
            row = ChatRow::read(&row.write()).expect("a row that was written can be read");
            assert_eq!((row.version, &*row.listed), (version, &[(1, 2)][..]));
            let txn = db.begin_read().unwrap();
            let Ok(blocks) = txn.open_table(PLACES) else { continue };
            for after in (0..=version + 1).step_by(5) {
                for limit in [0, 1, 31, 32, 33, usize::MAX] {
                    let last = version.min(after.saturating_add(limit as u64));
                    let want: Vec<u64> = (after + 1..=last).map(place_of).collect();
                    let found = row.places(&blocks, after, limit).ok();
                    assert_eq!(found, Some(want), "{limit} after {after} of {version}");
                }
            }
        }
    }
}
