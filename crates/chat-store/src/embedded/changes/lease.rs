//! Putting, deleting and sweeping leases.

use redb::ReadableTable;

use super::{Change, Conflict, Step};
use crate::LeaseKey;
use crate::embedded::Broken;
use crate::embedded::rows::LeaseRow;
use crate::embedded::tables::{Counter, Tables};

pub(in crate::embedded) struct PutLease {
    pub(in crate::embedded) key: LeaseKey,
    pub(in crate::embedded) expect_rev: Option<u64>,
    pub(in crate::embedded) value: Vec<u8>,
    /// Counts from when its turn comes.
    pub(in crate::embedded) ttl_ms: Option<i64>,
}

impl Change for PutLease {
    type Outcome = Result<u64, Conflict>;

    fn weight(&self) -> usize {
        256 + self.value.len()
    }

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<Self::Outcome>, Broken> {
        let kept = lease(tables, &self.key)?;
        if live_rev(kept.as_ref(), tables.now_ms) != self.expect_rev {
            return Ok(Step::Done(Err(Conflict)));
        }
        tables.changed = true;
        if let Some(was) = kept.and_then(|kept| kept.until_ms) {
            tables.lapses.remove((was, self.key.as_str()))?;
        }
        let rev = tables.next(Counter::Rev)?;
        let until_ms = self.ttl_ms.map(|ttl| tables.now_ms.saturating_add(ttl));
        let row = LeaseRow::write(rev, until_ms, &self.value);
        tables.leases.insert(self.key.as_str(), row.as_slice())?;
        if let Some(until_ms) = until_ms {
            tables.lapses.insert((until_ms, self.key.as_str()), ())?;
        }
        Ok(Step::Done(Ok(rev)))
    }
}

pub(in crate::embedded) struct DeleteLease {
    pub(in crate::embedded) key: LeaseKey,
    pub(in crate::embedded) expect_rev: u64,
}

impl Change for DeleteLease {
    type Outcome = Result<(), Conflict>;

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<Self::Outcome>, Broken> {
        let kept = lease(tables, &self.key)?;
        if live_rev(kept.as_ref(), tables.now_ms) != Some(self.expect_rev) {
            return Ok(Step::Done(Err(Conflict)));
        }
        tables.changed = true;
        tables.leases.remove(self.key.as_str())?;
        if let Some(until_ms) = kept.and_then(|kept| kept.until_ms) {
            tables.lapses.remove((until_ms, self.key.as_str()))?;
        }
        Ok(Step::Done(Ok(())))
    }
}

/// Forgets lapsed leases.
pub(in crate::embedded) struct Sweep {
    pub(in crate::embedded) limit: usize,
}

impl Change for Sweep {
    type Outcome = usize;

    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Step<usize>, Broken> {
        let mut lapsed = Vec::new();
        for row in tables.lapses.range(..(tables.now_ms.saturating_add(1), ""))?.take(self.limit) {
            let (key, _) = row?;
            let (until_ms, key) = key.value();
            lapsed.push((until_ms, key.to_owned()));
        }
        for (until_ms, key) in &lapsed {
            tables.lapses.remove((*until_ms, key.as_str()))?;
            tables.leases.remove(key.as_str())?;
        }
        tables.changed |= !lapsed.is_empty();
        Ok(Step::Done(lapsed.len()))
    }
}

fn lease(tables: &Tables<'_>, key: &LeaseKey) -> Result<Option<LeaseRow>, Broken> {
    tables.leases.get(key.as_str())?.map(|row| LeaseRow::read(row.value())).transpose()
}

fn live_rev(kept: Option<&LeaseRow>, now_ms: i64) -> Option<u64> {
    kept.filter(|kept| kept.lives(now_ms)).map(|kept| kept.lease.rev)
}
