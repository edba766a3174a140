//! The seam's traits, each call as one change for the writer or one question for a reader.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use chat_model::ChatId;
use tokio::sync::broadcast;

use super::changes::{
    AppendOne, DeleteLease, Expire, ImportChat, ImportFeed, PutLease, PutSnapshot, Sweep,
};
use super::writer::Failure;
use super::{RedbStore, reads};
use crate::memory::millis;
use crate::{
    Append, AppendError, ChatRow, EntryRow, FeedId, FeedPage, FeedRow, Head, Import, ImportError,
    Inspect, Lease, LeaseError, LeaseKey, Leases, Loaded, Record, Store, Unavailable, Wake,
};

impl Store for RedbStore {
    async fn append(&self, append: Append<'_>) -> Result<Head, AppendError> {
        let counters = &self.shared.counters;
        let started = self.shared.stopwatch();
        match self.change(AppendOne::new(append)).await {
            Ok(Ok(head)) => {
                counters.appends.fetch_add(1, Relaxed);
                if let (Some(started), Some(ended)) = (started, self.shared.stopwatch()) {
                    counters.append_micros.add_micros(ended.saturating_sub(started));
                }
                Ok(head)
            }
            Ok(Err(_)) => {
                counters.conflicts.fetch_add(1, Relaxed);
                Err(AppendError::Conflict)
            }
            Err(Failure::Refused(why)) => Err(AppendError::Retry(why)),
            Err(Failure::Unknown(why)) => Err(AppendError::Unknown(why)),
        }
    }

    async fn load(&self, chat: &ChatId) -> Result<Option<Loaded>, Unavailable> {
        let (chat, shared) = (chat.clone(), Arc::clone(&self.shared));
        self.ask(move |txn| reads::load(txn, &chat, |broken| shared.met(broken))).await
    }

    async fn records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Unavailable> {
        let chat = chat.clone();
        self.ask(move |txn| reads::records(txn, &chat, after, limit)).await
    }

    async fn feed(&self, feed: &FeedId, after: u64, limit: usize) -> Result<FeedPage, Unavailable> {
        let feed = feed.clone();
        self.ask(move |txn| reads::feed(txn, &feed, after, limit)).await
    }

    async fn feed_head(&self, feed: &FeedId) -> Result<u64, Unavailable> {
        let feed = feed.clone();
        self.ask(move |txn| reads::feed_head(txn, &feed)).await
    }

    async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        let feed = feed.clone();
        self.ask(move |txn| reads::listed(txn, &feed)).await
    }

    async fn snapshot(
        &self,
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        Ok(self.change(PutSnapshot::new(chat, head, model_rev, bytes)).await?)
    }

    async fn expire(&self, now_ms: i64, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.change(Expire::new(now_ms, limit)).await?)
    }

    fn wakeups(&self) -> broadcast::Receiver<Wake> {
        self.shared.wakes.subscribe()
    }
}

impl Leases for RedbStore {
    async fn get(&self, key: &LeaseKey) -> Result<Option<Lease>, Unavailable> {
        let (key, now_ms) = (key.clone(), self.shared.now_ms());
        self.ask(move |txn| reads::lease(txn, &key, now_ms)).await
    }

    async fn put(
        &self,
        key: &LeaseKey,
        expect_rev: Option<u64>,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<u64, LeaseError> {
        let (key, value, ttl_ms) = (key.clone(), value.to_vec(), ttl.map(millis));
        let put = self.change(PutLease { key, expect_rev, value, ttl_ms }).await;
        put.map_err(Unavailable::from)?.map_err(|_| LeaseError::Conflict)
    }

    async fn delete(&self, key: &LeaseKey, expect_rev: u64) -> Result<(), LeaseError> {
        let deleted = self.change(DeleteLease { key: key.clone(), expect_rev }).await;
        deleted.map_err(Unavailable::from)?.map_err(|_| LeaseError::Conflict)
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(LeaseKey, Lease)>, Unavailable> {
        let (prefix, now_ms) = (prefix.to_owned(), self.shared.now_ms());
        self.ask(move |txn| reads::scan(txn, &prefix, now_ms)).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, Unavailable> {
        Ok(self.change(Sweep { limit }).await?)
    }
}

impl Inspect for RedbStore {
    async fn chats(
        &self,
        after: Option<&ChatId>,
        limit: usize,
    ) -> Result<Vec<ChatRow>, Unavailable> {
        let after = after.cloned();
        self.ask(move |txn| reads::chats(txn, after.as_ref(), limit)).await
    }

    async fn feeds(
        &self,
        after: Option<&FeedId>,
        limit: usize,
    ) -> Result<Vec<FeedRow>, Unavailable> {
        let after = after.cloned();
        self.ask(move |txn| reads::feeds(txn, after.as_ref(), limit)).await
    }

    async fn entries(
        &self,
        feed: &FeedId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EntryRow>, Unavailable> {
        let feed = feed.clone();
        self.ask(move |txn| reads::entries(txn, &feed, after, limit)).await
    }
}

impl Import for RedbStore {
    async fn import_chat(
        &self,
        chat: &ChatId,
        records: &[Record],
        expire_at_ms: Option<i64>,
    ) -> Result<bool, ImportError> {
        ImportError::unless_dense(records)?;
        let (chat, records) = (chat.clone(), records.to_vec());
        let imported = self.change(ImportChat { chat, records, expire_at_ms }).await;
        imported.map_err(Unavailable::from)?
    }

    async fn import_feed(
        &self,
        feed: &FeedId,
        head: u64,
        listed: &[ChatId],
    ) -> Result<bool, ImportError> {
        let (feed, listed) = (feed.clone(), listed.to_vec());
        let imported = self.change(ImportFeed { feed, head, listed }).await;
        imported.map_err(Unavailable::from)?
    }
}
