//! One type for every engine, so that the server is compiled once and not once per store.
//!
//! [`AnyStore`] is itself a [`Store`] and [`Leases`]; the price is one boxed future per call, some
//! tens of nanoseconds beside a journal append.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chat_model::ChatId;
use chat_store::{
    Append, AppendError, FeedId, FeedPage, Head, Lease, LeaseError, LeaseKey, Leases, Loaded,
    Record, Store, Unavailable, Wake,
};
use tokio::sync::broadcast;

/// A future whose type nobody names.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whatever engine keeps the chats and the leases. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct AnyStore(Arc<dyn Engine>);

impl AnyStore {
    pub(crate) fn new(store: impl Store + Leases) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyStore(…)")
    }
}

/// [`Store`] and [`Leases`] in a form that can stand behind a pointer.
trait Engine: Send + Sync {
    fn append<'a>(&'a self, append: Append<'a>) -> Later<'a, Result<Head, AppendError>>;
    fn load<'a>(&'a self, chat: &'a ChatId) -> Later<'a, Result<Option<Loaded>, Unavailable>>;
    fn records<'a>(
        &'a self,
        chat: &'a ChatId,
        after: u64,
        limit: usize,
    ) -> Later<'a, Result<Vec<Record>, Unavailable>>;
    fn settled(&self) -> Later<'_, Result<(), Unavailable>>;
    fn feed<'a>(
        &'a self,
        feed: &'a FeedId,
        after: u64,
        limit: usize,
    ) -> Later<'a, Result<FeedPage, Unavailable>>;
    fn feed_head<'a>(&'a self, feed: &'a FeedId) -> Later<'a, Result<u64, Unavailable>>;
    fn listed<'a>(&'a self, feed: &'a FeedId) -> Later<'a, Result<Vec<ChatId>, Unavailable>>;
    fn snapshot<'a>(
        &'a self,
        chat: &'a ChatId,
        head: Head,
        model_rev: u32,
        bytes: &'a [u8],
    ) -> Later<'a, Result<(), Unavailable>>;
    fn expire<'a>(&'a self, now_ms: i64, limit: usize) -> Later<'a, Result<usize, Unavailable>>;
    fn get<'a>(&'a self, key: &'a LeaseKey) -> Later<'a, Result<Option<Lease>, Unavailable>>;
    fn put<'a>(
        &'a self,
        key: &'a LeaseKey,
        expect_rev: Option<u64>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> Later<'a, Result<u64, LeaseError>>;
    fn delete<'a>(
        &'a self,
        key: &'a LeaseKey,
        expect_rev: u64,
    ) -> Later<'a, Result<(), LeaseError>>;
    fn scan<'a>(
        &'a self,
        prefix: &'a str,
    ) -> Later<'a, Result<Vec<(LeaseKey, Lease)>, Unavailable>>;
    fn outdated<'a>(
        &'a self,
        leases: &'a [(LeaseKey, u64)],
    ) -> Later<'a, Result<Vec<LeaseKey>, Unavailable>>;
    fn sweep<'a>(&'a self, limit: usize) -> Later<'a, Result<usize, Unavailable>>;
    fn wakeups(&self) -> broadcast::Receiver<Wake>;
}

impl<S: Store + Leases> Engine for S {
    fn append<'a>(&'a self, append: Append<'a>) -> Later<'a, Result<Head, AppendError>> {
        Box::pin(Store::append(self, append))
    }

    fn load<'a>(&'a self, chat: &'a ChatId) -> Later<'a, Result<Option<Loaded>, Unavailable>> {
        Box::pin(Store::load(self, chat))
    }

