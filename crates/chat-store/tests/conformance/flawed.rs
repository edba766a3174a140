//! Stores with one flaw each, of the kind an engine's author might really build.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chat_model::ChatId;
use chat_store::{
    Append, AppendError, CommandId, FeedEntry, FeedId, FeedPage, Head, Lease, LeaseError, LeaseKey,
    Leases, Loaded, MemoryStore, Record, Snapshot, Store, Unavailable, Wake,
};
use tokio::sync::broadcast;
use tokio::task::yield_now;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Compares the version alone, so a head of a former life fits.
    IgnoresTheToken,
    /// Appends to whatever head there is.
    LastWriterWins,
    /// Does not keep whose record it is.
    ForgetsCommands,
    /// Writes the feed after the record, not with it.
    AnnouncesLate,
    /// Writes the lists before it looks at the head.
    ListsTheRefused,
    /// Takes the cursor from a sequence before it commits, as a database's sequence would.
    CursorsFromASequence,
    ForgetsToUnlist,
    /// Keeps lists as sets.
    SortsLists,
    NeverWakes,
    /// Sends the hint before the entry can be read.
    WakesEarly,
    /// Keeps the last snapshot written, not the newest.
    AnySnapshotCounts,
    /// Does not change a chat's expiry once it is set.
    FirstExpiryCounts,
    /// Trims feeds without telling.
    SkipsInSilence,
    /// Compares no revision of a lease that is there.
    PutsOverAnyLease,
    LeasesNeverLapse,
    ScansInAnyOrder,
    /// Played by the bench: it opens an empty store.
    ForgetsAtReopen,
}

#[derive(Clone)]
pub(crate) struct Flawed {
    inner: MemoryStore,
    flaw: Flaw,
    wakes: broadcast::Sender<Wake>,
    aside: Arc<Mutex<Aside>>,
}

/// What a flaw keeps beside the store that has none.
#[derive(Default)]
struct Aside {
    sequence: u64,
    feeds: BTreeMap<FeedId, BTreeMap<u64, FeedEntry>>,
    unannounced: Vec<CommandId>,
    listed: Vec<(FeedId, ChatId)>,
    snapshots: BTreeMap<ChatId, Snapshot>,
    expiries: BTreeMap<ChatId, i64>,
}

impl Flawed {
    pub(crate) fn new(inner: MemoryStore, flaw: Flaw) -> Self {
        let wakes = broadcast::Sender::new(64);
        Self { inner, flaw, wakes, aside: Arc::default() }
    }

    fn aside(&self) -> MutexGuard<'_, Aside> {
        self.aside.lock().expect("no test panics with the lock held")
    }

    async fn head(&self, chat: &ChatId) -> Head {
        let loaded = self.inner.load(chat).await.expect("memory is always there");
        loaded.map_or(Head::NONE, |loaded| loaded.head)
    }

    async fn append_from_a_sequence(&self, append: Append<'_>) -> Result<Head, AppendError> {
        let cursor = {
            let mut aside = self.aside();
            aside.sequence += 1;
            aside.sequence
        };
        for _ in 0..cursor % 5 {
            yield_now().await;
        }
        let head = self.inner.append(append.feeds(&[])).await?;
        let record = Record::new(head.version, append.at_ms, append.command, append.payload);
        for feed in append.feeds {
            let entry = FeedEntry::new(cursor, append.chat.clone(), record.clone());
            self.aside().feeds.entry(feed.clone()).or_default().insert(cursor, entry);
        }
        Ok(head)
    }
}

impl Store for Flawed {
    async fn append(&self, mut append: Append<'_>) -> Result<Head, AppendError> {
        let present = self.head(append.chat).await;
        match self.flaw {
            Flaw::IgnoresTheToken if present.version == append.expect.version => {
                append.expect = present;
            }
            Flaw::LastWriterWins => append.expect = present,
            Flaw::ForgetsCommands => append.command = CommandId::new([0; 16]),
            Flaw::AnnouncesLate => {
                self.aside().unannounced.push(append.command);
                let appended = self.inner.append(append).await;
                yield_now().await;
                yield_now().await;
                self.aside().unannounced.retain(|late| *late != append.command);
                return appended;
            }
            Flaw::ListsTheRefused if present != append.expect => {
                let refused = append.list.iter().map(|feed| (feed.clone(), append.chat.clone()));
                self.aside().listed.extend(refused);
            }
            Flaw::CursorsFromASequence => return self.append_from_a_sequence(append).await,
            Flaw::ForgetsToUnlist => append.unlist = &[],
            Flaw::WakesEarly => {
                for feed in append.feeds {
                    let cursor = self.inner.feed_head(feed).await.expect("memory is there") + 1;
                    let _ = self.wakes.send(Wake::new(feed.clone(), cursor));
                }
                yield_now().await;
                yield_now().await;
            }
            Flaw::FirstExpiryCounts => {
                let mut aside = self.aside();
                if let Some(at) = append.expire_at_ms {
                    aside.expiries.entry(append.chat.clone()).or_insert(at);
                }
                append.expire_at_ms = aside.expiries.get(append.chat).copied();
            }
            _ => {}
        }
        self.inner.append(append).await
    }

