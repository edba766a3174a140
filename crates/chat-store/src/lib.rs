//! The journal behind the chats: **an operation that was answered as accepted is never lost and
//! never applied twice, and every user who must hear of it can hear of it, in order, without a
//! gap, from any node.**
//!
//! The journal is the truth. A chat's state is a fold over its [records](Record); a
//! [snapshot](Snapshot) is a cache of that fold. One [append](Store::append) stores what happened,
//! names who must hear of it and keeps the lists of chats, all at one moment, so there is nothing
//! between "accepted" and "announced" that could get lost.
//!
//! # The promises
//! Every [`Store`] keeps these five, and `conformance` (behind the feature of that name) judges
//! whether it does:
//!
//! 1. **Versions are dense per chat**, from 1, and an append goes through only when it expects the
//!    chat's present head.
//! 2. **An append is atomic** over the record, the feeds and the lists.
//! 3. **Feed cursors are closed**: after a reader saw cursor c, no entry at or below c can appear;
//!    in one feed the versions of one chat come in order.
//! 4. **`Ok` means durable** at the level the engine is configured for.
//! 5. **Wakes are hints**: they may be lost or repeated; reading the feed alone is complete.
//!
//! # What stands where
//! [`Store`] is the seam that engines fill, [`MemoryStore`] the engine without a disk, `RedbStore`
//! (feature `embedded`) the one that keeps everything in one file, and `PostgresStore` (feature
//! `postgres`) the one that many nodes share.
//! [`append_once`] turns "nobody knows whether it was written" into an answer, over any engine.
//! [`Leases`] hold what may lapse: sessions and the liveness of nodes. [`Inspect`] and [`Import`]
//! walk through everything there is, for whoever checks a store or moves it.
//!
//! Deliberately absent: any knowledge of what a payload means, clocks, randomness and timers. Time
//! and command ids come in as arguments.
//!
//! # Append, hear of it, read it
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use chat_model::{ChatId, UserId};
//! use chat_store::{Append, CommandId, FeedId, Head, MemoryStore, Store, append_once};
//!
//! let store = MemoryStore::new(Arc::new(|| 1_700_000_000_000));
//! let chat = ChatId::new("0000Wa9CAM6W00J");
//! let agent = [FeedId::user(&UserId::new("5e1f2a7c3b9d4e6f8a0b1c2d3e4f5a6b"))];
//!
//! // The first record makes the chat, is announced to the agent and lists the chat for them.
//! let command = CommandId::new([1; 16]);
//! let invited = Append::new(&chat, Head::NONE, command, 1_700_000_000_000, b"invited")
//!     .feeds(&agent)
//!     .list(&agent);
//! let head = append_once(&store, invited, 8).await?;
//! assert_eq!(head.version, 1);
//!
//! // The same command again is the same success, not a second record.
//! assert_eq!(append_once(&store, invited, 8).await?, head);
//!
//! // The agent reads on from the last cursor seen, on any node.
//! let page = store.feed(&agent[0], 0, 100).await?;
//! assert!(!page.gap_after(0));
//! assert_eq!(&*page.entries[0].record.payload, b"invited");
//! assert_eq!(store.listed(&agent[0]).await?, [chat.clone()]);
//!
//! // Any node brings the chat to life.
//! let loaded = store.load(&chat).await?.expect("the chat is there");
//! assert_eq!((loaded.head, loaded.records.len()), (head, 1));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

use std::future::Future;

use chat_model::ChatId;
use tokio::sync::broadcast;

#[cfg(any(feature = "embedded", feature = "postgres"))]
mod buckets;
mod check;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "conformance")]
pub mod fault;
mod feed;
mod inspect;
mod journal;
mod leases;
mod memory;
mod once;
#[cfg(feature = "postgres")]
pub mod postgres;

#[cfg(any(feature = "embedded", feature = "postgres"))]
pub use buckets::{Buckets, Stopwatch};
pub use check::{Checked, check};
#[cfg(feature = "embedded")]
pub use embedded::{RedbOptions, RedbStore};
pub use feed::{FeedEntry, FeedId, FeedPage, Wake};
pub use inspect::{ChatRow, EntryRow, FeedRow, Import, ImportError, Inspect};
pub use journal::{Append, AppendError, CommandId, Head, Loaded, Record, Snapshot, Unavailable};
pub use leases::{Lease, LeaseError, LeaseKey, Leases};
pub use memory::{Clock, MemoryStore};
pub use once::{OnceError, append_once, append_once_pausing};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};

