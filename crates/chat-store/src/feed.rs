//! Feeds: who must hear of what, in an order that survives nodes and reconnects.
//!
//! A feed is the line of records one user (or one queue's watchers) must hear of. The position in
//! it is the number Bayeux clients acknowledge (DEC-44), so it stays below 2^53.

use std::fmt;
use std::sync::Arc;

use chat_model::{ChatId, QueueName, UserId, VisitorId};

use crate::Record;

/// The name of a feed and of the list of chats that belongs to it. Cloning is cheap.
///
/// Users, queues and visitors have names of different kinds here, so a queue that is called like a
/// user's id has a feed of its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(Arc<str>);

const USER: &str = "user:";
const QUEUE: &str = "queue:";
const VISITOR: &str = "visitor:";

impl FeedId {
    /// The feed of one user, and the list of that user's chats.
    pub fn user(user: &UserId) -> Self {
        Self::tagged(USER, user.as_str())
    }

    /// The feed of one queue, and the line of chats that wait in it, the longest waiting first.
    pub fn queue(queue: &QueueName) -> Self {
        Self::tagged(QUEUE, queue.as_str())
    }

    /// The list that holds one visitor's chat, so that the visitor's name leads to the chat's.
    pub fn visitor(visitor: &VisitorId) -> Self {
        Self::tagged(VISITOR, visitor.as_str())
    }

    /// Reads back what [`FeedId::as_str`] gave; `None` for any other text. For engines.
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = [USER, QUEUE, VISITOR].iter().any(|kind| text.starts_with(kind));
        is_one.then(|| Self(text.into()))
    }

    /// The text an engine keeps: the kind, a colon and the name, such as `user:5e1f…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The user this feed belongs to, if it is a user's.
    pub fn as_user(&self) -> Option<UserId> {
        self.0.strip_prefix(USER).map(UserId::from)
    }

    /// The queue this feed belongs to, if it is a queue's.
    pub fn as_queue(&self) -> Option<QueueName> {
        self.0.strip_prefix(QUEUE).map(QueueName::from)
    }

    /// The visitor this list belongs to, if it is a visitor's.
    pub fn as_visitor(&self) -> Option<VisitorId> {
        self.0.strip_prefix(VISITOR).map(VisitorId::from)
    }

    fn tagged(kind: &str, name: &str) -> Self {
        Self([kind, name].concat().into())
    }
}

impl fmt::Display for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FeedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FeedId({:?})", self.as_str())
    }
}

/// One record at its place in a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedEntry {
    /// The position: greater than that of every earlier entry of this feed, from 1, below 2^53.
    /// Positions may have gaps; a gap is not a lost entry.
    pub cursor: u64,
    /// The chat that changed.
    pub chat: ChatId,
    /// How it changed.
    pub record: Record,
}

impl FeedEntry {
    /// Puts an entry together; for engines.
    pub const fn new(cursor: u64, chat: ChatId, record: Record) -> Self {
        Self { cursor, chat, record }
    }
}

/// A stretch of a feed, oldest entry first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct FeedPage {
    /// Entries at or below this position are gone; 0 while none is.
    pub floor: u64,
    /// The entries after the position asked for, at most as many as asked for.
    pub entries: Vec<FeedEntry>,
}

impl FeedPage {
    /// Puts a page together; for engines.
    pub const fn new(floor: u64, entries: Vec<FeedEntry>) -> Self {
        Self { floor, entries }
    }

    /// Whether a reader who had seen everything up to `after` has missed entries that are gone, so
    /// that it must read the state anew before it goes on with this page.
    pub const fn gap_after(&self, after: u64) -> bool {
        after < self.floor
    }
}

/// A hint that a feed has grown. It may come twice, late, or never.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wake {
    /// The feed to read.
    pub feed: FeedId,
    /// The position of the entry that caused the hint.
    pub cursor: u64,
}

impl Wake {
    /// Puts a hint together; for engines.
    pub const fn new(feed: FeedId, cursor: u64) -> Self {
        Self { feed, cursor }
    }
}

#[cfg(test)]
mod tests {
    use chat_model::{QueueName, UserId, VisitorId};

    use super::FeedId;

    #[test]
    fn users_queues_and_visitors_of_one_name_have_feeds_of_their_own() {
        for name in ["Billing", "", "queue:Billing", "user:Billing", "visitor:Billing"] {
            let user = FeedId::user(&UserId::new(name));
            let queue = FeedId::queue(&QueueName::new(name));
            let visitor = FeedId::visitor(&VisitorId::new(name));
            assert_ne!(user, queue, "for the name {name:?}");
            assert_ne!(user, visitor, "for the name {name:?}");
            assert_ne!(queue, visitor, "for the name {name:?}");
            assert_eq!(visitor.as_visitor(), Some(VisitorId::new(name)));
            assert_eq!((visitor.as_user(), visitor.as_queue()), (None, None));
            assert_eq!(FeedId::parse(visitor.as_str()), Some(visitor));
            assert_eq!(user.as_user(), Some(UserId::new(name)));
            assert_eq!(user.as_queue(), None);
            assert_eq!(queue.as_queue(), Some(QueueName::new(name)));
            assert_eq!(queue.as_user(), None);
            assert_eq!(FeedId::parse(user.as_str()), Some(user));
            assert_eq!(FeedId::parse(queue.as_str()), Some(queue));
        }
        assert_eq!(FeedId::parse("chat:1"), None, "only the three kinds are feeds");
    }
}