    async fn load(&self, chat: &ChatId) -> Result<Option<Loaded>, Unavailable> {
        let loaded = self.inner.load(chat).await?;
        let kept = self.aside().snapshots.get(chat).cloned();
        match (loaded, kept) {
            (Some(loaded), Some(kept)) => {
                let records = self.inner.records(chat, kept.version, usize::MAX).await?;
                Ok(Some(Loaded::new(loaded.head, Some(kept), records)))
            }
            (loaded, _) => Ok(loaded),
        }
    }

    async fn records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Unavailable> {
        self.inner.records(chat, after, limit).await
    }

    async fn feed(&self, feed: &FeedId, after: u64, limit: usize) -> Result<FeedPage, Unavailable> {
        if self.flaw == Flaw::CursorsFromASequence {
            let aside = self.aside();
            let entries =
                aside.feeds.get(feed).into_iter().flat_map(|feed| feed.range(after + 1..));
            return Ok(FeedPage::new(0, entries.take(limit).map(|(_, e)| e.clone()).collect()));
        }
        let mut page = self.inner.feed(feed, after, limit).await?;
        let unannounced = self.aside().unannounced.clone();
        let announced =
            page.entries.iter().take_while(|e| !unannounced.contains(&e.record.command));
        page.entries.truncate(announced.count());
        if self.flaw == Flaw::SkipsInSilence {
            page.floor = 0;
        }
        Ok(page)
    }

    async fn feed_head(&self, feed: &FeedId) -> Result<u64, Unavailable> {
        self.inner.feed_head(feed).await
    }

    async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        let mut listed = self.inner.listed(feed).await?;
        let aside = self.aside();
        listed.extend(aside.listed.iter().filter(|(of, _)| of == feed).map(|(_, id)| id.clone()));
        if self.flaw == Flaw::SortsLists {
            listed.sort();
        }
        Ok(listed)
    }

    async fn snapshot(
        &self,
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        if self.flaw == Flaw::AnySnapshotCounts {
            let snapshot = Snapshot::new(head.version, model_rev, bytes);
            self.aside().snapshots.insert(chat.clone(), snapshot);
            return Ok(());
        }
        self.inner.snapshot(chat, head, model_rev, bytes).await
    }

    async fn expire(&self, now_ms: i64, limit: usize) -> Result<usize, Unavailable> {
        self.inner.expire(now_ms, limit).await
    }

    fn wakeups(&self) -> broadcast::Receiver<Wake> {
        match self.flaw {
            Flaw::NeverWakes | Flaw::WakesEarly => self.wakes.subscribe(),
            _ => self.inner.wakeups(),
        }
    }
}

impl Leases for Flawed {
    async fn get(&self, key: &LeaseKey) -> Result<Option<Lease>, Unavailable> {
        self.inner.get(key).await
    }

    async fn put(
        &self,
        key: &LeaseKey,
        mut expect_rev: Option<u64>,
        value: &[u8],
        mut ttl: Option<Duration>,
    ) -> Result<u64, LeaseError> {
        match self.flaw {
            Flaw::PutsOverAnyLease if expect_rev.is_some() => {
                let lease = self.inner.get(key).await?;
                expect_rev = lease.map(|lease| lease.rev).or(expect_rev);
            }
            Flaw::LeasesNeverLapse => ttl = None,
            _ => {}
        }
        self.inner.put(key, expect_rev, value, ttl).await
    }

    async fn delete(&self, key: &LeaseKey, expect_rev: u64) -> Result<(), LeaseError> {
        self.inner.delete(key, expect_rev).await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(LeaseKey, Lease)>, Unavailable> {
        let mut found = self.inner.scan(prefix).await?;
        if self.flaw == Flaw::ScansInAnyOrder {
            found.reverse();
        }
        Ok(found)
    }

    async fn sweep(&self, limit: usize) -> Result<usize, Unavailable> {
        self.inner.sweep(limit).await
    }
}
