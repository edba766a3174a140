//! The whole store, row by row: what checking, exporting and importing need and serving does not.
//!
//! It stands apart from [`Store`] so that an engine which only serves need not have it, and so that
//! one check, one export and one import work over every engine that does.

use std::error::Error;
use std::fmt;
use std::future::Future;

use chat_model::ChatId;

use crate::{FeedId, Head, Record, Store, Unavailable};

/// Walks through everything a store keeps, in pages.
///
/// A page holds at most `limit` rows with keys after `after` (`None` for the first page), in the
/// order of the keys' bytes; an empty page ends the walk. Each page is true at one moment, two pages
/// of a store in use at two. Rows are told as they are kept, and nothing that does not fit together
/// is left out or put right: finding that is what a walk is for.
pub trait Inspect: Store {
    /// Every chat that has a head.
    fn chats(
        &self,
        after: Option<&ChatId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ChatRow>, Unavailable>> + Send;

    /// Every feed that was ever written to or that lists a chat.
    fn feeds(
        &self,
        after: Option<&FeedId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<FeedRow>, Unavailable>> + Send;

    /// The entries of one feed after cursor `after`, in order, without the records they name.
    fn entries(
        &self,
        feed: &FeedId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<EntryRow>, Unavailable>> + Send;
}

/// Takes over what another store kept.
///
/// Chats come first and feeds after them, because a list names chats. Importing the same again
/// changes nothing, so an import that was interrupted is repeated from its beginning. Nothing that
/// is there is ever overwritten.
pub trait Import: Store {
    /// Writes a chat with the versions, times and command ids its records had, at one moment.
    ///
    /// No feed hears of it. `Ok(false)` when exactly these records are there already.
    ///
    /// # Errors
    /// See [`ImportError`]; nothing was written, but for [`ImportError::Unavailable`], after which
    /// the same import finds out.
    fn import_chat(
        &self,
        chat: &ChatId,
        records: &[Record],
        expire_at_ms: Option<i64>,
    ) -> impl Future<Output = Result<bool, ImportError>> + Send;

    /// Makes a feed whose entries up to `head` are gone and that lists these chats in this order.
    ///
    /// Cursors go on after `head` (DEC-44), and a reader who had not come that far is told of the
    /// gap. `Ok(false)` when exactly this head and list are there already.
    ///
    /// # Errors
    /// As [`Import::import_chat`]. A chat that is listed must be there.
    fn import_feed(
        &self,
        feed: &FeedId,
        head: u64,
        listed: &[ChatId],
    ) -> impl Future<Output = Result<bool, ImportError>> + Send;
}

/// What a store keeps of a chat beside its records and its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatRow {
    /// The chat.
    pub chat: ChatId,
    /// What the next append expects.
    pub head: Head,
    /// What the newest append said about it, in milliseconds since 1970 (UTC).
    pub expire_at_ms: Option<i64>,
    /// Every list the chat is on, in the order of their names' bytes.
    pub listed: Vec<FeedId>,
}

impl ChatRow {
    /// Puts a row together; for engines.
    pub const fn new(
        chat: ChatId,
        head: Head,
        expire_at_ms: Option<i64>,
        listed: Vec<FeedId>,
    ) -> Self {
        Self { chat, head, expire_at_ms, listed }
    }
}

/// How far a feed goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedRow {
    /// The feed.
    pub feed: FeedId,
    /// Entries at or below this cursor are gone; 0 while none is.
    pub floor: u64,
    /// The cursor of the newest entry, also when it is gone; 0 for a feed that is only a list.
    pub head: u64,
}

impl FeedRow {
    /// Puts a row together; for engines.
    pub const fn new(feed: FeedId, floor: u64, head: u64) -> Self {
        Self { feed, floor, head }
    }
}

/// One entry of a feed, and the record it names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryRow {
    /// The place in the feed.
    pub cursor: u64,
    /// The chat that changed.
    pub chat: ChatId,
    /// The version of its record.
    pub version: u64,
}

impl EntryRow {
    /// Puts a row together; for engines.
    pub const fn new(cursor: u64, chat: ChatId, version: u64) -> Self {
        Self { cursor, chat, version }
    }
}

/// Why something was not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportError {
    /// Something else is there under this name.
    Taken,
    /// It cannot be kept as it is; the text says what was expected and what came.
    Refused(String),
    /// It may or may not have been written.
    Unavailable(Unavailable),
}

impl ImportError {
    /// Refuses records that do not count from 1 without a gap; for engines.
    ///
    /// # Errors
    /// [`ImportError::Refused`] when there is no record, or the versions have a gap.
    pub fn unless_dense(records: &[Record]) -> Result<(), Self> {
        if records.is_empty() {
            return Err(Self::Refused("expected at least one record, got none".to_owned()));
        }
        match (1..).zip(records).find(|(version, record)| record.version != *version) {
            None => Ok(()),
            Some((want, Record { version, .. })) => {
                Err(Self::Refused(format!("expected version {want}, got {version}")))
            }
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("something else is there under this name"),
            Self::Refused(why) => f.write_str(why),
            Self::Unavailable(why) => why.fmt(f),
        }
    }
}

impl Error for ImportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable(why) => Some(why),
            Self::Taken | Self::Refused(_) => None,
        }
    }
}

impl From<Unavailable> for ImportError {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}
