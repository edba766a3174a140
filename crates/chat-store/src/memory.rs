//! The store without a disk: the reference for every promise but durability, and the engine of
//! tests and trials.
//!
//! Two tables, each behind a lock that is held for a few lookups and never across an await: the
//! journal and the leases. What it keeps is bounded only by [`Store::expire`] (feed entries, and
//! chats that may expire) and [`Leases::sweep`]; a feed's counter stays for as long as the store
//! lives, some hundred bytes for every user and queue ever written to, because a feed's cursor must
//! never fall (DEC-44).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_model::ChatId;
use smallvec::SmallVec;
use tokio::sync::broadcast;

use crate::{
    Append, AppendError, ChatRow, EntryRow, FeedId, FeedPage, FeedRow, Head, Import, ImportError,
    Inspect, Lease, LeaseError, LeaseKey, Leases, Loaded, Record, Store, Unavailable, Wake,
};
use journal::Journal;
use leases::LeaseTable;

mod journal;
mod leases;

/// The present time in milliseconds since 1970 (UTC), as an argument: this crate reads no clock.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How many hints a receiver may fall behind before it is told that it missed some.
pub(crate) const WAKES: usize = 4096;

/// How far back feeds can be replayed where nothing else is asked for.
pub(crate) const REPLAY_WINDOW: Duration = Duration::from_secs(60 * 60);

/// A [`Store`] and [`Leases`] in memory. Clones are handles to the same data.
///
/// `Ok` means durable for as long as a handle lives: the data goes with the last one.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    journal: Mutex<Journal>,
    leases: Mutex<LeaseTable>,
    wakes: broadcast::Sender<Wake>,
    clock: Clock,
}

impl MemoryStore {
    /// An empty store with a replay window of one hour; `clock` tells when leases lapse.
    pub fn new(clock: Clock) -> Self {
        Self::with_replay_window(clock, REPLAY_WINDOW)
    }

    /// An empty store that keeps feed entries for `window` (see [`Store::expire`]).
    pub fn with_replay_window(clock: Clock, window: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                journal: Mutex::new(Journal::new(millis(window))),
                leases: Mutex::new(LeaseTable::default()),
                wakes: broadcast::Sender::new(WAKES),
                clock,
            }),
        }
    }

    fn journal(&self) -> MutexGuard<'_, Journal> {
        // Nothing under the lock calls foreign code, so a poisoned lock still guards whole data.
        self.shared.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leases(&self) -> MutexGuard<'_, LeaseTable> {
        self.shared.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        (self.shared.clock)()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("journal", &*self.journal()).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    async fn append(&self, append: Append<'_>) -> Result<Head, AppendError> {
        let mut wakes = SmallVec::<[Wake; 2]>::new();
        let listened_to = self.shared.wakes.receiver_count() > 0;
        let head = self.journal().append(append, |feed, cursor| {
            if listened_to {
                wakes.push(Wake::new(feed.clone(), cursor));
            }
        })?;
        // Sent outside the lock: a waker is foreign code.
        for wake in wakes {
            // Without a receiver there is nobody to wake.
            let _ = self.shared.wakes.send(wake);
        }
        Ok(head)
    }

    async fn load(&self, chat: &ChatId) -> Result<Option<Loaded>, Unavailable> {
        Ok(self.journal().load(chat))
    }

    async fn records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Unavailable> {
        Ok(self.journal().records(chat, after, limit))
    }

    async fn feed(&self, feed: &FeedId, after: u64, limit: usize) -> Result<FeedPage, Unavailable> {
        Ok(self.journal().feed(feed, after, limit))
    }

    async fn feed_head(&self, feed: &FeedId) -> Result<u64, Unavailable> {
        Ok(self.journal().feed_head(feed))
    }

    async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        Ok(self.journal().listed(feed))
    }

    async fn snapshot(
        &self,
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        self.journal().snapshot(chat, head, model_rev, bytes);
        Ok(())
    }

    async fn expire(&self, now_ms: i64, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.journal().expire(now_ms, limit))
    }

    fn wakeups(&self) -> broadcast::Receiver<Wake> {
        self.shared.wakes.subscribe()
    }
}

impl Inspect for MemoryStore {
    async fn chats(
        &self,
        after: Option<&ChatId>,
        limit: usize,
    ) -> Result<Vec<ChatRow>, Unavailable> {
        Ok(self.journal().chats(after, limit))
    }

    async fn feeds(
        &self,
        after: Option<&FeedId>,
        limit: usize,
    ) -> Result<Vec<FeedRow>, Unavailable> {
        Ok(self.journal().feeds(after, limit))
    }

    async fn entries(
        &self,
        feed: &FeedId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EntryRow>, Unavailable> {
        Ok(self.journal().entries(feed, after, limit))
    }
}

impl Import for MemoryStore {
    async fn import_chat(
        &self,
        chat: &ChatId,
        records: &[Record],
        expire_at_ms: Option<i64>,
    ) -> Result<bool, ImportError> {
        self.journal().import_chat(chat, records, expire_at_ms)
    }

    async fn import_feed(
        &self,
        feed: &FeedId,
        head: u64,
        listed: &[ChatId],
    ) -> Result<bool, ImportError> {
        self.journal().import_feed(feed, head, listed)
    }
}

impl Leases for MemoryStore {
    async fn get(&self, key: &LeaseKey) -> Result<Option<Lease>, Unavailable> {
        let now = self.now_ms();
        Ok(self.leases().get(key, now))
    }

    async fn put(
        &self,
        key: &LeaseKey,
        expect_rev: Option<u64>,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<u64, LeaseError> {
        let now = self.now_ms();
        let until = ttl.map(|ttl| now.saturating_add(millis(ttl)));
        self.leases().put(key, expect_rev, value, until, now)
    }

    async fn delete(&self, key: &LeaseKey, expect_rev: u64) -> Result<(), LeaseError> {
        let now = self.now_ms();
        self.leases().delete(key, expect_rev, now)
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(LeaseKey, Lease)>, Unavailable> {
        let now = self.now_ms();
        Ok(self.leases().scan(prefix, now))
    }

    async fn sweep(&self, limit: usize) -> Result<usize, Unavailable> {
        let now = self.now_ms();
        Ok(self.leases().sweep(limit, now))
    }
}

pub(crate) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
