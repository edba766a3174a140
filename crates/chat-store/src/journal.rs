//! The words of the journal: what one append says, what one record keeps, what can go wrong.
//!
//! They stand apart from the trait because engines, callers and the conformance suite all speak
//! them, and because a record outlives every program that wrote it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use chat_model::ChatId;

use crate::FeedId;

/// How far a chat has come, and the value an engine compares before it appends.
///
/// A head comes from [`Store::append`](crate::Store::append) or [`Loaded::head`]; a chat that does
/// not exist yet has the head [`Head::NONE`]. Callers copy heads, only engines make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Head {
    /// The version of the newest record; versions count from 1 without a gap.
    pub version: u64,
    /// The engine's own compare-and-set value, 0 only in [`Head::NONE`].
    ///
    /// It differs between two lives of one chat id, so that a head of a chat that expired never
    /// fits the chat that later took its name.
    pub token: u64,
}

impl Head {
    /// The head of a chat that has no record: appending to it makes the chat.
    pub const NONE: Self = Self { version: 0, token: 0 };

    /// Puts a head together; for engines.
    pub const fn new(version: u64, token: u64) -> Self {
        Self { version, token }
    }
}

/// The name of one attempt to change a chat: 128 bits that the caller draws or derives.
///
/// It is kept in the record and decides an unknown outcome: whose id stands at the version that
/// was asked for? (See [`append_once`](crate::append_once).) Two commands never share an id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId([u8; 16]);

impl CommandId {
    /// Takes the 16 bytes as they are.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes, as an engine writes them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for CommandId {
    /// Writes 32 lower-case hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandId({self})")
    }
}

/// One record to be appended, with everything that becomes visible at the same moment.
///
/// [`Append::new`] takes what every append has; the other fields start empty and are set by the
/// methods of the same name.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Append<'a> {
    /// The chat that changes.
    pub chat: &'a ChatId,
    /// The head the change was decided on. Any other head of the chat means
    /// [`AppendError::Conflict`].
    pub expect: Head,
    /// The name of this attempt, kept in the record.
    pub command: CommandId,
    /// When the change was decided, in milliseconds since 1970 (UTC), by the caller's clock.
    pub at_ms: i64,
    /// The events in the caller's own format; the store never looks inside.
    pub payload: &'a [u8],
    /// Who must hear of this record. A feed named twice hears of it once.
    pub feeds: &'a [FeedId],
    /// Whose list of chats this chat goes to the end of. Where it is listed already it keeps its
    /// place, unless `unlist` names the same feed: then it moves to the end.
    pub list: &'a [FeedId],
    /// Whose list of chats this chat leaves. Not being listed there is no error.
    pub unlist: &'a [FeedId],
    /// When the chat may be forgotten, in milliseconds since 1970 (UTC); `None` for never. The
    /// newest append decides: `None` also takes back what an earlier one had set.
    pub expire_at_ms: Option<i64>,
}

impl<'a> Append<'a> {
    /// A record that nobody hears of, that lists nothing and never expires.
    pub const fn new(
        chat: &'a ChatId,
        expect: Head,
        command: CommandId,
        at_ms: i64,
        payload: &'a [u8],
    ) -> Self {
        Self {
            chat,
            expect,
            command,
            at_ms,
            payload,
            feeds: &[],
            list: &[],
            unlist: &[],
            expire_at_ms: None,
        }
    }

    /// Names who must hear of the record.
    #[must_use]
    pub const fn feeds(mut self, feeds: &'a [FeedId]) -> Self {
        self.feeds = feeds;
        self
    }

    /// Names whose list the chat joins.
    #[must_use]
    pub const fn list(mut self, list: &'a [FeedId]) -> Self {
        self.list = list;
        self
    }

    /// Names whose list the chat leaves.
    #[must_use]
    pub const fn unlist(mut self, unlist: &'a [FeedId]) -> Self {
        self.unlist = unlist;
        self
    }

    /// Says when the chat may be forgotten.
    #[must_use]
    pub const fn expire_at_ms(mut self, at_ms: Option<i64>) -> Self {
        self.expire_at_ms = at_ms;
        self
    }
}

/// Why an append was not answered with a new head.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller must have an answer to every outcome; a fourth one has to break its build"
)]
pub enum AppendError {
    /// Nothing was written: the chat's head is not the expected one.
    Conflict,
    /// Surely nothing was written and the same append may be sent again; the text says why.
    Retry(String),
    /// Nobody can tell whether it was written, or whether it will be once a message still under
    /// way arrives; the text says why. [`append_once`](crate::append_once) finds out.
    Unknown(String),
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("the chat's head is not the expected one"),
            Self::Retry(why) => write!(f, "nothing was written: {why}"),
            Self::Unknown(why) => write!(f, "it is unknown whether anything was written: {why}"),
        }
    }
}

impl Error for AppendError {}

/// The store could not be read, or a write that may be repeated without harm did not go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    why: String,
    damage: bool,
}

impl Unavailable {
    /// Says why, for the log.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), damage: false }
    }

    /// Says what was found in place of what was written: to ask again does not help.
    pub fn damaged(why: impl Into<String>) -> Self {
        Self { why: why.into(), damage: true }
    }

    /// Whether what was asked for is damaged. The store answers, and what is whole can be had.
    pub const fn is_damage(&self) -> bool {
        self.damage
    }

    /// Why, for the log.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store is unavailable: {}", self.why)
    }
}

impl Error for Unavailable {}

/// One accepted change of one chat, as it was appended. Cloning shares the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The place in the chat's history, counted from 1 without a gap.
    pub version: u64,
    /// When it was decided, in milliseconds since 1970 (UTC), by the writer's clock.
    pub at_ms: i64,
    /// The attempt that wrote it.
    pub command: CommandId,
    /// The events in the caller's own format.
    pub payload: Arc<[u8]>,
}

impl Record {
    /// Puts a record together; for engines.
    pub fn new(
        version: u64,
        at_ms: i64,
        command: CommandId,
        payload: impl Into<Arc<[u8]>>,
    ) -> Self {
        Self { version, at_ms, command, payload: payload.into() }
    }
}

/// A chat's state at some version: a cache of the fold over its records, never the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The version of the last record folded into it.
    pub version: u64,
    /// The revision of the model that wrote it. A reader of another revision ignores the snapshot
    /// and folds [`Store::records`](crate::Store::records) from the start.
    pub model_rev: u32,
    /// The state in the caller's own format.
    pub bytes: Arc<[u8]>,
}

impl Snapshot {
    /// Puts a snapshot together; for engines.
    pub fn new(version: u64, model_rev: u32, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { version, model_rev, bytes: bytes.into() }
    }
}

/// What it takes to bring a chat to life: the newest snapshot and every record after it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// What the next append expects; its version is that of the last record.
    pub head: Head,
    /// The newest snapshot, if one was ever written.
    pub snapshot: Option<Snapshot>,
    /// Every record after the snapshot, or every record, oldest first.
    pub records: Vec<Record>,
}

impl Loaded {
    /// Puts the parts together; for engines.
    pub const fn new(head: Head, snapshot: Option<Snapshot>, records: Vec<Record>) -> Self {
        Self { head, snapshot, records }
    }
}
