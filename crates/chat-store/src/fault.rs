//! A store that lies, over one that does not: what networks, failovers and rivals do to a caller.
//!
//! It exists because the paths after a failure are the ones that lose chats, and real engines fail
//! too seldom to test them. Faults are drawn from a seed, or scripted one by one; one task alone
//! meets the same faults in every run.

mod gate;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chat_model::ChatId;
use gate::Gate;
use tokio::sync::broadcast;

use crate::{
    Append, AppendError, CommandId, FeedId, FeedPage, Head, Lease, LeaseError, LeaseKey, Leases,
    Loaded, Record, Store, Unavailable, Wake,
};

pub use gate::Pause;

/// How often which fault happens, each in calls out of a hundred.
///
/// The faults of an append exclude each other, so their sum is at most 100; what is left goes
/// through untouched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Faults {
    /// Appends answered with [`AppendError::Unknown`] that have been applied.
    pub unknown_applied: u8,
    /// Appends answered with [`AppendError::Unknown`] that never arrive.
    pub unknown_lost: u8,
    /// Appends answered with [`AppendError::Unknown`] that arrive later: just before the next
    /// append through any clone of this handle.
    pub unknown_late: u8,
    /// Appends answered with [`AppendError::Retry`], not applied.
    pub retry: u8,
    /// Appends before which a rival appends a record of its own, so that they conflict. The rival
    /// writes the payload given to [`Faulty::rival_payload`] and reaches the same feeds.
    pub rival: u8,
    /// Reads (and snapshots, and expiry) answered with [`Unavailable`].
    pub reads: u8,
    /// Lease writes answered with [`LeaseError::Unavailable`], half of them applied.
    pub leases: u8,
}

impl Faults {
    /// No faults at all.
    pub const NONE: Self = Self {
        unknown_applied: 0,
        unknown_lost: 0,
        unknown_late: 0,
        retry: 0,
        rival: 0,
        reads: 0,
        leases: 0,
    };

    /// Lies about two appends in three, in every way there is, and fails some reads and lease
    /// writes; sends in no rival.
    pub const LIES_TWO_TIMES_IN_THREE: Self = Self {
        unknown_applied: 23,
        unknown_lost: 22,
        unknown_late: 22,
        retry: 10,
        rival: 0,
        reads: 10,
        leases: 30,
    };

    const fn of_an_append(self) -> u64 {
        self.unknown_applied as u64
            + self.unknown_lost as u64
            + self.unknown_late as u64
            + self.retry as u64
            + self.rival as u64
    }
}

/// A handle to the store `S` that injects [`Faults`]. Clones share the seed's sequence.
#[derive(Clone)]
pub struct Faulty<S> {
    inner: S,
    faults: Faults,
    rival_payload: Arc<[u8]>,
    shared: Arc<Shared>,
}

struct Shared {
    seed: u64,
    drawn: AtomicU64,
    script: Mutex<VecDeque<Fault>>,
    failing_reads: AtomicU64,
    under_way: Mutex<Vec<Late>>,
    /// Before appends.
    appends: Arc<Gate>,
    /// Before puts of leases.
    puts: Arc<Gate>,
}

/// What becomes of one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It goes through untouched.
    None,
    /// See [`Faults::unknown_applied`].
    UnknownApplied,
    /// See [`Faults::unknown_lost`].
    UnknownLost,
    /// See [`Faults::unknown_late`].
    UnknownLate,
    /// See [`Faults::retry`].
    Retry,
    /// See [`Faults::rival`].
    Rival,
}

impl<S> Faulty<S> {
    /// Wraps `inner`; the same `seed` draws the same faults.
    ///
    /// # Panics
    /// When the faults of an append add up to more than 100 in a hundred.
    pub fn new(inner: S, seed: u64, faults: Faults) -> Self {
        let sum = faults.of_an_append();
        assert!(sum <= 100, "an append meets at most one fault, but these add up to {sum} in 100");
        Self {
            inner,
            faults,
            rival_payload: Arc::from(&b"rival"[..]),
            shared: Arc::new(Shared {
                seed,
                drawn: AtomicU64::new(0),
                script: Mutex::default(),
                failing_reads: AtomicU64::new(0),
                under_way: Mutex::default(),
                appends: Arc::default(),
                puts: Arc::default(),
            }),
        }
    }

