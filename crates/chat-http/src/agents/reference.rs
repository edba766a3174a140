//! Reference ids: per user positive, increasing, never twice (DEC-31).
//!
//! Numbers are reserved in blocks in the lease `reference/{user id}`, which outlives sessions, and
//! handed out from memory. A restart or another node begins with a block of its own; what was left
//! of the old one is never used.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chat_model::UserId;
use chat_store::{LeaseError, LeaseKey, Leases as _, Unavailable};
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use tokio::sync::Mutex as AsyncMutex;

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
    blocks: IndexMap<UserId, Numbers, RandomState>,
}

/// The numbers of one user.
#[derive(Debug, Default)]
struct Numbers {
    block: Mutex<Block>,
    /// Whoever holds it reserves the next block; the others wait.
    turn: AsyncMutex<()>,
}

/// The numbers after `last` up to and including `end` are reserved and unused.
#[derive(Debug, Default)]
struct Block {
    last: u64,
    end: u64,
}

impl Numbers {
    fn take(&self) -> Option<u64> {
        let mut block = self.block();
        if block.last == block.end {
            return None;
        }
        block.last += 1;
        Some(block.last)
    }

    fn block(&self) -> MutexGuard<'_, Block> {
        self.block.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl References {
    pub(super) fn new(store: AnyStore, roster: &Roster) -> Self {
        let blocks = roster.users().map(|user| (user.id.clone(), Numbers::default())).collect();
        Self { store, blocks }
    }

    pub(super) async fn next(&self, user: &UserId) -> Result<u64, Refusal> {
        let Some(numbers) = self.blocks.get(user) else { return Err(Refusal::internal()) };
        if let Some(number) = numbers.take() {
            return Ok(number);
        }
        Box::pin(self.reserve_and_take(user, numbers)).await
    }

    async fn reserve_and_take(&self, user: &UserId, numbers: &Numbers) -> Result<u64, Refusal> {
        let _turn = numbers.turn.lock().await;
        loop {
            // Perhaps there is a block by now; others may use it up before it is this one's turn.
            if let Some(number) = numbers.take() {
                return Ok(number);
            }
            let block = self.reserve(user).await?;
            *numbers.block() = block;
        }
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
