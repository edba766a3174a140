//! Reference ids: per user positive, increasing, never twice (DEC-31).
//!
//! Numbers are reserved in blocks in the lease `reference/{user id}`, which outlives sessions, and
//! handed out from memory. A restart or another node begins with a block of its own; what was left
//! of the old one is never used.

use chat_model::UserId;
use chat_store::{LeaseError, LeaseKey, Leases as _, Unavailable};
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use tokio::sync::Mutex;

use crate::reply::Refusal;
use crate::roster::Roster;
use crate::storage::AnyStore;

/// Numbers per block: one write per that many operations. Small, because some clients read the
/// number into 32 bits.
const BLOCK: u64 = 256;

const TRIES: usize = 8;

#[derive(Debug)]
pub(super) struct References {
    store: AnyStore,
    blocks: IndexMap<UserId, Mutex<Block>, RandomState>,
}

/// The numbers after `last` up to and including `end` are reserved and unused.
#[derive(Debug, Default)]
struct Block {
    last: u64,
    end: u64,
}

impl References {
    pub(super) fn new(store: AnyStore, roster: &Roster) -> Self {
        let blocks = roster.users().map(|user| (user.id.clone(), Mutex::default())).collect();
        Self { store, blocks }
    }

    pub(super) async fn next(&self, user: &UserId) -> Result<u64, Refusal> {
        let mut block = match self.blocks.get(user) {
            Some(block) => block.lock().await,
            None => return Err(Refusal::internal()),
        };
        if block.last == block.end {
            *block = self.reserve(user).await?;
        }
        block.last += 1;
        Ok(block.last)
    }

    async fn reserve(&self, user: &UserId) -> Result<Block, LeaseError> {
        let key = LeaseKey::new(format!("reference/{user}"));
        for _ in 0..TRIES {
            let lease = self.store.get(&key).await?;
            let last = match &lease {
                Some(lease) => str::from_utf8(&lease.value)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| Unavailable::new("a reference lease is unreadable"))?,
                None => 0,
            };
            let end = last + BLOCK;
            let rev = lease.map(|lease| lease.rev);
            match self.store.put(&key, rev, end.to_string().as_bytes(), None).await {
                Ok(_) => return Ok(Block { last, end }),
                Err(LeaseError::Conflict) => {}
                // Perhaps written: then these numbers are a gap.
                Err(error) => return Err(error),
            }
        }
        Err(LeaseError::Conflict)
    }
}