    /// Wraps `inner` so that its first appends meet these faults in turn, and later ones none.
    pub fn scripted(inner: S, script: impl IntoIterator<Item = Fault>) -> Self {
        let store = Self::new(inner, 0, Faults::NONE);
        store.script().extend(script);
        store
    }

    /// Makes the next `count` reads fail, through any clone of this handle.
    pub fn fail_reads(&self, count: u64) {
        self.shared.failing_reads.store(count, Ordering::SeqCst);
    }

    /// Makes the next appends meet these faults in turn, through any clone of this handle.
    pub fn meet(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script().extend(faults);
    }

    /// Makes appends wait, through any clone of this handle, until the pause is dropped.
    pub async fn pause(&self) -> Pause {
        self.shared.appends.close().await
    }

    /// Makes puts of leases wait in the same way.
    pub async fn pause_puts(&self) -> Pause {
        self.shared.puts.close().await
    }

    /// Sets what a rival writes, where the reader has to understand it.
    #[must_use]
    pub fn rival_payload(mut self, payload: &[u8]) -> Self {
        self.rival_payload = payload.into();
        self
    }

    /// The store beneath, which tells the truth.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// The next number of the sequence (SplitMix64).
    fn draw(&self) -> u64 {
        let nth = self.shared.drawn.fetch_add(1, Ordering::Relaxed) + 1;
        let mut x = self.shared.seed.wrapping_add(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn strikes(&self, in_a_hundred: u8) -> bool {
        self.draw() % 100 < u64::from(in_a_hundred)
    }

    fn fate(&self) -> Fault {
        if let Some(scripted) = self.script().pop_front() {
            return scripted;
        }
        let mut drawn = self.draw() % 100;
        let Faults { unknown_applied, unknown_lost, unknown_late, retry, rival, .. } = self.faults;
        for (in_a_hundred, fault) in [
            (unknown_applied, Fault::UnknownApplied),
            (unknown_lost, Fault::UnknownLost),
            (unknown_late, Fault::UnknownLate),
            (retry, Fault::Retry),
            (rival, Fault::Rival),
        ] {
            if drawn < u64::from(in_a_hundred) {
                return fault;
            }
            drawn -= u64::from(in_a_hundred);
        }
        Fault::None
    }

    fn readable(&self) -> Result<(), Unavailable> {
        let one_less = |left: u64| left.checked_sub(1);
        let failing = &self.shared.failing_reads;
        let scripted = failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        if scripted || self.strikes(self.faults.reads) {
            return Err(Unavailable::new("injected: the read failed"));
        }
        Ok(())
    }

    fn script(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<Late>> {
        self.shared.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Faulty<S> {
    /// Delivers every append that is still under way, as the next append would.
    pub async fn deliver(&self) {
        let arriving = std::mem::take(&mut *self.under_way());
        for late in arriving {
            // Its sender has gone: nobody is left to hear how it went.
            let _ = self.inner.append(late.as_append()).await;
        }
    }

    async fn send_rival(&self, append: &Append<'_>) {
        let (high, low) = (self.draw().to_be_bytes(), self.draw().to_be_bytes());
        let mut id = [0; 16];
        id[..8].copy_from_slice(&high);
        id[8..].copy_from_slice(&low);
        let rival = Append {
            command: CommandId::new(id),
            payload: &self.rival_payload,
            list: &[],
            unlist: &[],
            ..*append
        };
        // Where the head does not fit, there is a rival already.
        let _ = self.inner.append(rival).await;
    }
}

impl<S: fmt::Debug> fmt::Debug for Faulty<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("inner", &self.inner)
            .field("faults", &self.faults)
            .field("seed", &self.shared.seed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl<S: Store> Store for Faulty<S> {
    async fn append(&self, append: Append<'_>) -> Result<Head, AppendError> {
        let _passes = self.shared.appends.pass().await;
        self.deliver().await;
        let unknown = |what: &str| Err(AppendError::Unknown(format!("injected: {what}")));
        match self.fate() {
            Fault::None => self.inner.append(append).await,
            Fault::UnknownApplied => {
                // Whether it fitted is just what the caller is not told.
                let _ = self.inner.append(append).await;
                unknown("the answer was lost")
            }
            Fault::UnknownLost => unknown("the request was lost"),
            Fault::UnknownLate => {
                self.under_way().push(Late::from(&append));
                unknown("the request is late")
            }
            Fault::Retry => Err(AppendError::Retry("injected: the engine refused".to_owned())),
            Fault::Rival => {
                self.send_rival(&append).await;
                self.inner.append(append).await
            }
        }
    }

    async fn load(&self, chat: &ChatId) -> Result<Option<Loaded>, Unavailable> {
        self.readable()?;
        self.inner.load(chat).await
    }

    async fn records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Record>, Unavailable> {
        self.readable()?;
        self.inner.records(chat, after, limit).await
    }

    async fn settled(&self) -> Result<(), Unavailable> {
        self.readable()?;
        self.inner.settled().await
    }

    async fn feed(&self, feed: &FeedId, after: u64, limit: usize) -> Result<FeedPage, Unavailable> {
        self.readable()?;
        self.inner.feed(feed, after, limit).await
    }

    async fn feed_head(&self, feed: &FeedId) -> Result<u64, Unavailable> {
        self.readable()?;
        self.inner.feed_head(feed).await
    }

    async fn listed(&self, feed: &FeedId) -> Result<Vec<ChatId>, Unavailable> {
        self.readable()?;
        self.inner.listed(feed).await
    }

    async fn snapshot(
        &self,
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        self.readable()?;
        self.inner.snapshot(chat, head, model_rev, bytes).await
    }

    async fn expire(&self, now_ms: i64, limit: usize) -> Result<usize, Unavailable> {
        self.readable()?;
        self.inner.expire(now_ms, limit).await
    }

    fn wakeups(&self) -> broadcast::Receiver<Wake> {
        self.inner.wakeups()
    }
}

impl<S: Store + Leases> Leases for Faulty<S> {
    async fn get(&self, key: &LeaseKey) -> Result<Option<Lease>, Unavailable> {
        self.readable()?;
        self.inner.get(key).await
    }

    async fn put(
        &self,
        key: &LeaseKey,
        expect_rev: Option<u64>,
        value: &[u8],
        ttl: Option<Duration>,
    ) -> Result<u64, LeaseError> {
        let _passes = self.shared.puts.pass().await;
        if !self.strikes(self.faults.leases) {
            return self.inner.put(key, expect_rev, value, ttl).await;
        }
        if self.strikes(50) {
            // Whether it fitted is just what the caller is not told.
            let _ = self.inner.put(key, expect_rev, value, ttl).await;
        }
        Err(Unavailable::new("injected: no answer to the put").into())
    }

    async fn delete(&self, key: &LeaseKey, expect_rev: u64) -> Result<(), LeaseError> {
        if !self.strikes(self.faults.leases) {
            return self.inner.delete(key, expect_rev).await;
        }
        if self.strikes(50) {
            // As with a put.
            let _ = self.inner.delete(key, expect_rev).await;
        }
        Err(Unavailable::new("injected: no answer to the delete").into())
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(LeaseKey, Lease)>, Unavailable> {
        self.readable()?;
        self.inner.scan(prefix).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, Unavailable> {
        self.readable()?;
        self.inner.sweep(limit).await
    }
}

/// An append that outlives its sender.
struct Late {
    chat: ChatId,
    expect: Head,
    command: CommandId,
    at_ms: i64,
    payload: Vec<u8>,
    feeds: Vec<FeedId>,
    list: Vec<FeedId>,
    unlist: Vec<FeedId>,
    expire_at_ms: Option<i64>,
}

impl From<&Append<'_>> for Late {
    fn from(append: &Append<'_>) -> Self {
        Self {
            chat: append.chat.clone(),
            expect: append.expect,
            command: append.command,
            at_ms: append.at_ms,
            payload: append.payload.to_vec(),
            feeds: append.feeds.to_vec(),
            list: append.list.to_vec(),
            unlist: append.unlist.to_vec(),
            expire_at_ms: append.expire_at_ms,
        }
    }
}

impl Late {
    fn as_append(&self) -> Append<'_> {
        Append::new(&self.chat, self.expect, self.command, self.at_ms, &self.payload)
            .feeds(&self.feeds)
            .list(&self.list)
            .unlist(&self.unlist)
            .expire_at_ms(self.expire_at_ms)
    }
}