    fn records<'a>(
        &'a self,
        chat: &'a ChatId,
        after: u64,
        limit: usize,
    ) -> Later<'a, Result<Vec<Record>, Unavailable>> {
        Box::pin(Store::records(self, chat, after, limit))
    }

    fn settled(&self) -> Later<'_, Result<(), Unavailable>> {
        Box::pin(Store::settled(self))
    }

    fn feed<'a>(
        &'a self,
        feed: &'a FeedId,
        after: u64,
        limit: usize,
    ) -> Later<'a, Result<FeedPage, Unavailable>> {
        Box::pin(Store::feed(self, feed, after, limit))
    }

    fn feed_head<'a>(&'a self, feed: &'a FeedId) -> Later<'a, Result<u64, Unavailable>> {
        Box::pin(Store::feed_head(self, feed))
    }

    fn listed<'a>(&'a self, feed: &'a FeedId) -> Later<'a, Result<Vec<ChatId>, Unavailable>> {
        Box::pin(Store::listed(self, feed))
    }

    fn snapshot<'a>(
        &'a self,
        chat: &'a ChatId,
        head: Head,
        model_rev: u32,
        bytes: &'a [u8],
    ) -> Later<'a, Result<(), Unavailable>> {
        Box::pin(Store::snapshot(self, chat, head, model_rev, bytes))
    }

    fn expire<'a>(&'a self, now_ms: i64, limit: usize) -> Later<'a, Result<usize, Unavailable>> {
        Box::pin(Store::expire(self, now_ms, limit))
    }

    fn get<'a>(&'a self, key: &'a LeaseKey) -> Later<'a, Result<Option<Lease>, Unavailable>> {
        Box::pin(Leases::get(self, key))
    }

    fn put<'a>(
        &'a self,
        key: &'a LeaseKey,
        expect_rev: Option<u64>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> Later<'a, Result<u64, LeaseError>> {
        Box::pin(Leases::put(self, key, expect_rev, value, ttl))
    }

    fn delete<'a>(
        &'a self,
        key: &'a LeaseKey,
        expect_rev: u64,
    ) -> Later<'a, Result<(), LeaseError>> {
        Box::pin(Leases::delete(self, key, expect_rev))
    }

    fn scan<'a>(
        &'a self,
        prefix: &'a str,
    ) -> Later<'a, Result<Vec<(LeaseKey, Lease)>, Unavailable>> {
        Box::pin(Leases::scan(self, prefix))
    }

    fn outdated<'a>(
        &'a self,
        leases: &'a [(LeaseKey, u64)],
    ) -> Later<'a, Result<Vec<LeaseKey>, Unavailable>> {
        Box::pin(Leases::outdated(self, leases))
    }

    fn sweep<'a>(&'a self, limit: usize) -> Later<'a, Result<usize, Unavailable>> {
        Box::pin(Leases::sweep(self, limit))
    }

    fn wakeups(&self) -> broadcast::Receiver<Wake> {
        Store::wakeups(self)
    }
}

impl Store for AnyStore {
    async fn append(&self, append: Append<'_>) -> Result<Head, AppendError> {
        self.0.append(append).await
    }

    async fn load(&self, chat: &ChatId) -> Result<Option<Loaded>, Unavailable> {
        self.0.load(chat).await
    }

    async fn records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Unavailable> {
        self.0.records(chat, after, limit).await
    }

    async fn settled(&self) -> Result<(), Unavailable> {
        self.0.settled().await
    }

    async fn feed(&self, feed: &FeedId, after: u64, limit: usize) -> Result<FeedPage, Unavailable> {
        self.0.feed(feed, after, limit).await
    }

    async fn feed_head(&self, feed: &FeedId) -> Result<u64, Unavailable> {
        self.0.feed_head(feed).await
    }

    async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        self.0.listed(feed).await
    }

    async fn snapshot(
        &self,
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        self.0.snapshot(chat, head, model_rev, bytes).await
    }

    async fn expire(&self, now_ms: i64, limit: usize) -> Result<usize, Unavailable> {
        self.0.expire(now_ms, limit).await
    }

    fn wakeups(&self) -> broadcast::Receiver<Wake> {
        self.0.wakeups()
    }
}

impl Leases for AnyStore {
    async fn get(&self, key: &LeaseKey) -> Result<Option<Lease>, Unavailable> {
        self.0.get(key).await
    }

    async fn put(
        &self,
        key: &LeaseKey,
        expect_rev: Option<u64>,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<u64, LeaseError> {
        self.0.put(key, expect_rev, value, ttl).await
    }

    async fn delete(&self, key: &LeaseKey, expect_rev: u64) -> Result<(), LeaseError> {
        self.0.delete(key, expect_rev).await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(LeaseKey, Lease)>, Unavailable> {
        self.0.scan(prefix).await
    }

    async fn outdated(&self, leases: &[(LeaseKey, u64)]) -> Result<Vec<LeaseKey>, Unavailable> {
        self.0.outdated(leases).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, Unavailable> {
        self.0.sweep(limit).await
    }
}
