//! Leases in memory: an ordered table, and an index of when which lease lapses.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::{Lease, LeaseError, LeaseKey};

#[derive(Default)]
pub(super) struct LeaseTable {
    slots: BTreeMap<LeaseKey, Slot>,
    /// The leases that lapse, by the time at which they do.
    due: BTreeSet<(i64, LeaseKey)>,
    /// The last revision given out, over all keys: so none ever comes back.
    last_rev: u64,
}

struct Slot {
    lease: Lease,
    until_ms: Option<i64>,
}

impl LeaseTable {
    pub(super) fn get(&self, key: &LeaseKey, now_ms: i64) -> Option<Lease> {
        self.slots.get(key).filter(|slot| slot.lives(now_ms)).map(|slot| slot.lease.clone())
    }

    pub(super) fn put(
        &mut self,
        key: &LeaseKey,
        expect_rev: Option<u64>,
        value: &[u8],
        until_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<u64, LeaseError> {
        if self.rev(key, now_ms) != expect_rev {
            return Err(LeaseError::Conflict);
        }
        self.last_rev += 1;
        let rev = self.last_rev;
        self.remove(key);
        self.slots.insert(key.clone(), Slot { lease: Lease::new(rev, value), until_ms });
        if let Some(until_ms) = until_ms {
            self.due.insert((until_ms, key.clone()));
        }
        Ok(rev)
    }

    pub(super) fn delete(
        &mut self,
        key: &LeaseKey,
        expect_rev: u64,
        now_ms: i64,
    ) -> Result<(), LeaseError> {
        if self.rev(key, now_ms) != Some(expect_rev) {
            return Err(LeaseError::Conflict);
        }
        self.remove(key);
        Ok(())
    }

    pub(super) fn scan(&self, prefix: &str, now_ms: i64) -> Vec<(LeaseKey, Lease)> {
        self.slots
            .range((Bound::Included(LeaseKey::new(prefix)), Bound::Unbounded))
            .take_while(|(key, _)| key.as_str().starts_with(prefix))
            .filter(|(_, slot)| slot.lives(now_ms))
            .map(|(key, slot)| (key.clone(), slot.lease.clone()))
            .collect()
    }

    pub(super) fn sweep(&mut self, limit: usize, now_ms: i64) -> usize {
        let mut gone = 0;
        while gone < limit
            && let Some((until_ms, _)) = self.due.first()
            && *until_ms <= now_ms
            && let Some((_, key)) = self.due.pop_first()
        {
            self.slots.remove(&key);
            gone += 1;
        }
        gone
    }

    fn rev(&self, key: &LeaseKey, now_ms: i64) -> Option<u64> {
        self.slots.get(key).filter(|slot| slot.lives(now_ms)).map(|slot| slot.lease.rev)
    }

    fn remove(&mut self, key: &LeaseKey) {
        if let Some(Slot { until_ms: Some(until_ms), .. }) = self.slots.remove(key) {
            self.due.remove(&(until_ms, key.clone()));
        }
    }
}

impl Slot {
    fn lives(&self, now_ms: i64) -> bool {
        self.until_ms.is_none_or(|until_ms| now_ms < until_ms)
    }
}