/// The seam between the chats and whatever keeps them.
///
/// A value is a handle: clones see the same data, and two handles may sit in two processes. The
/// [promises](crate#the-promises) hold across all of them. Every future may be dropped at any
/// point; a dropped `append` has an unknown outcome like [`AppendError::Unknown`].
pub trait Store: Clone + Send + Sync + 'static {
    /// Appends one record and, at the same moment, its feed entries and list changes; answers the
    /// chat's new head.
    ///
    /// Goes through only when `append.expect` is the chat's head; [`Head::NONE`] stands for a chat
    /// without records. `unlist` takes effect before `list`.
    ///
    /// # Errors
    /// See [`AppendError`]: not applied, surely not applied and worth another try, or unknown.
    fn append(&self, append: Append<'_>) -> impl Future<Output = Result<Head, AppendError>> + Send;

    /// The chat's newest snapshot and every record after it; `None` for a chat without records.
    ///
    /// Linearizable with `append`: whatever was acknowledged before the call is in the answer, on
    /// any handle.
    fn load(
        &self,
        chat: &ChatId,
    ) -> impl Future<Output = Result<Option<Loaded>, Unavailable>> + Send;

    /// At most `limit` records of the chat after version `after`, oldest first, also those a
    /// snapshot covers. Linearizable with `append`, as `load` is.
    fn records(
        &self,
        chat: &ChatId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Record>, Unavailable>> + Send;

    /// Returns when whatever `records` and `load` answered before is as durable as an append that was
    /// answered.
    ///
    /// Where a replica has to have every append, its own connection may be lost while it waits for one;
    /// then it can be read and nobody has promised it. Whoever answers for a record on the strength of
    /// having read it awaits this first.
    ///
    /// # Errors
    /// It is not known to be that durable, now.
    fn settled(&self) -> impl Future<Output = Result<(), Unavailable>> + Send {
        async { Ok(()) }
    }

    /// At most `limit` entries of the feed after cursor `after`, oldest first.
    ///
    /// A feed nobody wrote to is empty. When entries the reader has not seen are gone,
    /// [`FeedPage::gap_after`] says so: they are never skipped in silence.
    fn feed(
        &self,
        feed: &FeedId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<FeedPage, Unavailable>> + Send;

    /// The cursor of the feed's newest entry, 0 for a feed nobody wrote to. It never falls, also
    /// when the entries are gone (DEC-44).
    fn feed_head(&self, feed: &FeedId) -> impl Future<Output = Result<u64, Unavailable>> + Send;

    /// The chats listed for the feed, in the order in which they were listed: the first one is the
    /// one a queue serves first.
    fn listed(
        &self,
        feed: &FeedId,
    ) -> impl Future<Output = Result<Vec<ChatId>, Unavailable>> + Send;

    /// Keeps a snapshot of the chat as it was at `head`.
    ///
    /// Ignored when a snapshot of a later version is there, or when `head` never was a head of this
    /// chat (the chat expired meanwhile). Records stay. Losing a snapshot loses nothing.
    fn snapshot(
        &self,
        chat: &ChatId,
        head: Head,
        model_rev: u32,
        bytes: &[u8],
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Forgets what is due at `now_ms` (milliseconds since 1970), at most `limit` rows, and says
    /// how many rows went; fewer than `limit` means that nothing due is left.
    ///
    /// A feed entry is due when its record's `at_ms` lies the engine's replay window or longer
    /// back; the feed's floor rises with it. A chat (records, snapshot, listings) is due when its
    /// `expire_at_ms` has come and none of its records lies within the replay window, so a feed
    /// never shows an entry of a chat that cannot be read. Afterwards the id is free again, with
    /// heads that differ from those of the former life.
    fn expire(
        &self,
        now_ms: i64,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + Send;

    /// Hints about feeds that grew, from now on, whichever handle wrote to them.
    ///
    /// A receiver that is told it lagged behind has missed hints and must look at every feed it
    /// cares for; one that is told the channel is closed must read the feeds from time to time.
    fn wakeups(&self) -> broadcast::Receiver<Wake>;
}
